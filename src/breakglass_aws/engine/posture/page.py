# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The posture as one HTML page: causes with their picture and findings first, then the OUs and the list of accounts.

It needs no network. Its script sorts and filters the list; all else is there without it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from breakglass_aws.engine import web_page
from breakglass_aws.engine.posture import matrix, page_history
from breakglass_aws.engine.posture.causes import Cause, causes
from breakglass_aws.engine.posture.model import SKIPPED, Posture
from breakglass_aws.engine.posture.page_data import page_data
from breakglass_aws.engine.posture.page_findings import articles, cause_articles
from breakglass_aws.engine.posture.page_history import ShownChange, ShownPoint
from breakglass_aws.engine.posture.page_parts import bar, by_reason, folded
from breakglass_aws.engine.posture.page_units import section as units_section
from breakglass_aws.engine.web_page import text

SCRIPT, STYLE = Path(__file__).with_name("page.js"), Path(__file__).with_name("page.css")
NO_FINDINGS = "No findings in the accounts that were read."
EXPLANATION = (
    "An account is clean only if it was read and nothing was found. What could not be read is unknown, and may be "
    "anything. This page shows where to attack: keep it confidential."
)
_READINESS = {"ready": "ready", "not_ready": "not ready", "unknown": "readiness not known"}
_NO_LIST = "The list needs JavaScript, which is off here. The CSV and JSON of this report have all accounts."


def as_html(
    posture: Posture, changes: Sequence[ShownChange] = (), trend: Sequence[ShownPoint] = (), since: str = ""
) -> str:
    """The page. Text from AWS is escaped, and its control characters are visible.

    `changes` since a time, and `trend`, come from a history.
    """
    found = causes(posture)
    body = [
        f"<header><h1>{text(posture.title)}</h1>",
        f'<p class="quiet">{text(_origin(posture))}{text(EXPLANATION)}</p>',
        _cards(posture),
        _unreadable(posture.unreadable),
        _contents(posture, found, changes),
        "</header>",
        page_history.changes_section(changes, since),
        _causes(found),
        matrix.section(posture),
        '<section id="findings"><h2>Findings</h2>',
        *articles(posture),
        *([] if any(account.findings for account in posture.accounts) else [f"<p>{text(NO_FINDINGS)}</p>"]),
        "</section>",
        page_history.trend_section(trend),
        units_section(posture),
        f'<section id="accounts"><h2>Accounts</h2><div id="list"><p>{text(_NO_LIST)}</p></div></section>',
        _skipped(posture),
        web_page.data("data", page_data(posture, found)),
    ]
    style = STYLE.read_text(encoding="utf-8") + matrix.style(posture)
    return web_page.document(posture.title, style, "\n".join(filter(None, body)), SCRIPT.read_text(encoding="utf-8"))


def _causes(found: Sequence[Cause]) -> str:
    if not found:
        return ""
    return f'<section id="causes"><h2>Why recoveries would fail</h2>{"".join(cause_articles(found))}</section>'


def _origin(posture: Posture) -> str:
    organization = f"Organization {posture.organization}. " if posture.organization else ""
    return organization + (f"Made at {posture.made}. " if posture.made else "")


def _cards(posture: Posture) -> str:
    total = len(posture.accounts)
    cards = [f'<div class="card"><b>{total:,}</b>{"accounts" if total != 1 else "account"}</div>']
    cards += [
        f'<div class="card {status}"><b>{count:,}</b>{_READINESS[status]}</div>'
        for status, count in posture.readiness().items()
    ]
    cards += [
        f'<div class="card {status}"><b>{count:,}</b>{status}</div>' for status, count in posture.counts().items()
    ]
    return f'<div class="cards">{"".join(cards)}</div>{bar(posture.accounts)}'


def _unreadable(entries: Sequence[Mapping[str, object]]) -> str:
    """What readiness could not read, with the statement that grants each permission that is missing."""
    if not entries:
        return ""
    rows = "".join(_unread(one) for one in entries)
    title = "Not everything could be read: these verdicts are not known because of it"
    return f'<article class="unknown" id="unreadable"><h3>{title}</h3><ul>{rows}</ul></article>'


def _unread(one: Mapping[str, object]) -> str:
    permission = f" <code>{text(one['permission'])}</code>" if one.get("permission") else ""
    statement = one.get("statement")
    words = statement if isinstance(statement, str) else json.dumps(statement)
    granted = f"<code>{text(words)}</code>" if statement else ""
    why = text(" ".join(str(one[key]) for key in ("reason", "fix") if one.get(key)))
    return (
        f'<li class="row"><span class="who"><b>{text(one.get("what"))}</b>{permission}</span>'
        f'<span class="what"><span>{why}</span>{granted}</span></li>'
    )


def _contents(posture: Posture, found: Sequence[Cause], changes: Sequence[ShownChange]) -> str:
    """A line for each kind of finding, with a link to it: what there is, on the first screen."""
    links = []
    if changes:
        links.append(f'<li><a href="#changes"><span>What changed</span><b>{len(changes):,}</b></a></li>')
    certain = [cause for cause in found if cause.certain]
    if certain:
        concerned = len({account_id for cause in certain for account_id in cause.accounts})
        words = f"Recoveries would fail, for {len(certain)} reason{'s' * (len(certain) != 1)}"
        links.append(
            f'<li><a href="#causes"><span class="badge high">high</span><span>{words}</span>'
            f"<b>{concerned:,}</b></a></li>"
        )
    for kind in posture.kinds:
        number = len({account.account_id for account, _finding in posture.of_kind(kind)})
        links.append(
            f'<li><a href="#{text(kind.name)}"><span class="badge {kind.severity}">{kind.severity}</span>'
            f"<span>{text(kind.title)}</span><b>{number:,}</b></a></li>"
        )
    if posture.recoveries:
        links.append('<li><a href="#matrix"><span>Accounts and recoveries</span></a></li>')
    links.append('<li><a href="#units"><span>By organizational unit</span></a></li>')
    links.append('<li><a href="#accounts"><span>List of accounts</span></a></li>')
    return f"<nav><ul>{''.join(links)}</ul></nav>"


def _skipped(posture: Posture) -> str:
    accounts = [account for account in posture.accounts if account.status == SKIPPED]
    if not accounts:
        return ""
    rows = by_reason([(account, account.reason) for account in accounts])
    return f'<section id="skipped"><h2>Left out</h2><article>{folded(rows)}</article></section>'
