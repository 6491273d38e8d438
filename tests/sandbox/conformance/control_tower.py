"""Control Tower's execution role, the third way back into an account that lost its role (aws-facts 5b)."""

from __future__ import annotations

from typing import Any

from conformance.facts import Fact, fact
from conformance.steps import Served, clients_of, control, serving
from support.refusals import refused

from breakglass_aws.sandbox import Box

FACTS: list[Fact] = []
MANAGEMENT, MEMBER = "111111111111", "222222222222"
ORGANIZATION = {
    "organization": "o-exampleorg1",
    "management_account": MANAGEMENT,
    "accounts": [
        {
            "id": MANAGEMENT,
            "name": "management",
            "roles": [{"name": "Operator", "policies": ["AdministratorAccess"]}],
        },
        {"id": MEMBER, "name": "member", "administrator_role": False, "control_tower": "enrolled"},
    ],
    "identities": {"operator": {"account": MANAGEMENT, "role": "Operator"}},
    "identity_center": {
        "users": [{"name": "someone"}],
        "permission_sets": {"Administrator": {"policies": ["AdministratorAccess"]}},
        "assignments": [{"user": "someone", "permission_set": "Administrator", "account": MEMBER}],
    },
}


def execution_role(box: Served) -> Any:
    credentials = box.client("sts", "operator").assume_role(
        RoleArn=f"arn:aws:iam::{MEMBER}:role/AWSControlTowerExecution", RoleSessionName="operator"
    )["Credentials"]
    return clients_of(box, credentials)("iam")


@fact(
    FACTS, "5b", "An enrolled account has AWSControlTowerExecution, an administrator the management account may assume"
)
def enrolled(_: Box) -> None:
    with serving(ORGANIZATION) as box:
        iam = execution_role(box)
        [attached] = iam.list_attached_role_policies(RoleName="AWSControlTowerExecution")["AttachedPolicies"]
        assert attached["PolicyName"] == "AdministratorAccess"
        trust = iam.get_role(RoleName="AWSControlTowerExecution")["Role"]["AssumeRolePolicyDocument"]["Statement"]
        assert [one["Principal"] for one in trust] == [{"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}]


@fact(FACTS, "5b", "Unenrolling an account takes AWSControlTowerExecution away")
def unenrolled(_: Box) -> None:
    with serving(ORGANIZATION) as box:
        iam = execution_role(box)
        control(box, "POST", f"control-tower/{MEMBER}/unenroll")
        assert refused(lambda: execution_role(box))[0] == "AccessDenied"
        assert refused(iam.list_roles)[0] == "AccessDenied"


@fact(FACTS, "5b", "Assignments an organization file has are provisioned from the start")
def assigned_from_the_start(_: Box) -> None:
    with serving(ORGANIZATION) as box:
        someone = clients_of(box, control(box, "GET", f"sso/someone/{MEMBER}/Administrator"))
        [role] = [one for one in someone("iam").list_roles()["Roles"] if "AWSReservedSSO_" in one["RoleName"]]
        assert role["Path"] == "/aws-reserved/sso.amazonaws.com/"
