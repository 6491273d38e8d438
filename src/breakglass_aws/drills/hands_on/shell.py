# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shell in which a person recovers the simulated organization: what they are told, and the commands they have."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from breakglass_aws.drills.hands_on import evidence
from breakglass_aws.drills.hands_on.lab import Lab, LabError
from breakglass_aws.drills.result import Hint
from breakglass_aws.drills.runner.people import ActionFailed
from breakglass_aws.drills.runner.scene import RunEnd, Scene
from breakglass_aws.drills.scenario_file import model
from breakglass_aws.engine import commands, questions
from breakglass_aws.engine.collection import NOTEBOOKS

_LOOK_EVERY = 0.2  # seconds
HELP = """\
You are in a shell, as the operator of the simulated organization. AWS is not reached. Run the runbook here:
  breakglass list  the runbooks; then: breakglass run NAME -p ... -p check_mode=false
Also here:
  briefing         what people report
  hint             a hint; the report notes it
  approve RUN_DIR  have the second person approve a plan
  people GATE      have the other people do what they do at a gate
  lab              open the runbooks in JupyterLab
  exit             end the drill
"""


def briefing(scenario: model.Scenario) -> str:
    """What people report on the day: the scenario's own words, or the questions that are answered with no."""
    failing = [one for one in scenario.questions if one.before == model.DENIED]
    if scenario.briefing or not failing:
        return scenario.briefing or scenario.story
    lines = [f"- {one.question or f'{one.identity}: {one.service}:{one.operation}?'} No." for one in failing]
    return "\n".join(["This is what people report:", *lines])


class HandsOn:
    """A person recovers the organization in a shell. Its commands ask this process, by files that only they see."""

    meets_faults = False

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.hints: list[Hint] = []
        self._bin = scene.home / "bin"
        self._requests, self._answers = self._bin / ".requests", self._bin / ".answers"
        self._ended = threading.Event()
        self._shell: subprocess.Popen[bytes] | None = None
        self._lab: Lab | None = None

    @property
    def evidence(self) -> Path:
        """The folder of the newest run below the folder of the scenario."""
        return evidence.newest(self._scene.folder)

    @property
    def runs(self) -> list[Path]:
        """The folders of all runs below the folder of the scenario."""
        return evidence.runs(self._scene.folder)

    def run(self) -> RunEnd:
        """Let the person work in the shell until they leave it; return how their last run ended."""
        self._write_commands()
        notebooks = self._scene.folder / "runbooks"
        notebooks.mkdir(mode=0o700)
        for notebook in NOTEBOOKS.glob("*.ipynb"):
            shutil.copy(notebook, notebooks)
        print(f"\n{briefing(self._scene.scenario)}\n\n{HELP}{self._second_person()}", flush=True)
        listener = threading.Thread(target=self._listen, daemon=True)
        listener.start()
        program = os.environ.get("SHELL") or "/bin/sh"
        command = [program, *(["--norc"] if program.endswith("bash") else []), "-i"]
        questions.discard_typed()
        # A shell that is interactive has the terminal: Ctrl-C is for what runs in it.
        self._shell = subprocess.Popen(command, env={**self._environment, "PS1": "drill$ "}, cwd=self._scene.folder)
        self._shell.wait()
        self._ended.set()
        listener.join()
        if self._lab:
            self._lab.end()
        return [evidence.end_of(run, self._scene.timeline, self._scene.people.operator_did) for run in self.runs][-1]

    @property
    def _environment(self) -> dict[str, str]:
        """The operator's keys, and the commands of the drill."""
        path = os.pathsep.join([str(self._bin), os.environ.get("PATH", os.defpath)])
        return {**self._scene.environment, "PATH": path}

    def stop(self) -> None:
        """End the shell. For another thread."""
        if self._shell and self._shell.poll() is None:
            self._shell.terminate()

    def _second_person(self) -> str:
        """How the run asks the second person of the scenario, if there is one."""
        approver, signers = self._scene.scenario.approver, self._scene.folder / "allowed_signers"
        if not approver:
            return ""
        return f"A second person, {approver.name}, must approve: -p allowed_signers={signers} -p requester=operator\n"

    # The shell's commands

    def _write_commands(self) -> None:
        self._bin.mkdir(mode=0o700)
        os.mkfifo(self._answers, 0o600)
        self._requests.touch(mode=0o600)
        python = shlex.quote(sys.executable)
        requests, answers = shlex.quote(str(self._requests)), shlex.quote(str(self._answers))
        for name in _DONE:
            self._write_command(name, f'printf "%s\\t%s\\n" {name} "$*" >> {requests}; cat {answers}')
        self._write_command("breakglass", f'exec {python} -m breakglass_aws "$@"')

    def _write_command(self, name: str, line: str) -> None:
        path = self._bin / name
        path.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        path.chmod(0o700)

    def _listen(self) -> None:
        """Do what the shell's commands ask for, until the person has left it."""
        done = 0
        while not self._ended.wait(_LOOK_EVERY):
            lines = self._requests.read_text(encoding="utf-8").splitlines()
            for line in lines[done:]:
                name, _, argument = line.partition("\t")
                try:
                    text = _DONE[name](self, argument.strip())
                except (ActionFailed, LabError, OSError, ValueError) as error:
                    text = str(error)
                self._answers.write_text(f"{text}\n", encoding="utf-8")
            done = len(lines)

    def _briefing(self, _: str) -> str:
        return briefing(self._scene.scenario)

    def _hint(self, _: str) -> str:
        left = self._scene.scenario.hints[len(self.hints) :]
        if not left:
            return "There are no more hints."
        entry = self._scene.timeline.add("person", self._scene.scenario.runs_as, "hint", left[0])
        self.hints.append(Hint(entry.start, left[0]))
        return left[0]

    def _approve(self, argument: str) -> str:
        approver = self._scene.scenario.approver
        if not approver:
            return "This scenario has no second person."
        folder = (self._scene.folder / argument).resolve() if argument else self.evidence
        self._scene.people.do(approver, model.Action(model.APPROVE), folder)
        return f"{approver.name} has read the plan and approved it. Resume the run: {commands.resume(folder)}"

    def _open_lab(self, options: str) -> str:
        if self._lab is None or self._lab.has_ended:
            self._lab = Lab(self._scene.folder / "runbooks", self._environment, self._scene.home / "lab.log")
            self._lab.start(shlex.split(options))
        return self._lab.address()

    def _people(self, gate: str) -> str:
        acting = [
            (person, action)
            for person, action in self._scene.scenario.at(gate)
            if person.part != "operator" and action.kind not in (*model.ANSWERS, *model.WORDS)
        ]
        if not acting:
            return "No one else does anything there. Name the gate at which the run waits: people work_done"
        self._scene.add_faults(gate)
        for person, action in acting:
            self._scene.people.do(person, action, self.evidence)
        return "\n".join(dict.fromkeys(f"{person.name} ({person.part}) is done." for person, _ in acting))


_DONE: dict[str, Callable[[HandsOn, str], str]] = {
    "briefing": HandsOn._briefing,
    "hint": HandsOn._hint,
    "approve": HandsOn._approve,
    "people": HandsOn._people,
    "lab": HandsOn._open_lab,
}
