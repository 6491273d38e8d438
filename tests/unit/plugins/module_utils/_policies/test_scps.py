"""Service control policies that stop somebody in a member account: read over HTTP, judged offline."""

from __future__ import annotations

import json

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Organization
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._policies import scp_evaluation as judge
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import PolicyError, parse
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import ServiceControlPolicies
from hypothesis import given
from hypothesis import strategies as st

from breakglass_aws.sandbox import Box

VAULT, PAYMENTS, LOST_ROLE, MANAGEMENT = "777788889999", "333344445555", "999900001111", "111122223333"
AUDIT = v.AUDIT_ROOT_CREDENTIALS.actions
ROOT = "arn:aws:iam::*:root"


def policies(box: Box, name: str = "operator") -> ServiceControlPolicies:
    keys = box.credentials(name)
    return ServiceControlPolicies(
        Organization(
            Connection(
                endpoint_url=box.url,
                credentials={
                    "aws_access_key_id": keys["access_key"],
                    "aws_secret_access_key": keys["secret_key"],
                    "aws_session_token": keys["session_token"],
                },
            )
        )
    )


def attach(box: Box, target: str, *statements: dict, name: str = "guard") -> str:
    organizations = box.client("organizations", "operator")
    content = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    made = organizations.create_policy(Name=name, Description="", Type="SERVICE_CONTROL_POLICY", Content=content)
    policy_id = made["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=policy_id, TargetId=target)
    return policy_id


def deny(action: str | list[str] = "*", **more) -> dict:
    return {"Effect": "Deny", "Action": action, "Resource": "*", **more}


ROOT_DENIED = {"ArnLike": {"aws:PrincipalArn": ROOT}}
EXEMPTING = {**ROOT_DENIED, "Null": {"aws:AssumedRoot": "true"}}


def test_the_policy_that_stops_root_sessions_is_found_with_its_place_and_fix(sandbox):
    [found] = policies(sandbox).stopping(VAULT, actions=AUDIT)
    assert found["policy_name"] == "deny-root-user"
    assert (found["attached_to"]["name"], found["attached_to"]["type"]) == ("Vault", "ORGANIZATIONAL_UNIT")
    assert (found["sid"], found["certain"], found["known_as"]) == ("DenyRootUser", True, None)
    assert found["actions"] == list(AUDIT)
    assert "every action" in found["why"]
    assert "aws:AssumedRoot" in found["fix"]
    [found] = policies(sandbox).stopping(VAULT, "root_user")
    assert "move the account" in found["fix"].lower()
    assert policies(sandbox).stopping(VAULT, "role") == []


def test_it_says_what_the_root_session_then_meets(sandbox):
    """Read offline and tried for real: the answers must be the same, account by account."""
    attach(sandbox, LOST_ROLE, deny(Condition=EXEMPTING), name="exempting")
    attach(sandbox, PAYMENTS, deny("iam:GetUser", Condition={"Bool": {"aws:AssumedRoot": "true"}}), name="sessions")
    read = policies(sandbox)
    sts = sandbox.client("sts", "operator")
    for account_id in (VAULT, LOST_ROLE, PAYMENTS, "444455556666"):
        issued = sts.assume_root(
            TargetPrincipal=account_id,
            TaskPolicyArn={"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"},
        )["Credentials"]
        iam = Connection(
            endpoint_url=sandbox.url,
        ).root_client("iam", issued)
        try:
            iam.get_user()
            met = False
        except iam.exceptions.ClientError:
            met = True
        assert bool(read.stopping(account_id, actions=["iam:GetUser"])) is met, account_id


def test_the_management_account_is_bound_by_none(sandbox):
    attach(sandbox, sandbox.client("organizations", "operator").list_roots()["Roots"][0]["Id"], deny())
    assert policies(sandbox).stopping(MANAGEMENT) == []
    assert [one["attached_to"]["type"] for one in policies(sandbox).stopping(PAYMENTS)] == ["ROOT"]


def test_a_level_without_an_allow_is_found(sandbox):
    attach(sandbox, LOST_ROLE, {"Effect": "Allow", "Action": ["iam:Get*", "s3:*"], "Resource": "*"})
    sandbox.client("organizations", "operator").detach_policy(PolicyId="p-FullAWSAccess", TargetId=LOST_ROLE)
    [found] = policies(sandbox).stopping(LOST_ROLE, actions=["iam:GetUser", "iam:ListAccessKeys"])
    assert (found["policy_id"], found["attached_to"]["id"], found["certain"]) == (None, LOST_ROLE, True)
    assert found["actions"] == ["iam:ListAccessKeys"]
    assert "FullAWSAccess" in found["fix"]
    assert policies(sandbox).stopping(LOST_ROLE, actions=["iam:GetUser"]) == []


@pytest.mark.parametrize(
    ("statement", "name", "known", "fix"),
    [
        (
            {"Sid": "GRRESTRICTROOTUSER", **deny(Condition={"StringLike": {"aws:PrincipalArn": [ROOT]}})},
            "aws-guardrails-aBcDeF",
            judge.CONTROL_TOWER_ROOT,
            "ExemptAssumeRoot",
        ),
        (
            {
                "Sid": "ROOT",
                "Effect": "Deny",
                "NotAction": ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice"],
                "Resource": "*",
                "Condition": {"StringLike": {"aws:PrincipalArn": "arn:*:iam::*:root"}},
            },
            "guardrails-part-0",
            judge.ACCELERATOR_ROOT,
            "configuration",
        ),
        (
            {
                "Sid": "GRREGIONDENY",
                "Effect": "Deny",
                "NotAction": ["sts:*"],
                "Resource": "*",
                "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1"]}},
            },
            "aws-guardrails-aBcDeF",
            judge.CONTROL_TOWER_REGIONS,
            "aws:AssumedRoot",
        ),
    ],
)
def test_known_guardrails_are_recognized_by_shape(sandbox, statement, name, known, fix):
    attach(sandbox, LOST_ROLE, statement, name=name)
    [found] = policies(sandbox).stopping(LOST_ROLE, actions=AUDIT)
    assert (found["known_as"], found["certain"]) == (known, True)
    assert fix in found["fix"]


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, "aws:SourceIp"),
        ({"StringNotEquals": {"aws:PrincipalTag/team": "security"}}, "aws:PrincipalTag/team"),
        ({"DateGreaterThan": {"aws:TokenIssueTime": "2030-01-01T00:00:00Z"}}, "aws:TokenIssueTime"),
    ],
)
def test_what_cannot_be_known_is_said_so(sandbox, condition, said):
    attach(sandbox, LOST_ROLE, deny(Condition=condition))
    [found] = policies(sandbox).stopping(LOST_ROLE, actions=AUDIT)
    assert found["certain"] is False
    assert f"{said} is" in found["why"]
    assert "is not known here" in found["why"]


