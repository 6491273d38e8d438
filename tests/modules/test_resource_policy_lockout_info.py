"""Locked buckets and queues are found by those who may read, and nothing that cannot be read is called harmless."""

from __future__ import annotations

import json

import pytest
from support.run_module import run

from breakglass_aws.sandbox import Box

DATA_LAKE, PAYMENTS, REPORTS = "012345678901", "333344445555", "555566667777"
LEDGER, EXPORTS = "payments-ledger-333344445555", "payments-exports-333344445555"
QUEUE = f"arn:aws:sqs:eu-central-1:{DATA_LAKE}:ingest-events"


def survey(box: Box, caller: str, **options) -> dict:
    return run("resource_policy_lockout_info", environment=box.environment(caller), **options)


def outcomes(entry: dict) -> dict[str, str]:
    return {one["name"]: one["outcome"] for one in entry["resources"]}


def by_name(result: dict) -> dict[str, dict]:
    return {entry["name"]: entry for entry in result["accounts"]}


def test_an_administrator_finds_what_is_locked_in_the_own_account(sandbox):
    result = survey(sandbox, "data-lake-administrator", regions=["eu-central-1", "us-east-1"])
    [entry] = result["accounts"]
    assert (result["failed"], result["changed"], entry["account_id"]) == (False, False, DATA_LAKE)
    assert outcomes(entry) == {
        "data-lake-raw-012345678901": "locked",
        "ingest-events": "locked",
        "ingest-events-dead-letters": "unlocked",
    }
    assert result["summary"] == {"locked": 2, "unlocked": 1}
    [queue] = [one for one in entry["resources"] if one["arn"] == QUEUE]
    assert queue["region"] == "eu-central-1"
    assert "Its own policy denies even reading it." in queue["reason"]


def test_queues_are_looked_for_where_told(sandbox):
    [entry] = survey(sandbox, "data-lake-administrator", regions=["us-east-1", "us-east-1"])["accounts"]
    assert entry["regions"] == ["us-east-1"]
    assert list(outcomes(entry)) == ["data-lake-raw-012345678901"]


def test_queues_are_looked_for_in_all_enabled_regions(sandbox):
    result = survey(sandbox, "data-lake-administrator")
    [entry] = result["accounts"]
    account = sandbox.client("account", "data-lake-administrator")
    every = [one for page in account.get_paginator("list_regions").paginate() for one in page["Regions"]]
    assert entry["regions"] == [one["RegionName"] for one in every if one["RegionOptStatus"] != "DISABLED"]
    assert len(entry["regions"]) == 17
    assert (result["summary"], entry["unlisted"]) == ({"locked": 2, "unlocked": 1}, [])


def forbid(box: Box, statement: dict) -> None:
    """A service control policy of the account's that denies this."""
    content = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Resource": "*", **statement}]})
    organizations = box.client("organizations", "operator")
    policy = organizations.create_policy(Name="forbid", Description="", Type="SERVICE_CONTROL_POLICY", Content=content)
    organizations.attach_policy(PolicyId=policy["Policy"]["PolicySummary"]["Id"], TargetId=DATA_LAKE)


def test_what_cannot_be_listed_is_told_and_the_rest_is_looked_at(sandbox):
    region = {"StringEquals": {"aws:RequestedRegion": "sa-east-1"}}
    forbid(sandbox, {"Action": ["sqs:*", "s3:ListAllMyBuckets"], "Condition": region})
    result = survey(sandbox, "data-lake-administrator")
    [entry] = result["accounts"]
    assert (entry["outcome"], result["summary"]) == ("unchanged", {"locked": 2, "unlocked": 1, "unlisted": 1})
    [unlisted] = entry["unlisted"]
    assert (unlisted["service"], unlisted["region"]) == ("sqs", "sa-east-1")
    assert "service control policy" in unlisted["reason"]
    [warning] = result["warnings"]
    assert "sqs in sa-east-1: whether anything is locked there is not known" in str(warning)


