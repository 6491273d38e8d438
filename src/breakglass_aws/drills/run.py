# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One drill from beginning to end: damage, runbook, proof."""

from __future__ import annotations

import hashlib
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

from breakglass_aws.drills.people import Approver
from breakglass_aws.drills.scenarios import SCENARIOS, Scenario, Snapshot
from breakglass_aws.drills.simulated_organization import SimulatedOrganization, environment_as, started
from breakglass_aws.engine.outcomes import EXIT_STATUS
from breakglass_aws.engine.outcomes import WAITING as WAITS

# The identity that runs the runbooks: an operator in the management account.
OPERATOR = "operator"
EVIDENCE = "evidence"
WAITING = EXIT_STATUS[WAITS]

Report = Callable[[str], None]


@dataclass
class Observation:
    """What a probe showed before and after the recovery."""

    question: str
    before: bool
    details_before: str
    after: bool = False
    details_after: str = ""

    @property
    def passed(self) -> bool:
        """Whether the damage was there before, and is gone."""
        return not self.before and self.after


@dataclass
class ScenarioRun:
    """One scenario as it went.

    Attributes:
        status: Exit status of the runbook's command; 0 when it succeeded.
        differences: Between the expected state and the actual one.
        writes: The calls that changed something.
        sessions: The root sessions that were opened: when, by whom, in which account, with which key, for which task.
        gates: What people answered, from the evidence.
        manifest: SHA-256 of the evidence's manifest; empty without evidence.
        signed: Whether the manifest has a signature.
    """

    scenario: Scenario
    observations: list[Observation]
    started: datetime
    seconds: float = 0.0
    status: int | None = None
    differences: list[str] = field(default_factory=list)
    writes: list[dict[str, Any]] = field(default_factory=list)
    sessions: list[dict[str, Any]] = field(default_factory=list)
    gates: list[dict[str, Any]] = field(default_factory=list)
    approvals: list[dict[str, Any]] = field(default_factory=list)
    manifest: str = ""
    signed: bool = False
    folder: Path = Path()

    @property
    def passed(self) -> bool:
        """Whether the runbook succeeded, the damage is gone, and nothing else changed."""
        return self.status == 0 and all(one.passed for one in self.observations) and not self.differences


@dataclass
class Drill:
    """A whole drill: the runs of its scenarios, and the folder of its report."""

    started: datetime
    runs: list[ScenarioRun]
    folder: Path

    @property
    def passed(self) -> bool:
        """Whether every scenario passed."""
        return bool(self.runs) and all(run.passed for run in self.runs)


def run(folder: Path, organization: str | None, report: Report) -> Drill:
    """Run every scenario against one simulated organization.

    Args:
        folder: It is created, and receives the executed runbooks.
        organization: An organization file; None for the default one.
        report: Called with a line of text for each step.

    Raises:
        StartError: The simulated organization does not start.
    """
    folder.mkdir(parents=True)
    drill = Drill(datetime.now(UTC), [], folder)
    report("Starting a simulated organization ...")
    with started(organization) as simulation:
        for scenario in SCENARIOS:
            drill.runs.append(_run_scenario(simulation, scenario, folder / scenario.runbook, report))
    report("The simulated organization is stopped.")
    return drill


def _run_scenario(simulation: SimulatedOrganization, scenario: Scenario, folder: Path, report: Report) -> ScenarioRun:
    report(f"\n{scenario.title}\n  The damage, seen from outside:")
    observations = []
    for probe in scenario.probes:
        works, details = probe.ask(simulation)
        report(f"  {probe.question} {'yes' if works else 'no'} - {details}")
        observations.append(Observation(probe.question, works, details))
    before = simulation.snapshot()
    calls_before = len(simulation.events())

    report(f"  Running the runbook {scenario.runbook}:")
    done = ScenarioRun(scenario, observations, datetime.now(UTC), folder=folder)
    begin = time.monotonic()
    done.status = _run_runbook(simulation, scenario, folder, report)
    done.seconds = time.monotonic() - begin
    evidence = _evidence(folder / EVIDENCE)
    done.gates, done.approvals = evidence.get("answers", []), evidence.get("approvals", [])
    done.manifest, done.signed = _manifest(folder / EVIDENCE)

    report("  After the recovery, seen from outside:")
    for probe, observation in zip(scenario.probes, observations, strict=True):
        observation.after, observation.details_after = probe.ask(simulation)
        report(f"  {probe.question} {'yes' if observation.after else 'no'} - {observation.details_after}")
    done.differences = list(differences(scenario.expected(before), simulation.snapshot()))
    for difference in done.differences:
        report(f"  NOT AS EXPECTED: {difference}")
    events = [event for event in simulation.events()[calls_before:] if not event["error"]]
    done.writes = [event for event in events if event["write"]]
    done.sessions = root_sessions(events, evidence.get("sessions", []))
    return done


def root_sessions(events: list[dict[str, Any]], reported: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The root sessions among AWS calls, each with the task that the evidence names for its key."""
    tasks = {session["access_key_id"]: session.get("task") for session in reported}
    return [
        {
            "time": event["time"],
            "principal": event["principal"],
            "account": str(event["resource"]).split(":")[4],
            "access_key_id": event["issued_access_key_id"],
            "task": tasks.get(event["issued_access_key_id"]) or "NOT IN THE EVIDENCE",
        }
        for event in events
        if event["operation"] == "AssumeRoot"
    ]


def _run_runbook(simulation: SimulatedOrganization, scenario: Scenario, folder: Path, report: Report) -> int:
    """Run the runbook by the commands that people would type; its progress goes to this terminal.

    The operator answers the gates. Where a second person is needed, the run waits for them and continues afterwards.
    """
    folder.mkdir()
    evidence = folder / EVIDENCE
    parameters = {**scenario.parameters, "evidence_dir": str(evidence)}
    environment = environment_as(simulation, OPERATOR)
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
            report(f"  {approver.name}, a second person, has read the plan and approves it:")
            approver.approve(evidence)
            status = _runbooks(["resume", str(evidence)], environment)
    return status


def _runbooks(command: list[str], environment: dict[str, str]) -> int:
    return subprocess.run(
        [sys.executable, "-m", "breakglass_aws.engine", *command], env=environment, check=False
    ).returncode


def _evidence(folder: Path) -> dict[str, Any]:
    """The evidence of a run; empty when the run ended before it wrote any."""
    try:
        content = json.loads((folder / "evidence.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _manifest(folder: Path) -> tuple[str, bool]:
    """SHA-256 of the manifest, and whether it has a signature."""
    manifest = folder / "manifest.json"
    try:
        return hashlib.sha256(manifest.read_bytes()).hexdigest(), (folder / "manifest.json.sig").is_file()
    except OSError:
        return "", False


def differences(expected: Snapshot, actual: Snapshot, where: str = "") -> Iterator[str]:
    """Report, a line each, where two nested structures differ; nothing when they are equal."""
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
    """The folder of drill reports: BREAKGLASS_DRILL_REPORTS, or drill-reports in the working directory."""
    return Path(os.environ.get("BREAKGLASS_DRILL_REPORTS", "drill-reports")).absolute()
