"""Live drills: against a sandbox that stands for AWS, with the refusals that come before any call."""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime, timedelta

import pytest

from breakglass_aws.drills import __main__ as drills
from breakglass_aws.drills.judge import PEOPLE
from breakglass_aws.drills.live import aws, limits, live_run
from breakglass_aws.drills.live.residue import BUCKET, RECOVERY, Residue
from breakglass_aws.drills.scenario_file.reading import read

ACCOUNT, NAME = "333344445555", "payments"
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()


def allow_list(tmp_path, text=None):
    file = tmp_path / "allowed.yml"
    file.write_text(text or f'accounts:\n  - {{id: "{ACCOUNT}", name: {NAME}, who: Ada, expires: {TOMORROW}}}\n')
    file.chmod(0o600)
    return file


@pytest.fixture
def drill(sandbox, tmp_path, monkeypatch, capsys):
    """Run `breakglass drill --live` in this process; the user `engineer` reaches the account by its access role."""
    for variable in [one for one in os.environ if one.startswith("AWS_")]:
        monkeypatch.delenv(variable)
    for variable, value in {**sandbox.environment("engineer"), "AWS_CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(tmp_path)

    def run(*arguments, allowed=None, live=("--live", "--yes")):
        file = allowed or allow_list(tmp_path)
        given = [*live, "--account", ACCOUNT, "--allow-list", str(file), "--reports", str(tmp_path / "reports")]
        status = drills.main([*given, *arguments])
        return (status, *capsys.readouterr())

    return run


def results(tmp_path):
    [file] = (tmp_path / "reports").glob("*/drill.json")
    return json.loads(file.read_text())


def test_the_scratch_bucket_is_made_locked_unlocked_and_removed(drill, sandbox, tmp_path):
    before = sandbox.snapshot()
    status, output, errors = drill("live-bucket")
    assert status == 0, output + errors
    done = results(tmp_path)
    assert (done["kind"], done["verdict"]) == ("live", "passed")
    [scenario] = done["scenarios"]
    bucket = scenario["parameters"]["bucket"]
    assert bucket.startswith(f"breakglass-drill-{ACCOUNT}-")
    assert [(one["question"], one["passed"]) for one in scenario["checks"]] == [
        ("Before: Can the administrator of the account read the policy of the scratch bucket?", True),
        ("Is the outcome the expected one?", True),
        ("Is the evidence whole and sealed?", True),
        ("Did the runbook open a root session?", True),
        ("Afterwards: Can the administrator of the account read the policy of the scratch bucket?", True),
        (f"Is the bucket {bucket} gone?", True),
        ("Is there no secret in any file?", True),
    ]
    found = ["It is AccessDenied.", "", "", "", "It is allowed.", "", ""]
    assert [one["details"] for one in scenario["checks"]] == found
    assert scenario["evidence"]["verified"] is True
    opened = [event for event in sandbox.events() if event["operation"] == "AssumeRoot" and not event["error"]]
    by_drill = [event["issued_access_key_id"] for event in opened if PEOPLE in event["user_agent"]]
    shown = {one["access_key_id"]: one for one in scenario["sessions"]}
    assert [*shown] == [one["issued_access_key_id"] for one in opened if one["issued_access_key_id"] not in by_drill]
    assert {one["account"] for one in shown.values()} == {ACCOUNT}
    assert {one["opener"] for one in shown.values()} == {opened[0]["principal"]}
    by_session = {one["session"]: one for one in scenario["changes"]}
    [session] = by_session.keys() & shown.keys()
    assert (by_session[session]["action"], by_session[session]["resource"]) == ("s3:PutBucketPolicy", bucket)
    assert shown[session]["calls"] == 1
    own = [one["action"] for one in scenario["changes"] if not one["session"]]
    assert own == ["s3:CreateBucket", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:DeleteBucket"]
    assert scenario["people"][0]["did"] == [f"answered confirmed with {ACCOUNT}"]
    page = next((tmp_path / "reports").glob("*/index.html")).read_text()
    assert "no judge compares" in page
    assert all(key in page for key in shown)
    assert sandbox.snapshot() == before
    assert not list((tmp_path / "reports").glob("live-*.json"))


def test_recovery_is_opened_confirmed_closed_and_confirmed(drill, sandbox, tmp_path):
    before = sandbox.snapshot()
    status, output, errors = drill("live-recovery")
    assert status == 0, output + errors
    [scenario] = results(tmp_path)["scenarios"]
    assert scenario["outcome"] == "changed"
    own = [one for one in scenario["sessions"] if not one["in_evidence"]]
    issued = {one["issued_access_key_id"] for one in sandbox.events() if PEOPLE in one["user_agent"]}
    assert len(own) == 2
    assert {one["access_key_id"] for one in own} <= issued
    assert {one["account"] for one in own} == {ACCOUNT}
    made = [event["operation"] for event in sandbox.events()]
    assert made.index("CreateLoginProfile") < made.index("DeleteLoginProfile")
    assert sandbox.snapshot() == before


def test_an_audit_changes_nothing(drill, sandbox, tmp_path):
    status, output, errors = drill("live-audit")
    assert status == 0, output + errors
    [scenario] = results(tmp_path)["scenarios"]
    assert [one["check"] for one in scenario["checks"]] == [
        "outcome_agrees",
        "evidence_is_whole",
        "session_was_opened",
        "no_secret_in_artifacts",
    ]
    targets = {event["account"] for event in sandbox.events() if event["operation"] == "ListAccessKeys"}
    assert targets == {ACCOUNT}


ENTRY = f'{{id: "{ACCOUNT}", name: {NAME}, who: Ada, expires: {TOMORROW}}}'
REFUSALS = [
    (f"accounts: [{ENTRY.replace(ACCOUNT, '444455556666')}]", "is not in the allow-list"),
    (f"accounts: [{ENTRY.replace(TOMORROW, '2026-01-31')}]", "was allowed until 2026-01-31"),
    (f"accounts: [{ENTRY.replace(TOMORROW, '2099-01-31')}]", "line 1: accounts[0].expires: 2099-01-31 is too far"),
    (f"accounts: [{ENTRY.replace(TOMORROW, 'soon')}]", "a date such as 2027-01-31"),
    (f"accounts: [{ENTRY.replace('who: Ada, ', '')}]", "the key 'who' is missing"),
    (f"accounts: [{ENTRY}, {ENTRY}]", "is there twice"),
    ("acounts: []", "unknown key. Did you mean accounts?"),
    ("", "it is empty"),
]


@pytest.mark.parametrize(("text", "words"), REFUSALS, ids=[words for _, words in REFUSALS])
def test_what_the_allow_list_does_not_allow_is_refused_before_any_call(drill, sandbox, tmp_path, text, words):
    status, _, errors = drill(allowed=allow_list(tmp_path, text or "\n"))
    assert status == 2
    assert words in errors
    assert not sandbox.events()


def test_an_allow_list_that_others_can_write_allows_nothing(drill, sandbox, tmp_path):
    file = allow_list(tmp_path)
    file.chmod(0o620)
    status, _, errors = drill(allowed=file)
    assert (status, "Others can write the allow-list" in errors) == (2, True)
    status, _, errors = drill(allowed=tmp_path / "missing.yml")
    assert (status, "cannot be read: No such file" in errors) == (2, True)
    assert not sandbox.events()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("bucket-locked",), "There is no scenario 'bucket-locked' for AWS."),
        (("--all",), "--all is for the sandbox"),
        (("--surprise",), "--surprise is for the sandbox"),
        (("--hands-on",), "--hands-on is for the sandbox"),
        (("--jobs", "2"), "--jobs is for the sandbox"),
        (("--organization", "x.yml"), "--organization is for the sandbox"),
    ],
)
def test_what_is_only_for_the_sandbox_is_refused_before_any_call(drill, sandbox, arguments, words):
    status, _, errors = drill(*arguments)
    assert status == 2
    assert words in errors
    assert not sandbox.events()


