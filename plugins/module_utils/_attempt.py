# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts that may be unreadable: try to read, else keep why it was not possible. No AWS, no Ansible."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError

T = t.TypeVar("T")


@dataclass(frozen=True)
class Unread:
    """Takes the place of a fact that could not be read, or was not to be read: the reason, and what would help."""

    why: str
    fix: str = ""


def attempt(read: t.Callable[[], T]) -> T | Unread:
    """What ``read`` returns, or the BreakglassError that it raises as an Unread."""
    try:
        return read()
    except BreakglassError as error:
        return Unread(error.cause, error.fix)


@dataclass
class Attempts:
    """Reads several facts and remembers which could not be read, by the name each was given."""

    unread: dict[str, Unread] = field(default_factory=dict)

    def read(self, read: t.Callable[[], T], what: str) -> T | None:
        """What ``read`` returns; None, and an entry in ``unread``, when it raises a BreakglassError."""
        found = attempt(read)
        if isinstance(found, Unread):
            self.unread[what] = found
            return None
        return found

    @property
    def unchecked(self) -> str:
        """A sentence, after a space, that names what could not be read; empty when everything could."""
        return f" Not checked (no permission): {', '.join(self.unread)}." if self.unread else ""
