# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the judge sees at one moment: plain data, with a path for each value.

    organization   units, policies (texts), trusted_access, delegated_administrators, features, policy_types
    accounts.ID    name, email, state, unit (path of names), policies, contact, alternate_contacts, tags, ...
    root_users.ID  password, access_keys, signing_certificates, mfa_devices
    iam.ID         roles.NAME (trust_policy, policies, attached_policies), users.NAME, groups.NAME, policies.ARN, ...
    bucket_policies.NAME, buckets.NAME, queue_policies.ARN, queues.ARN, stack_sets, identity_center, invitations

The organization is read with its administrator's keys. The rest is what the sandbox holds, text for text: while an
account is locked, AWS shows its policies to no caller.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from breakglass_aws.drills.judge.calls import CloudTrail
from breakglass_aws.drills.judge.connection import Connection, Unanswered
from breakglass_aws.drills.judge.expectations import Expectations, Probe
from breakglass_aws.drills.judge.organization import Organization, Unread


@dataclass
class Answer:
    """What a probe was answered: allowed, or refused with an error code."""

    allowed: bool
    code: str
    details: str


@dataclass
class Observation:
    """Everything seen at one moment. `answers` are those of the probes, in their order.

    `calls` are the calls that opened a session or changed something until now, as CloudTrail has them. `unread` has the
    reason for each path that could not be read.
    """

    time: str
    state: dict[str, Any]
    answers: list[Answer]
    calls: list[dict[str, Any]]
    unread: dict[str, str] = field(default_factory=dict)


def observe(connection: Connection, expectations: Expectations) -> Observation:
    """Look at the organization. Faults of the sandbox must be off meanwhile: they would strike the judge too.

    Raises:
        Unanswered: The sandbox does not answer.
    """
    unread = Unread()
    time = datetime.now(UTC).isoformat(timespec="milliseconds")
    state = Organization(connection, expectations.observer, unread).read()
    if connection.url is not None:
        _add_held(state, connection.control("held"))
    calls = CloudTrail(connection, expectations, state["accounts"]).read()
    answers = [ask(connection, probe) for probe in expectations.probes]
    return Observation(time, state, answers, calls, unread.reasons)


def ask(connection: Connection, probe: Probe) -> Answer:
    """Make the call of a probe."""
    parameters = {name: _local(connection, name, value) for name, value in probe.parameters.items()}
    try:
        connection.call(probe.identity, probe.service, probe.operation, probe.region, probe.place, **parameters)
    except Unanswered as refusal:
        return Answer(False, refusal.code, str(refusal))
    return Answer(True, "", "the call succeeds")


def _local(connection: Connection, name: str, value: Any) -> Any:
    """A parameter as AWS takes it: a policy as text, and a queue's URL where the scenario gives the ARN of the queue.

    The URL is at the sandbox's address, which a scenario cannot know. An ARN elsewhere, as in a policy, stays one.
    """
    if isinstance(value, Mapping):
        inner = {key: _local(connection, key, one) for key, one in value.items()}
        return json.dumps(inner) if "Statement" in inner else inner
    if isinstance(value, list):
        return [_local(connection, "", one) for one in value]
    if name == "QueueUrl" and isinstance(value, str) and value.startswith("arn:") and connection.url:
        account, queue = value.split(":")[4:6]
        return f"{connection.url}/{account}/{queue}"
    return value


def _add_held(state: dict[str, Any], held: dict[str, Any]) -> None:
    """Add what the sandbox holds. Of accounts, what the organization's administrator saw has precedence."""
    for identifier, account in held.pop("accounts").items():
        state["accounts"][identifier] = {**account, **state["accounts"].get(identifier, {})}
    for kind in ("bucket", "queue"):
        state[f"{kind}_policies"] = {name: one.pop("policy") for name, one in held[f"{kind}s"].items()}
    state.update(held)