def test_without_a_terminal_it_must_be_confirmed(drill, sandbox):
    status, _, errors = drill(live=("--live",))
    assert (status, "Programs add --yes." in errors) == (2, True)
    assert not sandbox.events()


@pytest.mark.parametrize("entry", [f"{{id: '{ACCOUNT}', name: other, who: Ada, expires: {TOMORROW}}}"])
def test_an_account_with_another_name_is_refused_before_a_call_that_changes(drill, sandbox, tmp_path, entry):
    status, _, errors = drill(allowed=allow_list(tmp_path, f"accounts: [{entry}]"))
    assert status == 2
    assert "is named 'payments'; the allow-list has 'other'" in errors
    assert {event["operation"] for event in sandbox.events()} == {
        "GetCallerIdentity",
        "DescribeOrganization",
        "DescribeAccount",
    }


BUCKET_SCENARIO = (live_run.NOTEBOOKS[limits.REHEARSAL].parent / "scenarios" / "live-bucket.yml").read_text()
CHANGED = [
    ("runbook: unlock_s3_bucket", "runbook: remove_account", "runbook: remove_account may leave something behind"),
    ('account_id: "${account}"', 'account_id: "444455556666"', "parameters: account_id must be ${account}"),
    ("check_mode: false}", "check_mode: false, policy: {}}", "parameters: policy is not accepted"),
    (
        'CreateBucket, parameters: {Bucket: "${bucket}"}',
        "CreateBucket, parameters: {Bucket: ledger}",
        "expected Bucket",
    ),
    ("operation: PutBucketPolicy", "operation: PutObject", "expected a call of s3:CreateBucket or s3:PutBucketPolicy"),
    ("as: administrator, service: s3, operation: C", "as: operator, service: s3, operation: C", "as: administrator"),
    ("clean_up:\n", "hints: [x]\nclean_up: []\nbriefing: |\n", "the bucket must be deleted again"),
    ('"aws:CurrentTime": "${soon}"', '"aws:CurrentTime": "2099-01-01T00:00:00Z"', "must end by itself"),
    ("call: s3:GetBucketPolicy", "call: s3:PutObject", "Expected a call of s3 that reads"),
    (
        "expect: {outcome: changed}",
        "expect: {outcome: changed}\nfaults: [{kind: throttling}]",
        "faults: only the sandbox",
    ),
    ("expect: {outcome: changed}", "expect: {outcome: changed}\norganization: {}", "organization: only the sandbox"),
    ('confirmed: {answer: "${account}"}', "approval: approve", "may only answer, as operator"),
]


