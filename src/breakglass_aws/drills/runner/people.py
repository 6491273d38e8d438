# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The people of a scenario: what each does, by the calls and commands that a person would use."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from breakglass_aws.drills.result import Person
from breakglass_aws.drills.runner import prepared
from breakglass_aws.drills.runner.simulation import Refused, Simulation, StartError, without_aws
from breakglass_aws.drills.runner.timeline import Timeline
from breakglass_aws.drills.scenario_file import model
from breakglass_aws.drills.scenario_file.model import Action, Participant, Scenario

_KEPT = re.compile(r"\$\{(\w+)\}")
# Of whom damage and clock are: no one of the scenario.
STORY = Participant("the story", "attacker")


class ActionFailed(Exception):
    """A person of the scenario could not do what the file says; the text names the line."""


class Approver:
    """A second person with an SSH key made for the drill, and the list of allowed signers that names them."""

    def __init__(self, name: str, home: Path, signers: Path) -> None:
        """Make the key in `home`, and write the list of allowed signers."""
        self.name = name
        self.signers = signers
        self._key = home / "key"
        self._prepared: subprocess.Popen[str] | None = None
        if not shutil.which("ssh-keygen"):
            raise StartError("The second person needs ssh-keygen. Install the OpenSSH client.")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", self._key], check=True)
        signers.write_text(f'{name} namespaces="breakglass.aws" {self._key.with_suffix(".pub").read_text()}')

    def prepare(self) -> None:
        """Load the command meanwhile."""
        self._prepared = prepared.start(self._key.parent, prepared.APPROVE)

    def end(self) -> None:
        """End what was prepared and not needed."""
        if self._prepared:
            prepared.end(self._prepared)

    def approve(self, run: Path) -> tuple[int, str]:
        """Approve what the run in this folder would do, by the command a person would type.

        Returns its exit status, and what it printed as an error.
        """
        process = self._prepared or prepared.start(self._key.parent, prepared.APPROVE)
        self._prepared = None
        arguments = ["approve", str(run), "--key", str(self._key), "--as", self.name, "--yes"]
        prepared.run(process, arguments, without_aws(os.environ), {})
        _, errors = process.communicate()
        return process.returncode, errors.strip()


class People:
    """Does what the people of a scenario do, and keeps what each did."""

    def __init__(
        self, scenario: Scenario, simulation: Simulation, timeline: Timeline, approver: Approver | None
    ) -> None:
        self._scenario = scenario
        self._simulation = simulation
        self._timeline = timeline
        self._approver = approver
        self._kept: dict[str, str] = {}
        self._did: dict[str, Person] = {one.name: Person(one.name, one.part) for one in scenario.people}

    @property
    def who(self) -> list[Person]:
        """Everyone who takes part, with what they did."""
        return list(self._did.values())

    def operator_did(self, text: str) -> None:
        """Note what the person did who runs the runbook, where the timeline has it already."""
        known = next((one for one in self._did.values() if one.part == "operator"), None)
        person = known or self._did.setdefault("operator", Person("operator", "operator"))
        person.did.append(text)

    @property
    def _file(self) -> str:
        """The scenario's file without its folder, which a report for others does not show."""
        return Path(self._scenario.file).name

    def note(self, person: Participant, text: str, kind: str = "step") -> None:
        """Note that a person did something now."""
        if person.name in self._did:
            self._did[person.name].did.append(text)
        lane = "fault" if person is STORY else "person"
        self._timeline.add(lane, person.name, kind, text)

    def do(self, person: Participant, action: Action, run: Path) -> None:
        """Do one action that is not an answer. Raises ActionFailed when it is refused."""
        from botocore.exceptions import BotoCoreError, ClientError

        given = action.given
        try:
            text = self._done(action.kind, given, run)
        except Refused as refusal:
            raise ActionFailed(f"{self._file}, line {action.line}: {refusal}") from None
        except (ClientError, BotoCoreError) as error:
            raise ActionFailed(f"{self._file}, line {action.line}: {error}") from None
        self.note(person, text, "approval" if action.kind == model.APPROVE else "step")

    def _done(self, kind: str, given: Any, run: Path) -> str:
        """Do it; return what was done, in words."""
        simulation = self._simulation
        if kind == model.CALL:
            return self._call(given)
        if kind == model.PERSON:
            details = {key: value for key, value in given.items() if key not in ("step", "who")}
            simulation.control("person", given["who"], given["step"], method="POST", body=details)
            return f"{given['step'].replace('_', ' ')} ({given['who']})"
        if kind == model.CLOCK:
            simulation.control("clock", method="POST", body={"advance": given})
            return f"{given} pass"
        if kind == model.FAULT:
            simulation.add_fault(given)
            return f"a fault begins: {described(given)}"
        if kind == model.END_FAULTS:
            for name, rule in {rule["name"]: rule for rule in simulation.control("faults")["rules"]}.items():
                if given in ("all", rule["kind"]):
                    simulation.end_fault(name)
            return f"faults end: {given}"
        if kind == model.APPROVE and self._approver:
            approved, problem = self._approver.approve(run)
            if approved:
                raise Refused(problem)
            return "read the plan and approved it"
        return "resumed the run"

    def _call(self, given: Mapping[str, Any]) -> str:
        """Make a call to AWS."""
        import jmespath
        from botocore import xform_name
        from botocore.exceptions import ClientError

        action = f"{given['service']}:{given['operation']}"
        credentials = self._simulation.credentials(given["as"])
        client = self._simulation.client(given["service"], credentials, given["region"], given["from"])
        parameters = {name: self._value(value, name) for name, value in given["parameters"].items()}
        try:
            answer = getattr(client, xform_name(given["operation"]))(**parameters)
            for name, path in given["keep"].items():
                found = jmespath.search(path, answer)
                if found is None:
                    raise Refused(f"{action} answered without {path}, which is to be kept as {name}")
                self._kept[name] = str(found)
        except ClientError as error:
            if not given["denied"]:
                raise
            return f"{action}: refused with {error.response['Error']['Code']}"
        if given["denied"]:
            raise Refused(f"{action} was expected to be denied, and was allowed")
        return action

    def _value(self, value: Any, name: str = "") -> Any:
        """A parameter: `${NAME}` is what an earlier call kept, a policy its JSON text, a `QueueUrl` may be an ARN.

        An ARN elsewhere, as in a policy, stays one: only where a queue is called is its address in the sandbox needed.
        """
        if isinstance(value, list):
            return [self._value(one) for one in value]
        if isinstance(value, Mapping):
            inner = {key: self._value(one, key) for key, one in value.items()}
            return json.dumps(inner) if "Statement" in inner else inner
        if not isinstance(value, str):
            return value
        value = _KEPT.sub(lambda found: self._kept.get(found[1], found[0]), value)
        if name == "QueueUrl" and value.startswith("arn:"):
            account, queue = value.split(":")[4:6]
            return f"{self._simulation.url}/{account}/{queue}"
        return value

    def mailed_code(self, address: str) -> str:
        """The code in the newest mail at an address. Raises ActionFailed when there is none."""
        codes = [mail["code"] for mail in self._simulation.control("person", address, "mailbox") if mail["code"]]
        if not codes:
            raise ActionFailed(f"{self._file}: no mail with a code arrived at {address}.")
        return str(codes[-1])


def described(rule: Mapping[str, Any]) -> str:
    """A fault rule in words: its kind, and what limits it."""
    limits = ", ".join(f"{key} {value}" for key, value in rule.items() if key != "kind")
    return f"{rule['kind'].replace('_', ' ')}{f' ({limits})' if limits else ''}"
