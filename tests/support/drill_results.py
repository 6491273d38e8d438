"""Results of drills as the runner writes them, without running any: for tests of reports and of the history."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from breakglass_aws.drills.result import (
    FAILED,
    NOT_RUN,
    PASSED,
    Change,
    Check,
    DrillResult,
    Evidence,
    Fault,
    Hint,
    Person,
    ScenarioResult,
    Session,
    TimelineEntry,
)

BEGIN = datetime(2026, 1, 31, 3, 0, tzinfo=UTC)
OPENER = "arn:aws:sts::111122223333:assumed-role/BreakGlassOperator/operator"
KEY = "ASIAQRSTUVWXYZ234567"
BUCKET = "payments-ledger-333344445555"
ROOT = "arn:aws:iam::333344445555:root"
STEPS = ("Parameters", "Preflight", "Plan", "Approval", "Act", "Verify", "Hand back", "Evidence")


def at(seconds: float, begin: datetime = BEGIN) -> str:
    """The time `seconds` after the begin of a scenario."""
    return (begin + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def timeline(begin: datetime = BEGIN) -> list[TimelineEntry]:
    """Steps, a gate at which the run waits, an approval, a fault that strikes, a kill and a resume, and checks."""

    def entry(start: float, end: float, lane: str, actor: str, kind: str, text: str) -> TimelineEntry:
        return TimelineEntry(at(start, begin), at(end, begin), lane, actor, kind, text)

    return [
        entry(0.0, 0.6, "judge", "judge", "check", "The damage was observed."),
        entry(0.6, 1.0, "runbook", "operator", "step", "Parameters"),
        entry(1.0, 2.3, "runbook", "operator", "step", "Preflight"),
        entry(2.3, 3.4, "runbook", "operator", "step", "Plan"),
        entry(3.4, 3.4, "runbook", "operator", "gate", "approval: waits for a second person"),
        entry(3.4, 4.9, "runbook", "operator", "wait", "for ada"),
        entry(3.6, 4.8, "person", "ada", "approval", "read the plan, and approved it with a key"),
        entry(4.8, 4.8, "person", "operator", "approval", "answered confirmed: 333344445555"),
        entry(4.9, 7.4, "fault", "sandbox", "fault", "throttle: 40 % of the calls of S3 are refused"),
        entry(5.0, 7.0, "runbook", "operator", "step", "Act"),
        entry(7.0, 7.0, "runbook", "operator", "kill", "SIGKILL during s3:PutBucketPolicy"),
        entry(7.4, 7.4, "runbook", "operator", "resume", "breakglass resume"),
        entry(7.4, 9.0, "runbook", "operator", "step", "Act"),
        entry(9.0, 10.0, "runbook", "operator", "step", "Verify"),
        entry(10.0, 10.2, "runbook", "operator", "step", "Hand back"),
        entry(10.2, 10.6, "runbook", "operator", "step", "Evidence"),
        entry(10.6, 11.4, "judge", "judge", "check", "State, CloudTrail and evidence were compared."),
    ]


CHECKS = [
    Check("damage_was_real", "Was the damage real?", True, before="AccessDenied: explicit deny in a resource policy"),
    Check(
        "damage_is_gone",
        "Is the damage gone?",
        True,
        before="AccessDenied: explicit deny in a resource policy",
        after="the call succeeds",
    ),
    Check("nothing_else_changed", "Is everything else as it was, byte for byte?", True, "4,212 values are equal."),
    Check("cloudtrail_agrees", "Do CloudTrail and the evidence agree, call by call?", True, "1 session, 5 calls."),
    Check(
        "no_secret_in_artifacts", "Are the artifacts free of secrets?", True, "23 files were searched for 14 secrets."
    ),
    Check("outcome_agrees", "Is the outcome that the runbook reported true?", True, "It reported: changed."),
    Check("backup_is_true", "Is the backup equal to the policy before?", True),
]


def scenario(begin: datetime = BEGIN, **changes: object) -> ScenarioResult:
    """A scenario that passed; `changes` replace some of it."""
    return replace(
        ScenarioResult(
            name="bucket-locked",
            title="A bucket policy locks everyone out",
            story=(
                "A deny-all statement was added to the policy of the payments ledger. No principal of the account can "
                "read or change that policy. Its TLS guard and its organization guard must remain after the repair."
            ),
            runbook="unlock_s3_bucket",
            parameters={"account_id": "333344445555", "bucket": BUCKET, "check_mode": False},
            tags=["plain"],
            objective_seconds=300,
            expected_outcome="changed",
            outcome="changed",
            exit_status=0,
            started=at(0, begin),
            ended=at(11.4, begin),
            seconds=11.4,
            work_seconds=9.9,
            people_seconds=1.5,
            verdict=PASSED,
            timeline=timeline(begin),
            people=[
                Person("operator", "operator", ["answered confirmed: 333344445555"]),
                Person("ada", "approver", ["read the plan", "approved it with the key SHA256:abc"]),
            ],
            faults=[Fault("throttle", "start", "40 % of the calls of S3 are refused", 17)],
            checks=list(CHECKS),
            sessions=[Session(at(5.1, begin), OPENER, "333344445555", KEY, "S3UnlockBucketPolicy", 5)],
            changes=[Change(at(6.2, begin), ROOT, KEY, "s3:PutBucketPolicy", f"arn:aws:s3:::{BUCKET}")],
            evidence=Evidence("bucket-locked/evidence", "3f" * 32, verified=True),
        ),
        **changes,  # type: ignore[arg-type]
    )


def failed(begin: datetime = BEGIN) -> ScenarioResult:
    """A scenario whose runbook reported success although something else had changed, and that took too long."""
    other = "bucket_policies.audit-logs-222233334444 differs: a statement is missing"
    checks = [
        replace(one, passed=False, details=other) if one.check == "nothing_else_changed" else one for one in CHECKS
    ]
    return scenario(
        begin,
        name="bucket-guard",
        title="A guard with action patterns, in an opt-in region",
        verdict=FAILED,
        objective_seconds=10,
        checks=checks,
        why=[f"Something else changed: {other}", "It took 11 s. The objective is 10 s."],
        hints=[Hint(at(3, begin), "Read the policy that the plan shows, statement by statement.")],
    )


def refused(begin: datetime = BEGIN) -> ScenarioResult:
    """A scenario that is right when the runbook refuses: nothing was changed."""
    return scenario(
        begin,
        name="scp-in-the-way",
        title="A service control policy also binds root sessions",
        expected_outcome="blocked",
        outcome="blocked",
        exit_status=5,
        seconds=3.4,
        work_seconds=3.4,
        people_seconds=0,
        timeline=timeline(begin)[:4],
        people=[],
        faults=[],
        sessions=[],
        changes=[],
        checks=[one for one in CHECKS if one.check != "damage_is_gone"],
        evidence=Evidence("scp-in-the-way/evidence", "7a" * 32, verified=True, signed=True),
    )


def not_run(name: str = "role-gone", title: str = "The access role is gone") -> ScenarioResult:
    """A scenario that an interrupted drill did not reach."""
    return ScenarioResult(name, title, "Its story.", "lost_access_role", objective_seconds=300, verdict=NOT_RUN)


VERSIONS = {"breakglass-aws": "0.3.0", "ansible-core": "2.20.0", "boto3": "1.42.0", "Python": "3.13.0"}


def drill(*scenarios: ScenarioResult, begin: datetime = BEGIN, **changes: object) -> DrillResult:
    """A drill of these scenarios, or of one that passed, with its verdict."""
    of = list(scenarios) or [scenario(begin)]
    seconds = sum(one.seconds for one in of) + 1.5
    made = DrillResult(at(0, begin), at(seconds, begin), by="ada", versions=dict(VERSIONS), scenarios=of)
    made = replace(made, **changes)  # type: ignore[arg-type]
    made.conclude()
    return made
