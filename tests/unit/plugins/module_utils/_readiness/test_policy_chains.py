"""Each combination of policies is judged once, and every account gets the answer it would get alone."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Caller
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account, Policy, Unit
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import ServiceControlPolicies
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.policy_chains import PolicyChains, Question
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.recoveries import questions
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.unreadable import Readings
from hypothesis import given, settings
from hypothesis import strategies as st

MANAGEMENT = "111122223333"
ACCOUNTS = [Account(f"12340000{number:04}", f"account {number}", "ACTIVE") for number in range(6)]
ROOT, FIRST, SECOND = Unit("r-1", "Root", None), Unit("ou-1", "First", "r-1"), Unit("ou-2", "Second", "r-1")
SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
ALLOW = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
QUESTIONS = questions("OrganizationAccountAccessRole")


@dataclasses.dataclass
class Fake:
    """An organization with these documents (ID -> document) attached to targets; even accounts are in the first OU."""

    documents: dict[str, Any]
    attached: dict[str, list[str]]
    fails: bool = False

    caller = Caller(MANAGEMENT, f"arn:aws:iam::{MANAGEMENT}:role/Operator")

    def describe(self) -> dict[str, Any]:
        return {"id": "o-1", "management_account_id": MANAGEMENT, "feature_set": "ALL"}

    def now(self) -> datetime:
        return datetime(2026, 1, 31, tzinfo=UTC)

    def account(self, account_id: str) -> Account | None:
        return next((one for one in ACCOUNTS if one.id == account_id), Account(account_id, "management", "ACTIVE"))

    def units_above(self, account: Account) -> list[Unit]:
        return [ROOT, FIRST if int(account.id) % 2 == 0 else SECOND]

    def path_of(self, account: Account) -> str:
        return "o-1/r-1/"

    def policy_types(self) -> list[str]:
        return [SCP, RCP]

    def policies_of(self, target_id: str, policy_type: str) -> list[Policy]:
        full = [Policy("p-full", "FullAWSAccess", SCP, True)] if policy_type == SCP else []
        own = self.attached.get(target_id, []) if policy_type == SCP else []
        return [*full, *(Policy(one, one, SCP, False) for one in own)]

    def policy_document(self, policy_id: str) -> str:
        if self.fails:
            raise BreakglassError("AWS refused reading the policy.", "Give the caller permission for DescribePolicy.")
        return json.dumps({"Version": "2012-10-17", **self.documents.get(policy_id, ALLOW)})


def denial(**more: Any) -> dict[str, Any]:
    return {"Statement": {"Sid": "Guard", "Effect": "Deny", "Action": "*", "Resource": "*", **more}}


def only(pattern: str) -> dict[str, Any]:
    return denial(Condition={"ArnLike": {"aws:PrincipalArn": pattern}})


TARGETS = ["r-1", "ou-1", "ou-2", *(one.id for one in ACCOUNTS)]
DOCUMENTS = st.sampled_from(
    [
        denial(),
        denial(Action=["iam:*", "sts:AssumeRole"]),
        only("arn:aws:iam::*:root"),
        only(f"arn:aws:iam::{ACCOUNTS[0].id}:root"),
        only("arn:aws:iam::1234*:root"),
        only("arn:aws:iam::????????0002:role/*"),
        denial(Condition={"StringNotEquals": {"aws:PrincipalAccount": [one.id for one in ACCOUNTS[:3]]}}),
        denial(Condition={"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}),
        denial(Condition={"StringLike": {"aws:PrincipalOrgPaths": "o-1/*/ou-2/*"}}),
        denial(NotAction="iam:*", Condition={"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}),
        only(f"arn:aws:iam::{'0' * 12}:root"),
    ]
)
ATTACHED = st.dictionaries(st.sampled_from(TARGETS), st.lists(st.integers(0, 3), max_size=3, unique=True), max_size=5)


# As root session, as root user, as access role, and on the way into it.
DISTINCT = [QUESTIONS[0], *QUESTIONS[-4:-1]]


@settings(deadline=None, max_examples=int(os.environ.get("BREAKGLASS_EXAMPLES", "30")))
@given(st.lists(DOCUMENTS, min_size=4, max_size=4), ATTACHED)
def test_every_account_gets_the_answer_it_would_get_alone(documents, attached):
    named = {f"p-{number}": document for number, document in enumerate(documents)}
    fake = Fake(named, {target: [f"p-{one}" for one in ids] for target, ids in attached.items()})
    chains = PolicyChains(fake, None, Readings())  # type: ignore[arg-type]
    alone = ServiceControlPolicies(fake)
    for account, question in itertools.product(ACCOUNTS, DISTINCT):
        assert chains.stopping(account, question) == ask(alone, account, question)


def ask(policies: ServiceControlPolicies, account: Account, question: Question) -> list[dict[str, Any]]:
    if question.assumes:
        return policies.stopping_access(account.id, question.on_role)
    resource = f"arn:aws:iam::{account.id}:role/{question.on_role}" if question.on_role else None
    given = {"role_name": question.acting_as, "resource": resource}
    return policies.stopping(account.id, question.principal, question.actions, **given)


def test_accounts_that_are_alike_are_judged_once():
    fake = Fake({"p-0": only("arn:aws:iam::*:root")}, {"ou-1": ["p-0"]})
    chains = PolicyChains(fake, None, Readings())  # type: ignore[arg-type]
    chains.prepare(ACCOUNTS, QUESTIONS)
    assert chains.judged == 2 * len(set(QUESTIONS))  # two OUs


@pytest.mark.parametrize(("pattern", "chains_of_their_own"), [(ACCOUNTS[0].id, 1), ("1234*", len(ACCOUNTS))])
def test_an_account_that_a_policy_names_is_judged_apart(pattern, chains_of_their_own):
    fake = Fake({"p-0": only(f"arn:aws:iam::{pattern}:root")}, {"r-1": ["p-0"]})
    chains = PolicyChains(fake, None, Readings())  # type: ignore[arg-type]
    chains.prepare(ACCOUNTS, [Question()])
    shared = 2 if chains_of_their_own == 1 else 0
    assert chains.judged == shared + chains_of_their_own


def test_what_cannot_be_read_is_asked_for_once_and_is_unknown():
    fake, readings = Fake({}, {"ou-1": ["p-0"]}, fails=True), Readings()
    chains = PolicyChains(fake, None, readings)  # type: ignore[arg-type]
    chains.prepare(ACCOUNTS, QUESTIONS)
    assert all(isinstance(chains.stopping(one, QUESTIONS[0]), Unread) for one in ACCOUNTS)
    assert len(readings.unread) == 1
