# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results in a folder of drills. A file that is damaged or foreign is skipped and named, never guessed at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from breakglass_aws.drills import result
from breakglass_aws.drills.pages import words
from breakglass_aws.drills.result import FAILED, PASSED, SIMULATED, DrillResult
from breakglass_aws.engine.evidence import reading
from breakglass_aws.engine.evidence.reading import Damaged
from breakglass_aws.engine.outcomes import CHANGED

PAGE = "index.html"
LARGEST = 64 * 1024 * 1024  # bytes of a result; one of 30 scenarios has less than one
_DETAILS = {"parameters", "timeline", "people", "faults", "checks", "sessions", "changes", "hints", "evidence"}
# Before schema 2, a result had only the title of a scenario: name and runbook of those that existed.
_FORMER = {
    "A bucket policy locks everyone out": ("bucket-locked", "unlock_s3_bucket"),
    "A queue policy locks everyone out": ("queue-locked", "unlock_sqs_queue"),
    "Root users with stray credentials": ("stray-root-credentials", "remove_root_credentials"),
}


@dataclass(frozen=True)
class Rehearsal:
    """One scenario of a past drill; `started` and `by` are those of the drill where the scenario has none."""

    scenario: str
    title: str
    runbook: str
    started: str
    by: str
    kind: str
    mode: str
    outcome: str
    verdict: str
    seconds: float
    objective_seconds: float
    folder: str

    @property
    def passed(self) -> bool:
        """Whether the runbook did what the scenario expects."""
        return self.verdict == PASSED

    @property
    def page(self) -> str:
        """The page of its drill, relative to the folder of drills."""
        return f"{self.folder}/{PAGE}"


@dataclass(frozen=True)
class PastDrill:
    """A drill of which a result is in the folder; `folder` is the name of its own."""

    folder: str
    started: str
    by: str
    verdict: str
    rehearsals: tuple[Rehearsal, ...]

    @property
    def page(self) -> str:
        """Its page, relative to the folder of a drill beside it."""
        return f"../{self.folder}/{PAGE}"

    @property
    def summary(self) -> str:
        """Its scenarios in one line."""
        passed = sum(one.passed for one in self.rehearsals)
        if len(self.rehearsals) > 4:
            return f"{passed} of {len(self.rehearsals)} passed"
        return "; ".join(f"{one.title}: {one.verdict} in {words.duration(one.seconds)}" for one in self.rehearsals)


@dataclass(frozen=True)
class Skipped:
    """A file that was not read, and why."""

    file: str
    problem: str


@dataclass
class PastDrills:
    """What a folder of drills holds: the drills, newest first, and the files that could not be read."""

    drills: list[PastDrill] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    @property
    def rehearsals(self) -> list[Rehearsal]:
        """Every scenario of every drill, oldest first."""
        found = [one for drill in self.drills for one in drill.rehearsals]
        return sorted(found, key=lambda one: words.moment(one.started) or words.EPOCH)


def read(folder: Path, newest: int | None = None) -> PastDrills:
    """Read `drill.json` in each folder of a folder of drills; one that does not exist has none.

    `newest` is the number of drills to read, by the names of their folders, which begin with the time; None for all.
    """
    found = PastDrills()
    for path in sorted(folder.glob(f"*/{result.FILE}"), reverse=True):
        if len(found.drills) == newest:
            break
        name = f"{path.parent.name}/{result.FILE}"
        try:
            found.drills.append(_drill(path))
        except FileNotFoundError:
            continue  # removed since it was listed
        except (Damaged, result.ResultError) as error:
            found.skipped.append(Skipped(name, str(error).removeprefix(str(path)).lstrip(": ")))
    found.skipped.sort(key=lambda one: one.file)
    found.drills.sort(key=lambda drill: words.moment(drill.started) or words.EPOCH, reverse=True)
    return found


def _drill(path: Path) -> PastDrill:
    content = reading.json_file(path, largest=LARGEST)
    if "schema" not in content and "parts" in content:
        return _former(path, content)
    drill = result.of(_without_details(content), str(path))
    _check_time(path, drill.started)
    return PastDrill(
        path.parent.name, drill.started, drill.by, drill.verdict, tuple(_rehearsals(drill, path.parent.name))
    )


def _without_details(content: dict[str, Any]) -> dict[str, Any]:
    """The same result without the rows of its scenarios, of which a history shows nothing and reads thousands."""
    scenarios = content.get("scenarios")
    if not isinstance(scenarios, list):
        return content
    short = [
        {key: value for key, value in one.items() if key not in _DETAILS} if isinstance(one, dict) else one
        for one in scenarios
    ]
    return {**content, "scenarios": short}


def _check_time(path: Path, started: str) -> None:
    """Refuse a drill without a time, or of the future: it would hide that something is due."""
    found = words.moment(started)
    if found is None:
        raise result.ResultError(f"{path}: started: {started!r} is not a time")
    if found > datetime.now(UTC) + timedelta(days=1):
        raise result.ResultError(f"{path}: started: {started!r} is in the future")


def _rehearsals(drill: DrillResult, folder: str) -> Iterator[Rehearsal]:
    for one in drill.scenarios:
        if one.verdict == result.NOT_RUN:
            continue
        yield Rehearsal(
            scenario=one.name,
            title=one.title,
            runbook=one.runbook,
            started=one.started if words.moment(one.started) else drill.started,
            by=drill.by,
            kind=drill.kind,
            mode=drill.mode,
            outcome=one.outcome,
            verdict=one.verdict,
            seconds=one.seconds,
            objective_seconds=one.objective_seconds,
            folder=folder,
        )


def _former(path: Path, content: dict[str, Any]) -> PastDrill:
    """A result of version 0.2: `started`, `passed`, and `parts` with `scenario` (its title), `seconds`, `passed`."""
    started, parts, folder = str(content.get("started")), content["parts"], path.parent.name
    _check_time(path, started)
    if not isinstance(parts, list):
        raise result.ResultError(f"{path}: parts: expected a list, found {type(parts).__name__}")
    rehearsals = []
    for index, part in enumerate(parts):
        if not isinstance(part, dict) or not isinstance(part.get("scenario"), str) or "passed" not in part:
            raise result.ResultError(f"{path}: parts[{index}]: expected scenario, seconds and passed")
        title, seconds = part["scenario"], part.get("seconds")
        name, runbook = _FORMER.get(title, (title, ""))
        verdict = PASSED if part["passed"] is True else FAILED
        took = float(seconds) if isinstance(seconds, int | float) else 0.0
        outcome = CHANGED if verdict == PASSED else ""  # then each passed scenario was one that changed something
        place = (SIMULATED, result.HEADLESS)
        rehearsals.append(Rehearsal(name, title, runbook, started, "", *place, outcome, verdict, took, 0.0, folder))
    verdict = PASSED if content.get("passed") is True else FAILED
    return PastDrill(folder, started, "", verdict, tuple(rehearsals))
