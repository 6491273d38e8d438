# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the judge is asked to find: the runner makes these of a scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ALLOWED, DENIED, ANY = "allowed", "denied", "any"
# In the user agent of calls that people of a scenario make with the runbook's own identity: they are not the runbook's.
PEOPLE = "breakglass-drill-person"


@dataclass(frozen=True)
class Probe:
    """A call under an identity's own keys, made before the runbook starts and after it ended.

    Attributes:
        operation: As AWS names it, for example GetBucketPolicy.
        place: Where the call comes from, as `breakglass sandbox env --from` has it; "" for this machine.
        before, after: ALLOWED, DENIED (any refusal), ANY, or the error code that AWS must answer with.
    """

    question: str
    identity: str
    service: str
    operation: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    region: str = "us-east-1"
    place: str = ""
    before: str = DENIED
    after: str = ALLOWED


@dataclass(frozen=True)
class StateQuestion:
    """A value of the organization's state, by its path (see `observation`), before and after; ANY is not compared."""

    question: str
    path: str
    before: Any = ANY
    after: Any = ANY


@dataclass(frozen=True)
class Change:
    """What may differ after the run: the value at `path`, and what it must then be. All else must be equal.

    One of these says what it must be; with none of them, any other value is right. A path that ends with `*` is that of
    the one entry that is new there, whose name is not known before: the ID of a new access key.

    Attributes:
        becomes: This value. A policy's text is compared as JSON: the same members, statements in this order.
        without_statements: The policy as it was, without the statements of these Sids.
        statements: The policy as it was, with these members of the statement of a Sid set; None removes one.
        added, removed: It was not there before, or is not there after.
        optional: It may also stay as it was.
    """

    path: str
    becomes: Any = ANY
    without_statements: Sequence[str] = ()
    statements: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    added: bool = False
    removed: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Expectations:
    """What must be true of one scenario.

    Attributes:
        outcome: Of the runbook, as the engine calls it (changed, blocked, ...); "" is not compared.
        exit_status: Of the command that ran it; None is not compared.
        runs_as: The identities that the runbook works with: their calls must be in the evidence.
        observer: The identity that may read the organization.
        people_act: Whether people of the scenario change something themselves. If not, every change is the runbook's.
        evidence: Whether the run must leave sealed evidence.
    """

    outcome: str = ""
    exit_status: int | None = None
    probes: Sequence[Probe] = ()
    states: Sequence[StateQuestion] = ()
    changes: Sequence[Change] = ()
    runs_as: Sequence[str] = ("operator",)
    observer: str = "operator"
    people_act: bool = False
    evidence: bool = True


@dataclass(frozen=True)
class Reported:
    """What the runbook said of itself: its last exit status, and its outcome where it printed one."""

    outcome: str = ""
    exit_status: int | None = None
