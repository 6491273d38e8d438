# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The section of the page about organizational units: a tree, with the status of the accounts in each."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from breakglass_aws.engine.posture.model import NO_OU, Account, Posture
from breakglass_aws.engine.posture.page_parts import STATUSES, bar, count
from breakglass_aws.engine.web_page import text


@dataclass
class _Unit:
    """An OU, with the accounts in it and in the OUs below it."""

    path: str
    accounts: list[Account] = field(default_factory=list)

    @property
    def depth(self) -> int:
        return self.path.count("/")


def section(posture: Posture) -> str:
    """The tree, with its legend."""
    keys = "".join(f'<span><i class="{status}"></i>{status}</span>' for status in STATUSES)
    rows = "".join(_row(unit) for unit in _units(posture.accounts))
    return (
        '<section id="units"><h2>By organizational unit</h2>'
        f'<p class="legend">{keys}</p><div class="tree">{rows}</div></section>'
    )


def _units(accounts: Sequence[Account]) -> list[_Unit]:
    """The OUs in the order of their paths; each has the accounts of those below it too."""
    units: dict[str, _Unit] = {}
    for account in accounts:
        names = (account.ou or NO_OU).split("/")
        for above in itertools.accumulate(names, lambda left, right: f"{left}/{right}"):
            units.setdefault(above, _Unit(above)).accounts.append(account)
    return sorted(units.values(), key=lambda unit: unit.path.split("/"))


def _row(unit: _Unit) -> str:
    statuses = [account.status for account in unit.accounts]
    counts = " ".join(
        f'<span class="badge {status}">{number:,} {status}</span>'
        for status in STATUSES
        if (number := statuses.count(status))
    )
    judged = [account for account in unit.accounts if account.readiness]
    ready = sum(account.readiness == "ready" for account in judged)
    readiness = f'<span class="total">{ready:,} of {len(judged):,} ready</span>' if judged else ""
    name = unit.path.rpartition("/")[2]
    return (
        f'<button type="button" class="unit" style="--depth:{unit.depth}" data-unit="{text(unit.path)}">'
        f'<span class="name">{text(name)}</span><span class="total">{count(len(unit.accounts))}</span>{readiness}'
        f'{bar(unit.accounts)}<span class="counts">{counts}</span></button>'
    )
