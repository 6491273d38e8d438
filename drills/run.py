"""One drill from beginning to end: damage, runbook, proof."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from breakglass_runbooks.outcomes import EXIT_STATUS
from breakglass_runbooks.outcomes import WAITING as WAITS

from drills.people import Approver
from drills.rehearsal import Rehearsal, environment_as, started
from drills.scenarios import SCENARIOS, Scenario, Snapshot

# The identity that runs the runbooks: an operator in the management account.
OPERATOR = "operator"
EVIDENCE = "evidence"
WAITING = EXIT_STATUS[WAITS]

Say = Callable[[str], None]


@dataclass
class Answer:
    """What a probe saw before and after the recovery."""

    question: str
    before: bool
    seen_before: str
    after: bool = False
    seen_after: str = ""

    @property
    def passed(self) -> bool:
        """Whether the damage was there, and is gone."""
        return not self.before and self.after


@dataclass
class Part:
    """One scenario as it went."""

    scenario: Scenario
    answers: list[Answer]
    started: datetime
    seconds: float = 0.0
    status: int | None = None  # of the runbook's command; 0 = it succeeded
    differences: list[str] = field(default_factory=list)  # between what must be and what is
    writes: list[dict[str, Any]] = field(default_factory=list)  # the calls that changed something
    gates: list[dict[str, Any]] = field(default_factory=list)  # what people answered, as the evidence has it
    folder: Path = Path()

    @property
    def passed(self) -> bool:
        """Whether the runbook succeeded, the damage is gone, and nothing else changed."""
        return self.status == 0 and all(answer.passed for answer in self.answers) and not self.differences


@dataclass
class Drill:
    """A whole drill: its parts, and where its report lies."""

    started: datetime
    parts: list[Part]
    folder: Path

    @property
    def passed(self) -> bool:
        """Whether every part passed."""
        return bool(self.parts) and all(part.passed for part in self.parts)


def run(folder: Path, organization: str | None, say: Say) -> Drill:
    """Run every scenario against one simulated organization.

    `folder` is made and takes the executed runbooks; `organization` is a file, None for the default one; `say` gets
    a line of text whenever something happens. Raises RehearsalError when the simulated organization does not start.
    """
    folder.mkdir(parents=True)
    drill = Drill(datetime.now(UTC), [], folder)
    say("Starting a simulated organization ...")
    with started(organization) as rehearsal:
        for scenario in SCENARIOS:
            drill.parts.append(_run_scenario(rehearsal, scenario, folder / scenario.runbook, say))
    say("The simulated organization is stopped.")
    return drill


def _run_scenario(rehearsal: Rehearsal, scenario: Scenario, folder: Path, say: Say) -> Part:
    say(f"\n{scenario.title}\n  The damage, seen from outside:")
    answers = []
    for probe in scenario.probes:
        answer, seen = probe.ask(rehearsal)
        say(f"  {probe.question} {'yes' if answer else 'no'} - {seen}")
        answers.append(Answer(probe.question, answer, seen))
    before = rehearsal.snapshot()
    calls_before = len(rehearsal.events())

    say(f"  Running the runbook {scenario.runbook}:")
    part = Part(scenario, answers, datetime.now(UTC), folder=folder)
    begin = time.monotonic()
    part.status = _run_runbook(rehearsal, scenario, folder, say)
    part.seconds = time.monotonic() - begin
    part.gates = _answered(folder / EVIDENCE)

    say("  After the recovery, seen from outside:")
    for probe, answer in zip(scenario.probes, answers, strict=True):
        answer.after, answer.seen_after = probe.ask(rehearsal)
        say(f"  {probe.question} {'yes' if answer.after else 'no'} - {answer.seen_after}")
    part.differences = list(differences(scenario.expected(before), rehearsal.snapshot()))
    for difference in part.differences:
        say(f"  NOT AS EXPECTED: {difference}")
    part.writes = [event for event in rehearsal.events()[calls_before:] if event["write"] and not event["error"]]
    return part


def _run_runbook(rehearsal: Rehearsal, scenario: Scenario, folder: Path, say: Say) -> int:
    """Run the runbook by the commands that people would type; its progress goes to this terminal.

    The operator answers the gates. Where a second person is needed, the run waits for them, and goes on afterwards.
    """
    folder.mkdir()
    evidence = folder / EVIDENCE
    parameters = {**scenario.parameters, "evidence_dir": str(evidence)}
    environment = environment_as(rehearsal, OPERATOR)
    with tempfile.TemporaryDirectory() as home:
        approver = Approver(scenario.approver, Path(home), folder / "allowed_signers") if scenario.approver else None
        if approver:
            parameters |= {"allowed_signers": str(approver.signers), "requester": OPERATOR}
        command = ["run", scenario.runbook, "--output", str(folder / f"{scenario.runbook}.ipynb")]
        for name, value in parameters.items():
            command += ["-p", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
        for gate, answer in scenario.answers.items():
            command += ["--answer", f"{gate}={answer}"]
        status = _runbooks(command, environment)
        if approver and status == WAITING:
            say(f"  {approver.name}, a second person, has read the plan and approves it:")
            approver.approve(evidence)
            status = _runbooks(["resume", str(evidence)], environment)
    return status


def _runbooks(command: list[str], environment: dict[str, str]) -> int:
    return subprocess.run(
        [sys.executable, "-m", "breakglass_runbooks", *command], env=environment, check=False
    ).returncode


def _answered(evidence: Path) -> list[dict[str, Any]]:
    """What people answered at the gates; nothing when the run did not come so far."""
    try:
        return json.loads((evidence / "evidence.json").read_text(encoding="utf-8"))["answers"]
    except (OSError, ValueError, KeyError):
        return []


def differences(expected: Snapshot, actual: Snapshot, where: str = "") -> Iterator[str]:
    """Say, a line each, where two nested structures differ; nothing when they are equal."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in sorted(expected.keys() | actual.keys()):
            path = f"{where}{'.' if where else ''}{key}"
            if key not in actual:
                yield f"{path} must be {json.dumps(expected[key])}, but is not there"
            elif key not in expected:
                yield f"{path} must not be there, but is {json.dumps(actual[key])}"
            else:
                yield from differences(expected[key], actual[key], path)
    elif expected != actual:
        yield f"{where} must be {json.dumps(expected)}, but is {json.dumps(actual)}"


def reports_folder() -> Path:
    """Where drills put their reports: BREAKGLASS_DRILL_REPORTS, or drill-reports in the working directory."""
    return Path(os.environ.get("BREAKGLASS_DRILL_REPORTS", "drill-reports")).absolute()
