"""Root sessions and root use, told from CloudTrail: made to happen in the sandbox, and found again."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._aws import cloudtrail
from ansible_collections.breakglass.aws.plugins.module_utils._root_access import activity
from ansible_collections.breakglass.aws.plugins.module_utils._root_access import session as root_session
from support.run_module import run

from breakglass_aws.sandbox import Box

MANAGEMENT, SECURITY, LEGACY, PAYMENTS, DATA_LAKE, REPORTS, INVITED, VAULT = (
    "111122223333",
    "222233334444",
    "444455556666",
    "333344445555",
    "012345678901",
    "555566667777",
    "888899990000",
    "777788889999",
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(cloudtrail, "SECONDS_BETWEEN_CALLS", 0)


def look(box: Box, name: str = "engineer", **options) -> dict:
    """The engineer's session has no source identity: the roles of the default organization let it in."""
    return run("root_activity_info", environment=box.environment(name), **options)


def audit(box: Box, account_id: str, name: str = "operator") -> dict:
    [entry] = run("root_credentials_info", environment=box.environment(name), account_ids=[account_id])["accounts"]
    return entry


def test_who_opened_a_session_and_what_it_did_are_joined(sandbox):
    session = audit(sandbox, LEGACY)["session"]
    result = look(sandbox)
    assert result["failed"] is False
    [found] = result["sessions"]
    assert found["access_key_id"] == session["access_key_id"]
    assert found["expires"] == session["expiration"]
    assert {key: found[key] for key in ("account_id", "name", "task", "source_identity", "opened_from", "region")} == {
        "account_id": LEGACY,
        "name": "legacy-web",
        "task": "audit_root_credentials",
        "source_identity": "operator",
        "opened_from": MANAGEMENT,
        "region": "us-east-1",
    }
    assert found["opened_by"].endswith("assumed-role/BreakGlassOperator/operator")
    assert "breakglass.aws/" in found["user_agent"]
    assert found["looked_into"] is True
    calls = [event["operation"] for event in sandbox.events() if event["access_key_id"] == session["access_key_id"]]
    assert [call["operation"] for call in found["calls"]] == calls
    assert {call["service"] for call in found["calls"]} == {"iam"}
    assert result["unexplained"] == []
    assert [entry["account_id"] for entry in result["accounts"]] == [LEGACY]


def test_it_writes_nothing_and_shows_no_secret(sandbox, monkeypatch):
    secrets = []
    opened = root_session.RootSession.__init__

    def remember(self, connection, account_id, task, credentials):
        secrets.extend([credentials["SecretAccessKey"], credentials["SessionToken"]])
        opened(self, connection, account_id, task, credentials)

    monkeypatch.setattr(root_session.RootSession, "__init__", remember)
    audit(sandbox, LEGACY)
    record = json.loads

    def with_token(text, **more):  # AWS's own sample of the event has the token in it
        found = record(text, **more)
        credentials = (found.get("responseElements") or {}).get("credentials") if isinstance(found, dict) else None
        if credentials:
            credentials["sessionToken"] = secrets[1]
        return found

    monkeypatch.setattr(cloudtrail.json, "loads", with_token)
    since, before = len(sandbox.events()), sandbox.snapshot()
    result = look(sandbox, all_accounts=True)
    monkeypatch.undo()
    assert secrets
    assert not [secret for secret in secrets if secret in json.dumps(result)]
    assert not [event for event in sandbox.events()[since:] if event["write"] or event["operation"] == "AssumeRoot"]
    assert sandbox.snapshot() == before


def test_sessions_of_the_delegated_administrator_are_found_in_its_account(sandbox):
    audit(sandbox, LEGACY, "delegate")
    result = look(sandbox)
    [found] = result["sessions"]
    assert (found["opened_from"], found["source_identity"]) == (SECURITY, "delegate")
    assert {entry["account_id"]: entry["outcome"] for entry in result["opened_from"]} == {
        MANAGEMENT: "unchanged",
        SECURITY: "unchanged",
    }


