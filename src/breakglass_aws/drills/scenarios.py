# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is broken in the drill, and how it shows from outside: before, and after the recovery.

The damage itself is in the sandbox's default organization. A scenario names it, tries what the people concerned must be
able to do, and describes the state after the recovery. Any other difference fails the drill.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from breakglass_aws.drills.simulated_organization import SimulatedOrganization

Snapshot = dict[str, Any]


@dataclass(frozen=True)
class Probe:
    """A question asked from outside: the answer is no before the recovery, and yes after it."""

    question: str
    ask: Callable[[SimulatedOrganization], tuple[bool, str]]  # the answer, and what was seen


@dataclass(frozen=True)
class Scenario:
    """One bad day: the runbook for it, its parameters, the probes, and the state it must lead to."""

    title: str
    story: str
    runbook: str
    parameters: dict[str, Any]
    answers: dict[str, str]  # what the operator types at the gates
    probes: tuple[Probe, ...]
    expected: Callable[[Snapshot], Snapshot]
    approver: str = ""  # the second person who approves the plan


def _administrator_can(
    account_name: str, what: str, resource: str, service: str, region: str, call: Callable[[Any], Any]
) -> Probe:
    def ask(simulation: SimulatedOrganization) -> tuple[bool, str]:
        try:
            call(simulation.client(service, f"{account_name}-administrator", region))
        except ClientError as error:
            return False, f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
        return True, "the call succeeds"

    return Probe(f"Can the administrator of {account_name} {what} {resource}?", ask)


def _root_user_is_clean(account_id: str, account_name: str) -> Probe:
    def ask(simulation: SimulatedOrganization) -> tuple[bool, str]:
        root_user = simulation.snapshot()["root_users"][account_id]
        left = [
            text
            for text, value in (
                ("a password", root_user["password"]),
                (f"{len(root_user['access_keys'])} access key(s)", root_user["access_keys"]),
                (f"{len(root_user['signing_certificates'])} signing certificate(s)", root_user["signing_certificates"]),
                (f"{len(root_user['mfa_devices'])} MFA device(s)", root_user["mfa_devices"]),
            )
            if value
        ]
        return not left, f"it has {', '.join(left)}" if left else "no password, key, certificate or MFA device"

    return Probe(f"Is the root user of {account_name} ({account_id}) without credentials?", ask)


def _without_statement(bucket: str, sid: str) -> Callable[[Snapshot], Snapshot]:
    def expected(before: Snapshot) -> Snapshot:
        after = copy.deepcopy(before)
        policy = after["bucket_policies"][bucket]
        policy["Statement"] = [statement for statement in policy["Statement"] if statement.get("Sid") != sid]
        return after

    return expected


def _without_root_credentials(*account_ids: str) -> Callable[[Snapshot], Snapshot]:
    nothing = {"password": False, "access_keys": [], "signing_certificates": [], "mfa_devices": []}

    def expected(before: Snapshot) -> Snapshot:
        after = copy.deepcopy(before)
        for account_id in account_ids:
            after["root_users"][account_id] = copy.deepcopy(nothing)
        return after

    return expected


def _with_own_account_exempted(queue: str, sid: str) -> Callable[[Snapshot], Snapshot]:
    def expected(before: Snapshot) -> Snapshot:
        after = copy.deepcopy(before)
        [locking] = [entry for entry in after["queue_policies"][queue]["Statement"] if entry.get("Sid") == sid]
        locking["Condition"] = {"StringNotEquals": {"aws:PrincipalAccount": queue.split(":")[4]}}
        return after

    return expected


def _policy_of_ledger(s3: Any) -> Any:
    return s3.get_bucket_policy(Bucket=LEDGER)


def _objects_of_ledger(s3: Any) -> Any:
    return s3.list_objects_v2(Bucket=LEDGER)


def _policy_of_queue(sqs: Any) -> Any:
    return sqs.get_queue_attributes(QueueUrl=_queue_url(sqs), AttributeNames=["Policy"])


def _messages(sqs: Any) -> Any:
    return sqs.receive_message(QueueUrl=_queue_url(sqs))


def _queue_url(sqs: Any) -> str:
    """The URL of the queue: the locked administrator is not allowed to request it."""
    _arn, _aws, _sqs, _region, account_id, name = QUEUE.split(":")
    return f"{sqs.meta.endpoint_url}/{account_id}/{name}"


LEDGER = "payments-ledger-333344445555"
QUEUE = "arn:aws:sqs:eu-central-1:012345678901:ingest-events"

SCENARIOS = (
    Scenario(
        title="A bucket policy locks everyone out",
        story=(
            "A deny-all statement was added to the policy of the payments ledger. No principal of the account can read "
            "or change that policy. Its TLS guard and its organization guard must remain after the repair."
        ),
        runbook="unlock_s3_bucket",
        parameters={"account_id": "333344445555", "bucket": LEDGER, "check_mode": False},
        answers={"confirmed": "333344445555"},
        approver="ada",
        probes=(
            _administrator_can(
                "payments",
                "read the policy of",
                LEDGER,
                "s3",
                "eu-west-1",
                _policy_of_ledger,
            ),
            _administrator_can(
                "payments",
                "list the objects in",
                LEDGER,
                "s3",
                "eu-west-1",
                _objects_of_ledger,
            ),
        ),
        expected=_without_statement(LEDGER, "LockedByMistake"),
    ),
    Scenario(
        title="A queue policy locks everyone out",
        story=(
            "To stop a runaway producer, all actions were denied to all principals on the queue that feeds the data "
            "lake. No principal of the account can undo that. The grant to producers of the organization must remain "
            "after the repair, and must not admit other principals that the deny kept out."
        ),
        runbook="unlock_sqs_queue",
        parameters={"account_id": "012345678901", "queue": QUEUE, "check_mode": False},
        answers={"confirmed": "012345678901"},
        probes=(
            _administrator_can("data-lake", "read the policy of", QUEUE, "sqs", "eu-central-1", _policy_of_queue),
            _administrator_can("data-lake", "receive messages from", QUEUE, "sqs", "eu-central-1", _messages),
        ),
        expected=_with_own_account_exempted(QUEUE, "StopEverything"),
    ),
    Scenario(
        title="Root users with stray credentials",
        story=(
            "Two member accounts have root users that can still sign in: one with a password, two access keys, a "
            "certificate and two MFA devices, one with a password and no MFA at all."
        ),
        runbook="remove_root_credentials",
        parameters={"account_ids": ["444455556666", "012345678901"], "check_mode": False},
        answers={"confirmed": "2"},
        probes=(
            _root_user_is_clean("444455556666", "legacy-web"),
            _root_user_is_clean("012345678901", "data-lake"),
        ),
        expected=_without_root_credentials("444455556666", "012345678901"),
    ),
)
