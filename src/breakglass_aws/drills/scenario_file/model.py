# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One bad day: what is broken, who takes part, which runbook helps, and what must be true afterwards.

Plain data. `reading` makes it of a scenario file, the runner and the judge use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# What a person does at a gate, or what breaks the organization before the run.
ANSWER, MAILED_CODE, EMERGENCY = "answer", "answer_mailed_code", "answer_emergency"
APPROVE, REJECT, NOTHING, RESUME = "approve", "reject", "nothing", "resume"
CALL, PERSON, CLOCK, FAULT, END_FAULTS = "call", "person", "clock", "fault", "end_faults"
ANSWERS = (ANSWER, MAILED_CODE, EMERGENCY)
WORDS = (APPROVE, REJECT, NOTHING, RESUME)  # actions without details

# Places of the run that are not gates: it stopped (blocked, failed, or did a part), and is resumed afterwards.
STOPPED = "stopped"

ALLOWED, DENIED, ANY = "allowed", "denied", "any"


@dataclass(frozen=True)
class Action:
    """One thing that someone does. `line` is where the file says so."""

    kind: str
    given: Any = None
    line: int = 0


@dataclass(frozen=True)
class Participant:
    """Someone who takes part: operator, approver, mailbox owner or attacker; `at` maps a gate to what they do there."""

    name: str
    part: str
    at: Mapping[str, tuple[Action, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class FaultRule:
    """A fault of the sandbox, and when it begins: "start", or the name of a gate."""

    rule: Mapping[str, Any]
    when: str = "start"


@dataclass(frozen=True)
class Interruption:
    """A signal that ends the run while a call is being made; then the run is resumed.

    `during` is SERVICE:OPERATION, `skip` the number of such calls that pass before.
    """

    signal: str
    during: str
    skip: int = 0


@dataclass(frozen=True)
class Question:
    """A call that is tried before and after the run.

    `before` and `after` are ALLOWED, DENIED, ANY, or the error code that AWS must answer with. `place` is the network
    of the caller.
    """

    identity: str
    service: str
    operation: str
    region: str
    parameters: Mapping[str, Any]
    before: str
    after: str
    question: str = ""
    place: str = ""


@dataclass(frozen=True)
class StateAfter:
    """A value in the state that the judge observes, before and after the run; ANY is not compared."""

    path: str
    before: Any = ANY
    after: Any = ANY
    question: str = ""


# The first part of each path in the state that the judge observes.
STATE = (
    "accounts",
    "bucket_policies",
    "buckets",
    "iam",
    "identity_center",
    "invitations",
    "organization",
    "queue_policies",
    "queues",
    "root_users",
    "stack_sets",
)


@dataclass(frozen=True)
class Change:
    """What may differ after the run; everything else must be equal.

    Attributes:
        path: In the state that the judge observes.
        how: "any" other value, "added", "removed", "becomes" (exactly `value`), "without_statements" (the policy
            before, without those whose Sids are in `value`) or "statements" (the policy before, with the members that
            `value` has for a Sid).
        optional: It may also stay as it was.
    """

    path: str
    how: str = "any"
    value: Any = None
    optional: bool = False


@dataclass(frozen=True)
class Scenario:
    """A scenario of a drill.

    Attributes:
        name: Of the file, without its end.
        runs_as: The identity that runs the runbook.
        organization: "default", the path of an organization file, or changes to the default organization.
        profiles: AWS profiles that the operator has: name and identity.
        outcome: The expected outcome of the runbook, in the engine's words.
        exit_status: The expected exit status of the runbook's command.
        clean_up: What removes what the damage made; in AWS only, because a sandbox ends with its drill.
        hints, briefing: For a person who does it by hand; see `hands_on`.
        says: Texts that the runbook must print, such as the reason of a refusal.
    """

    name: str
    title: str
    story: str
    runbook: str
    parameters: Mapping[str, Any]
    outcome: str
    exit_status: int
    says: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    objective_seconds: float = 300
    runs_as: str = "operator"
    organization: Any = "default"
    profiles: Mapping[str, str] = field(default_factory=dict)
    damage: tuple[Action, ...] = ()
    faults: tuple[FaultRule, ...] = ()
    people: tuple[Participant, ...] = ()
    interruption: Interruption | None = None
    questions: tuple[Question, ...] = ()
    states: tuple[StateAfter, ...] = ()
    changes: tuple[Change, ...] = ()
    clean_up: tuple[Action, ...] = ()
    hints: tuple[str, ...] = ()
    briefing: str = ""
    file: str = ""

    @property
    def approver(self) -> Participant | None:
        """The second person, if there is one."""
        return next((person for person in self.people if person.part == "approver"), None)

    def at(self, gate: str) -> list[tuple[Participant, Action]]:
        """What the people do at a gate, in the order of the file."""
        return [(person, action) for person in self.people for action in person.at.get(gate, ())]

    def answer_in_advance(self, gate: str) -> str | None:
        """The answer to a gate at which nothing happens but that the operator answers."""
        actions = self.at(gate)
        if len(actions) == 1 and actions[0][1].kind == ANSWER and not self._faults_at(gate):
            return str(actions[0][1].given)
        return None

    def _faults_at(self, gate: str) -> bool:
        return any(fault.when == gate for fault in self.faults)

    @property
    def gates(self) -> list[str]:
        """The gates that the scenario names, without places that are not gates."""
        return [*dict.fromkeys(gate for person in self.people for gate in person.at if gate != STOPPED)]
