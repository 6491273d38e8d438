"""The judge against the simulated organization: an honest recovery passes, each lie fails the right check."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from breakglass_aws.drills.judge import ANY, Change, Expectations, Judge, Observation, Probe, Reported, StateQuestion
from breakglass_aws.drills.judge.evidence import BACKUP
from breakglass_aws.drills.scenario_file.model import STATE
from breakglass_aws.sandbox import Box

ACCOUNT, BUCKET, REGION = "333344445555", "payments-ledger-333344445555", "eu-west-1"
OTHER = "payments-exports-333344445555"
READ = Probe(
    "Can the administrator read the policy?",
    "payments-administrator",
    "s3",
    "GetBucketPolicy",
    {"Bucket": BUCKET},
    region=REGION,
)
UNLOCKED = Expectations(
    outcome="changed",
    exit_status=0,
    probes=[READ],
    states=[
        StateQuestion("Is root access on?", "organization.features", ANY, ["RootCredentialsManagement", "RootSessions"])
    ],
    changes=[Change(f"bucket_policies.{BUCKET}", without_statements=["LockedByMistake"])],
)
REFUSED = Expectations(
    outcome="blocked",
    exit_status=5,
    probes=[Probe(READ.question, READ.identity, "s3", "GetBucketPolicy", {"Bucket": BUCKET}, REGION, after="denied")],
)
TASK = "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"
_KEYS = ("AccessKeyId", "SecretAccessKey", "SessionToken")


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class Recovery:
    """A bucket unlocked by hand, and the evidence that a runbook would leave of it. `lie` alters what is written."""

    box: Box
    folder: Path
    calls: list[dict[str, Any]] = field(default_factory=list)
    evidence: dict[str, Any] = field(default_factory=lambda: {"outcome": "changed", "changed": True, "sessions": []})
    files: dict[str, str] = field(default_factory=dict)

    def unlock(self) -> None:
        session = self.open()
        s3 = self.box.client_with("s3", *(session[name] for name in _KEYS), region=REGION)
        text = s3.get_bucket_policy(Bucket=BUCKET)["Policy"]
        backup = {"format": BACKUP, "account_id": ACCOUNT, "region": REGION, "resource": f"arn:aws:s3:::{BUCKET}"}
        self.files["backup.json"] = json.dumps({**backup, "policy": text, "sha256": digest(text.encode())})
        policy = json.loads(text)
        policy["Statement"] = [one for one in policy["Statement"] if one["Sid"] != "LockedByMistake"]
        answer = s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
        self.note("s3", "PutBucketPolicy", BUCKET, session["AccessKeyId"], answer)

    def open(self, account: str = ACCOUNT, task: str = TASK) -> dict[str, Any]:
        answer = self.box.client("sts", "operator").assume_root(TargetPrincipal=account, TaskPolicyArn={"arn": task})
        credentials: dict[str, Any] = answer["Credentials"]
        operator = self.box.credentials("operator")["access_key"]
        self.note("sts", "AssumeRoot", account, operator, answer)
        self.evidence["sessions"].append({"access_key_id": credentials["AccessKeyId"], "account_id": account})
        return credentials

    def note(self, service: str, operation: str, target: str, key: str | None, answer: dict[str, Any]) -> None:
        request = answer["ResponseMetadata"]
        identifier = request.get("RequestId")
        call = {"service": service, "operation": operation, "target": target, "access_key_id": key}
        self.calls.append({**call, "request_id": identifier, "error": None, "status": "done", "attempts": 1})

    def seal(self) -> None:
        self.folder.mkdir(mode=0o700)
        previous, journal = "0" * 64, ""
        for entry in ({"event": "started"}, {"event": "task", "calls": self.calls}):
            line = json.dumps({"previous": previous, **entry})
            previous, journal = digest(line.encode()), f"{journal}{line}\n"
        self.files |= {"journal.jsonl": journal, "evidence.json": json.dumps(self.evidence)}
        for name, text in self.files.items():
            (self.folder / name).write_text(text)
        sealed = {name: digest(text.encode()) for name, text in self.files.items()}
        (self.folder / "manifest.json").write_text(json.dumps({"files": sealed}))
        for path in self.folder.iterdir():
            path.chmod(0o600)


Lie = Callable[[Recovery], object]


@pytest.fixture
def judged(sandbox: Box, tmp_path: Path) -> Callable[..., set[str]]:
    """Unlock the bucket, tell this lie, and return the checks that failed."""

    def judge(lie: Lie = lambda recovery: None, expected: Expectations = UNLOCKED, **reported: Any) -> set[str]:
        judge = Judge(sandbox.url, expected)
        before = judge.observe()
        recovery = Recovery(sandbox, tmp_path / "evidence")
        if expected is UNLOCKED:
            recovery.unlock()
        lie(recovery)
        recovery.seal()
        given = {"outcome": recovery.evidence["outcome"], "exit_status": expected.exit_status, **reported}
        checks = judge.judge(before, judge.observe(), [recovery.folder], tmp_path, Reported(**given))
        return {one.check for one in checks if not one.passed}

    return judge


def test_an_honest_recovery_passes(judged: Callable[..., set[str]]) -> None:
    assert judged() == set()


def change_neighbour(recovery: Recovery) -> None:
    session = recovery.open()
    s3 = recovery.box.client_with("s3", *(session[name] for name in _KEYS), region="us-east-1")
    recovery.note("s3", "DeleteBucketPolicy", OTHER, session["AccessKeyId"], s3.delete_bucket_policy(Bucket=OTHER))


def delete_policy(recovery: Recovery) -> None:
    session = recovery.open()
    s3 = recovery.box.client_with("s3", *(session[name] for name in _KEYS), region=REGION)
    recovery.note("s3", "DeleteBucketPolicy", BUCKET, session["AccessKeyId"], s3.delete_bucket_policy(Bucket=BUCKET))


def lock_again(recovery: Recovery) -> None:
    """Put back what was there: the runbook says changed, and nothing has."""
    session = recovery.open()
    s3 = recovery.box.client_with("s3", *(session[name] for name in _KEYS), region=REGION)
    text = json.loads(recovery.files["backup.json"])["policy"]
    answer = s3.put_bucket_policy(Bucket=BUCKET, Policy=text)
    recovery.note("s3", "PutBucketPolicy", BUCKET, session["AccessKeyId"], answer)


def another_backup(recovery: Recovery) -> None:
    backup = json.loads(recovery.files["backup.json"])
    recovery.files["backup.json"] = json.dumps({**backup, "policy": "{}", "sha256": digest(b"{}")})


def print_secret(recovery: Recovery) -> None:
    secret = recovery.box.credentials("operator")["secret_key"]
    recovery.files["run.ipynb"] = json.dumps({"outputs": [f"debug: {secret}"]})


def unrecorded_session(recovery: Recovery) -> None:
    recovery.box.client("sts", "operator").assume_root(TargetPrincipal=ACCOUNT, TaskPolicyArn={"arn": TASK})


@pytest.mark.parametrize(
    ("lie", "caught"),
    [
        (change_neighbour, {"nothing_else_changed", "backup_is_true"}),
        (delete_policy, {"damage_is_gone", "nothing_else_changed"}),
        (lock_again, {"damage_is_gone", "nothing_else_changed", "outcome_agrees"}),
        (another_backup, {"backup_is_true"}),
        (lambda recovery: recovery.files.pop("backup.json"), {"backup_is_true"}),
        (print_secret, {"no_secret_in_artifacts"}),
        (unrecorded_session, {"cloudtrail_agrees"}),
        (lambda recovery: recovery.calls.pop(), {"cloudtrail_agrees"}),
        (lambda recovery: recovery.calls.append({**recovery.calls[-1], "request_id": "r0"}), {"cloudtrail_agrees"}),
        (lambda recovery: recovery.evidence.update(sessions=[]), {"cloudtrail_agrees"}),
        (lambda recovery: recovery.evidence.update(changed=False), {"outcome_agrees"}),
        (lambda recovery: recovery.evidence.update(outcome="unchanged"), {"outcome_agrees"}),
    ],
    ids=lambda value: getattr(value, "__name__", "") if callable(value) else "-".join(sorted(value)),
)
def test_each_lie_fails_the_right_checks_and_the_success_it_claims(
    judged: Callable[..., set[str]], lie: Lie, caught: set[str]
) -> None:
    assert judged(lie) == {*caught, "success_is_true"}


def test_a_refusal_that_is_right_passes(judged: Callable[..., set[str]]) -> None:
    assert judged(lambda recovery: recovery.evidence.update(outcome="blocked", changed=False), REFUSED) == set()


def test_a_refusal_that_acted_is_caught(judged: Callable[..., set[str]]) -> None:
    def refuse_and_act(recovery: Recovery) -> None:
        recovery.unlock()
        recovery.evidence.update(outcome="blocked", changed=False)

    assert judged(refuse_and_act, REFUSED) == {"refusal_was_right", "nothing_else_changed", "outcome_agrees"}


def test_the_exit_status_must_be_the_expected_one(judged: Callable[..., set[str]]) -> None:
    assert judged(exit_status=1) == {"outcome_agrees"}


def test_a_runbook_is_not_blamed_for_what_others_changed(judged: Callable[..., set[str]]) -> None:
    def attack(recovery: Recovery) -> None:
        recovery.box.client("s3", "payments-administrator").delete_bucket_policy(Bucket=OTHER)

    assert judged(attack) == {"nothing_else_changed"}


def test_each_of_several_runs_is_compared_with_its_own_evidence(sandbox: Box, tmp_path: Path) -> None:
    """As a person works: they plan first, and then act, in a run of its own."""
    judge = Judge(sandbox.url, UNLOCKED)
    before = judge.observe()
    planned, done = (Recovery(sandbox, tmp_path / name) for name in ("planned", "done"))
    planned.open()
    planned.evidence.update(outcome="planned", changed=False)
    planned.seal()
    done.unlock()
    done.seal()
    after = judge.observe()

    def failed(*folders: Path) -> set[str]:
        checks = judge.judge(before, after, folders, tmp_path, Reported("changed", 0))
        return {one.check for one in checks if not one.passed}

    assert failed(planned.folder, done.folder) == set()
    assert failed(done.folder) == {"cloudtrail_agrees", "success_is_true"}
    assert [one.in_evidence for one in judge.sessions(before, after, [planned.folder, done.folder])] == [True, True]
    (planned.folder / "evidence.json").write_text("{}")
    assert failed(planned.folder, done.folder) == {"cloudtrail_agrees", "evidence_is_whole", "success_is_true"}


def test_damage_that_was_not_real_is_no_drill(sandbox: Box, tmp_path: Path) -> None:
    judge = Judge(sandbox.url, UNLOCKED)
    Recovery(sandbox, tmp_path).unlock()
    healthy = judge.observe()
    checks = judge.judge(healthy, healthy, [tmp_path], tmp_path, Reported("changed", 0))
    assert "damage_was_real" in {one.check for one in checks if not one.passed}


def test_two_observations_are_equal_and_are_plain_data(sandbox: Box) -> None:
    judge = Judge(sandbox.url, UNLOCKED)
    one, other = judge.observe(), judge.observe()
    assert one.state == other.state
    assert {*one.state} == {*STATE}
    assert json.loads(json.dumps(vars(one)["state"])) == one.state
    assert one.unread == {}
    secret = sandbox.credentials("operator")["secret_key"] or "none"
    assert secret not in json.dumps([one.state, one.calls])


def test_sessions_and_changes_for_the_report(sandbox: Box, tmp_path: Path) -> None:
    judge = Judge(sandbox.url, UNLOCKED)
    before = judge.observe()
    recovery = Recovery(sandbox, tmp_path / "evidence")
    recovery.unlock()
    recovery.seal()
    after: Observation = judge.observe()
    [session] = judge.sessions(before, after, [recovery.folder])
    assert (session.account, session.calls, session.in_evidence) == (ACCOUNT, 2, True)
    assert session.opener.endswith("BreakGlassOperator/operator")
    [change] = judge.changes(before, after)
    assert (change.action, change.resource, change.session) == ("s3:PutBucketPolicy", BUCKET, session.access_key_id)
