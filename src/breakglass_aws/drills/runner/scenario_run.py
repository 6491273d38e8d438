# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One scenario from beginning to end: damage, runbook, people, faults, judgement."""

from __future__ import annotations

import contextlib
import functools
import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from breakglass_aws.drills import result
from breakglass_aws.drills.result import Fault, ScenarioResult
from breakglass_aws.drills.runner import evidence, prepared
from breakglass_aws.drills.runner.people import STORY, ActionFailed, Approver, People, described
from breakglass_aws.drills.runner.runbook_run import RunbookRun
from breakglass_aws.drills.runner.scene import Recovery, Scene
from breakglass_aws.drills.runner.simulation import Ended, Refused, Simulation, StartError
from breakglass_aws.drills.runner.timeline import Timeline
from breakglass_aws.drills.scenario_file import organization
from breakglass_aws.drills.scenario_file.model import FaultRule, Scenario

if TYPE_CHECKING:
    from breakglass_aws.drills.judge import Judge, Observation, Reported

_LOG = logging.getLogger(__name__)
# What these faults do is the state of an account from their beginning on: they hit no single call.
_STATES = ("account_suspended", "root_denied")
Say = Callable[[str], None]


def result_of(scenario: Scenario) -> ScenarioResult:
    """The result of a scenario that has not been run yet."""
    return ScenarioResult(
        name=scenario.name,
        title=scenario.title,
        story=scenario.story,
        runbook=scenario.runbook,
        parameters=dict(scenario.parameters),
        tags=list(scenario.tags),
        objective_seconds=scenario.objective_seconds,
        expected_outcome=scenario.outcome,
    )


# The judge takes a second to load, in which the sandbox starts.


def _judge_of(scenario: Scenario, url: str) -> Judge:
    from breakglass_aws.drills.judge import Judge
    from breakglass_aws.drills.runner import expected

    return Judge(url, expected.expectations(scenario))


def _reported(done: ScenarioResult) -> Reported:
    from breakglass_aws.drills.judge import Reported

    return Reported(done.outcome, done.exit_status)


def _expected_errors() -> tuple[type[Exception], ...]:
    """What may go wrong in a scenario, and is explained by its text."""
    from breakglass_aws.drills.judge import Unanswered

    return StartError, Ended, ActionFailed, Refused, Unanswered


