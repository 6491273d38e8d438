# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The posture as one HTML page: the findings first, then the OUs. It needs no network and runs no script."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from breakglass_aws.engine.posture.findings import Finding
from breakglass_aws.engine.posture.kinds import KINDS, SEVERITIES, UNKNOWN, Kind
from breakglass_aws.engine.posture.model import CLEAN, NO_OU, SKIPPED, Account, Posture
from breakglass_aws.engine.posture.style import STYLE
from breakglass_aws.engine.web_page import document
from breakglass_aws.engine.web_page import text as _text

SHOWN = 15  # rows of a list before the others are folded
NO_FINDINGS = "No findings in the accounts that were read."
EXPLANATION = (
    "An account is clean only if it was read and nothing was found. What could not be read is unknown, and may be "
    "anything. This page shows where to attack: keep it confidential."
)


@dataclass
class _Unit:
    """An OU: its own accounts, and those of the OUs below it."""

    path: str
    own: list[Account] = field(default_factory=list)
    all: list[Account] = field(default_factory=list)

    @property
    def depth(self) -> int:
        return self.path.count("/")


def as_html(posture: Posture) -> str:
    """The page. Text from AWS is escaped, and its control characters are visible."""
    body = [
        f"<header><h1>{_text(posture.title)}</h1>",
        f'<p class="quiet">{_text(f"Made at {posture.made}. " if posture.made else "")}{_text(EXPLANATION)}</p>',
        _cards(posture),
        _contents(posture),
        "</header>",
        '<section id="findings"><h2>Findings</h2>',
        *(_kind(kind, found) for kind in KINDS if (found := posture.of_kind(kind))),
        *([] if any(account.findings for account in posture.accounts) else [f"<p>{_text(NO_FINDINGS)}</p>"]),
        "</section>",
        '<section id="units"><h2>By organizational unit</h2>',
        _legend(),
        *(_unit(unit) for unit in _units(posture.accounts)),
        "</section>",
        _skipped([account for account in posture.accounts if account.status == SKIPPED]),
    ]
    return document(posture.title, STYLE, "\n".join(body))


def _count(number: int, word: str = "account") -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _cards(posture: Posture) -> str:
    counts = posture.counts()
    total = len(posture.accounts)
    cards = [f'<div class="card"><b>{total:,}</b>{_text("accounts" if total != 1 else "account")}</div>']
    cards += [f'<div class="card {status}"><b>{count:,}</b>{status}</div>' for status, count in counts.items()]
    return f'<div class="cards">{"".join(cards)}</div>{_bar(posture.accounts)}'


def _contents(posture: Posture) -> str:
    """A line for each kind of finding, with a link to it: what there is, on the first screen."""
    links = [
        f'<li><a href="#{kind.name}"><span class="badge {kind.severity}">{kind.severity}</span>'
        f"<span>{_text(kind.title)}</span><b>{len({account.account_id for account, _finding in found}):,}</b></a></li>"
        for kind in KINDS
        if (found := posture.of_kind(kind))
    ]
    links.append('<li><a href="#units"><span>By organizational unit</span></a></li>')
    return f"<nav><ul>{''.join(links)}</ul></nav>"


def _bar(accounts: Sequence[Account]) -> str:
    """The share of each status; without words, because they are next to it."""
    statuses = [account.status for account in accounts]
    parts = [
        f'<i class="{status}" style="flex-grow:{count}"></i>'
        for status in (*SEVERITIES, CLEAN, SKIPPED)
        if (count := statuses.count(status))
    ]
    return f'<div class="bar" aria-hidden="true">{"".join(parts)}</div>'


def _legend() -> str:
    names = (*SEVERITIES, CLEAN, SKIPPED)
    keys = "".join(f'<span><i class="{status}"></i>{status}</span>' for status in names)
    return f'<p class="legend">{keys}</p>'


def _kind(kind: Kind, found: list[tuple[Account, Finding]]) -> str:
    """The findings of a kind: one row for each account, where a reason is shared one row for all of them."""
    accounts = len({account.account_id for account, _finding in found})
    number = _count(accounts) if accounts == len(found) else f"{len(found):,} in {_count(accounts)}"
    if kind.severity == UNKNOWN:
        rows = _by_reason([(account, finding.detail) for account, finding in found])
    else:
        rows = [_row(account, details) for account, details in _by_account(found)]
    badge = f'<span class="badge {kind.severity}">{kind.severity}</span>'
    return (
        f'<article class="{kind.severity}" id="{kind.name}"><h3>{badge} '
        f"{_text(kind.title)} <small>{number}</small></h3>"
        f'<p class="quiet">{_text(kind.advice)}</p>{_folded(rows)}</article>'
    )


