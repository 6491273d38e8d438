# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a scenario took over time, as places of a small picture in percent, so that it fits any width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from breakglass_aws.drills.history.reading import Rehearsal
from breakglass_aws.drills.pages import words

MARGIN = 3.0  # percent on each side, so that a point at the edge is whole
HEADROOM = 1.15  # above the longest time
OBJECTIVE_IN_SIGHT = 3.0  # an objective up to this many times the longest time is drawn


@dataclass(frozen=True)
class Point:
    """One rehearsal: `left` and `top` are in percent of the picture."""

    rehearsal: Rehearsal
    left: float
    top: float


@dataclass(frozen=True)
class Chart:
    """The points from left to right, and where the line of the objective is; None when it is out of sight."""

    points: Sequence[Point]
    objective: float | None


def of(rehearsals: Sequence[Rehearsal]) -> Chart:
    """The chart of one scenario's rehearsals, oldest first. Points are apart as the drills were in time."""
    times = [(words.moment(one.started) or words.EPOCH).timestamp() for one in rehearsals]
    longest = max((one.seconds for one in rehearsals), default=0.0)
    objective = rehearsals[-1].objective_seconds if rehearsals else 0.0
    in_sight = 0 < objective <= longest * OBJECTIVE_IN_SIGHT
    highest = max(max(longest, objective if in_sight else 0) * HEADROOM, 0.001)
    begin, span = (times[0], times[-1] - times[0]) if times else (0.0, 0.0)
    points = [
        Point(
            one,
            50.0 if not span else MARGIN + (100 - 2 * MARGIN) * (time - begin) / span,
            100 - 100 * max(one.seconds, 0) / highest,
        )
        for one, time in zip(rehearsals, times, strict=True)
    ]
    return Chart(points, 100 - 100 * objective / highest if in_sight else None)
