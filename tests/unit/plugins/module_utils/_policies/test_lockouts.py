"""What is known, absent and unknown of a request: when a statement locks for certain, possibly, and not at all."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._policies.by_name import principals_denied_by_name
from ansible_collections.breakglass.aws.plugins.module_utils._policies.lockouts import (
    find_lockouts,
    lockout_statements,
    upcoming_lockouts,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import (
    administrators_of,
    resource_of,
)

ACCOUNT, ORGANIZATION = "111122223333", "o-real123456"
PATH = f"{ORGANIZATION}/r-ab12/ou-ab12-quarantine/"
BUCKET, QUEUE = "arn:aws:s3:::b", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q"
NOW = datetime(2026, 6, 1, 10, tzinfo=UTC)
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/Admin"


def deny(operator: str = "", key: str = "", values=None, service: str = "s3", **elements) -> dict:
    resources = [BUCKET, f"{BUCKET}/*"] if service == "s3" else QUEUE
    statement = {"Effect": "Deny", "Principal": "*", "Action": f"{service}:*", "Resource": resources, **elements}
    if operator:
        statement["Condition"] = {operator: {key: values}}
    return {"Version": "2012-10-17", "Statement": [statement]}


def resource(service: str = "s3", **known):
    known = {"organization_id": ORGANIZATION, "region": "eu-west-1", "time": NOW, **known}
    return resource_of(BUCKET if service == "s3" else QUEUE, ACCOUNT, **known)


def verdict(policy: dict, where=None, administrators=()) -> bool | None:
    """True: locked for certain; None: possibly; False: not locked."""
    where = where or resource()
    found = find_lockouts(policy, where, administrators_of(where, administrators))
    return (found[0].certain or None) if found else False


# --- the organization's path ---


@pytest.mark.parametrize(
    ("operator", "path", "known", "unknown"),
    [
        ("ForAnyValue:StringLike", f"{ORGANIZATION}/r-ab12/ou-ab12-quarantine/*", True, None),
        ("ForAnyValue:StringLike", f"{ORGANIZATION}/r-ab12/ou-ab12-other/*", False, None),
        ("ForAnyValue:StringNotLike", f"{ORGANIZATION}/r-ab12/ou-ab12-quarantine/*", False, None),
        ("ForAllValues:StringNotLike", f"{ORGANIZATION}/r-ab12/ou-ab12-other/*", True, None),
        ("ForAnyValue:StringEquals", PATH, True, None),
        ("ForAnyValue:StringEquals", f"{ORGANIZATION}/*", False, None),
        # whatever the path is
        ("ForAnyValue:StringLike", f"{ORGANIZATION}/*", True, True),
        ("ForAllValues:StringNotLike", f"{ORGANIZATION}/*", False, False),
        ("ForAnyValue:StringLike", "o-another001/*", False, False),
        ("ForAllValues:StringNotLike", "o-another001/*", True, True),
    ],
)
@pytest.mark.parametrize("key", ["aws:PrincipalOrgPaths", "aws:ResourceOrgPaths"])
def test_the_organization_path_is_looked_up_or_unknown(operator, path, known, unknown, key):
    assert verdict(deny(operator, key, path), resource(organization_path=PATH)) is known
    assert verdict(deny(operator, key, path)) is unknown


def test_without_the_organization_nothing_of_it_is_known():
    where = resource(organization_id=None)
    assert verdict(deny("StringNotEquals", "aws:PrincipalOrgID", ORGANIZATION), where) is None
    assert verdict(deny("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-any/*"), where) is None


# --- the clock ---


@pytest.mark.parametrize(
    ("condition", "locked"),
    [
        ({"DateGreaterThan": {"aws:CurrentTime": "2099-01-01T00:00:00Z"}}, False),
        ({"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}, False),
        ({"NumericGreaterThan": {"aws:EpochTime": "1893456000"}}, False),
        ({"DateGreaterThan": {"aws:EpochTime": "2026-01-01T00:00:00Z"}}, True),
        (  # a freeze window that is over
            {
                "DateGreaterThan": {"aws:CurrentTime": "2025-12-20T00:00:00Z"},
                "DateLessThan": {"aws:CurrentTime": "2026-01-05T00:00:00Z"},
            },
            False,
        ),
        (  # one that is on
            {
                "DateGreaterThan": {"aws:CurrentTime": "2026-05-20T00:00:00Z"},
                "DateLessThan": {"aws:CurrentTime": "2026-06-05T00:00:00Z"},
            },
            True,
        ),
    ],
)
def test_the_clock_decides(condition, locked):
    assert verdict(deny(Condition=condition)) is locked


def test_a_window_that_will_begin_is_announced():
    window = {
        "DateGreaterThan": {"aws:CurrentTime": "2026-12-20T00:00:00Z"},
        "DateLessThan": {"aws:CurrentTime": "2027-01-05T00:00:00Z"},
    }
    where = resource()
    [(date, lockout)] = upcoming_lockouts(deny(Condition=window), where, administrators_of(where))
    assert (date, lockout.index, lockout.certain) == ("2026-12-20T00:00:00Z", 0, True)
    over = {"DateLessThan": {"aws:CurrentTime": "2026-01-05T00:00:00Z"}}
    assert upcoming_lockouts(deny(Condition=over), where, administrators_of(where)) == []


# --- the region ---


@pytest.mark.parametrize("service", ["s3", "sqs"])
def test_the_own_region_is_known(service):
    guard = deny("StringNotEquals", "aws:RequestedRegion", "eu-west-1", service)
    assert verdict(guard, resource(service)) is False
    other = deny("StringNotEquals", "aws:RequestedRegion", ["us-east-1"], service)
    assert verdict(other, resource(service)) is True


def test_the_region_of_a_bucket_may_be_unknown_and_that_of_a_queue_is_in_its_arn():
    guard = deny("StringNotEquals", "aws:RequestedRegion", "eu-west-1")
    assert verdict(guard, resource(region=None)) is None
    queue = deny("StringNotEquals", "aws:RequestedRegion", "eu-west-1", "sqs")
    assert verdict(queue, resource("sqs", region=None)) is False


# --- certain, possible, absent ---


@pytest.mark.parametrize(
    ("operator", "key", "value", "expected"),
    [
        ("BoolIfExists", "aws:MultiFactorAuthPresent", "false", None),
        ("StringNotEquals", "aws:PrincipalTag/team", "security", None),
        ("StringEquals", "acme:Weather", "rain", None),
        ("NotIpAddress", "aws:SourceIp", "203.0.113.0/24", True),
        ("NotIpAddress", "aws:SourceIp", ["0.0.0.0/1", "128.0.0.0/1"], None),  # through a VPC endpoint there is none
        ("NotIpAddress", "aws:VpcSourceIp", ["0.0.0.0/1", "128.0.0.0/1"], None),
        ("IpAddress", "aws:SourceIp", ["0.0.0.0/1", "128.0.0.0/1"], None),
        ("IpAddress", "aws:SourceIp", ["0.0.0.0/1", "128.0.0.0/2"], False),
        ("StringNotEquals", "aws:VpceAccount", ACCOUNT, None),  # from outside of any endpoint
        ("StringNotEquals", "aws:SourceVpce", "vpce-0a1b", True),
        ("Null", "aws:SourceVpce", "true", None),
        ("StringEquals", "aws:VpceAccount", ACCOUNT, None),
        ("StringNotEquals", "aws:SourceAccount", ACCOUNT, True),
        ("StringNotEqualsIfExists", "aws:SourceAccount", ACCOUNT, True),
        ("StringEquals", "aws:SourceAccount", ACCOUNT, False),
        ("ArnLike", "aws:PrincipalArn", "*", None),
        ("StringLike", "aws:PrincipalArn", "*", True),
        ("Bool", "aws:ViaAWSService", "false", True),
        ("StringEquals", "s3:ResourceAccount", ACCOUNT, True),
        ("Null", "aws:TokenIssueTime", "true", None),
    ],
)
def test_certain_possible_and_not(operator, key, value, expected):
    assert verdict(deny(operator, key, value)) is expected


@pytest.mark.parametrize("key", ["aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID"])
def test_the_sentence_says_that_a_person_lacks_the_key(key):
    [found] = lockout_statements(deny("StringNotEquals", key, "x"), resource=BUCKET, account_id=ACCOUNT)
    assert f"request to manage the policy has no {key}" in found["why"]


@pytest.mark.parametrize(
    ("operator", "key", "value", "says"),
    [
        ("NotIpAddress", "aws:SourceIp", "203.0.113.0/24", "principals in any other network are locked out"),
        ("IpAddress", "aws:SourceIp", "0.0.0.0/0", "principals in that network are locked out"),
        ("Null", "aws:SourceIp", "true", "principals that use a VPC endpoint are locked out"),
        ("StringNotEquals", "aws:SourceVpce", "vpce-1", "do not use that VPC endpoint are locked out"),
        ("StringEquals", "aws:SourceVpce", "vpce-1", "principals that use that VPC endpoint are locked out"),
        ("StringEqualsIfExists", "aws:SourceVpce", "vpce-1", None),
        ("Null", "aws:SourceVpce", "true", "principals that use no VPC endpoint are locked out"),
        ("Null", "aws:SourceVpce", "false", "principals that use a VPC endpoint are locked out"),
        ("StringEquals", "aws:SourceVpc", "vpc-1", "principals in that network are locked out"),
        ("Bool", "aws:MultiFactorAuthPresent", "false", "principals without MFA"),
        ("StringNotEquals", "aws:MultiFactorAuthPresent", "true", "principals without MFA"),
        ("Bool", "aws:MultiFactorAuthPresent", "true", None),
        ("NumericGreaterThan", "aws:MultiFactorAuthAge", "3600", "principals without MFA"),
        ("NumericLessThan", "aws:MultiFactorAuthAge", "3600", None),
        ("StringNotLike", "aws:userid", "AROAX:*", "created again"),
        ("StringLike", "aws:userid", "AROAX:*", None),
    ],
)
def test_the_sentence_says_who_is_locked_out(operator, key, value, says):
    inside = operator.startswith("StringEquals") and value.startswith("vpc")
    where = resource(networks=("vpce-1,vpc-1",) if inside else ())
    found = find_lockouts(deny(operator, key, value), where, administrators_of(where))
    assert len(found) == 1 or says is None
    assert all(says in one.why if says else "are locked out" not in one.why for one in found)


def test_the_sentence_says_that_arn_like_star_is_not_documented():
    [found] = lockout_statements(deny("ArnLike", "aws:PrincipalArn", "*"), resource=BUCKET, account_id=ACCOUNT)
    assert "does not document" in found["why"]
    assert found["certain"] is False


def test_not_principal_with_one_session_leaves_the_other_sessions_denied():
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/jane"
    listed = {"AWS": [f"arn:aws:iam::{ACCOUNT}:root", ADMIN, session]}
    policy = deny()
    policy["Statement"][0].pop("Principal")
    policy["Statement"][0]["NotPrincipal"] = listed
    assert verdict(policy, administrators=[ADMIN]) is None
    [found] = lockout_statements(policy, resource=BUCKET, account_id=ACCOUNT, administrators=[ADMIN])
    assert "only the sessions" in found["why"]


def test_a_resource_with_a_variable():
    policy = deny(Resource="arn:aws:s3:::${aws:PrincipalAccount}")
    assert verdict(policy) is False
    assert verdict(deny(Resource="arn:aws:s3:::${s3:prefix, 'b'}")) is True
    assert verdict(deny(Resource="arn:aws:s3:::${aws:PrincipalTag/bucket}")) is None


# --- administrators denied by name and by pattern ---


@pytest.mark.parametrize(
    ("operator", "key", "pattern"),
    [
        ("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/*"),
        ("ArnEquals", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/*Admin*"),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/OrganizationAccount*"),
        ("StringLike", "aws:PrincipalArn", "*:role/AWSReservedSSO_*"),
        ("StringLike", "aws:PrincipalArn", "*Admin*"),
        ("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:user/ops-????"),
        ("StringLike", "aws:username", "admin-*"),
        ("ArnEquals", "aws:PrincipalArn", ADMIN),
    ],
)
def test_administrators_denied_by_pattern_are_reported(operator, key, pattern):
    policy = deny(operator, key, pattern)
    assert verdict(policy) is False
    assert [name.removeprefix("user name ") for name in principals_denied_by_name(policy, resource())] == [pattern]


@pytest.mark.parametrize(
    ("operator", "pattern"),
    [
        ("ArnLike", "arn:aws:iam::999900001111:role/*"),
        ("ArnNotLike", f"arn:aws:iam::{ACCOUNT}:role/*Admin*"),  # locks everyone else, which is reported as such
        ("ArnLike", f"arn:aws:iam::{ACCOUNT}:*"),
        ("ArnLike", "arn:aws:iam::*:root"),
    ],
)
def test_patterns_of_others_are_not_reported(operator, pattern):
    assert principals_denied_by_name(deny(operator, "aws:PrincipalArn", pattern), resource()) == []


def test_a_pattern_on_other_actions_is_not_reported():
    policy = deny("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/*", Action="s3:GetObject")
    assert principals_denied_by_name(policy, resource()) == []