@pytest.mark.parametrize(("right", "wrong", "words"), CHANGED, ids=[words for *_, words in CHANGED])
def test_a_scenario_that_may_leave_something_is_refused_before_any_call(drill, sandbox, tmp_path, right, wrong, words):
    assert right in BUCKET_SCENARIO
    file = tmp_path / "own.yml"
    file.write_text(BUCKET_SCENARIO.replace(right, wrong, 1))
    status, _, errors = drill("--scenario-file", str(file))
    assert status == 2
    assert words in errors
    assert not sandbox.events()


def test_where_root_sessions_are_stopped_nothing_is_made(drill, sandbox, tmp_path):
    """A bucket that is locked there could be unlocked by no one."""
    file = allow_list(tmp_path, f'accounts: [{{id: "777788889999", name: vault, who: Ada, expires: {TOMORROW}}}]')
    before = sandbox.snapshot()
    status, _, errors = drill("live-bucket", "--account", "777788889999", allowed=file)
    assert status == 2
    assert "A root session could not do unlock_s3_bucket in 777788889999, so nothing was made." in errors
    assert "deny-root-user" in errors
    assert sandbox.snapshot() == before
    assert not {event["operation"] for event in sandbox.events()} & {"AssumeRole", "AssumeRoot", "CreateBucket"}


def interrupted_in(monkeypatch, operation):
    """Ctrl-C reaches the drill when it makes this call: after AWS has done it."""
    call = aws.Aws.call

    def interrupting(self, identity, service, name, region=aws.REGION, **parameters):
        answer = call(self, identity, service, name, region, **parameters)
        if name == operation:
            signal.raise_signal(signal.SIGINT)
        return answer

    monkeypatch.setattr(aws.Aws, "call", interrupting)


def test_an_interrupted_drill_says_what_is_left_and_cleans_up(drill, sandbox, tmp_path, monkeypatch):
    """A locked bucket is left: only a root session can remove it."""
    before = sandbox.snapshot()
    with monkeypatch.context() as patch:
        interrupted_in(patch, "PutBucketPolicy")
        status, _, errors = drill("live-bucket")
    assert status == 130
    assert f"May be left in {ACCOUNT}: the bucket breakglass-drill-{ACCOUNT}-" in errors
    assert "Remove it: breakglass drill --live --clean-up" in errors
    assert results(tmp_path)["verdict"] == "interrupted"
    assert sandbox.snapshot() != before
    status, _, errors = drill("live-bucket")  # nothing more is made meanwhile
    assert (status, "An earlier drill may have left" in errors) == (2, True)
    status, output, errors = drill("--clean-up")
    assert status == 0, errors
    assert "is gone." in output
    assert sandbox.snapshot() == before
    _, output, _ = drill("--clean-up")
    assert output.startswith("Nothing is left")


