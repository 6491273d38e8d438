"""The unlock through a real HTTP endpoint; what counts is what the bucket's administrator can do before and after."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from support.lockout_kinds import lockouts
from support.run_module import run

from breakglass_aws.sandbox import Box

PAYMENTS, LEDGER, EXPORTS = "333344445555", "payments-ledger-333344445555", "payments-exports-333344445555"
TASK_POLICY = {"arn": "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"}


@pytest.fixture
def backups(tmp_path) -> Path:
    return tmp_path / "backups"


def unlock(box: Box, caller: str = "operator", *, check_mode: bool = False, **options) -> dict:
    options = {"account_id": PAYMENTS, "bucket": LEDGER, **options}
    return run("s3_bucket_policy_unlock", check_mode=check_mode, environment=box.environment(caller), **options)


def is_let_in(box: Box, bucket: str = LEDGER, name: str = "payments-administrator", s3=None) -> bool:
    """Can the administrator read, put and delete the policy? The policy is the same afterwards."""
    region = "eu-west-1" if bucket == LEDGER else "us-east-1"
    s3 = s3 or box.client("s3", name, region=region)
    try:
        policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
        s3.delete_bucket_policy(Bucket=bucket)
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    except ClientError as error:
        return {"NoSuchBucketPolicy": True, "AccessDenied": False}[error.response["Error"]["Code"]]
    return True


def root_client(box: Box, account_id: str = PAYMENTS, region: str = "eu-west-1"):
    answer = box.client("sts", "operator").assume_root(TargetPrincipal=account_id, TaskPolicyArn=TASK_POLICY)
    keys = answer["Credentials"]
    return box.client_with("s3", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region=region)


def lock(box: Box, *statements: dict) -> dict:
    """Put a policy on the exports bucket, as an administrator would by mistake."""
    policy = {"Version": "2012-10-17", "Statement": []}
    for statement in statements:
        whole = {"Effect": "Deny", "Resource": [f"arn:aws:s3:::{EXPORTS}", f"arn:aws:s3:::{EXPORTS}/*"], **statement}
        policy["Statement"].append(whole if "NotPrincipal" in whole else {"Principal": "*", **whole})
    box.client("s3", "payments-administrator").put_bucket_policy(Bucket=EXPORTS, Policy=json.dumps(policy))
    return policy


def everything_but(snapshot: dict, bucket: str) -> dict:
    policies = {name: policy for name, policy in snapshot["bucket_policies"].items() if name != bucket}
    return {**snapshot, "bucket_policies": policies}


def writes(box: Box) -> list[str]:
    return [event["action"] for event in box.events() if event["write"] and event["action"] != "sts:AssumeRoot"]


# --- the scenario ---


def test_the_mistake_goes_the_guards_stay_and_the_administrator_is_let_in(sandbox, backups):
    assert not is_let_in(sandbox)
    before = sandbox.snapshot()

    result = unlock(sandbox, backup_dir=str(backups))

    after = sandbox.snapshot()
    assert (result["failed"], result["changed"], result["outcome"]) == (False, True, "changed")
    assert result["region"] == "eu-west-1"
    assert result["before"] == before["bucket_policies"][LEDGER]
    assert result["after"] == after["bucket_policies"][LEDGER]
    assert after["bucket_policies"][LEDGER]["Statement"] == before["bucket_policies"][LEDGER]["Statement"][:2]
    assert everything_but(after, LEDGER) == everything_but(before, LEDGER)
    assert [(one["index"], one["sid"], one["conditions"]) for one in result["lockout_statements"]] == [
        (2, "LockedByMistake", [])
    ]
    assert is_let_in(sandbox)
    assert "LockedByMistake" in result["diff"]["before"]
    assert "LockedByMistake" not in result["diff"]["after"]


def test_the_backup_holds_the_very_text_and_nobody_else_can_read_it(sandbox, backups):
    text = root_client(sandbox).get_bucket_policy(Bucket=LEDGER)["Policy"]

    result = unlock(sandbox, backup_dir=str(backups))

    path = Path(result["backup"]["path"])
    saved = json.loads(path.read_text())
    assert list(backups.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(backups.stat().st_mode) == 0o700
    assert saved["policy"] == text
    assert saved["sha256"] == result["backup"]["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert (saved["account_id"], saved["region"]) == (PAYMENTS, "eu-west-1")
    assert saved["resource"] == f"arn:aws:s3:::{LEDGER}"


def test_the_second_run_changes_nothing_and_says_so(sandbox, backups):
    unlock(sandbox, backup_dir=str(backups))
    before, written, saved = sandbox.snapshot(), writes(sandbox), list(backups.iterdir())

    result = unlock(sandbox, backup_dir=str(backups))

    assert (result["changed"], result["outcome"], result["backup"]) == (False, "unchanged", None)
    assert "locks no administrator out" in result["msg"]
    assert sandbox.snapshot() == before
    assert writes(sandbox) == written
    assert list(backups.iterdir()) == saved


def test_check_mode_shows_the_plan_and_writes_nothing_anywhere(sandbox, backups):
    before = sandbox.snapshot()

    planned = unlock(sandbox, check_mode=True, backup_dir=str(backups))

    assert (planned["changed"], planned["outcome"], planned["backup"]) == (True, "changed", None)
    assert sandbox.snapshot() == before
    assert writes(sandbox) == []
    assert not backups.exists()

    done = unlock(sandbox, backup_dir=str(backups))
    assert done["plan"] == planned["plan"]
    assert done["after"] == planned["after"]
    assert done["diff"] == planned["diff"]


def test_one_root_session_serves_it_all_and_shows_no_secret(sandbox, backups):
    result = unlock(sandbox, backup_dir=str(backups))

    events = [event for event in sandbox.events() if event["service"] == "s3"]
    assert {event["access_key_id"] for event in events} == {result["session"]["access_key_id"]}
    assert {event["principal"] for event in events} == {f"arn:aws:iam::{PAYMENTS}:root"}
    assert sum(event["action"] == "sts:AssumeRoot" for event in sandbox.events()) == 1
    assert set(result["session"]) == {"access_key_id", "expiration"}
    assert set(result) - {"msg", "failed", "invocation"} == {
        "changed", "outcome", "account_id", "bucket", "region", "before", "after", "lockout_statements", "backup",
        "effects", "verified_as", "write_window", "plan", "session", "diff",
    }  # fmt: skip


def test_a_delegated_administrator_unlocks_too(sandbox, backups):
    assert unlock(sandbox, "delegate", backup_dir=str(backups))["changed"]
    assert is_let_in(sandbox)


# --- kinds of lockout: made, proven, repaired, proven, restored, proven ---

LOCKOUTS = lockouts("s3", PAYMENTS)


@pytest.mark.parametrize("kind", LOCKOUTS)
def test_each_kind_of_lockout_is_repaired_and_can_be_put_back(sandbox, backups, kind):
    guard = {"Sid": "TLS", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    locked = lock(sandbox, guard, LOCKOUTS[kind])
    assert not is_let_in(sandbox, EXPORTS)

    repaired = unlock(sandbox, bucket=EXPORTS, backup_dir=str(backups))
    assert repaired["outcome"] == "changed"
    assert [one["index"] for one in repaired["lockout_statements"]] == [1]
    assert sandbox.snapshot()["bucket_policies"][EXPORTS]["Statement"][0] == locked["Statement"][0]
    assert is_let_in(sandbox, EXPORTS)

    restored = unlock(sandbox, bucket=EXPORTS, mode="restore", backup=repaired["backup"]["path"])
    assert restored["outcome"] == "changed"
    assert sandbox.snapshot()["bucket_policies"][EXPORTS] == locked
    assert not is_let_in(sandbox, EXPORTS)


def test_a_network_guard_keeps_the_objects(sandbox, backups):
    bucket, account_id = "data-lake-raw-012345678901", "012345678901"
    assert not is_let_in(sandbox, bucket, "data-lake-administrator")

    result = unlock(sandbox, account_id=account_id, bucket=bucket, backup_dir=str(backups))

    assert result["region"] == "us-east-1"
    assert is_let_in(sandbox, bucket, "data-lake-administrator")
    s3 = sandbox.client("s3", "data-lake-administrator")
    with pytest.raises(ClientError, match="explicit deny"):
        s3.put_object(Bucket=bucket, Key="from-elsewhere", Body=b"")


def test_only_the_named_administrator_is_let_in(sandbox, backups):
    iam = sandbox.client("iam", "payments-administrator")
    iam.create_user(UserName="clerk")
    iam.attach_user_policy(UserName="clerk", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    keys = iam.create_access_key(UserName="clerk")["AccessKey"]
    clerk = sandbox.client_with("s3", keys["AccessKeyId"], keys["SecretAccessKey"], region="eu-west-1")
    administrator = f"arn:aws:iam::{PAYMENTS}:role/OrganizationAccountAccessRole"

    result = unlock(sandbox, administrators=[administrator], backup_dir=str(backups))

    assert is_let_in(sandbox)
    assert not is_let_in(sandbox, s3=clerk)
    policy = sandbox.snapshot()["bucket_policies"][LEDGER]
    locked, exempting = policy["Statement"][2:]
    assert "Condition" not in locked
    assert exempting["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": administrator}}
    assert exempting["Action"] == ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]
    s3 = sandbox.client("s3", "payments-administrator", region="eu-west-1")
    with pytest.raises(ClientError, match="explicit deny"):
        s3.list_objects_v2(Bucket=LEDGER)  # the management of the policy, and nothing else
    assert result["lockout_statements"][0]["why"].startswith(
        "It denies every action to role/OrganizationAccountAccessRole"
    )
    assert unlock(sandbox, administrators=[administrator], backup_dir=str(backups))["outcome"] == "unchanged"


def test_a_named_administrator_may_be_exempted_from_the_whole_statement(sandbox, backups):
    administrator = f"arn:aws:iam::{PAYMENTS}:role/OrganizationAccountAccessRole"
    options = {"administrators": [administrator], "exempt": "everything", "backup_dir": str(backups)}
    result = unlock(sandbox, **options)
    assert is_let_in(sandbox)
    sandbox.client("s3", "payments-administrator", region="eu-west-1").list_objects_v2(Bucket=LEDGER)
    rows = {row["what"]: row["after"] for row in result["effects"] if row["who"] == administrator}
    assert rows["list the bucket"] == rows["every other action"] == "not_denied"


def test_a_statement_that_was_all_there_was_takes_the_policy_with_it(sandbox, backups):
    lock(sandbox, {"Action": "s3:*"})

    result = unlock(sandbox, bucket=EXPORTS, backup_dir=str(backups))

    assert result["after"] is None
    assert sandbox.snapshot()["bucket_policies"][EXPORTS] is None
    assert is_let_in(sandbox, EXPORTS)


def test_a_grant_to_everybody_stays_behind_the_deny_it_stood_behind(sandbox, backups):
    lock(sandbox, {"Action": "s3:*"}, {"Effect": "Allow", "Action": "s3:GetObject"})

    unlock(sandbox, bucket=EXPORTS, backup_dir=str(backups))

    deny, allow = sandbox.snapshot()["bucket_policies"][EXPORTS]["Statement"]
    assert deny["Condition"] == {"StringNotEquals": {"aws:PrincipalAccount": PAYMENTS}}
    assert allow["Effect"] == "Allow"
    assert is_let_in(sandbox, EXPORTS)
    with pytest.raises(ClientError):
        sandbox.client("s3", "data-lake-administrator").get_object(Bucket=EXPORTS, Key="any")


@pytest.mark.parametrize("known", [True, False])
def test_a_refusal_by_block_public_access_is_foretold(sandbox, backups, known):
    administrator = sandbox.client("s3", "payments-administrator")
    block = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    lock(sandbox, {"Action": "s3:PutBucketPolicy"}, {"Effect": "Allow", "Action": "s3:GetObject"})
    administrator.put_public_access_block(Bucket=EXPORTS, PublicAccessBlockConfiguration=block)
    who = {name: value for name, value in sandbox.credentials("payments-administrator").items() if value}
    options = {"verify_as": who} if known else {}

    result = unlock(sandbox, check_mode=True, bucket=EXPORTS, backup_dir=str(backups), **options)

    [warning] = [str(one) for one in result["warnings"] if "BlockPublicPolicy" in str(one)]
    assert ("will refuse" if known else "where it is on") in warning
    assert "mode=delete" in warning


def without_account_host(request, **_unused) -> None:
    """Not every resolver knows names such as 333344445555.127.0.0.1."""
    request.url = request.url.replace(f"//{PAYMENTS}.", "//")


@pytest.mark.parametrize(
    ("of_account", "may_read", "said"),
    [(True, True, "will refuse"), (False, True, ""), (None, True, ""), (True, False, "where it is on")],
)
def test_block_public_access_of_the_account_is_foretold_too(sandbox, backups, of_account, may_read, said):
    administrator = sandbox.client("s3", "payments-administrator")
    lock(sandbox, {"Action": "s3:PutBucketPolicy"}, {"Effect": "Allow", "Action": "s3:GetObject"})
    administrator.delete_public_access_block(Bucket=EXPORTS)
    keys = sandbox.credentials("payments-administrator")
    who = {name: value for name, value in keys.items() if value}
    if of_account is not None:
        control = sandbox.client("s3control", "payments-administrator")
        control.meta.events.register("before-sign.s3-control", without_account_host)
        block = {"BlockPublicPolicy": of_account}
        control.put_public_access_block(AccountId=PAYMENTS, PublicAccessBlockConfiguration=block)
    if not may_read:
        deny = {"Effect": "Deny", "Action": "s3:GetAccountPublicAccessBlock", "Resource": "*"}
        sandbox.client("iam", "payments-administrator").put_role_policy(
            RoleName="OrganizationAccountAccessRole",
            PolicyName="no-settings",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
        )

    result = unlock(sandbox, check_mode=True, bucket=EXPORTS, backup_dir=str(backups), verify_as=who)

    warnings = [str(one) for one in result.get("warnings", []) if "BlockPublicPolicy" in str(one)]
    assert len(warnings) == bool(said)
    assert said in "".join(warnings)


def test_a_window_that_will_begin_is_a_warning(sandbox, backups):
    lock(sandbox, {"Action": "s3:*", "Condition": {"DateGreaterThan": {"aws:CurrentTime": "2099-01-01T00:00:00Z"}}})
    result = unlock(sandbox, bucket=EXPORTS, backup_dir=str(backups))
    assert result["outcome"] == "unchanged"
    assert "from 2099-01-01T00:00:00Z on" in str(result["warnings"])


@pytest.mark.parametrize("inside", [True, False])
def test_the_region_and_the_organization_path_are_known(sandbox, backups, inside):
    organizations = sandbox.client("organizations", "operator")
    parent = organizations.list_parents(ChildId=PAYMENTS)["Parents"][0]["Id"]
    region = {"Action": "s3:*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}}
    path = f"o-breakglass1/*/{parent if inside else 'ou-none-0000'}/*"
    quarantine = {"Action": "s3:*", "Condition": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": path}}}
    lock(sandbox, region, quarantine)
    assert is_let_in(sandbox, EXPORTS) is not inside
    result = unlock(sandbox, bucket=EXPORTS, backup_dir=str(backups))
    assert result["outcome"] == ("changed" if inside else "unchanged")
    assert [(one["index"], one["certain"]) for one in result["lockout_statements"]] == [(1, True)] * inside
    assert is_let_in(sandbox, EXPORTS)


def test_a_principal_denied_by_pattern_is_pointed_out(sandbox, backups):
    pattern = f"arn:aws:iam::{PAYMENTS}:role/Organization*"
    lock(sandbox, {"Action": "s3:*", "Condition": {"ArnLike": {"aws:PrincipalArn": pattern}}})
    assert not is_let_in(sandbox, EXPORTS)
    result = unlock(sandbox, bucket=EXPORTS, backup_dir=str(backups))
    assert result["outcome"] == "unchanged"
    assert pattern in str(result["warnings"])


@pytest.mark.parametrize("action", ["s3:DeleteBucket*", "s3:Delete*", "s3:PutBucket*", "s3:Put*"])
def test_a_guard_with_a_pattern_stays(sandbox, backups, action):
    lock(sandbox, {"Action": action})
    result = unlock(sandbox, bucket=EXPORTS, backup_dir=str(backups))
    assert result["outcome"] == "changed"
    assert is_let_in(sandbox, EXPORTS)
    s3 = sandbox.client("s3", "payments-administrator")
    suspended = {"Status": "Suspended"}
    guarded = {
        "Delete": lambda: s3.delete_bucket(Bucket=EXPORTS),
        "Put": lambda: s3.put_bucket_versioning(Bucket=EXPORTS, VersioningConfiguration=suspended),
    }
    with pytest.raises(ClientError, match="explicit deny"):
        guarded["Put" if "Put" in action else "Delete"]()
    assert [row["what"] for row in result["effects"] if row["before"] != row["after"]] == ["manage the policy"]


def test_a_principal_denied_by_name_is_pointed_out(sandbox, backups):
    arn = f"arn:aws:iam::{PAYMENTS}:role/OrganizationAccountAccessRole"
    lock(sandbox, {"Action": "s3:*", "Principal": {"AWS": arn}})

    result = unlock(sandbox, bucket=EXPORTS, backup_dir=str(backups))
    assert result["outcome"] == "unchanged"
    assert arn in str(result["warnings"])

    assert unlock(sandbox, bucket=EXPORTS, administrators=[arn], backup_dir=str(backups))["outcome"] == "changed"
    assert is_let_in(sandbox, EXPORTS)


# --- the other modes ---


def test_replace_puts_the_new_policy_and_keeps_the_old_one(sandbox, backups):
    new = {"Version": "2012-10-17", "Statement": sandbox.snapshot()["bucket_policies"][LEDGER]["Statement"][:1]}

    result = unlock(sandbox, mode="replace", policy=new, backup_dir=str(backups))

    assert (result["outcome"], sandbox.snapshot()["bucket_policies"][LEDGER]) == ("changed", new)
    assert Path(result["backup"]["path"]).exists()
    again = unlock(sandbox, mode="replace", policy=json.dumps(new), backup_dir=str(backups))
    assert again["outcome"] == "unchanged"


def test_delete_deletes_and_restore_brings_the_policy_back(sandbox, backups):
    before = sandbox.snapshot()

    deleted = unlock(sandbox, mode="delete", backup_dir=str(backups))
    assert sandbox.snapshot()["bucket_policies"][LEDGER] is None
    assert unlock(sandbox, mode="delete", backup_dir=str(backups))["outcome"] == "unchanged"

    planned = unlock(sandbox, check_mode=True, mode="restore", backup=deleted["backup"]["path"])
    assert planned["changed"]
    assert sandbox.snapshot()["bucket_policies"][LEDGER] is None
    restored = unlock(sandbox, mode="restore", backup=deleted["backup"]["path"])
    assert (restored["outcome"], restored["backup"]) == ("changed", None)
    assert sandbox.snapshot() == before
    assert unlock(sandbox, mode="restore", backup=deleted["backup"]["path"])["outcome"] == "unchanged"


def test_restoring_over_a_policy_saves_that_policy_too(sandbox, backups):
    repaired = unlock(sandbox, backup_dir=str(backups))

    restored = unlock(sandbox, mode="restore", backup=repaired["backup"]["path"])

    assert json.loads(json.loads(Path(restored["backup"]["path"]).read_text())["policy"]) == repaired["after"]


def test_a_bucket_without_a_policy_needs_nothing(sandbox, backups):
    result = unlock(sandbox, account_id="555566667777", bucket="reports-555566667777", backup_dir=str(backups))

    assert (result["failed"], result["changed"], result["outcome"]) == (False, False, "unchanged")
    assert "no policy" in result["msg"]
    assert "service and resource control policies" in str(result["warnings"])  # where to look instead
    assert not backups.exists()


@pytest.mark.parametrize("mode", ["repair", "delete"])
def test_an_administrator_shows_the_lock_and_that_it_is_gone(sandbox, backups, mode):
    who = {name: value for name, value in sandbox.credentials("payments-administrator").items() if value}
    options = {"mode": mode, "backup_dir": str(backups), "verify_as": who}
    before = unlock(sandbox, check_mode=True, **options)
    assert before["verified_as"]["able"] is False
    assert "assumed-role/OrganizationAccountAccessRole/" in before["verified_as"]["arn"]
    after = unlock(sandbox, plan_digest=before["plan"]["digest"], **options)
    assert (after["outcome"], after["verified_as"]["able"]) == ("changed", True)
    assert not any(who[secret] in json.dumps([before, after]) for secret in ("secret_key", "session_token"))


# --- what must stop it ---


def denying(action: str) -> dict:
    resources = [f"arn:aws:s3:::{LEDGER}", f"arn:aws:s3:::{LEDGER}/*"]
    statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resources}
    return {"Version": "2012-10-17", "Statement": [statement]}


GOOD_POLICY, LOCKING_POLICY = denying("s3:PutObject"), denying("s3:*")

WRONG_INPUT = {
    "octal": ({"account_id": 1402433619}, '"012345670123"'),
    "lost zero": ({"account_id": 12345678901}, '"012345678901"'),
    "no account": ({"account_id": "payments"}, "12 digits"),
    "management account": ({"account_id": "111122223333"}, "management account"),
    "unknown account": ({"account_id": "999999999999"}, "not in it"),
    "suspended": ({"account_id": "666677778888"}, "SUSPENDED"),
    "bucket of another account": ({"bucket": "data-lake-raw-012345678901"}, "has no bucket data-lake-raw-012345678901"),
    "no such bucket": ({"bucket": "no-such-bucket"}, "has no bucket no-such-bucket"),
    "bucket ARN": ({"bucket": f"arn:aws:s3:::{LEDGER}"}, "no ARN"),
    "directory bucket": ({"bucket": "fast--use1-az4--x-s3"}, "directory buckets"),
    "protected": ({"protected_buckets": ["other", "payments-*"]}, "protected_buckets"),
    "administrator": ({"administrators": ["Admin"]}, "administrators: The administrator 'Admin'"),
    "session as administrator": ({"administrators": [f"arn:aws:sts::{PAYMENTS}:assumed-role/A/b"]}, ":role/Admin"),
    "foreign administrator": ({"administrators": ["arn:aws:iam::012345678901:role/A"]}, "not of account"),
    "policy is no JSON": ({"mode": "replace", "policy": "{"}, "not JSON"),
    "policy locks": ({"mode": "replace", "policy": LOCKING_POLICY}, "would lock administrators out again"),
    "policy without replace": ({"policy": GOOD_POLICY}, "mode=replace"),
    "policy missing": ({"mode": "replace"}, "policy"),
    "backup missing": ({"mode": "restore"}, "backup"),
    "backup not there": ({"mode": "restore", "backup": "/nowhere/b.json"}, "cannot be read"),
    "wait": ({"wait_timeout": -1}, "wait_timeout"),
    "mode": ({"mode": "mend"}, "mode"),
    "backup_dir null": ({"backup_dir": None}, "backup_dir: None"),
    "policy null": ({"mode": "replace", "policy": None}, "policy: None"),
    "backup_dir is a file": ({"backup_dir": __file__}, "not a directory"),
    "backup_dir in a file": ({"backup_dir": f"{__file__}/backups"}, "not a directory"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_INPUT)
def test_wrong_input_is_refused_before_anything_changes(sandbox, backups, case):
    options, expected = WRONG_INPUT[case]
    before = sandbox.snapshot()

    result = unlock(sandbox, **{"backup_dir": str(backups), **options})

    assert result["failed"]
    assert expected in result["msg"]
    assert sandbox.snapshot() == before
    assert writes(sandbox) == []
    assert not backups.exists()


@pytest.mark.parametrize(
    ("caller", "account_id", "bucket", "expected"),
    [
        ("nobody", PAYMENTS, LEDGER, "organizations"),
        ("auditor", PAYMENTS, LEDGER, "may not call sts:AssumeRoot"),
        ("operator", "777788889999", "vault", "service control policy"),
    ],
)
def test_who_cannot_get_in_is_told_why(sandbox, backups, caller, account_id, bucket, expected):
    result = unlock(sandbox, caller, account_id=account_id, bucket=bucket, backup_dir=str(backups))

    assert result["failed"]
    assert expected.lower() in result["msg"].lower()
    assert result["fix"]
    assert writes(sandbox) == []


def test_root_sessions_off_is_named_with_its_fix(sandbox, backups):
    sandbox.client("iam", "operator").disable_organizations_root_sessions()

    result = unlock(sandbox, backup_dir=str(backups))

    assert (result["failed"], result["outcome"]) == (True, "unreachable")
    assert "root_sessions=true" in result["msg"]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"AWS_REGION": "us-east-1"}, "credentials"),
        (
            {
                "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
                "AWS_SECRET_ACCESS_KEY": "x",
                "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
            },
            "endpoint",
        ),
    ],
)
def test_no_credentials_and_no_endpoint_are_failed_tasks(backups, environment, expected):
    result = run(
        "s3_bucket_policy_unlock", environment=environment, account_id=PAYMENTS, bucket=LEDGER, backup_dir=str(backups)
    )

    assert result["failed"]
    assert expected in result["msg"]


def test_an_altered_backup_and_one_of_another_bucket_are_refused(sandbox, backups):
    path = Path(unlock(sandbox, mode="delete", backup_dir=str(backups))["backup"]["path"])
    before, written = sandbox.snapshot(), writes(sandbox)

    other = unlock(sandbox, bucket=EXPORTS, mode="restore", backup=str(path))
    assert other["failed"]
    assert f"not of arn:aws:s3:::{EXPORTS}" in other["msg"]

    path.write_text(path.read_text().replace("RequireTLS", "RequireNIL"))
    altered = unlock(sandbox, mode="restore", backup=str(path))
    assert altered["failed"]
    assert "altered" in altered["msg"]
    assert (sandbox.snapshot(), writes(sandbox)) == (before, written)


def test_a_backup_of_the_bucket_in_another_region_is_refused(sandbox, backups):
    """A bucket that was deleted and created again elsewhere is another bucket with the same name."""
    path = Path(unlock(sandbox, mode="delete", backup_dir=str(backups))["backup"]["path"])
    saved = json.loads(path.read_text())
    path.write_text(json.dumps({**saved, "region": "eu-central-1"}))
    before, written = sandbox.snapshot(), writes(sandbox)

    result = unlock(sandbox, mode="restore", backup=str(path))

    assert result["failed"]
    assert "eu-central-1" in result["msg"]
    assert "eu-west-1" in result["msg"]
    assert "mode=replace" in result["fix"]
    assert (sandbox.snapshot(), writes(sandbox)) == (before, written)


def test_a_policy_that_cannot_be_analysed_can_still_be_deleted(sandbox, backups, monkeypatch):
    from ansible_collections.breakglass.aws.plugins.module_utils._policies import document

    monkeypatch.setattr(document, "STATEMENT_ELEMENTS", ("Effect",))  # as if AWS had invented elements
    refused = unlock(sandbox, backup_dir=str(backups))
    assert refused["failed"]
    assert "mode=delete" in refused["fix"]
    assert writes(sandbox) == []

    deleted = unlock(sandbox, mode="delete", backup_dir=str(backups))
    assert deleted["outcome"] == "changed"
    assert "could not be analysed" in str(deleted["warnings"])
    assert is_let_in(sandbox)


# --- somebody else is at it too ---


def meddle(box: Box, action: str, policy: dict) -> None:
    """Once ``action`` was answered inside, put another policy before the answer gets out."""
    s3 = root_client(box)
    done = []

    def listener(event: dict) -> None:
        if event["action"] == action and not done:
            done.append(event)
            s3.put_bucket_policy(Bucket=LEDGER, Policy=json.dumps(policy))

    box.on_event(listener)


def test_a_policy_that_changed_meanwhile_is_not_overwritten(sandbox, backups):
    meddle(sandbox, "s3:GetBucketPolicy", GOOD_POLICY)

    result = unlock(sandbox, backup_dir=str(backups))

    assert (result["failed"], result["outcome"]) == (True, "failed")
    assert "was changed by someone else" in result["msg"]
    assert result["write_window"] is None
    assert sandbox.snapshot()["bucket_policies"][LEDGER] == GOOD_POLICY


def test_a_policy_shown_in_another_order_at_each_read_is_the_same_policy(sandbox, backups):
    """S3 may show principals, actions and statements in another order at each read."""
    users = [sandbox.client("iam", "payments-administrator").create_user(UserName=name)["User"]["Arn"] for name in "ab"]
    grant = {"Sid": "Both", "Effect": "Allow", "Principal": {"AWS": users}, "Action": ["s3:GetObject", "s3:PutObject"]}
    locked = {
        "Sid": "Lock",
        "Action": "s3:*",
        "Condition": {"StringNotEquals": {"aws:SourceVpce": ["vpce-1", "vpce-2"]}},
    }
    policy = lock(sandbox, grant, locked)
    other = json.loads(json.dumps(policy))
    other["Statement"].reverse()
    other["Statement"][1]["Principal"]["AWS"].reverse()
    other["Statement"][1]["Action"] = ["s3:putobject", "s3:getobject"]
    other["Statement"][0]["Condition"] = {"stringnotequals": {"AWS:SourceVpce": ["vpce-2", "vpce-1"]}}
    s3, shown = root_client(sandbox, region="us-east-1"), [other, policy, other, policy]  # the read-back finds ours

    def swap(event: dict) -> None:
        if event["action"] == "s3:GetBucketPolicy" and shown:
            s3.put_bucket_policy(Bucket=EXPORTS, Policy=json.dumps(shown.pop(0)))

    sandbox.on_event(swap)
    planned = [unlock(sandbox, check_mode=True, bucket=EXPORTS, backup_dir=str(backups)) for _ in range(2)]
    assert planned[0]["plan"]["digest"] == planned[1]["plan"]["digest"]
    assert planned[0]["before"] != planned[1]["before"]

    result = unlock(sandbox, bucket=EXPORTS, plan_digest=planned[0]["plan"]["digest"], backup_dir=str(backups))
    assert (result["failed"], result["outcome"]) == (False, "changed"), result["msg"]


def test_what_cannot_be_read_back_is_unverified(sandbox, backups):
    meddle(sandbox, "s3:PutBucketPolicy", LOCKING_POLICY)

    result = unlock(sandbox, backup_dir=str(backups), wait_timeout=0)

    assert (result["failed"], result["outcome"], result["changed"]) == (True, "unverified", True)
    assert os.path.exists(result["backup"]["path"])
    assert "read back" in result["msg"]


def test_a_session_in_which_nothing_could_be_read_is_in_the_result(sandbox: Box, backups: Path) -> None:
    """The evidence has the root sessions of results: also of those that failed before the policy was read."""
    result = unlock(sandbox, bucket="no-such-bucket", backup_dir=str(backups), check_mode=True)
    assert result["failed"]
    opened = [event["issued_access_key_id"] for event in sandbox.events() if event["operation"] == "AssumeRoot"]
    assert [result["session"]["access_key_id"]] == opened
