"""Generated policies, judged by the sandbox's own policy evaluator, which shares no code with the repair.

BREAKGLASS_EXAMPLES says how many policies each property is tried on.
"""

from __future__ import annotations

import copy
import functools
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._policies.actions import ACTIONS, OBJECT_ACTIONS
from ansible_collections.breakglass.aws.plugins.module_utils._policies.lockouts import find_lockouts
from ansible_collections.breakglass.aws.plugins.module_utils._policies.repair import repair
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import (
    Resource,
    administrators_of,
    resource_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from breakglass_aws.sandbox.authorization import (
    Policies,
    Policy,
    PolicyError,
    Principal,
    Request,
    evaluate,
    parse,
    queue_policy_excess,
    validate_bucket_policy,
    validate_queue_policy,
)

many = settings(max_examples=int(os.environ.get("BREAKGLASS_EXAMPLES", "100")), deadline=None)

ACCOUNT, OTHER, ORGANIZATION = "333344445555", "999900001111", "o-ours000001"
BUCKET, QUEUE = "arn:aws:s3:::ledger", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:jobs"
ADMIN, AUDITOR = f"arn:aws:iam::{ACCOUNT}:role/ops/Admin", f"arn:aws:iam::{ACCOUNT}:user/auditor"
DELETED = "AROADELETED1234567890"
EVERYTHING = parse({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


def session(name: str, account: str = ACCOUNT, path: str = "") -> Principal:
    return Principal(
        account=account,
        arn=f"arn:aws:sts::{account}:assumed-role/{name}/someone",
        kind="role_session",
        user_id=f"AROA{name.upper()}:someone",
        role_arn=f"arn:aws:iam::{account}:role/{path}{name}",
    )


def user(name: str, account: str = ACCOUNT) -> Principal:
    return Principal(account, f"arn:aws:iam::{account}:user/{name}", "user", f"AIDA{name.upper()}")


INSIDE = [session("Admin", path="ops/"), user("auditor"), session("Unheard-of"), user("unheard-of")]
OUTSIDE = [
    session("Admin", OTHER),
    user("guest", OTHER),
    Principal(OTHER, f"arn:aws:iam::{OTHER}:root", "root", OTHER),
    Principal("", "", "anonymous"),
    Principal("", "logging.s3.amazonaws.com", "service"),
]

# What AWS knows of a request: several places, with and without MFA, from inside and outside the organization.
NETWORKS = [
    {"aws:SourceIp": "203.0.113.7"},
    {"aws:SourceIp": "8.8.8.8"},
    {"aws:SourceVpce": "vpce-0good", "aws:SourceVpc": "vpc-0good", "aws:VpcSourceIp": "10.0.0.7"},
    {"aws:SourceVpce": "vpce-0else", "aws:SourceVpc": "vpc-0else", "aws:VpcSourceIp": "10.9.0.7"},
]
MFA = [{}, {"aws:MultiFactorAuthPresent": "true"}, {"aws:MultiFactorAuthPresent": "false"}]


def context(principal: Principal, network: dict, mfa: dict, tls: bool = True) -> dict:
    organization = ORGANIZATION if principal.account == ACCOUNT else "o-theirs00001"
    facts = {
        "aws:SecureTransport": "true" if tls else "false",
        "s3:TlsVersion": "1.3",
        "aws:CurrentTime": "2026-06-01T10:00:00Z",
        "aws:RequestedRegion": "eu-west-1",
        **network,
        **mfa,
    }
    if not principal.account:
        return facts
    return {**facts, "aws:PrincipalOrgID": organization, "aws:PrincipalOrgPaths": [f"{organization}/r-ab12/ou-ab12-1/"]}


def judged(*policies: dict | None) -> list[Policy | None]:
    """The policies as the evaluator takes them, read once for many decisions."""
    return [None if policy is None else parse(policy) for policy in policies]


def decide(policy: Policy | None, principal: Principal, action: str, facts: dict):
    resource = f"{BUCKET}/a/key" if action in OBJECT_ACTIONS else BUCKET if action.startswith("s3:") else QUEUE
    request = Request(principal, action, resource, ACCOUNT, facts)
    identity = [EVERYTHING] if principal.kind in ("user", "role_session") else []
    return evaluate(request, Policies(identity=identity, resource=policy))


# --- policies ---


@dataclass(frozen=True)
class Kind:
    """A resource with a policy: what its policies say of actions and resources, and what is asked of them."""

    resource: Resource
    patterns: tuple[str, ...]
    resources: tuple[str, ...]

    @functools.cached_property
    def managing(self) -> tuple[str, ...]:
        return self.resource.management_actions

    @functools.cached_property
    def others(self) -> tuple[str, ...]:
        """Every action but those that manage the policy."""
        return tuple(one for one in ACTIONS[self.resource.service] if one not in self.managing)


KNOWN = {
    "organization_path": f"{ORGANIZATION}/r-ab12/ou-ab12-1/",
    "region": "eu-west-1",
    "time": datetime(2026, 6, 1, 10, tzinfo=UTC),
}


S3 = Kind(
    resource_of(BUCKET, ACCOUNT, ORGANIZATION, **KNOWN),
    (
        "*", "s3:*", "S3:*", "s3:*Policy", "s3:*BucketPolicy", "s3:Get*", "s3:Put*", "s3:Delete*", "s3:DeleteBucket*",
        "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:deletebucketpolicy", "s3:GetObject", "s3:PutObject",
        "s3:DeleteObject", "s3:DeleteBucket", "s3:ListBucket", "s3:????????????Policy", "s3:*et*cket*", "s3:P*Policy",
        "s3:?etBucket*", "s3:*lete*", "s3:*Configuration", "s3:Put*g", "s3:G*t*O*", "S3:pUT*",
    ),
    (BUCKET, f"{BUCKET}/*", f"{BUCKET}*", "*", f"{BUCKET}/private/*", "arn:aws:s3:::l?dger"),
)  # fmt: skip
SQS = Kind(
    resource_of(QUEUE, ACCOUNT, ORGANIZATION, **KNOWN),
    (
        "*", "sqs:*", "SQS:*", "sqs:*Attributes", "sqs:S*", "sqs:Get*", "sqs:*Message", "sqs:*Queue*",
        "sqs:GetQueueAttributes", "sqs:setqueueattributes", "sqs:SendMessage", "sqs:ReceiveMessage",
        "sqs:DeleteMessage", "sqs:DeleteQueue", "sqs:???QueueAttributes", "sqs:*et*", "sqs:*e*e*", "sqs:S*s",
    ),
    (QUEUE, f"{QUEUE}*", "*", f"arn:aws:sqs:*:{ACCOUNT}:jobs", "arn:aws:sqs:*:*:j?bs", f"{QUEUE}-else"),
)  # fmt: skip
CONDITIONS = [
    ("Bool", "aws:SecureTransport", "false"),
    ("Bool", "aws:SecureTransport", True),
    ("NumericLessThan", "s3:TlsVersion", 1.2),
    ("StringNotEquals", "aws:PrincipalOrgID", ORGANIZATION),
    ("StringNotEquals", "aws:PrincipalOrgID", "o-mistyped001"),
    ("StringNotEquals", "aws:PrincipalAccount", [OTHER]),
    ("StringEquals", "aws:PrincipalAccount", ACCOUNT),
    ("StringNotEquals", "AWS:principalaccount", OTHER),
    ("StringNotEquals", "aws:SourceVpce", "vpce-0good"),
    ("StringNotEqualsIfExists", "aws:SourceVpc", "vpc-0good"),
    ("StringEquals", "aws:SourceVpce", "vpce-0good"),
    ("NotIpAddress", "aws:SourceIp", ["203.0.113.0/24", "198.51.100.1"]),
    ("NotIpAddressIfExists", "aws:SourceIp", "203.0.113.0/24"),
    ("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
    ("NotIpAddress", "aws:SourceIp", "0.0.0.0/0"),
    ("BoolIfExists", "aws:MultiFactorAuthPresent", "false"),
    ("Null", "aws:MultiFactorAuthPresent", "true"),
    ("Null", "aws:SourceVpce", True),
    ("ArnNotEquals", "aws:PrincipalArn", ADMIN),
    ("ArnNotLike", "aws:PrincipalArn", [f"arn:aws:iam::{ACCOUNT}:role/ops/*"]),
    ("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:*"),
    ("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::*:root"),
    ("StringNotLike", "aws:userid", [f"{DELETED}:*", OTHER]),
    ("StringNotEquals", "s3:x-amz-server-side-encryption", "aws:kms"),
    ("Null", "s3:x-amz-server-side-encryption", "true"),
    ("StringEquals", "s3:prefix", "secret/"),
    ("StringNotLike", "aws:username", "${aws:username}"),
    ("ForAllValues:StringNotEquals", "aws:TagKeys", ["x"]),
    ("StringNotEquals", "aws:PrincipalTag/team", "security"),
    ("DateGreaterThan", "aws:CurrentTime", "2026-01-01"),
    ("DateLessThan", "aws:CurrentTime", "2026-01-01T00:00:00Z"),
    ("StringNotEquals", "aws:RequestedRegion", ["eu-west-1", "us-east-1"]),
    ("StringEquals", "aws:RequestedRegion", "eu-west-1"),
    ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", f"{ORGANIZATION}/r-ab12/ou-ab12-1/*"),
    ("ForAllValues:StringNotLike", "aws:PrincipalOrgPaths", [f"{ORGANIZATION}/r-ab12/ou-ab12-2/*"]),
    ("StringNotEquals", "aws:SourceAccount", ACCOUNT),
    ("NotIpAddress", "aws:SourceIp", ["0.0.0.0/1", "128.0.0.0/1"]),
]
LISTED = [
    ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ADMIN, AUDITOR, DELETED, OTHER, f"arn:aws:iam::{OTHER}:role/Admin",
    f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/someone",
]  # fmt: skip


def one_or_many(values: list | tuple) -> st.SearchStrategy:
    return st.sampled_from(values) | st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


@st.composite
def statements(draw, kind: Kind) -> dict:
    effect = draw(st.sampled_from(["Deny", "Deny", "Deny", "Allow"]))
    everyone = st.sampled_from(["*", {"AWS": "*"}, {"AWS": ["*"]}])
    listed = st.fixed_dictionaries(
        {"AWS": one_or_many(LISTED)}, optional={"Service": st.just("logging.s3.amazonaws.com")}
    )
    statement = {"Effect": effect}
    if effect == "Deny" and draw(st.integers(0, 4)) == 0:
        statement["NotPrincipal"] = draw(listed)
    else:
        statement["Principal"] = draw(everyone | everyone | listed)
    statement["NotAction" if draw(st.integers(0, 5)) == 0 else "Action"] = draw(one_or_many(kind.patterns))
    statement["NotResource" if draw(st.integers(0, 9)) == 0 else "Resource"] = draw(one_or_many(kind.resources))
    for operator, key, value in draw(st.lists(st.sampled_from(CONDITIONS), max_size=2)):
        statement.setdefault("Condition", {}).setdefault(operator, {})[key] = value
    return statement


@st.composite
def cases(draw) -> tuple[Kind, dict]:
    """A kind of resource, and a policy for one."""
    kind = draw(st.sampled_from([S3, SQS]))
    made = draw(st.lists(statements(kind), min_size=1, max_size=4))
    for number, statement in enumerate(made):
        if draw(st.booleans()):
            statement["Sid"] = f"S{number}"
    return kind, {"Version": draw(st.sampled_from(["2012-10-17", "2008-10-17"])), "Statement": made}


NAMED = st.sampled_from([[], [ADMIN], [AUDITOR], [ADMIN, AUDITOR]])


def let_in(named: list[str]) -> list[Principal]:
    """The principals that must be able to manage the policy; with none named, those that no policy names."""
    return [one for one in INSIDE if one.context_arn in named] if named else INSIDE[2:]


@many
@given(cases(), NAMED)
def test_a_repair_ends_the_lockout_of_every_administrator(case, named):
    kind, policy = case
    repaired = repair(policy, kind.resource, administrators_of(kind.resource, named))
    (after,) = judged(repaired)

    for principal in let_in(named):
        for network in NETWORKS[1::2]:  # from anywhere a policy does not name
            for mfa in MFA:
                for action in kind.managing:
                    decision = decide(after, principal, action, context(principal, network, mfa))
                    assert decision.allowed, (repaired, principal.arn, action, network, mfa, decision)


def some_of(kind: Kind, numbers: list[int]) -> list[str]:
    """Some of the actions that do not manage the policy; over many examples all of them."""
    return [kind.others[number % len(kind.others)] for number in numbers]


NUMBERS = st.lists(st.integers(0, 10_000), min_size=6, max_size=6)


def is_outright(statement: dict) -> bool:
    """A Deny of every action to everyone under no condition, on all objects or none: not a guard."""
    actions = statement.get("Action", [])
    listed = actions if isinstance(actions, list) else [actions]
    every = any(one in ("*", "s3:*", "S3:*", "sqs:*", "SQS:*") for one in listed)
    resources = statement.get("NotResource", statement.get("Resource"))
    listed = resources if isinstance(resources, list) else [resources]
    of_some_objects = f"{BUCKET}/private/*" in listed and not {f"{BUCKET}/*", f"{BUCKET}*", "*"} & set(listed)
    outright = every and "Principal" in statement and not statement.get("Condition") and not of_some_objects
    return statement["Effect"] == "Deny" and outright


@many
@given(cases(), st.sampled_from([[ADMIN], [AUDITOR], [ADMIN, AUDITOR]]), NUMBERS)
def test_named_administrators_gain_the_management_of_the_policy_alone(case, named, numbers):
    kind, policy = case
    repaired = repair(policy, kind.resource, administrators_of(kind.resource, named))
    both = judged(policy, repaired)

    for principal in let_in(named):
        for network in NETWORKS:
            facts = context(principal, network, {})
            for action in some_of(kind, numbers):
                before, after = (decide(one, principal, action, facts).allowed for one in both)
                assert before == after, (repaired, principal.arn, action, facts)


@many
@given(cases(), NUMBERS)
def test_the_account_gains_the_management_of_the_policy_alone(case, numbers):
    """But for statements that deny every action to everyone: those are no guards."""
    kind, policy = case
    repaired = repair(policy, kind.resource, administrators_of(kind.resource))
    guarded = {**policy, "Statement": [one for one in policy["Statement"] if not is_outright(one)]}
    was, becomes = judged(guarded, repaired)

    for principal in INSIDE[2:]:
        for network in NETWORKS:
            facts = context(principal, network, {})
            for action in some_of(kind, numbers):
                if decide(was, principal, action, facts).reason == "explicit_deny":
                    after = decide(becomes, principal, action, facts)
                    assert after.reason == "explicit_deny", (repaired, principal.arn, action, facts)


@many
@given(cases(), NAMED, NUMBERS)
def test_a_repair_lets_no_other_principal_do_more(case, named, numbers):
    kind, policy = case
    repaired = repair(policy, kind.resource, administrators_of(kind.resource, named))

    freed = let_in(named) if named else INSIDE
    was, becomes = judged(policy, repaired)
    for principal in [one for one in INSIDE + OUTSIDE if one not in freed]:
        for network in NETWORKS:
            for mfa in MFA[:2]:
                for tls in (True, False):
                    facts = context(principal, network, mfa, tls)
                    for action in (*kind.managing, *some_of(kind, numbers)):
                        if decide(becomes, principal, action, facts).allowed:
                            assert decide(was, principal, action, facts).allowed, (
                                repaired,
                                principal.arn,
                                action,
                                facts,
                            )


def is_accepted(kind: Kind, policy: dict) -> bool:
    """Would the service store it?"""
    text = json.dumps(policy)
    try:
        if kind is S3:
            validate_bucket_policy(text, "ledger")
        else:
            validate_queue_policy(text)
    except PolicyError:
        return False
    return kind is S3 or not queue_policy_excess(text)


def without_deleted(statement: dict) -> dict:
    """AWS has them in the policies it stored, but takes them from nobody."""
    return json.loads(json.dumps(statement).replace(DELETED, ACCOUNT))


@many
@given(cases(), NAMED)
def test_what_the_service_took_it_takes_repaired(case, named):
    kind, policy = case
    stored = {**policy, "Statement": [without_deleted(statement) for statement in policy["Statement"]]}
    repaired = repair(policy, kind.resource, administrators_of(kind.resource, named))

    if is_accepted(kind, stored) and repaired is not None and repaired is not policy:
        assert is_accepted(kind, repaired), repaired
        sids = [statement["Sid"] for statement in repaired["Statement"] if "Sid" in statement]
        assert len(sids) == len(set(sids))


@many
@given(cases(), NAMED)
def test_repairing_twice_changes_nothing(case, named):
    kind, policy = case
    administrators = administrators_of(kind.resource, named)
    repaired = repair(policy, kind.resource, administrators)

    if repaired is not None:
        assert find_lockouts(repaired, kind.resource, administrators) == []
        assert repair(repaired, kind.resource, administrators) is repaired


@many
@given(cases(), NAMED)
def test_statements_that_lock_nobody_stay_in_order_and_the_input_is_left_alone(case, named):
    kind, policy = case
    original = copy.deepcopy(policy)
    administrators = administrators_of(kind.resource, named)
    locking = {lockout.index for lockout in find_lockouts(policy, kind.resource, administrators)}
    repaired = repair(policy, kind.resource, administrators)

    assert policy == original
    untouched = [
        statement
        for index, statement in enumerate(policy["Statement"])
        if index not in locking
        and (not locking or DELETED not in str(statement.get("Principal", statement.get("NotPrincipal"))))
    ]
    kept = iter(repaired["Statement"] if repaired else [])
    assert all(any(statement == other for other in kept) for statement in untouched)


@pytest.mark.parametrize("named", [[], [ADMIN]])
def test_the_judge_sees_a_lockout(named):
    """The tests above can fail: left as it is, a policy that denies everything denies the administrator."""
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}],
    }

    (judged_policy,) = judged(policy)
    for principal in let_in(named):
        assert not decide(judged_policy, principal, "s3:PutBucketPolicy", context(principal, NETWORKS[0], {})).allowed