def test_an_open_recovery_is_closed_by_the_clean_up(drill, sandbox, tmp_path):
    before = sandbox.snapshot()
    reports = tmp_path / "reports"
    reports.mkdir()
    Residue.of(reports, ACCOUNT).note(RECOVERY)
    operator = sandbox.client("sts", "operator")
    policy = {"arn": "arn:aws:iam::aws:policy/root-task/IAMCreateRootUserPassword"}
    keys = operator.assume_root(TargetPrincipal=ACCOUNT, TaskPolicyArn=policy)["Credentials"]
    iam = sandbox.client_with("iam", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    iam.create_login_profile()
    assert sandbox.snapshot() != before
    status, output, errors = drill("--clean-up")
    assert status == 0, errors
    assert "is closed." in output
    assert sandbox.snapshot() == before


def test_a_root_user_with_a_password_is_left_alone(drill, sandbox, tmp_path):
    account, name = "012345678901", "data-lake"
    file = allow_list(tmp_path, f'accounts: [{{id: "{account}", name: {name}, who: Ada, expires: {TOMORROW}}}]')
    before = sandbox.snapshot()
    status, output, _ = drill("live-recovery", "--account", account, allowed=file)
    assert status == 1
    assert "Has the root user no password before?" in output
    assert sandbox.snapshot() == before


def test_the_clean_up_deletes_buckets_of_drills_only(drill, sandbox, tmp_path):
    reports = tmp_path / "reports"
    reports.mkdir()
    Residue.of(reports, ACCOUNT).note(BUCKET, name="payments-exports-333344445555", region="us-east-1")
    before = sandbox.snapshot()
    status, _, errors = drill("--clean-up")
    assert (status, "is not a bucket of a drill" in errors) == (2, True)
    assert sandbox.snapshot() == before


def test_without_the_access_role_nothing_is_made_and_nothing_is_written_down(drill, sandbox, tmp_path, monkeypatch):
    before = sandbox.snapshot()
    for variable, value in sandbox.environment("operator").items():
        monkeypatch.setenv(variable, value)
    status, _, errors = drill("live-bucket")
    assert status == 2
    assert "operator cannot assume the access role OrganizationAccountAccessRole" in errors
    assert "sts:AssumeRole was refused" in errors
    reports = tmp_path / "reports"
    assert not list(reports.glob("*"))
    reports.mkdir()
    Residue.of(reports, ACCOUNT).note(BUCKET, name=f"breakglass-drill-{ACCOUNT}-0000", region="us-east-1")
    status, _, errors = drill("--clean-up")
    assert (status, "cannot assume the access role" in errors) == (2, True)
    assert not list(reports.glob("clean-up-*"))  # no runbook is started that cannot help
    assert sandbox.snapshot() == before


def test_what_drills_of_other_folders_left_is_found_in_the_account(drill, sandbox, tmp_path):
    before = sandbox.snapshot()
    s3 = sandbox.client("s3", "payments-administrator")
    for end in ("0001", "0002"):
        s3.create_bucket(Bucket=f"breakglass-drill-{ACCOUNT}-{end}")
    left = sandbox.snapshot()
    status, _, errors = drill("live-bucket")
    assert status == 2
    assert f"left in {ACCOUNT}: breakglass-drill-{ACCOUNT}-0001, breakglass-drill-{ACCOUNT}-0002. Remove it" in errors
    assert sandbox.snapshot() == left
    status, output, errors = drill("--clean-up")
    assert status == 0, errors
    assert output.count("is gone.") == 2
    assert sandbox.snapshot() == before


def test_options_of_live_drills_need_live(drill, sandbox):
    status, _, errors = drill(live=())
    assert (status, "are for --live" in errors) == (2, True)
    assert not sandbox.events()


def test_the_scenarios_for_aws_pass_their_own_limits():
    folder = live_run.NOTEBOOKS[limits.REHEARSAL].parent / "scenarios"
    found = [read(file) for file in sorted(folder.glob("*.yml"))]
    assert len(found) == 3
    for scenario in found:
        limits.check(scenario)
        filled = limits.filled_in(scenario, {limits.ACCOUNT: ACCOUNT, limits.BUCKET: "bucket", limits.SOON: "x"})
        assert "${" not in str(filled)
