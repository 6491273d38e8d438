# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the judge saw before and after, without repetition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from breakglass_aws.drills.result import Check


def without_repetition(checks: Sequence[Check]) -> Iterator[Check]:
    """The checks in their order. Where two in a row saw the same, the first has the before, the second the after.

    The judge asks one question twice: whether the damage was real, and whether it is gone.
    """
    pairs = list(checks)
    for index, check in enumerate(pairs):
        if index + 1 < len(pairs) and _same(check, pairs[index + 1]):
            yield replace(check, after=None)
        elif index and _same(check, pairs[index - 1]):
            yield replace(check, before=None)
        else:
            yield check


def _same(one: Check, other: Check) -> bool:
    seen = (one.before, one.after)
    return None not in seen and seen == (other.before, other.after) and one.check != other.check
