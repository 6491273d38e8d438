# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill shows while it runs: each step of one scenario, or a line for each of many."""

from __future__ import annotations

import threading
from collections.abc import Callable

from rich import box
from rich.console import Console
from rich.table import Table

from breakglass_aws.drills import result
from breakglass_aws.drills.result import DrillResult, ScenarioResult
from breakglass_aws.drills.scenario_file.model import Scenario
from breakglass_aws.engine.evidence import redaction

_STYLES = {result.PASSED: "green", result.FAILED: "red", result.INTERRUPTED: "yellow", result.NOT_RUN: "dim"}


class Progress:
    """Prints lines; with `steps` each step of each scenario, else where each scenario is on a terminal's last line."""

    def __init__(
        self,
        console: Console,
        total: int,
        *,
        steps: bool = True,
        names: bool = False,
        quiet: bool = False,
        secret: bool = False,
    ) -> None:
        """`names` puts the name of the scenario before each line: several run at the same time.

        `quiet` prints nothing before a scenario has ended: a person works on this terminal. `secret` does not print
        which scenario it is before it has ended.
        """
        self._secret = secret
        self._console = console
        self._steps = steps
        self._names = names
        self._total = total
        self._count = 0
        self._now: dict[str, str] = {}
        self._lock = threading.Lock()
        self._status = console.status("") if console.is_terminal and not (steps or quiet) else None

    def __enter__(self) -> Progress:
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status:
            self._status.stop()

    def scenario(self, scenario: Scenario) -> Callable[[str], None]:
        """Say that a scenario begins; return what prints its lines."""
        if self._steps:
            self._print("\nA scenario chosen at random" if self._secret else f"\n{scenario.name}: {scenario.title}")

        def say(text: str) -> None:
            if self._steps:
                self._print(f"{scenario.name}: {text.strip()}" if self._names else text)
            else:
                self._show(scenario.name, text.strip())

        return say

    def ended(self, done: ScenarioResult) -> None:
        """Say how a scenario ended, and why it failed."""
        with self._lock:
            self._count += 1
            self._now.pop(done.name, None)
        counted = f"[{self._count}/{self._total}] " if self._total > 1 else ""
        outcome = f", outcome {done.outcome}" if done.outcome else ""
        title = f" ({done.title})" if self._secret else ""
        line = f"{counted}{done.name}{title}: {done.verdict} in {done.seconds:.0f} s{outcome}"
        self._print(line, style=_STYLES[done.verdict])
        if done.verdict == result.FAILED:
            for reason in done.why:
                self._print(f"  - {reason}")

    def interrupted(self) -> None:
        """Say that the drill ends early."""
        self._print("Interrupted. The running scenarios are ended, and the report is written.", style="yellow")

    def _show(self, name: str, text: str) -> None:
        with self._lock:
            self._now[name] = text
            if self._status:
                words = "; ".join(f"{one}: {step}" for one, step in self._now.items())
                self._status.update(redaction.safe(words))

    def _print(self, text: str, style: str = "") -> None:
        self._console.print(redaction.safe(text), markup=False, soft_wrap=True, style=style or None)


def summary(drill: DrillResult) -> Table:
    """The verdict of each scenario, for a terminal of 80 columns."""
    table = Table(title="Drill", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for column in ("scenario", "took", "outcome", "checks", "verdict"):
        table.add_column(column, no_wrap=True)  # a name that is cut cannot be copied
    for one in drill.scenarios:
        passed = sum(check.passed for check in one.checks)
        table.add_row(
            one.name,
            f"{one.seconds:.0f} of {one.objective_seconds:.0f} s",
            one.outcome or "-",
            f"{passed}/{len(one.checks)}",
            f"[{_STYLES[one.verdict]}]{one.verdict}[/]",
        )
    return table
