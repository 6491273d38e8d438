"""lost_root_mfa: nobody needs a root user, or a person signs in and everything is taken away again."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from support.executed import cells, denials, opened, recorded_sessions, resume, run, writes
from support.least_privilege import operator_of

from breakglass_aws.sandbox import Box
from breakglass_aws.sandbox.people.console import Refused

ACCOUNT, TASK = "444455556666", "activate IAM access to billing"
TYPED = f"account_typed={ACCOUNT}"
NOTHING = {"password": False, "access_keys": [], "signing_certificates": [], "mfa_devices": []}


def root_user(box: Box) -> dict[str, Any]:
    return box.snapshot()["root_users"][ACCOUNT]


def assert_nobody_can_sign_in(box: Box) -> None:
    """The person at the sign-in page gets nowhere, not even by mail."""
    for step in ("sign_in", "reset_password"):
        with pytest.raises(Refused):
            box.act("legacy-web", step)


def test_nobody_needs_to_sign_in(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    sandbox.act("legacy-web", "lose_mfa")
    place = make_workplace(operator_of(sandbox, "lost_root_mfa"))
    since = len(sandbox.events())
    planned = run(place, "lost_root_mfa", "planned", account_id=ACCOUNT)
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert (writes(sandbox, since), denials(sandbox, since)) == ([], [])
    shown = cells(place.folder / "planned/lost_root_mfa.ipynb")
    assert "No root sign-in is needed" in shown["preflight-audit"]
    assert "would be removed" in shown["plan"]

    done = run(place, "lost_root_mfa", "done", answers=(TYPED,), account_id=ACCOUNT, check_mode="false")
    assert done.returncode == 0, done.stdout + done.stderr
    assert root_user(sandbox) == NOTHING
    assert_nobody_can_sign_in(sandbox)
    assert "iam:CreateLoginProfile" not in writes(sandbox, since)
    assert denials(sandbox, since) == []
    shown = cells(place.folder / "done/lost_root_mfa.ipynb")
    assert "Confirmed. The root user has no credentials." in shown["verify"]
    assert "delete-virtual-mfa-device" in shown["hand-back"]


def test_a_person_signs_in_and_everything_is_taken_away_again(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    sandbox.act("legacy-web", "lose_mfa")
    place = make_workplace(operator_of(sandbox, "lost_root_mfa"))
    since = len(sandbox.events())
    given = {"account_id": ACCOUNT, "root_task": TASK, "check_mode": "false"}
    waiting = run(place, "lost_root_mfa", "run", **given)
    assert waiting.returncode == 3, waiting.stdout + waiting.stderr
    assert "aws+legacy-web@example.com" in waiting.stdout
    assert writes(sandbox, since) == []

    waiting = resume(place, "run", "mailbox=readable", TYPED)
    assert waiting.returncode == 3, waiting.stdout + waiting.stderr
    for said in ("Password recovery is open", TASK, "Do not name it", "given_up"):
        assert said in waiting.stdout
    # The old credentials went before the way in was opened: whoever had the old password has nothing.
    done = writes(sandbox, since)
    assert done[-1] == "iam:CreateLoginProfile"
    assert {"iam:DeleteLoginProfile", "iam:DeactivateMFADevice", "iam:DeleteAccessKey"} <= set(done[:-1])

    unused = resume(place, "run", "work_done=done")
    assert unused.returncode == 4, unused.stdout + unused.stderr
    assert "no one has signed in" in unused.stdout

    sandbox.act("legacy-web", "reset_password")
    sandbox.act("legacy-web", "sign_in")
    sandbox.act("legacy-web", "enrol_mfa", name="for-one-evening")
    sandbox.act("legacy-web", "activate_billing_access")
    since_work = len(sandbox.events())
    through = resume(place, "run", "work_done=done")
    assert through.returncode == 0, through.stdout + through.stderr
    assert root_user(sandbox) == NOTHING
    assert_nobody_can_sign_in(sandbox)
    assert sorted(writes(sandbox, since_work)) == ["iam:DeactivateMFADevice", "iam:DeleteLoginProfile"]
    # Nobody may ask that here, because the organization does not trust AWS Account Management.
    assert set(denials(sandbox, since)) <= {"account:GetPrimaryEmail"}
    shown = cells(place.folder / "run/lost_root_mfa.ipynb")
    assert "An MFA device was registered." in shown["look"]
    assert "for-one-evening" in shown["hand-back"]
    evidence = json.loads((place.folder / "run/evidence.json").read_text())
    assert evidence["changed"]
    assert evidence["before"][ACCOUNT]["access_keys"]
    assert [answer["answer"] for answer in evidence["answers"] if answer["gate"] == "work_done"][-1] == "done"
    assert recorded_sessions(place.folder / "run") == opened(sandbox)


def test_recovery_that_somebody_else_has_closed_is_not_said_to_be_open(
    sandbox: Box, make_workplace: Callable[..., Any]
) -> None:
    place = make_workplace(operator_of(sandbox, "lost_root_mfa"))
    given = {"account_id": ACCOUNT, "root_task": TASK, "check_mode": "false"}
    waiting = run(place, "lost_root_mfa", "run", answers=("mailbox=readable", TYPED), **given)
    assert waiting.returncode == 3, waiting.stdout + waiting.stderr
    session = sandbox.client("sts", "operator").assume_root(
        TargetPrincipal=ACCOUNT,
        TaskPolicyArn={"arn": "arn:aws:iam::aws:policy/root-task/IAMDeleteRootUserCredentials"},
    )["Credentials"]
    boto3.client(
        "iam",
        endpoint_url=sandbox.url,
        region_name="us-east-1",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    ).delete_login_profile()
    assert root_user(sandbox) == NOTHING
    through = resume(place, "run", "work_done=done")
    assert through.returncode == 0, through.stdout + through.stderr
    shown = cells(place.folder / "run/lost_root_mfa.ipynb")
    assert "Password recovery is closed, and there is no password" in shown["look"]


def test_an_unread_mailbox_stops_it_and_a_new_address_helps(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    place = make_workplace(operator_of(sandbox, "lost_root_mfa"))
    since = len(sandbox.events())
    given = {"account_id": ACCOUNT, "root_task": TASK, "check_mode": "false"}
    stopped = run(place, "lost_root_mfa", "stopped", answers=("mailbox=unreadable", TYPED), **given)
    assert stopped.returncode == 5, stopped.stdout + stopped.stderr
    assert "new_email" in stopped.stdout
    assert writes(sandbox, since) == []

    address = "aws+legacy-root@example.com"
    given |= {"new_email": address, "trust_account_management": "true"}
    waiting = run(place, "lost_root_mfa", "run", answers=(TYPED,), **given)
    assert waiting.returncode == 3, waiting.stdout + waiting.stderr
    assert "one-time code" in waiting.stdout
    assert root_user(sandbox)["password"]

    code = sandbox.look(address, "mailbox")[-1]["code"]
    (place.folder / "answers.json").write_text(json.dumps({"mailed_code": code}))
    waiting = place.run("breakglass_aws.engine", "resume", "run", "--answers-file", "answers.json")
    (place.folder / "answers.json").unlink()
    assert waiting.returncode == 3, waiting.stdout + waiting.stderr
    assert f"The person who reads {address}" in waiting.stdout
    assert code not in "".join(place.texts().values())

    given_up = resume(place, "run", "work_done=given_up")
    assert given_up.returncode == 0, given_up.stdout + given_up.stderr
    assert root_user(sandbox) == NOTHING
    page, report = (place.folder / "run" / name for name in ("lost_root_mfa.ipynb", "report.md"))
    for shown in (
        given_up.stdout,
        report.read_text().partition("Parameters")[0],
        page.read_text().partition("# Lost root")[0],
    ):
        assert f"The work as root is NOT DONE, because no one has signed in: {TASK}" in shown


def test_a_plan_that_only_opens_recovery_has_something_to_change(
    sandbox: Box, make_workplace: Callable[..., Any]
) -> None:
    place = make_workplace(operator_of(sandbox, "lost_root_mfa"))
    nothing = run(place, "lost_root_mfa", "nothing", account_id="333344445555")
    assert nothing.stdout.endswith("Outcome: unchanged\n")
    planned = run(place, "lost_root_mfa", "planned", account_id="333344445555", root_task=TASK)
    assert planned.stdout.endswith("Outcome: planned\n"), planned.stdout + planned.stderr
    assert "check_mode=false" in planned.stdout
    shown = cells(place.folder / "planned/lost_root_mfa.ipynb")
    assert "There are no credentials to remove." in shown["plan"]
    assert "- login profile: none" in shown["preflight-way-in"]
    assert (
        f"For real, password recovery would be opened, and a person would sign in as root, for: {TASK}"
        in planned.stdout
    )
    would = (place.folder / "planned/report.md").read_text().partition("**What would change**")[2]
    assert "password recovery opened" in would.partition("**Answers**")[0]


def test_cut_off_as_recovery_was_opened_it_goes_on_there(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    """Looked at from the top, an open recovery is a credential: it would be taken away, and whatever came of it."""
    place = make_workplace(operator_of(sandbox, "lost_root_mfa"))
    given = {"account_id": "333344445555", "root_task": TASK, "check_mode": "false"}  # whose root user has nothing
    assert run(place, "lost_root_mfa", "run", **given).returncode == 3
    sandbox.add_fault("slow", service="iam", operation="CreateLoginProfile", seconds=3)
    since = len(sandbox.events())
    answers = ("--answer", "mailbox=readable", "--answer", "account_typed=333344445555")
    process = place.start("breakglass_aws.engine", "resume", "run", *answers)
    while "iam:CreateLoginProfile" not in writes(sandbox, since):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "PASSWORD RECOVERY IS OPEN in 333344445555" in errors
    state = json.loads((place.folder / "run/state.json").read_text())
    deadline = next(step["registered"]["deadline"] for step in state if "deadline" in step["registered"])
    sandbox.clear_faults()

    waiting = resume(place, "run")
    assert waiting.returncode == 3, waiting.stdout + waiting.stderr
    assert f"Resume this run by {deadline}" in waiting.stdout
    assert "PASSWORD RECOVERY IS OPEN" in waiting.stdout
    assert writes(sandbox, since) == ["iam:CreateLoginProfile"]
    given_up = resume(place, "run", "work_done=given_up")
    assert given_up.returncode == 0, given_up.stdout + given_up.stderr
    assert writes(sandbox, since) == ["iam:CreateLoginProfile", "iam:DeleteLoginProfile"]
    report = (place.folder / "run/report.md").read_text()
    for said in (
        "The state after the run is the same as before.",
        "password recovery opened",
        "password (never used to sign in)",
        "Before, the run was interrupted.",
        "Before, the run waited for a person.",
        "NOT DONE",
        "NO SECOND PERSON APPROVED THIS",
    ):
        assert said in report


def test_a_policy_that_would_stop_the_person_is_told_before(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    organizations = sandbox.client("organizations", "operator")
    deny = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {
            "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"},
            "Null": {"aws:AssumedRoot": "true"},
        },
    }
    policy = organizations.create_policy(
        Name="NoRootUsers",
        Description="",
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=policy, TargetId=ACCOUNT)
    place = make_workplace(sandbox.environment("operator"))
    since = len(sandbox.events())
    stopped = run(place, "lost_root_mfa", "stopped", account_id=ACCOUNT, root_task=TASK, check_mode="false")
    assert stopped.returncode == 5, stopped.stdout + stopped.stderr
    assert "NoRootUsers" in stopped.stdout
    assert writes(sandbox, since) == []
