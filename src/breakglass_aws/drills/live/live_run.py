# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One scenario in AWS: what it needs is made, the runbook is run, everything is removed and looked for once more."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from breakglass_aws.drills import result
from breakglass_aws.drills.judge.artifacts import leaks
from breakglass_aws.drills.live import recorded
from breakglass_aws.drills.live.aws import Aws, Unanswered
from breakglass_aws.drills.live.limits import OPERATOR, REHEARSAL, makes_bucket
from breakglass_aws.drills.live.residue import BUCKET, RECOVERY, Residue
from breakglass_aws.drills.result import Change, Check, Person, ScenarioResult, Session
from breakglass_aws.drills.runner import evidence
from breakglass_aws.drills.runner.run_process import RunProcess
from breakglass_aws.drills.runner.scenario_run import result_of
from breakglass_aws.drills.runner.scene import RunEnd
from breakglass_aws.drills.runner.timeline import Timeline
from breakglass_aws.drills.scenario_file.model import ALLOWED, ANY, DENIED, Action, Question, Scenario

EVIDENCE = "evidence"
NOTEBOOKS = {REHEARSAL: Path(__file__).with_name(f"{REHEARSAL}.ipynb")}
_ALONE = "operator"
_OWN_CHECK = "check by the drill itself"


class LiveRun:
    """Runs one scenario, whose places are filled in.

    Args:
        folder: Of the scenario, in the folder of the drill; it is created.
        say: Called with a line of text for each step.
    """

    def __init__(
        self, scenario: Scenario, folder: Path, aws: Aws, residue: Residue, say: Callable[[str], None]
    ) -> None:
        self._scenario = scenario
        self._folder = folder
        self._aws = aws
        self._residue = residue
        self._say = say
        self._timeline = Timeline()
        self._process = RunProcess(folder, dict(os.environ), self._on_event)
        self.result = result_of(scenario)
        self.result.people = [Person(one.name, one.part) for one in scenario.people]

    def run(self) -> ScenarioResult:
        """Run it; what goes wrong is in the result. Ctrl-C ends the run, cleans nothing up, and is passed on."""
        done = self.result
        done.started = result.now()
        self._folder.mkdir(mode=0o700)
        began = time.monotonic()
        try:
            self._run()
        except Unanswered as refusal:
            done.why.append(str(refusal))
        except KeyboardInterrupt:
            done.verdict, done.why = result.INTERRUPTED, ["The drill was interrupted."]
            raise
        finally:
            done.seconds = done.work_seconds = round(time.monotonic() - began, 1)
            done.ended = result.now()
            done.timeline = self._timeline.sorted()
        if done.seconds > done.objective_seconds:
            done.why.append(f"It took {done.seconds:.0f} s; the objective is {done.objective_seconds:.0f} s.")
        done.why += [f"{one.question} {one.details}".strip() for one in done.checks if not one.passed]
        done.verdict = result.FAILED if done.why else result.PASSED
        return done

    def _run(self) -> None:
        done, scenario = self.result, self._scenario
        rehearses_recovery = scenario.runbook == REHEARSAL
        if rehearses_recovery:
            self._check("damage_was_real", "Has the root user no password before?", not self._has_login_profile())
            if not done.checks[0].passed:
                return  # closing would delete a password that someone needs
            self._residue.note(RECOVERY)
        for action in scenario.damage:
            self._do(action)
        self._ask("Before", "damage_was_real")
        end = self._run_runbook()
        done.outcome, done.exit_status = end.outcome, end.exit_status
        done.evidence = evidence.evidence_in(self._folder / EVIDENCE, self._folder.parent)
        opened = recorded.sessions(self._folder / EVIDENCE)
        done.sessions += opened
        done.changes += recorded.changes(self._folder / EVIDENCE)
        self._note_answers()
        why = " ".join((end.failure or end.errors).split()) or f"It ended with status {end.exit_status}."
        passed = (end.outcome, end.exit_status) == (scenario.outcome, scenario.exit_status)
        details = f"The outcome is {end.outcome or 'unknown'}, not {scenario.outcome}: {why}"
        self._check("outcome_agrees", "Is the outcome the expected one?", passed, details)
        sealed = bool(done.evidence.manifest) and done.evidence.verified
        self._check(
            "evidence_is_whole", "Is the evidence whole and sealed?", sealed, "It is not sealed, or was altered."
        )
        self._check(
            "session_was_opened", "Did the runbook open a root session?", bool(opened), "Its evidence has none."
        )
        done.why += [f"The runbook did not print {text!r}." for text in scenario.says if text not in end.text]
        self._ask("Afterwards", "damage_is_gone")
        for action in scenario.clean_up:
            self._do(action)
        self._confirm(rehearses_recovery)
        found = leaks([self._folder], self._aws.secrets)
        self._check("no_secret_in_artifacts", "Is there no secret in any file?", not found, "\n".join(found))

    def _note_answers(self) -> None:
        """Note the gates that were answered, with the answers given in advance."""
        known = evidence.answered(self._folder / EVIDENCE)
        operators = [one for one in self.result.people if one.part == OPERATOR]
        for gate in self._scenario.gates:
            if gate in known and operators:
                operators[0].did.append(f"answered {gate} with {self._scenario.answer_in_advance(gate)}")

    def _confirm(self, rehearses_recovery: bool) -> None:
        """Look for what must be gone, by calls of this drill's own; only then is it forgotten."""
        if rehearses_recovery and self._check(
            "nothing_is_left", "Is password recovery closed again?", not self._has_login_profile()
        ):
            self._residue.forget(RECOVERY)
        for one in [one for one in self._residue.left if one["kind"] == BUCKET and makes_bucket(self._scenario)]:
            gone = not self._aws.bucket_exists(one["name"], one["region"])
            if self._check("nothing_is_left", f"Is the bucket {one['name']} gone?", gone):
                self._residue.forget(BUCKET)

    def _has_login_profile(self) -> bool:
        """Whether the root user has a password. The session in which that is read is no one of the runbook's."""
        found = self._aws.has_login_profile()
        text = f"sts:AssumeRoot ({self._aws.root_session}), to read the root user"
        self._timeline.add("judge", "judge", "step", text)
        session = self._aws.root_session
        own = Session(result.now(), self._aws.arn, self._account, session, _OWN_CHECK, in_evidence=False)
        self.result.sessions.append(own)
        return found

    @property
    def _account(self) -> str:
        given = self._scenario.parameters
        return str(given.get("account_id") or (given.get("account_ids") or [""])[0])

    def _check(self, check: str, question: str, passed: bool, details: str = "", found: str = "") -> bool:
        """Note a check: `details` say why it did not pass, `found` what it found when it did."""
        self.result.checks.append(Check(check, question, passed, found if passed else details))
        self._timeline.add("judge", "judge", "check", f"{question} {'yes' if passed else 'NO'}")
        self._say(f"  {question} {'as expected' if passed else f'NO. {details}'}".rstrip())
        return passed

    def _do(self, action: Action) -> None:
        """Make one call of the scenario. A bucket is written down before it is made."""
        given = action.given
        name = f"{given['service']}:{given['operation']}"
        parameters = given["parameters"]
        if name == "s3:CreateBucket":
            self._residue.note(BUCKET, name=parameters["Bucket"], region=given["region"])
        began = time.monotonic()
        self._aws.call(given["as"], given["service"], given["operation"], given["region"], **parameters)
        self._timeline.add("person", given["as"], "step", name, time.monotonic() - began)
        who = f"{given['as']}, for the drill itself"
        self.result.changes.append(Change(result.now(), who, "", name, str(parameters.get("Bucket") or "")))
        self._say(f"  {given['as']}: {name}")

    def _ask(self, when: str, check: str) -> None:
        for question in self._scenario.questions:
            expected = question.before if when == "Before" else question.after
            answer = self._answer(question)
            if expected == ANY:
                continue
            passed = (answer == ALLOWED) if expected == ALLOWED else answer != ALLOWED
            passed = answer == expected if expected not in (ALLOWED, DENIED) else passed
            words = question.question or f"Can the {question.identity} call {question.service}:{question.operation}?"
            self._check(check, f"{when}: {words}", passed, f"Expected {expected}; it is {answer}.", f"It is {answer}.")

    def _answer(self, question: Question) -> str:
        call = (question.identity, question.service, question.operation, question.region)
        try:
            self._aws.call(*call, **question.parameters)
        except Unanswered as refusal:
            return refusal.code
        return ALLOWED

    def _run_runbook(self) -> RunEnd:
        """Run the command that a person would type. Ctrl-C ends it as it would end theirs."""
        scenario = self._scenario
        notebook = NOTEBOOKS.get(scenario.runbook)
        output = self._folder / f"{scenario.runbook}.ipynb"
        arguments = ["run", str(notebook) if notebook else scenario.runbook, "--output", str(output)]
        for name, value in {**scenario.parameters, "evidence_dir": str(self._folder / EVIDENCE)}.items():
            arguments += ["-p", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
        answers = {gate: answer for gate in scenario.gates if (answer := scenario.answer_in_advance(gate)) is not None}
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(self._process.run, arguments, answers)
            try:
                return running.result()
            except KeyboardInterrupt:
                self._say("  Interrupted: the runbook ends its task.")
                self._process.stop()
                raise

    def _on_event(self, event: dict[str, Any]) -> None:
        if event["event"] != "cell" or event["status"] in ("running", "skipped"):
            return
        text = event["title"] if event["status"] == "completed" else f"{event['title']}: {event['status']}"
        self._timeline.add("runbook", _ALONE, "step", text, event["seconds"], event.get("time", ""))
        self._say(f"  [{event['number']}/{event['total']}] {text} ({event['seconds']:.1f} s)")
