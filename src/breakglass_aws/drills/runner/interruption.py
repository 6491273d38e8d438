# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A signal in the middle of a call: the run is killed while AWS has done it, and has not answered yet."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

from breakglass_aws.drills.runner.run_process import RunProcess
from breakglass_aws.drills.runner.simulation import Ended, Refused, Simulation
from breakglass_aws.drills.scenario_file.model import Interruption

_LOOK_EVERY = 0.05  # seconds between two looks at the sandbox's calls
_HOLD = 6  # seconds for which the answer of the call is held back


class Interrupter:
    """Watches the calls of a run, and interrupts it once, during the one that the scenario names."""

    def __init__(
        self, interruption: Interruption, simulation: Simulation, run: RunProcess, note: Callable[[str], None]
    ) -> None:
        self._interruption = interruption
        self._simulation = simulation
        self._run = run
        self._note = note
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.done = False

    def start(self) -> None:
        """Begin to watch: the call that is meant is answered late."""
        service, operation = self._interruption.during.split(":")
        limits = {"service": service, "operation": operation, "skip": self._interruption.skip, "times": 1}
        self._rule = self._simulation.add_fault({"kind": "slow", "seconds": _HOLD, **limits})
        self._thread.start()

    def stop(self) -> None:
        """Watch no more. Call it when the run has ended."""
        self._over.set()
        self._thread.join()
        self._simulation.end_fault(self._rule)

    def _watch(self) -> None:
        """Interrupt the run once the rule has hit: the call is done then, and its answer is on its way."""
        try:
            while not self._over.wait(_LOOK_EVERY):
                if self._simulation.fault_hits().get(self._rule):
                    self.done = True
                    self._note(f"{self._interruption.signal} during {self._interruption.during}")
                    self._run.send(signal.Signals[self._interruption.signal])
                    return
        except (Ended, Refused):
            return
