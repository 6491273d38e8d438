"""What `in_process()` gives: environment, snapshot, events, reset."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest
import yaml
from support.refusals import refused

from breakglass_aws.sandbox.client import CONTROL_HEADER
from breakglass_aws.sandbox.organization_file.generator import generate
from breakglass_aws.sandbox.organization_file.yaml_source import OrganizationError
from breakglass_aws.sandbox.state import UnknownIdentity


def test_environment(box):
    environment = box.environment("operator")
    assert environment.keys() == {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_EC2_METADATA_DISABLED",
    }
    assert environment["AWS_ENDPOINT_URL"] == box.url
    assert box.environment("engineer")["AWS_SESSION_TOKEN"] == ""


def test_unknown_identity_names_the_known_ones(box):
    with pytest.raises(UnknownIdentity, match=r"no identity 'operater'.*operator"):
        box.credentials("operater")


def test_another_organization_is_served_for_a_while(sandbox):
    def names() -> set[str]:
        accounts = sandbox.client("organizations", "operator").get_paginator("list_accounts").paginate()
        return {account["Name"] for page in accounts for account in page["Accounts"]}

    before, state = names(), sandbox.snapshot()
    with sandbox.serving(yaml.safe_load(generate(10, seed=1))):
        assert names() != before
    assert names() == before
    assert sandbox.snapshot() == state
    with pytest.raises(OrganizationError), sandbox.serving({"organization": 5}):
        pass
    assert names() == before


def test_credentials_outlive_a_reset(sandbox):
    before = sandbox.credentials("operator")
    sandbox.reset()
    assert sandbox.credentials("operator") == before


def test_snapshot_of_the_default_organization(sandbox):
    snapshot = sandbox.snapshot()
    assert "iam.amazonaws.com" in snapshot["organization"].pop("trusted_access")
    assert snapshot["organization"] == {
        "features": ["RootCredentialsManagement", "RootSessions"],
        "delegated_administrators": {"iam.amazonaws.com": ["222233334444"]},
    }
    held = {
        account: (
            root["password"],
            *(len(root[kind]) for kind in ("access_keys", "signing_certificates", "mfa_devices")),
        )
        for account, root in snapshot["root_users"].items()
    }
    assert (
        held.items()
        >= {
            "111122223333": (True, 0, 0, 1),
            "222233334444": (False, 0, 0, 0),
            "333344445555": (False, 0, 0, 0),
            "444455556666": (True, 2, 1, 2),
            "012345678901": (True, 0, 0, 0),
            "555566667777": (True, 1, 0, 1),
            "666677778888": (False, 0, 0, 0),
            "777788889999": (True, 0, 0, 0),
            "888899990000": (True, 1, 0, 1),
        }.items()
    )
    policies = {name: policy and len(policy["Statement"]) for name, policy in snapshot["bucket_policies"].items()}
    assert (
        policies.items()
        >= {
            "payments-ledger-333344445555": 3,
            "payments-exports-333344445555": 1,
            "data-lake-raw-012345678901": 1,
            "reports-555566667777": None,
        }.items()
    )
    assert json.loads(json.dumps(snapshot)) == snapshot


def test_reset_brings_everything_back(sandbox, root_session):
    before = sandbox.snapshot()
    iam = root_session("444455556666", "IAMDeleteRootUserCredentials")("iam")
    iam.delete_login_profile()
    sandbox.client("iam", "operator").disable_organizations_root_sessions()
    sandbox.client("s3", "payments-administrator").delete_bucket_policy(Bucket="payments-exports-333344445555")
    sandbox.client("iam", "operator").create_user(UserName="new")
    assert sandbox.snapshot() != before
    sandbox.reset()
    assert sandbox.snapshot() == before
    assert sandbox.events() == []
    assert [user["UserName"] for user in sandbox.client("iam", "operator").list_users()["Users"]] == ["engineer"]
    assert refused(iam.get_login_profile)[0] == "InvalidClientTokenId", "root sessions end"


def test_events(sandbox, root_session):
    heard = []
    sandbox.on_event(heard.append)
    session = root_session("333344445555", "S3UnlockBucketPolicy")
    refused(session("iam").get_user)
    session("s3", "eu-west-1").delete_bucket_policy(Bucket="payments-ledger-333344445555")
    assert sandbox.events() == heard
    opened, denied, deleted = heard
    assert (opened["action"], opened["account"], opened["resource"]) == (
        "sts:AssumeRoot",
        "111122223333",
        "arn:aws:iam::333344445555:root",
    )
    assert (opened["write"], denied["write"], deleted["write"]) == (False, False, True)
    assert (denied["status"], denied["error"], denied["account"]) == (403, "AccessDenied", "333344445555")
    assert (deleted["service"], deleted["operation"], deleted["status"], deleted["error"]) == (
        "s3",
        "DeleteBucketPolicy",
        204,
        None,
    )
    assert (deleted["region"], deleted["resource"]) == ("eu-west-1", "arn:aws:s3:::payments-ledger-333344445555")
    assert deleted["principal"] == "arn:aws:iam::333344445555:root"
    assert deleted["access_key_id"] == denied["access_key_id"]
    assert "Botocore" in deleted["user_agent"] or "Boto3" in deleted["user_agent"]


def test_a_listener_that_fails_harms_nobody(sandbox):
    def fail(event):
        raise RuntimeError(event)

    sandbox.on_event(fail)
    assert sandbox.client("sts", "operator").get_caller_identity()


def test_the_same_over_http(sandbox):
    def ask(path, method="GET"):
        with urllib.request.urlopen(
            urllib.request.Request(f"{sandbox.url}/_sandbox/{path}", headers={CONTROL_HEADER: "1"}, method=method)
        ) as answer:
            return json.load(answer)

    assert ask("ready")["organization"] == "o-breakglass1"
    assert ask("identities/operator") == sandbox.credentials("operator")
    assert ask("snapshot") == sandbox.snapshot()
    sandbox.client("sts", "operator").get_caller_identity()
    assert ask("events") == sandbox.events() != []
    ask("reset", "POST")
    assert sandbox.events() == []
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask("identities/stranger")
    assert caught.value.code == 404
