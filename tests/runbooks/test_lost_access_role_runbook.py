"""lost_access_role: the ways that need no root user, in their order, and what is said when none is open."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from support.executed import cells, resume, run, writes
from support.least_privilege import operator_of

from breakglass_aws.sandbox import Box

LOST = "999900001111"
ROLE = "OrganizationAccountAccessRole"


def gets_in(box: Box) -> str:
    """The ARN of the management account's session in the account."""
    answer = box.client("sts", "engineer").assume_role(
        RoleArn=f"arn:aws:iam::{LOST}:role/{ROLE}", RoleSessionName="probe"
    )
    return answer["AssumedRoleUser"]["Arn"]


def test_without_an_open_way_it_says_so_and_a_stack_set_brings_the_role_back(
    sandbox: Box, make_workplace: Callable[..., Any]
) -> None:
    place = make_workplace(operator_of(sandbox, "lost_access_role"))
    since = len(sandbox.events())
    blocked = run(place, "lost_access_role", "blocked", account_id=LOST, check_mode="false")
    assert blocked.returncode == 5
    for said in ("stackset: ", "control tower: ", "identity center: ", "ONLY A ROOT SIGN-IN IS LEFT", "lost_root_mfa"):
        assert said in blocked.stdout
    assert writes(sandbox, since) == []

    done = run(place, "lost_access_role", "done", account_id=LOST, trust_stacksets="true", check_mode="false")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ROLE in gets_in(sandbox)
    shown = cells(place.folder / "done/lost_access_role.ipynb")
    assert "Confirmed. The role can be assumed." in shown["verify"]
    evidence = json.loads((place.folder / "done/evidence.json").read_text())
    assert (evidence["outcome"], evidence["changed"]) == ("changed", True)
    assert evidence["before"][LOST]["state"] == "refused"
    # Nothing of the way is left but the trust, which was asked for.
    assert sandbox.client("cloudformation", "engineer").list_stack_sets(Status="ACTIVE")["Summaries"] == []


def test_by_identity_center_it_waits_for_the_person(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    place = make_workplace(operator_of(sandbox, "lost_access_role"))
    center = {"permission_set": "BreakGlassAdministrator", "user_name": "on-call"}
    waiting = run(place, "lost_access_role", "center", account_id=LOST, check_mode="false", **center)
    assert waiting.returncode == 3, waiting.stdout + waiting.stderr
    assert "on-call" in waiting.stdout

    keys = sandbox.portal("on-call", LOST, center["permission_set"])
    iam = sandbox.client_with("iam", keys["access_key"], keys["secret_key"], keys["session_token"])
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=document)
    iam.attach_role_policy(RoleName=ROLE, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")

    since = len(sandbox.events())
    done = resume(place, "center", "role_made=done")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ROLE in gets_in(sandbox)
    assert writes(sandbox, since) == []
    assert "Confirmed. The role can be assumed." in cells(place.folder / "center/lost_access_role.ipynb")["verify"]


def test_a_session_with_a_source_identity_is_told_that_the_role_is_there(
    sandbox: Box, make_workplace: Callable[..., Any]
) -> None:
    place = make_workplace(sandbox.environment("operator"))
    planned = run(place, "lost_access_role", "planned", account_id="333344445555")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    shown = cells(place.folder / "planned/lost_access_role.ipynb")
    assert "refuses source identity" in shown["preflight"]
    assert "Nothing to change." in shown["act"]
