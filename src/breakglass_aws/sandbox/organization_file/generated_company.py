# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the generator draws at random: account IDs, names, dates, and which of several things happens."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

YEAR = 365


class Quoted(str):
    """A text in quotes whatever it is: account IDs all look the same."""


Spec = dict[str, Any]


@dataclass
class Company:
    """Chance, and what is taken."""

    accounts: int
    chance: random.Random
    ids: set[str] = field(default_factory=set)
    names: dict[str, int] = field(default_factory=dict)  # how many accounts have the name, with or without a number

    def account_id(self) -> str:
        """A new ID. One of ten has a leading zero, and so has the first, that no organization is without."""
        while True:
            number = self.chance.randrange(1, 10**12 if self.ids else 10**11)
            identifier = f"{number:012d}"
            if identifier not in self.ids:
                self.ids.add(identifier)
                return Quoted(identifier)

    def name(self, wanted: str) -> str:
        """The name wanted, with a number where it is taken."""
        self.names[wanted] = number = self.names.get(wanted, 0) + 1
        return wanted if number == 1 else f"{wanted}-{number}"

    def happens(self, share: float) -> bool:
        return self.chance.random() < share

    def one_of(self, shares: dict[str, int]) -> str:
        return self.chance.choices(list(shares), list(shares.values()))[0]

    def days(self, least: int, most: int) -> int:
        return self.chance.randint(least, max(least, most))


ORGANIZATION_ID = "o-generated01"
