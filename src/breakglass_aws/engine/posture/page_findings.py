# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sections of the page about causes and findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from breakglass_aws.engine.posture.causes import HERE, Cause, names
from breakglass_aws.engine.posture.findings import Finding
from breakglass_aws.engine.posture.frameworks import controls_of_reason, labels, short
from breakglass_aws.engine.posture.kinds import UNKNOWN, Kind
from breakglass_aws.engine.posture.model import Account, Posture
from breakglass_aws.engine.posture.page_parts import SHOWN, by_reason, count, folded, row
from breakglass_aws.engine.web_page import text


def cause_articles(causes: Sequence[Cause]) -> Iterator[str]:
    """An article for each cause: what it is, what it stops where, and the one change that repairs it."""
    for number, cause in enumerate(causes):
        badge = ("high", "would fail") if cause.certain else ("unknown", "not known")
        stops = "".join(
            f'<span class="badge">{text(name)}{f" in {accounts:,}" if accounts != len(cause.accounts) else ""}</span>'
            for name, accounts in sorted(cause.recoveries.items())
        )
        example = "" if cause.same_text else "For example: "
        words = cause.text.replace(HERE, next(iter(cause.accounts)) if len(cause.accounts) == 1 else "(its ID)")
        listed = text(names(cause.accounts.values()))
        controls = short(controls_of_reason(cause.code, cause.recoveries)) if cause.certain else []
        yield (
            f'<article class="{badge[0]}"><h3><span class="badge {badge[0]}">{badge[1]}</span> {text(cause.title)} '
            f"<small>{count(len(cause.accounts))}</small></h3>"
            f"<p>{example}{text(words)}</p>"
            f"{f'<p><b>Fix:</b> {text(cause.fix)}</p>' if cause.fix else ''}"
            f'<p class="chips">{stops}</p>{_controls(controls)}'
            f'<p class="quiet">{listed} <button type="button" data-cause="{number}" data-title="{text(cause.title)}">'
            "Show in the list</button></p></article>"
        )


def articles(posture: Posture) -> Iterator[str]:
    """An article for each kind of finding, the worst first."""
    for kind in posture.kinds:
        yield _article(kind, posture.of_kind(kind))


def _article(kind: Kind, found: list[tuple[Account, Finding]]) -> str:
    """The findings of a kind: one row for each account, where a reason is shared one row for all of them."""
    accounts = len({account.account_id for account, _finding in found})
    number = count(accounts) if accounts == len(found) else f"{len(found):,} in {count(accounts)}"
    if kind.severity == UNKNOWN:
        listed = folded(by_reason([(account, finding.detail) for account, finding in found]))
    else:
        rows = [row(account, details) for account, details in _by_account(kind, found)[:SHOWN]]
        listed = f"<ul>{''.join(rows)}</ul>"
    more = f" ({accounts - SHOWN:,} more)" if accounts > SHOWN and kind.severity != UNKNOWN else ""
    badge = f'<span class="badge {kind.severity}">{kind.severity}</span>'
    return (
        f'<article class="{kind.severity}" id="{text(kind.name)}"><h3>{badge} '
        f"{text(kind.title)} <small>{number}</small></h3>"
        f'<p class="quiet">{text(kind.advice)}</p>{_controls(labels(kind.name))}{listed}'
        f'<p><button type="button" data-kind="{text(kind.name)}">Show in the list{more}</button></p></article>'
    )


def _by_account(kind: Kind, found: list[tuple[Account, Finding]]) -> list[tuple[Account, list[str]]]:
    """The details of each account; with the fix where it differs from that of the others."""
    details: dict[str, tuple[Account, list[str]]] = {}
    for account, finding in found:
        of_account = details.setdefault(account.account_id, (account, []))[1]
        of_account.append(finding.detail)
        if finding.fix and finding.fix != kind.advice:
            of_account.append(finding.fix)
    return list(details.values())


def _controls(controls: Sequence[str]) -> str:
    return f'<p class="controls">{"".join(f"<span>{text(one)}</span>" for one in controls)}</p>' if controls else ""
