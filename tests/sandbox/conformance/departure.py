"""What services clean up in an account that leaves the organization, and what they leave behind (aws-facts 5c, 7)."""

from __future__ import annotations

import pytest
from conformance.facts import MODEL, Fact, fact
from conformance.identity_center import Center, no_access, sign_in
from conformance.stacksets import ROLE, create, deploy, template
from conformance.steps import at_once, clients_of, control, serving
from support.refusals import refused

from breakglass_aws.sandbox import Box

FACTS: list[Fact] = []
SPIN_OFF, OTHER_ROLE = "343434343434", "SecondWayBack"


def remove(box: Box) -> None:
    box.client("organizations", "operator").remove_account_from_organization(AccountId=SPIN_OFF)


def roles(box: Box) -> list[str]:
    return [role["RoleName"] for role in box.client("iam", "spin-off-administrator").list_roles()["Roles"]]


def _stacks_row(text: str, automatic: dict[str, bool], *, stays: bool, verified: bool = True) -> None:
    @fact(FACTS, "5c", text, verified=verified, source=MODEL if verified else "")
    def stacks_of_a_leaver(box: Box) -> None:
        at_once(box)
        client = box.client("cloudformation", "operator")
        client.activate_organizations_access()
        create(client, body=template(OTHER_ROLE, retain=False))
        client.update_stack_set(
            StackSetName="way-back",
            UsePreviousTemplate=True,
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": "Trusted", "UsePreviousValue": True}],
            AutoDeployment=automatic,
        )
        assert deploy(client, box, SPIN_OFF) == "SUCCEEDED"
        assert OTHER_ROLE in roles(box)
        remove(box)
        assert client.list_stack_instances(StackSetName="way-back")["Summaries"] == []
        assert (OTHER_ROLE in roles(box)) is stays
        client.delete_stack_set(StackSetName="way-back")


_stacks_row(
    "StackSet instances of an account that leaves go, and their stacks",
    {"Enabled": True, "RetainStacksOnAccountRemoval": False},
    stays=False,
)
_stacks_row(
    "With RetainStacksOnAccountRemoval the stacks of an account that leaves stay in it",
    {"Enabled": True, "RetainStacksOnAccountRemoval": True},
    stays=True,
)
_stacks_row(
    "Without automatic deployment StackSets lets go of an account that leaves, and deletes nothing in it",
    {"Enabled": False},
    stays=True,
    verified=False,
)


@fact(
    FACTS,
    "5c",
    "Identity Center takes its roles, its service-linked role and the assignments out of a leaver",
    source="IAM Identity Center User Guide: Using service-linked roles",
)
def identity_center_cleans_up(box: Box) -> None:
    at_once(box)
    center = Center(box)
    assert center.assign(SPIN_OFF)["Status"] == "SUCCEEDED"
    on_call = sign_in(box, SPIN_OFF)
    assert on_call("iam").list_roles()["Roles"]
    assert any(name.startswith("AWSReservedSSO_") for name in roles(box))
    remove(box)
    left = roles(box)
    assert ROLE in left
    assert [name for name in left if name.startswith(("AWSReservedSSO_", "AWSServiceRoleForSSO"))] == []
    no_access(box, SPIN_OFF)
    listed = center.client.list_account_assignments(**center.set, AccountId=SPIN_OFF)["AccountAssignments"]
    assert listed == []
    assert refused(on_call("iam").list_roles)[0] == "AccessDenied"


@fact(FACTS, "5c", "Identity Center's SAML provider goes with its roles", verified=False)
def saml_provider(box: Box) -> None:
    at_once(box)
    Center(box).assign(SPIN_OFF)
    iam = box.client("iam", "spin-off-administrator")
    assert iam.list_saml_providers()["SAMLProviderList"]
    remove(box)
    assert iam.list_saml_providers()["SAMLProviderList"] == []


MANAGEMENT, MEMBER = "111111111111", "222222222222"
ENROLLED = {
    "organization": "o-exampleorg1",
    "management_account": MANAGEMENT,
    "accounts": [
        {"id": MANAGEMENT, "name": "management", "roles": [{"name": "Op", "policies": ["AdministratorAccess"]}]},
        {"id": MEMBER, "name": "member", "joined_method": "INVITED", "control_tower": "enrolled"},
    ],
    "identities": {"operator": {"account": MANAGEMENT, "role": "Op"}},
}


@fact(
    FACTS,
    "5c",
    "An account that leaves without having been unenrolled keeps AWSControlTowerExecution, which trusts the old "
    "management account, and Control Tower does not manage it any more",
    verified=False,
)
def control_tower_role_stays(_: Box) -> None:
    with serving(ENROLLED) as box:
        box.client("organizations", "operator").remove_account_from_organization(AccountId=MEMBER)
        credentials = box.client("sts", "operator").assume_role(
            RoleArn=f"arn:aws:iam::{MEMBER}:role/AWSControlTowerExecution", RoleSessionName="operator"
        )["Credentials"]
        assert clients_of(box, credentials)("sts").get_caller_identity()["Account"] == MEMBER
        with pytest.raises(OSError, match="403"):
            control(box, "POST", f"control-tower/{MEMBER}/unenroll")
