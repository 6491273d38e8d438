# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sections of the page have in common: counts, bars, and rows of accounts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from breakglass_aws.engine.posture.kinds import SEVERITIES
from breakglass_aws.engine.posture.model import CLEAN, SKIPPED, Account
from breakglass_aws.engine.web_page import text

SHOWN = 10  # rows of a list before the others are folded
STATUSES = (*SEVERITIES, CLEAN, SKIPPED)


def count(number: int, word: str = "account") -> str:
    """A number with its word."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def bar(accounts: Sequence[Account]) -> str:
    """The share of each status; without words, because they are next to it."""
    statuses = [account.status for account in accounts]
    parts = [
        f'<i class="{status}" style="flex-grow:{number}"></i>'
        for status in STATUSES
        if (number := statuses.count(status))
    ]
    return f'<div class="bar" aria-hidden="true">{"".join(parts)}</div>'


def row(account: Account, details: Iterable[str]) -> str:
    """A row: the account, and what there is to say of it."""
    what = "".join(f"<span>{text(detail)}</span>" for detail in details if detail)
    place = f"<small>{text(account.ou)}</small>" if account.ou else ""
    return (
        f'<li class="row"><span class="who"><b>{text(account.name or "(no name)")}</b> '
        f'<code>{text(account.account_id)}</code>{place}</span><span class="what">{what}</span></li>'
    )


def by_reason(found: list[tuple[Account, str]]) -> list[str]:
    """One row for each reason: a policy that denies root sessions stops hundreds of accounts alike."""
    reasons: dict[str, list[tuple[Account, str]]] = {}
    for account, reason in found:
        reasons.setdefault(reason.replace(account.account_id, "ACCOUNT"), []).append((account, reason))
    rows = []
    for shared, accounts in sorted(reasons.items(), key=lambda item: -len(item[1])):
        if len(accounts) == 1:
            rows.append(row(accounts[0][0], [accounts[0][1]]))
            continue
        names = ", ".join(f"{account.name or '(no name)'} ({account.account_id})" for account, _reason in accounts)
        rows.append(
            f'<li class="row"><span class="who"><details><summary>{count(len(accounts))}</summary>{text(names)}'
            f'</details></span><span class="what">{text(shared)}</span></li>'
        )
    return rows


def folded(rows: Sequence[str]) -> str:
    """The first rows, and the others below a line that opens them."""
    first, rest = rows[:SHOWN], rows[SHOWN:]
    more = f"<details><summary>{len(rest):,} more</summary><ul>{''.join(rest)}</ul></details>" if rest else ""
    return f"<ul>{''.join(first)}</ul>{more}"