def test_what_a_session_does_in_another_region_is_found_where_it_is_looked(sandbox):
    unlock = {"account_id": PAYMENTS, "bucket": "payments-ledger-333344445555"}
    directory = {"backup_dir": "/tmp"}
    done = run(
        "s3_bucket_policy_unlock", environment=sandbox.environment("operator"), check_mode=True, **unlock, **directory
    )
    assert done["failed"] is False, done
    assert "eu-west-1" not in {call["region"] for call in look(sandbox)["sessions"][0]["calls"]}
    [found] = look(sandbox, regions=["eu-west-1"])["sessions"] or [None]
    assert ("s3", "GetBucketPolicy", "eu-west-1") in {
        (call["service"], call["operation"], call["region"]) for call in found["calls"]
    }


def test_an_attempt_that_was_refused_is_told(sandbox):
    run("root_credentials", environment=sandbox.environment("auditor"), account_ids=[LEGACY])
    result = look(sandbox)
    assert result["sessions"] == []
    [attempt] = result["refused"]
    assert (attempt["account_id"], attempt["task"]) == (LEGACY, "delete_root_credentials")
    assert attempt["error_code"] == "AccessDenied"
    assert "RootAuditor" in attempt["opened_by"]


def test_root_use_that_no_session_explains_is_told_by_kind(sandbox):
    audit(sandbox, DATA_LAKE)
    sandbox.act(DATA_LAKE, "request_password_reset")
    sandbox.act(DATA_LAKE, "reset_password")
    keys = sandbox.act(DATA_LAKE, "sign_in")
    sandbox.client_with("iam", *(keys[name] for name in ("access_key", "secret_key", "session_token"))).list_users()
    result = look(sandbox, all_accounts=True)
    kinds = [(use["account_id"], use["kind"], use["operation"]) for use in result["unexplained"]]
    assert (DATA_LAKE, "password", "PasswordRecoveryRequested") in kinds
    assert (DATA_LAKE, "sign_in", "ConsoleLogin") in kinds
    assert (DATA_LAKE, "credentials", "ListUsers") in kinds
    assert {use["account_id"] for use in result["unexplained"]} == {DATA_LAKE}
    assert [session["account_id"] for session in result["sessions"]] == [DATA_LAKE]
    assert result["sessions"][0]["calls"]


def test_a_session_that_was_opened_where_it_was_not_looked_is_unknown(sandbox):
    sts = sandbox.client("sts", "operator", region="eu-central-1")
    issued = sts.assume_root(
        TargetPrincipal=LEGACY,
        TaskPolicyArn={"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"},
    )["Credentials"]
    keys = [issued[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
    sandbox.client_with("iam", *keys).get_user()
    [use] = look(sandbox, account_ids=[LEGACY])["unexplained"]
    assert (use["kind"], use["access_key_id"]) == ("unknown_session", issued["AccessKeyId"])
    result = look(sandbox, account_ids=[LEGACY], regions=["eu-central-1"])
    assert result["unexplained"] == []
    assert [call["operation"] for call in result["sessions"][0]["calls"]] == ["GetUser"]


def test_events_on_their_way_are_pending(sandbox, monkeypatch):
    audit(sandbox, LEGACY)
    result = look(sandbox)
    assert (result["sessions"][0]["pending"], result["summary"]["pending"]) == (True, 1)
    assert result["complete_until"] < result["until"]

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return super().now(tz) + timedelta(minutes=19)

    monkeypatch.setattr(activity, "datetime", Later)
    later = look(sandbox)
    assert later["sessions"][0]["pending"] is False
    assert later["complete_until"] > later["sessions"][0]["expires"]


def test_an_account_that_cannot_be_looked_into_is_not_quiet(sandbox):
    audit(sandbox, INVITED)
    result = look(sandbox)
    [found] = result["sessions"]
    assert (found["looked_into"], found["calls"]) == (False, [])
    assert "OrganizationAccountAccessRole" in found["reason"]
    [entry] = result["accounts"]
    assert entry["outcome"] == "unreachable"
    assert result["summary"]["not_looked_into"] == 1
    assert "invited (888899990000) is unreachable" in str(result["warnings"])


def test_named_accounts_leave_others_out(sandbox):
    audit(sandbox, LEGACY)
    audit(sandbox, REPORTS)
    result = look(sandbox, account_ids=[REPORTS])
    assert [session["account_id"] for session in result["sessions"]] == [REPORTS]
    assert [entry["account_id"] for entry in result["accounts"]] == [REPORTS]


def test_all_accounts_include_the_management_accounts_own_root_user(sandbox):
    entries = {entry["account_id"]: entry for entry in look(sandbox, all_accounts=True)["accounts"]}
    assert entries[MANAGEMENT]["outcome"] == "unchanged"
    assert entries["666677778888"]["outcome"] == "skipped"


def test_pages_are_followed(sandbox):
    audit(sandbox, LEGACY)
    iam = sandbox.client("sts", "operator")
    for _ in range(55):
        iam.assume_root(
            TargetPrincipal=REPORTS,
            TaskPolicyArn={"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"},
        )
    result = look(sandbox, account_ids=[LEGACY, REPORTS])
    assert result["summary"]["sessions"] == 56
    assert result["sessions"][0]["account_id"] == LEGACY


def test_it_keeps_the_rate_of_lookups(sandbox, monkeypatch, no_waiting):
    """Two a second for each account and Region: pages of one account come apart."""
    monkeypatch.setattr(cloudtrail, "SECONDS_BETWEEN_CALLS", 0.5)
    audit(sandbox, LEGACY)
    sts = sandbox.client("sts", "operator")
    for _ in range(55):
        sts.assume_root(
            TargetPrincipal=LEGACY,
            TaskPolicyArn={"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"},
        )
    look(sandbox, account_ids=[REPORTS])
    assert no_waiting.slept
    assert all(0 < seconds <= 0.5 for seconds in no_waiting.slept)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("payments-administrator", "neither the management account"),
        ("nobody", "DescribeOrganization"),
        ("auditor", "LookupEvents"),
    ],
)
def test_who_may_not_is_told_so(sandbox, name, said):
    result = look(sandbox, name)
    assert result["failed"] is True
    assert said in result["msg"]
    assert result["fix"]