def test_without_the_list_of_regions_the_own_one_is_looked_at_and_that_is_told(sandbox):
    forbid(sandbox, {"Action": "account:ListRegions"})
    [entry] = survey(sandbox, "data-lake-administrator", region="eu-central-1")["accounts"]
    assert entry["regions"] == ["eu-central-1"]
    assert "ingest-events" in outcomes(entry)
    [unlisted] = entry["unlisted"]
    assert (unlisted["service"], unlisted["region"]) == ("sqs", None)
    assert "Only region eu-central-1 was searched for queues." in unlisted["reason"]


def test_an_account_where_nothing_can_be_listed_is_failed(sandbox):
    forbid(sandbox, {"Action": ["sqs:ListQueues", "s3:ListAllMyBuckets"]})
    result = survey(sandbox, "data-lake-administrator", regions=["eu-central-1"])
    [entry] = result["accounts"]
    assert (entry["outcome"], entry["resources"], result["summary"]) == ("failed", [], {})
    assert "s3:ListAllMyBuckets" in entry["reason"]
    assert result["warnings"]


def test_who_is_refused_says_nothing_of_other_administrators(sandbox):
    """The bucket's policy lets one role in, and the caller is another."""
    role = f"arn:aws:iam::{PAYMENTS}:role/break/Glass"
    deny = {"Sid": "GlassAlone", "Effect": "Deny", "Principal": "*", "Action": "s3:*"}
    deny |= {"Resource": f"arn:aws:s3:::{EXPORTS}", "Condition": {"ArnNotEquals": {"aws:PrincipalArn": role}}}
    s3 = sandbox.client("s3", "payments-administrator")
    s3.put_bucket_policy(Bucket=EXPORTS, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    own = f"arn:aws:iam::{PAYMENTS}:role/OrganizationAccountAccessRole"
    for administrators, outcome in (([], "locked"), ([role], "unreadable"), ([role, own], "locked")):
        options = {"services": ["s3"], "administrators": administrators}
        [entry] = survey(sandbox, "payments-administrator", **options)["accounts"]
        assert outcomes(entry)[EXPORTS] == outcome


def test_from_the_management_account_every_account_is_an_entry(sandbox):
    result = survey(sandbox, "engineer", all_accounts=True, regions=["eu-central-1"])
    entries = by_name(result)
    assert outcomes(entries["payments"]) == {EXPORTS: "unlocked", LEDGER: "locked"}
    assert outcomes(entries["reports"]) == {"reports-555566667777": "no_policy"}
    assert outcomes(entries["security"]) == {}
    assert entries["management"]["outcome"] == "skipped"
    assert entries["closed-shop"]["outcome"] == "skipped"
    assert entries["lost-role"]["outcome"] == "unreachable"
    assert "The role is missing" in entries["lost-role"]["reason"]
    assert any("lost-role (999900001111) is unreachable" in str(warning) for warning in result["warnings"])
    assert not [event for event in sandbox.events() if event["operation"] == "AssumeRoot"]


def test_a_statement_that_locks_is_named_where_the_policy_may_be_read(sandbox):
    """A guard that only a deleted VPC endpoint passes denies writing; reading is still allowed."""
    statement = {
        "Sid": "OnlyThroughOurEndpoint",
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"],
        "Resource": f"arn:aws:s3:::{EXPORTS}",
        "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-0a1b2c3d"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sandbox.client("s3", "payments-administrator").put_bucket_policy(Bucket=EXPORTS, Policy=policy)
    [entry] = survey(sandbox, "engineer", account_ids=[PAYMENTS], services=["s3"])["accounts"]
    exports = next(one for one in entry["resources"] if one["name"] == EXPORTS)
    assert exports["outcome"] == "locked"
    [locking] = exports["lockout_statements"]
    assert (locking["sid"], exports["reason"]) == ("OnlyThroughOurEndpoint", locking["why"])


def test_named_administrators_are_those_who_must_get_in(sandbox):
    role = f"arn:aws:iam::{PAYMENTS}:role/OrganizationAccountAccessRole"
    deny = {"Effect": "Deny", "Principal": {"AWS": role}, "Action": "s3:PutBucketPolicy"}
    policy = {"Version": "2012-10-17", "Statement": [{**deny, "Resource": f"arn:aws:s3:::{EXPORTS}"}]}
    s3 = sandbox.client("s3", "payments-administrator")
    s3.put_bucket_policy(Bucket=EXPORTS, Policy=json.dumps(policy))
    options = {"account_ids": [PAYMENTS], "services": ["s3"]}
    everybody = outcomes(survey(sandbox, "engineer", **options)["accounts"][0])
    named = outcomes(survey(sandbox, "engineer", administrators=[role], **options)["accounts"][0])
    assert (everybody[EXPORTS], named[EXPORTS]) == ("unlocked", "locked")


def test_what_may_not_be_read_is_never_called_harmless(sandbox):
    iam = sandbox.client("iam", "payments-administrator")
    iam.create_user(UserName="clerk")
    listing = {"Effect": "Allow", "Action": ["s3:ListAllMyBuckets", "sqs:ListQueues"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [listing]})
    iam.put_user_policy(UserName="clerk", PolicyName="listing", PolicyDocument=document)
    key = iam.create_access_key(UserName="clerk")["AccessKey"]
    clerk = {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}
    result = run("resource_policy_lockout_info", endpoint_url=sandbox.url, region="us-east-1", **clerk)
    assert outcomes(result["accounts"][0]) == {EXPORTS: "unreadable", LEDGER: "locked"}
    assert any("The organization of the account could not be read" in str(one) for one in result["warnings"])
    exports = next(one for one in result["accounts"][0]["resources"] if one["name"] == EXPORTS)
    assert "Use a root session." in exports["reason"]


@pytest.mark.parametrize("caller", ["nobody", "delegate"])
def test_who_may_not_list_is_told_so(sandbox, caller):
    """The delegate's account has no buckets; in the other accounts no role trusts it."""
    result = survey(sandbox, caller, account_ids=[PAYMENTS])
    said = result["msg"] if result["failed"] else result["accounts"][0]["reason"]
    assert "AccessDenied" in said or "AWS refused" in said


def test_a_session_with_a_source_identity_is_told_what_the_trust_policy_lacks(sandbox):
    [entry] = survey(sandbox, "operator", account_ids=[PAYMENTS])["accounts"]
    assert entry["outcome"] == "unreachable"
    assert "does not allow sts:SetSourceIdentity" in entry["reason"]


WRONG_INPUT = {
    "no account": ({"account_ids": ["44445555666"]}, "account_ids"),
    "all and some": ({"account_ids": [PAYMENTS], "all_accounts": True}, "all_accounts"),
    "the management account": ({"account_ids": ["111122223333"]}, "management account"),
    "a stranger": ({"account_ids": ["999999999999"]}, "999999999999"),
    "no region": ({"account_ids": [PAYMENTS], "regions": ["eu_west_1"]}, "Invalid value for regions: 'eu_west_1'"),
    "an unknown service": ({"services": ["sns"]}, "value of services must be one or more of: s3, sqs"),
    "administrators of several": (
        {"all_accounts": True, "administrators": [f"arn:aws:iam::{PAYMENTS}:role/Admin"]},
        "administrators",
    ),
    "an administrator of another account": (
        {"account_ids": [REPORTS], "administrators": [f"arn:aws:iam::{PAYMENTS}:role/Admin"]},
        f"is not of account {REPORTS}",
    ),
}


@pytest.mark.parametrize("case", WRONG_INPUT)
def test_wrong_input_is_refused(sandbox, case):
    options, expected = WRONG_INPUT[case]
    result = survey(sandbox, "engineer", **options)
    assert result["failed"]
    assert expected in result["msg"]
    assert not [event for event in sandbox.events() if event["write"]]