class ScenarioRun:
    """Runs one scenario in a simulated organization of its own.

    Args:
        folder: Of this scenario, in the folder of the drill; it is created.
        default_organization: The organization file of scenarios that name none; None for the sandbox's own.
        say: Called with a line of text for each step.
        recover: Makes who recovers the organization: the runner by itself, or a person in a shell.
    """

    def __init__(
        self,
        scenario: Scenario,
        folder: Path,
        default_organization: str | None,
        say: Say,
        recover: Callable[[Scene], Recovery] = RunbookRun,
    ) -> None:
        self._scenario = scenario
        self._folder = folder
        self._default_organization = default_organization
        self._say = say
        self._timeline = Timeline()
        self._begun: dict[str, FaultRule] = {}  # faults of the scenario, by the name of the rule in the sandbox
        self._recover = recover
        self._run: Recovery | None = None
        self._stopped = False
        self.result = result_of(scenario)

    def stop(self) -> None:
        """End the run as Ctrl-C does, and judge nothing. For another thread."""
        self._stopped = True
        if self._run:
            self._run.stop()

    def run(self) -> ScenarioResult:
        """Run the scenario; what goes wrong is in the result."""
        done = self.result
        done.started = result.now()
        self._folder.mkdir(mode=0o700)
        try:
            self._run_in_sandbox()
        except _expected_errors() as error:
            done.why.append(str(error))
        except OSError as error:
            done.why.append(f"{error.strerror}: {error.filename}")
        except Exception as error:  # one scenario must not take the others' results with it
            _LOG.exception("scenario %s", scenario_name := self._scenario.name)
            done.why.append(f"Unexpected error in {scenario_name}: {type(error).__name__}: {error}")
        done.ended = result.now()
        done.timeline = self._timeline.sorted()
        if self._stopped:
            done.verdict, done.why = result.INTERRUPTED, ["The drill was interrupted."]
        else:
            done.verdict = result.FAILED if done.why else result.PASSED
        return done

    def _run_in_sandbox(self) -> None:
        scenario = self._scenario
        given: Any = scenario.organization
        file = organization.file_of(given, self._folder)
        with (
            tempfile.TemporaryDirectory(prefix="breakglass-drill-") as name,
            Simulation(file or self._default_organization) as simulation,
            contextlib.ExitStack() as stack,
        ):
            first = None
            home = Path(name)
            if self._recover is RunbookRun:  # it loads while the sandbox starts and the judge looks
                first = prepared.start(self._folder)
                stack.callback(prepared.end, first)
            simulation.wait_until_ready()
            signers = self._folder / "allowed_signers"
            approver = Approver(scenario.approver.name, home, signers) if scenario.approver else None
            if approver and first:
                approver.prepare()
                stack.callback(approver.end)
            people = People(scenario, simulation, self._timeline, approver)
            self.result.people = people.who
            for action in scenario.damage:
                people.do(STORY, action, self._folder)
            judge = _judge_of(scenario, simulation.url)
            before = self._observed("Before the run", judge)
            if not self._is_damaged(judge, before):
                return
            add_faults = functools.partial(self._add_faults, simulation)
            scene = Scene(
                scenario, simulation, people, self._timeline, self._folder, home, add_faults, self._say, first
            )
            self._run = self._recover(scene)
            add_faults("start")
            self._run_runbook()
            self.result.people = people.who
            simulation.end_faults()
            self._note_faults(simulation)
            if not self._stopped:
                self._judge(judge, before)

    def _observed(self, when: str, judge: Judge) -> Observation:
        entry = self._timeline.begin("judge", "judge", "check", f"{when}: the judge looks at the organization")
        seen = judge.observe()
        self._timeline.end(entry)
        for question, answer in zip(self._scenario.questions, seen.answers, strict=True):
            asked = question.question or f"{question.identity}: {question.service}:{question.operation}"
            self._say(f"  {asked} {'yes' if answer.allowed else 'no'} - {answer.details}")
        return seen

    def _is_damaged(self, judge: Judge, before: Observation) -> bool:
        """Whether the scenario is as it says before the run. If not, nothing is run: the scenario is at fault."""
        missing = [one for one in judge.damage(before) if not one.passed]
        if missing:
            self.result.checks = missing
            self.result.why.append("The damage of the scenario is not there, so the runbook was not run.")
            self.result.why += [f"{one.question} {one.details}".strip() for one in missing]
        return not missing

    def _run_runbook(self) -> None:
        assert self._run
        done, began = self.result, time.monotonic()
        try:
            end = self._run.run()
        finally:
            done.seconds = round(time.monotonic() - began, 1)
            people = self._timeline.people_seconds
            if not self._run.meets_faults:  # a person also reads and types where no run waits for them
                people = max(0.0, done.seconds - self._timeline.work_seconds)
            done.people_seconds = round(people, 1)
            done.work_seconds = round(done.seconds - done.people_seconds, 1)
        done.outcome, done.exit_status, done.hints = end.outcome, end.exit_status, self._run.hints
        done.evidence = evidence.evidence_in(self._run.evidence, self._folder.parent)
        done.why += [f"The runbook did not print {text!r}." for text in self._scenario.says if text not in end.text]
        if end.exit_status != self._scenario.exit_status and end.errors:
            done.why.append(end.errors.strip().splitlines()[-1])

    def _judge(self, judge: Judge, before: Observation) -> None:
        assert self._run
        done = self.result
        after = self._observed("After the run", judge)
        runs = self._run.runs
        done.checks = judge.judge(before, after, runs, self._folder, _reported(done))
        if self._run.meets_faults:
            done.checks += judge.struck((one.text, one.hits) for one in done.faults if one.kind not in _STATES)
        done.sessions = judge.sessions(before, after, runs)
        done.changes = judge.changes(before, after)
        done.why += [f"{one.question} {one.details}".strip() for one in done.checks if not one.passed]
        if not done.checks:
            done.why.append("Nothing was checked.")
        if done.evidence.manifest and not done.evidence.verified:
            done.why.append("The evidence was altered.")
        if done.seconds > done.objective_seconds:
            done.why.append(f"It took {done.seconds:.0f} s; the objective is {done.objective_seconds:.0f} s.")

    # Faults

    def _add_faults(self, simulation: Simulation, when: str) -> None:
        """Add the faults that begin at a place of the run: "start", or a gate."""
        for fault in self._scenario.faults:
            if fault.when == when:
                self._begun[simulation.add_fault(fault.rule)] = fault
                self._timeline.add("fault", "the story", "fault", described(fault.rule))

    def _note_faults(self, simulation: Simulation) -> None:
        """Note the faults that began, of the scenario and of its people, and those whose gate was not reached."""
        hits = simulation.fault_hits()
        for name, rule in simulation.begun.items():
            when = _words_of(self._begun[name].when) if name in self._begun else "during the run"
            self.result.faults.append(Fault(rule["kind"], when, described(rule), hits.get(name, 0)))
        for fault in self._scenario.faults:
            if fault not in self._begun.values():
                when = f"{_words_of(fault.when)}, which the run did not reach"
                self.result.faults.append(Fault(fault.rule["kind"], when, described(fault.rule)))


def _words_of(when: str) -> str:
    return "from the start" if when == "start" else f"at gate {when}"