def test_the_delegated_administrator_sees_its_own_and_is_told_what_it_does_not_see(sandbox):
    audit(sandbox, LEGACY, "delegate")
    audit(sandbox, LEGACY, "operator")
    result = look(sandbox, "delegate")
    assert result["failed"] is False
    assert [session["opened_from"] for session in result["sessions"]] == [SECURITY]
    outcomes = {entry["account_id"]: entry["outcome"] for entry in result["opened_from"]}
    assert outcomes == {MANAGEMENT: "unreachable", SECURITY: "unchanged"}
    assert result["sessions"][0]["looked_into"] is False


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"hours": 0}, "hours"),
        ({"hours": -3}, "hours"),
        ({"hours": "many"}, "hours"),
        ({"hours": 3000}, "90 days"),
        ({"hours": 3, "since": "2026-01-31T03:00:00Z"}, "mutually exclusive"),
        ({"until": "2026-01-31T03:00:00Z"}, "since"),
        ({"since": "yesterday"}, "2026-01-31T03:00:00Z"),
        ({"since": "2020-01-01T00:00:00Z"}, "90 days"),
        ({"since": "2999-01-01T00:00:00Z"}, "a time before now"),
        ({"since": "2999-01-02T00:00:00Z", "until": "2999-01-01T00:00:00Z"}, "since"),
        ({"account_ids": []}, "at least one account ID"),
        ({"account_ids": ["legacy-web"]}, "12 digits"),
        ({"account_ids": [1402433619]}, '"012345670123"'),
        ({"account_ids": ["999999999999"]}, "not in it"),
        ({"account_ids": [LEGACY], "all_accounts": True}, "all_accounts"),
        ({"regions": ["Ireland"]}, "regions"),
        ({"role_name": "arn:aws:iam::444455556666:role/Auditor"}, "not its ARN"),
    ],
)
def test_what_cannot_be_meant_is_refused(sandbox, options, said):
    result = look(sandbox, **options)
    assert result["failed"] is True
    assert said in result["msg"]
    assert "LookupEvents" not in [event["operation"] for event in sandbox.events()]


def test_a_failure_of_aws_is_told_with_cause_and_fix(sandbox):
    sandbox.add_fault("server_error", service="cloudtrail", operation="LookupEvents")
    result = look(sandbox, aws_config={"retries": {"total_max_attempts": 1}})
    sandbox.clear_faults()
    assert result["failed"] is True
    assert "LookupEvents" in result["cause"]
    assert "side of AWS" in result["fix"]


def test_throttling_is_retried(sandbox):
    audit(sandbox, LEGACY)
    sandbox.add_fault("throttling", service="cloudtrail", times=2)
    result = look(sandbox)
    sandbox.clear_faults()
    assert result["summary"]["sessions"] == 1
