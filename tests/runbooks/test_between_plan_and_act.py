"""What changes between the plan that a person approved and the act: it is left alone and reported, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.notebooks.catalog import find
from breakglass_aws.sandbox import Box

REPORTS, LEGACY, PAYMENTS, NO_CARD = "555566667777", "444455556666", "333344445555", "121212121212"
BUCKET = "payments-ledger-333344445555"
DEVICE = f"arn:aws:iam::{REPORTS}:mfa/root-account-mfa-device"
NOTHING = {"password": False, "access_keys": [], "signing_certificates": [], "mfa_devices": []}


class ByHand:
    """A runbook whose cells a person runs one by one, as in JupyterLab."""

    def __init__(self, notebook: Any, name: str, given: dict[str, Any]) -> None:
        self._notebook = notebook
        self._cells = [(cell.id, cell.source) for cell in find(name).notebook.cells if cell.cell_type == "code"]
        self._given = {"check_mode": False, **given}
        self.shown: dict[str, str] = {}

    def run_to(self, last: str) -> None:
        """Run the next cells, `last` included."""
        while self._cells:
            name, source = self._cells.pop(0)
            try:
                self._notebook.cell(source)
            finally:
                self.shown[name] = self._notebook.shown
            if name == "parameters":
                self._notebook.cell("\n".join(f"{given} = {value!r}" for given, value in self._given.items()))
            if name == last:
                return

    def refused_at(self, last: str) -> str:
        """Run the next cells, `last` included, which fails; return what it says."""
        with pytest.raises(RunbookError) as failure:
            self.run_to(last)
        return str(failure.value)


@pytest.fixture
def by_hand(
    sandbox: Box, new_notebook_shell: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., ByHand]:
    """Begin a runbook by hand; `answers` are what the person types at each gate."""

    def begin(name: str, answers: dict[str, str], **given: Any) -> ByHand:
        for variable, value in sandbox.environment("operator").items():
            monkeypatch.setenv(variable, value)
        monkeypatch.setattr("builtins.input", lambda prompt: answers[prompt.partition(" (")[0]])
        return ByHand(new_notebook_shell(), name, given)

    return begin


def attacker(box: Box) -> Any:
    """Somebody signed in as root of the account, who can make keys."""
    session = box.act("reports", "sign_in", mfa=DEVICE)
    return box.client_with("iam", session["access_key"], session["secret_key"], session["session_token"])


def root_session(box: Box, account: str, task: str, service: str) -> Any:
    answer = box.client("sts", "operator").assume_root(
        TargetPrincipal=account, TaskPolicyArn={"arn": f"arn:aws:iam::aws:policy/root-task/{task}"}
    )["Credentials"]
    return box.client_with(service, answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])


def root_user(box: Box, account: str) -> dict[str, Any]:
    return box.snapshot()["root_users"][account]


def test_a_key_that_nobody_approved_stays_and_is_reported(sandbox: Box, by_hand: Callable[..., ByHand]) -> None:
    iam = attacker(sandbox)
    run = by_hand("remove_root_credentials", {"confirmed": REPORTS}, account_ids=[REPORTS], recently_used_days=0)
    run.run_to("approval")
    [approved] = root_user(sandbox, REPORTS)["access_keys"]
    new = iam.create_access_key()["AccessKey"]["AccessKeyId"]
    run.run_to("act")
    assert root_user(sandbox, REPORTS) == {**NOTHING, "access_keys": [new]}
    assert new in run.shown["act"]
    assert approved in run.shown["act"]
    assert "They are not approved" in run.refused_at("verify")


def test_an_account_that_had_nothing_in_the_plan_is_left_alone(sandbox: Box, by_hand: Callable[..., ByHand]) -> None:
    run = by_hand("remove_root_credentials", {"confirmed": "1"}, account_ids=[LEGACY, PAYMENTS])
    run.run_to("approval")
    root_session(sandbox, PAYMENTS, "IAMCreateRootUserPassword", "iam").create_login_profile()
    run.run_to("act")
    assert root_user(sandbox, LEGACY) == NOTHING
    assert root_user(sandbox, PAYMENTS)["password"]
    assert "skipped" in run.shown["act"]


def test_with_a_new_key_nothing_is_taken_from_a_root_user_that_lost_its_device(
    sandbox: Box, by_hand: Callable[..., ByHand]
) -> None:
    iam = attacker(sandbox)
    run = by_hand("lost_root_mfa", {"account_typed": REPORTS}, account_id=REPORTS, recently_used_days=0)
    run.run_to("approval")
    iam.create_access_key()
    before = root_user(sandbox, REPORTS)
    assert "Nothing was removed" in run.refused_at("act")
    assert root_user(sandbox, REPORTS) == before


def test_what_an_attacker_adds_after_the_approval_stays_and_is_reported(
    sandbox: Box, by_hand: Callable[..., ByHand]
) -> None:
    iam, organizations = attacker(sandbox), sandbox.client("organizations", "operator")
    root = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}, "Null": {"aws:AssumedRoot": "true"}}
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": root}
    policy = organizations.create_policy(
        Name="quarantine",
        Description="",
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=policy, TargetId=REPORTS)
    answers = {"quarantined": "done", "account_typed": REPORTS}
    run = by_hand("compromised_root_user", answers, account_id=REPORTS)
    run.run_to("approval")
    organizations.detach_policy(PolicyId=policy, TargetId=REPORTS)
    new = iam.create_access_key()["AccessKey"]["AccessKeyId"]
    run.run_to("act")
    assert root_user(sandbox, REPORTS) == {**NOTHING, "access_keys": [new]}
    assert "somebody got past" not in run.shown["act"]
    assert "the attacker got past the quarantine" in run.refused_at("verify")


def test_another_policy_than_the_approved_one_is_not_replaced(sandbox: Box, by_hand: Callable[..., ByHand]) -> None:
    run = by_hand("unlock_s3_bucket", {"confirmed": PAYMENTS}, account_id=PAYMENTS, bucket=BUCKET)
    run.run_to("approval")
    other = sandbox.snapshot()["bucket_policies"][BUCKET]
    other["Statement"] = [entry for entry in other["Statement"] if entry["Sid"] == "LockedByMistake"]
    s3 = root_session(sandbox, PAYMENTS, "S3UnlockBucketPolicy", "s3")
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(other))
    assert "plan" in run.refused_at("act")
    assert sandbox.snapshot()["bucket_policies"][BUCKET] == other


def test_an_account_that_was_moved_is_not_closed(sandbox: Box, by_hand: Callable[..., ByHand]) -> None:
    run = by_hand("remove_account", {"account_typed": NO_CARD}, account_id=NO_CARD, purpose="close")
    run.run_to("approval")
    organizations = sandbox.client("organizations", "engineer")
    [root] = organizations.list_roots()["Roots"]
    [parent] = organizations.list_parents(ChildId=NO_CARD)["Parents"]
    organizations.move_account(AccountId=NO_CARD, SourceParentId=parent["Id"], DestinationParentId=root["Id"])
    assert "The account was not closed: it is not as in the plan." in run.refused_at("act")
    assert organizations.describe_account(AccountId=NO_CARD)["Account"]["State"] == "ACTIVE"