@pytest.mark.parametrize(("date", "stops"), [("2020-01-01T00:00:00Z", True), ("2199-01-01T00:00:00Z", False)])
def test_the_clock_decides_about_dates(sandbox, date, stops):
    attach(sandbox, LOST_ROLE, deny(Condition={"DateGreaterThan": {"aws:CurrentTime": date}}))
    assert [one["certain"] for one in policies(sandbox).stopping(LOST_ROLE, actions=AUDIT)] == [True] * stops


def test_a_root_user_is_judged_on_the_role_it_will_create(sandbox):
    role = "arn:aws:iam::*:role/OrganizationAccountAccessRole"
    attach(sandbox, LOST_ROLE, {**deny("iam:CreateRole"), "Resource": role})
    [found] = policies(sandbox).stopping(LOST_ROLE, "root_user")
    assert (found["actions"], found["certain"]) == (["iam:CreateRole"], True)
    assert policies(sandbox).stopping(LOST_ROLE, "root_user", role_name="Another") == []


@pytest.mark.parametrize("action", ["iam:CreateVirtualMFADevice", "iam:*MFA*", "iam:EnableMFADevice"])
def test_a_root_user_must_be_able_to_enrol_an_mfa_device(sandbox, action):
    attach(sandbox, LOST_ROLE, deny(action, Condition=ROOT_DENIED))
    [found] = policies(sandbox).stopping(LOST_ROLE, "root_user")
    assert found["certain"]
    assert set(found["actions"]) <= {"iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "iam:ListMFADevices"}


def test_a_policy_on_some_mfa_devices_is_uncertain(sandbox):
    attach(sandbox, LOST_ROLE, {**deny("iam:CreateVirtualMFADevice"), "Resource": "arn:aws:iam::*:mfa/root-*"})
    [found] = policies(sandbox).stopping(LOST_ROLE, "root_user")
    assert found["certain"] is False


@pytest.mark.parametrize(
    ("action", "key", "expected"),
    [
        ("iam:CreateRole", "aws:RequestTag/owner", None),  # the new role may be tagged
        ("s3:PutBucketPolicy", "aws:RequestTag/owner", True),
        ("s3:PutBucketPolicy", "s3:x-amz-acl", True),
        ("iam:CreateRole", "aws:CalledVia", True),
    ],
)
def test_keys_that_only_other_requests_have(action, key, expected):
    request = judge.Request("root_user", f"arn:aws:iam::{VAULT}:root", "o-a/r-1/", action)
    statement = deny(action, Condition={"Null": {key: "true"}})
    document = parse({"Version": "2012-10-17", "Statement": statement}, with_principals=False)
    assert [one.answer for one in judge.denials(document, request)] == [expected]


def test_variables_in_a_resource_have_their_values():
    """An Allow on the account's own buckets allows neither another bucket nor SQS."""
    arn = f"arn:aws:iam::{PAYMENTS}:root"
    allow = {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${aws:PrincipalAccount}-*"}
    document = parse({"Version": "2012-10-17", "Statement": allow}, with_principals=False)

    def allowed(action: str, resource: str | None = None, version: str = "2012-10-17") -> bool | None:
        request = judge.Request("root_session", arn, "o-a/r-1/", action, resource)
        return judge.allows({**document, "Version": version}, request)

    assert allowed("s3:PutBucketPolicy", f"arn:aws:s3:::{PAYMENTS}-ledger") is True
    assert allowed("s3:PutBucketPolicy", "arn:aws:s3:::ledger") is False
    assert allowed("s3:PutBucketPolicy", f"arn:aws:s3:::{PAYMENTS}-ledger", "2008-10-17") is False
    assert allowed("sqs:SetQueueAttributes") is False
    tagged = {**allow, "Resource": "arn:aws:s3:::${aws:PrincipalTag/team}-*"}
    unknown = parse({"Version": "2012-10-17", "Statement": tagged}, with_principals=False)
    request = judge.Request("root_session", arn, "o-a/r-1/", "s3:PutBucketPolicy", "arn:aws:s3:::ledger")
    assert judge.allows(unknown, request) is None


def test_some_buckets_only_is_uncertain_until_the_bucket_is_named(sandbox):
    attach(sandbox, PAYMENTS, {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::prod-*"})
    asked = {"account_id": PAYMENTS, "actions": ["s3:PutBucketPolicy"]}
    assert [one["certain"] for one in policies(sandbox).stopping(**asked)] == [False]
    assert [one["certain"] for one in policies(sandbox).stopping(**asked, resource="arn:aws:s3:::prod-ledger")] == [
        True
    ]
    assert policies(sandbox).stopping(**asked, resource="arn:aws:s3:::ledger") == []


def test_regions_are_known_for_iam_and_where_they_are_told(sandbox):
    outside = {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}
    attach(sandbox, PAYMENTS, deny(Condition=outside))
    read = policies(sandbox)
    assert read.stopping(PAYMENTS, actions=["iam:GetUser"]) == []
    assert [one["certain"] for one in read.stopping(PAYMENTS, actions=["s3:GetBucketPolicy"])] == [False]
    there = read.stopping(PAYMENTS, actions=["s3:GetBucketPolicy"], region="eu-west-1")
    assert [one["certain"] for one in there] == [True]


def test_each_ou_and_policy_is_asked_for_once(sandbox):
    read = policies(sandbox)
    for account_id in ("333344445555", "012345678901"):
        read.stopping(account_id)
    asked = [event["operation"] for event in sandbox.events()]
    assert asked.count("DescribePolicy") == 1  # FullAWSAccess, everywhere
    assert asked.count("ListPoliciesForTarget") == 2 + 2 + 1  # two accounts, two OUs, the root
    assert not [event for event in sandbox.events() if event["write"]]


def test_who_may_not_read_is_told_so(sandbox):
    with pytest.raises(BreakglassError) as told:
        policies(sandbox, "nobody").stopping(VAULT)
    assert told.value.fix


def test_a_policy_that_names_principals_is_none():
    with pytest.raises(PolicyError, match="names a principal"):
        parse({"Statement": [{**deny(), "Principal": "*"}]}, with_principals=False)


CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "ArnLike": st.just({"aws:PrincipalArn": ROOT}),
        "Null": st.sampled_from(["true", "false"]).map(lambda value: {"aws:AssumedRoot": value}),
        "StringNotEquals": st.just({"aws:PrincipalOrgID": "o-breakglass1"}),
        "NotIpAddress": st.just({"aws:SourceIp": "203.0.113.0/24"}),
    },
)


@given(CONDITIONS, st.sampled_from(judge.PRINCIPALS))
def test_a_statement_is_judged_as_its_conditions_say(condition, principal):
    end = "role/Operator" if principal == "role" else "root"
    request = judge.Request(principal, f"arn:aws:iam::{VAULT}:{end}", "o-breakglass1/r-1/", "iam:GetUser")
    document = parse({"Version": "2012-10-17", "Statement": deny(Condition=condition)}, with_principals=False)
    found = list(judge.denials(document, request))
    must_not = [
        "ArnLike" in condition and principal == "role",
        "Null" in condition and (condition["Null"]["aws:AssumedRoot"] == "true") == (principal == "root_session"),
        "StringNotEquals" in condition,
    ]
    expected = None if "NotIpAddress" in condition else True
    assert [one.answer for one in found] == ([] if any(must_not) else [expected])
    exempted = {**condition, "Null": {"aws:AssumedRoot": "true"}}
    if principal == "root_session":
        assert not list(judge.denials({"Version": "2012-10-17", "Statement": deny(Condition=exempted)}, request))


def test_only_a_policy_that_denies_every_call_counts_as_a_quarantine(sandbox):
    elsewhere = {"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1"]}}
    attach(sandbox, PAYMENTS, deny(["iam:*", "s3:*"]), name="some-services")
    attach(sandbox, PAYMENTS, deny(Condition=elsewhere), name="some-regions")
    assert policies(sandbox).denying_root_user(PAYMENTS) == []
    attach(sandbox, PAYMENTS, deny(Condition=EXEMPTING), name="quarantine")
    assert [one["policy_name"] for one in policies(sandbox).denying_root_user(PAYMENTS)] == ["quarantine"]
