# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The switches that decide over root sessions, and the delay after which STS notices a change of them.

IAM shows a change at once; STS kept answering as before for up to minutes, its hosts not all alike (aws-facts 1.6).
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from breakglass_aws.sandbox.model.organization import Switches


class Lag:
    """The switches as they were a while ago."""

    def __init__(self, delay: timedelta, moment: datetime, first: Switches) -> None:
        self._delay = delay
        self._history: deque[tuple[datetime, Switches]] = deque([(moment, first)])

    def notice(self, moment: datetime, current: Switches) -> None:
        """Remember a change, if this is one."""
        if current != self._history[-1][1]:
            self._history.append((moment, current))

    def seen(self, moment: datetime) -> Switches:
        """The switches as STS takes them to be."""
        while len(self._history) > 1 and self._history[1][0] <= moment - self._delay:
            self._history.popleft()
        return self._history[0][1]
