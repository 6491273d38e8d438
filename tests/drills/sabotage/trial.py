"""Run a scenario with a part of the product broken, and see which of the judge's checks fail."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from drills.sabotage import catalog

from breakglass_aws.drills import result
from breakglass_aws.drills.runner.scenario_run import ScenarioRun
from breakglass_aws.drills.scenario_file import catalog as scenario_catalog

HONEST = ""  # in place of a sabotage's name: the product as it is


@dataclass(frozen=True)
class Trial:
    """What became of one scenario with one sabotage.

    Attributes:
        checks: Those of the judge that failed, without repetition; "says" when the runbook did not print what it must.
        why: The reasons of the verdict.
    """

    scenario: str
    sabotage: str
    verdict: str
    seconds: float
    checks: tuple[str, ...]
    why: tuple[str, ...]

    @property
    def caught(self) -> bool:
        """Whether the scenario failed because the judge, and not the machine, says so."""
        return self.verdict == result.FAILED and bool(self.checks)


def run(scenario: str, sabotage: str) -> Trial:
    """Run one trial. Runner and judge are those of this process; the runbook's processes have the broken part."""
    before = os.environ.get("PYTHONPATH")
    with tempfile.TemporaryDirectory(prefix="breakglass-sabotage-") as name:
        folder = Path(name)
        if sabotage != HONEST:
            [broken] = catalog.sabotages([sabotage])
            os.environ["PYTHONPATH"] = str(broken.copy_to(folder / "product"))
        try:
            done = ScenarioRun(scenario_catalog.find(scenario), folder / "run", None, lambda text: None).run()
        finally:
            os.environ.pop("PYTHONPATH", None)
            if before is not None:
                os.environ["PYTHONPATH"] = before
    failed = dict.fromkeys(one.check for one in done.checks if not one.passed)
    if any(reason.startswith("The runbook did not print") for reason in done.why):
        failed["says"] = None
    return Trial(scenario, sabotage, done.verdict, done.seconds, tuple(failed), tuple(done.why))


def run_all(pairs: Iterable[tuple[str, str]], jobs: int) -> Iterator[Trial]:
    """Run trials side by side, each in a process of its own; yield each when it has ended."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:  # PYTHONPATH is of a whole process
        for done in as_completed([pool.submit(run, *pair) for pair in pairs]):
            yield done.result()