def _by_account(found: list[tuple[Account, Finding]]) -> list[tuple[Account, list[str]]]:
    details: dict[str, tuple[Account, list[str]]] = {}
    for account, finding in found:
        details.setdefault(account.account_id, (account, []))[1].append(finding.detail)
    return list(details.values())


def _by_reason(found: list[tuple[Account, str]]) -> list[str]:
    """One row for each reason: a policy that denies root sessions stops hundreds of accounts alike."""
    reasons: dict[str, list[tuple[Account, str]]] = {}
    for account, reason in found:
        reasons.setdefault(reason.replace(account.account_id, "ACCOUNT"), []).append((account, reason))
    rows = []
    for shared, accounts in sorted(reasons.items(), key=lambda item: -len(item[1])):
        if len(accounts) == 1:
            rows.append(_row(accounts[0][0], [accounts[0][1]]))
            continue
        names = ", ".join(f"{account.name or '(no name)'} ({account.account_id})" for account, _reason in accounts)
        rows.append(
            f'<li class="row"><span class="who"><details><summary>{_count(len(accounts))}</summary>{_text(names)}'
            f'</details></span><span class="what">{_text(shared)}</span></li>'
        )
    return rows


def _row(account: Account, details: Iterable[str]) -> str:
    what = "".join(f"<span>{_text(detail)}</span>" for detail in details if detail)
    place = f"<small>{_text(account.ou)}</small>" if account.ou else ""
    return (
        f'<li class="row"><span class="who"><b>{_text(account.name or "(no name)")}</b> '
        f'<code>{_text(account.account_id)}</code>{place}</span><span class="what">{what}</span></li>'
    )


def _folded(rows: Sequence[str]) -> str:
    """The first rows, and the others below a line that opens them."""
    first, rest = rows[:SHOWN], rows[SHOWN:]
    more = f"<details><summary>{len(rest):,} more</summary><ul>{''.join(rest)}</ul></details>" if rest else ""
    return f"<ul>{''.join(first)}</ul>{more}"


def _units(accounts: Sequence[Account]) -> list[_Unit]:
    """The OUs in the order of their paths; each has the accounts of those below it too."""
    units: dict[str, _Unit] = {}
    for account in accounts:
        path = account.ou or NO_OU
        names = path.split("/")
        for above in itertools.accumulate(names, lambda left, right: f"{left}/{right}"):
            unit = units.setdefault(above, _Unit(above))
            unit.all.append(account)
        units[path].own.append(account)
    return sorted(units.values(), key=lambda unit: unit.path.split("/"))


def _unit(unit: _Unit) -> str:
    statuses = [account.status for account in unit.all]
    counts = " ".join(
        f'<span class="badge {status}">{count:,} {status}</span>'
        for status in (*SEVERITIES, CLEAN, SKIPPED)
        if (count := statuses.count(status))
    )
    name = unit.path.rpartition("/")[2]
    own = sorted(unit.own, key=lambda account: (_rank(account.status), account.name, account.account_id))
    rows = [_row(account, _summary(account)) for account in own]
    listed = _folded(rows) if rows else '<p class="quiet">It has no accounts of its own.</p>'
    return (
        f'<details class="unit" style="--depth:{unit.depth}"><summary><span class="name">{_text(name)}</span>'
        f'<span class="total">{_count(len(unit.all))}</span>{_bar(unit.all)}'
        f'<span class="counts">{counts}</span></summary>{listed}</details>'
    )


def _rank(status: str) -> int:
    return (*SEVERITIES, CLEAN, SKIPPED).index(status)


def _summary(account: Account) -> list[str]:
    if not account.findings:
        return [account.reason or account.status]
    titles = dict.fromkeys(finding.kind.title for finding in account.findings)
    return list(titles)


def _skipped(accounts: Sequence[Account]) -> str:
    if not accounts:
        return ""
    rows = _by_reason([(account, account.reason) for account in accounts])
    return f'<section id="skipped"><h2>Left out</h2><article>{_folded(rows)}</article></section>'
