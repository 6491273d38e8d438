# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A drill: one scenario after the other, or several side by side, each in a simulated organization of its own."""

from __future__ import annotations

import getpass
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from breakglass_aws.drills import result
from breakglass_aws.drills.result import DrillResult, ScenarioResult
from breakglass_aws.drills.runner.progress import Progress
from breakglass_aws.drills.runner.runbook_run import RunbookRun
from breakglass_aws.drills.runner.scenario_run import ScenarioRun, result_of
from breakglass_aws.drills.runner.scene import Recovery, Scene
from breakglass_aws.drills.runner.simulation import StartError
from breakglass_aws.drills.scenario_file.model import Scenario
from breakglass_aws.drills.versions import versions

MOST_JOBS = 16


def folder_for(reports: Path, name: str = "") -> Path:
    """Make the folder of a drill that begins now, for its owner only: its time, and a name where one is given."""
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    reports.mkdir(parents=True, exist_ok=True)
    for number in range(1, 100):
        folder = reports / "-".join(filter(None, [time, name, str(number) if number > 1 else ""]))
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            continue
        return folder
    raise StartError(f"{reports} has no room for another drill that begins at {time}.")


def operator() -> str:
    """Who runs the drill: the user of the operating system."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


@dataclass
class Drill:
    """A drill that is run by `run`.

    Attributes:
        folder: Of the drill; it exists.
        organization: An organization file for scenarios that have none of their own; None for the sandbox's own.
        jobs: Scenarios that run at the same time.
        by: Who runs it.
        recover: Makes who recovers each organization; None for the runner itself.
        secret: No file names the scenarios before the drill has ended: a person is to be surprised.
    """

    scenarios: Sequence[Scenario]
    folder: Path
    progress: Progress
    organization: str | None = None
    jobs: int = 1
    by: str = ""
    recover: Callable[[Scene], Recovery] | None = None
    secret: bool = False
    _runs: list[ScenarioRun] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, on_result: Callable[[DrillResult], object] = lambda drill: None) -> DrillResult:
        """Run the scenarios; Ctrl-C ends them, and the result says so.

        What is known so far is in drill.json at any moment: a drill that is killed has left that.
        """
        drill = DrillResult(
            started=result.now(),
            by=self.by or operator(),
            organization=Path(self.organization).name if self.organization else "default",
            mode=result.HANDS_ON if self.recover else result.HEADLESS,
            versions=versions(),
            scenarios=[result_of(scenario) for scenario in self.scenarios],
        )
        self._write(drill, interrupted=True)
        pool = ThreadPoolExecutor(max(1, min(self.jobs, MOST_JOBS)), thread_name_prefix="scenario")
        futures = [pool.submit(self._run_one, drill, number) for number in range(len(self.scenarios))]
        try:
            for future in futures:
                future.result()
        except KeyboardInterrupt:
            self.progress.interrupted()
            self._stop()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        self._write(drill, interrupted=self._stopped.is_set(), ended=True)
        on_result(drill)
        return drill

    def _run_one(self, drill: DrillResult, number: int) -> None:
        scenario = self.scenarios[number]
        with self._lock:
            if self._stopped.is_set():
                return
            say = self.progress.scenario(scenario)
            recover = self.recover or RunbookRun
            run = ScenarioRun(scenario, self.folder / self._name(number), self.organization, say, recover)
            self._runs.append(run)
            # Of a drill that is killed, this is known: which scenarios had begun.
            begun = drill.scenarios[number]
            begun.started, begun.verdict, begun.why = result.now(), result.INTERRUPTED, ["The drill was killed."]
            self._write(drill, interrupted=True)
        done: ScenarioResult = run.run()
        with self._lock:
            drill.scenarios[number] = done
            self._write(drill, interrupted=True)
        self.progress.ended(done)

    def _name(self, number: int) -> str:
        """The name of a scenario's folder: a person who recovers it by hand is not told which one it is."""
        return "scenario" if self.recover else self.scenarios[number].name

    def _stop(self) -> None:
        with self._lock:
            self._stopped.set()
            for run in self._runs:
                run.stop()

    def _write(self, drill: DrillResult, *, interrupted: bool, ended: bool = False) -> None:
        """Write what is known so far. The file of a surprise names no scenario before the drill has ended."""
        drill.interrupted, drill.ended = interrupted, result.now()
        drill.conclude()
        written = drill
        if self.secret and not ended:
            written = replace(drill, scenarios=[_unnamed(one) for one in drill.scenarios])
        result.write(written, self.folder)


def _unnamed(scenario: ScenarioResult) -> ScenarioResult:
    """What may be known of a surprise that has not ended: that it began."""
    return ScenarioResult(
        "surprise",
        "A surprise",
        "The scenario is named when the drill has ended.",
        "",
        started=scenario.started,
        verdict=scenario.verdict,
        why=scenario.why,
    )
