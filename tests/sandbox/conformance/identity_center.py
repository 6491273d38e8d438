"""IAM Identity Center, the second way back into an account that lost its role (aws-facts 5b)."""

from __future__ import annotations

from typing import Any
from urllib.error import HTTPError

import pytest
from conformance.facts import Fact, fact
from conformance.steps import (
    ADMINISTRATOR,
    DELEGATE,
    LOST_ROLE,
    MANAGEMENT,
    Clients,
    at_once,
    attach_scp,
    clients_of,
    control,
    records,
    wait_for,
)
from support.refusals import refused

from breakglass_aws.sandbox import Box

FACTS: list[Fact] = []
SERVICE = "sso.amazonaws.com"
SET = "BreakGlassAdministrator"


class Center:
    """Identity Center as its administrator sees it."""

    def __init__(self, box: Box, name: str = "operator") -> None:
        self.client = box.client("sso-admin", name)
        [instance] = self.client.list_instances()["Instances"]
        self.instance = {"InstanceArn": instance["InstanceArn"]}
        self.store = instance["IdentityStoreId"]
        [self.permission_set] = self.client.list_permission_sets(**self.instance)["PermissionSets"]
        [user] = box.client("identitystore", name).list_users(IdentityStoreId=self.store)["Users"]
        self.user = user["UserId"]

    @property
    def set(self) -> dict[str, str]:
        return {**self.instance, "PermissionSetArn": self.permission_set}

    def assignment(self, account: str) -> dict[str, str]:
        return {
            **self.set,
            "TargetId": account,
            "TargetType": "AWS_ACCOUNT",
            "PrincipalType": "USER",
            "PrincipalId": self.user,
        }

    def assign(self, account: str = LOST_ROLE) -> dict[str, Any]:
        """The finished request."""
        started = self.client.create_account_assignment(**self.assignment(account))["AccountAssignmentCreationStatus"]
        return self.client.describe_account_assignment_creation_status(
            **self.instance, AccountAssignmentCreationRequestId=started["RequestId"]
        )["AccountAssignmentCreationStatus"]

    def provision(self, account: str = LOST_ROLE) -> dict[str, Any]:
        started = self.client.provision_permission_set(**self.set, TargetId=account, TargetType="AWS_ACCOUNT")[
            "PermissionSetProvisioningStatus"
        ]
        return self.client.describe_permission_set_provisioning_status(
            **self.instance, ProvisionPermissionSetRequestId=started["RequestId"]
        )["PermissionSetProvisioningStatus"]


def sign_in(box: Box, account: str = LOST_ROLE) -> Clients:
    """Clients of the on-call responder, from the access portal."""
    return clients_of(box, control(box, "GET", f"sso/on-call/{account}/{SET}"))


def no_access(box: Box, account: str = LOST_ROLE) -> None:
    with pytest.raises(HTTPError) as caught:
        sign_in(box, account)
    assert caught.value.code == 403


def reserved_role(iam: Any) -> dict[str, Any]:
    [role] = [one for one in iam.list_roles()["Roles"] if one["RoleName"].startswith("AWSReservedSSO_")]
    return role


@fact(FACTS, "5b", "An assignment makes role AWSReservedSSO_<name>_<16 hex> under the reserved path, and lets in")
def assignment_makes_the_role(box: Box) -> None:
    at_once(box)
    no_access(box)
    assert Center(box).assign()["Status"] == "SUCCEEDED"
    person = sign_in(box)
    role = reserved_role(person("iam"))
    assert role["Path"] == "/aws-reserved/sso.amazonaws.com/"
    name, suffix = role["RoleName"].rsplit("_", 1)
    assert (name, len(suffix), set(suffix) <= set("0123456789abcdef")) == (f"AWSReservedSSO_{SET}", 16, True)
    assert person("sts").get_caller_identity()["Arn"] == (
        f"arn:aws:sts::{LOST_ROLE}:assumed-role/{role['RoleName']}/on-call"
    )


@fact(FACTS, "5b", "Signed in so, a person makes OrganizationAccountAccessRole again")
def the_role_is_made_again(box: Box) -> None:
    at_once(box)
    Center(box).assign()
    iam = sign_in(box)("iam")
    name = "OrganizationAccountAccessRole"
    trust = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", '
        f'"Principal": {{"AWS": "arn:aws:iam::{MANAGEMENT}:root"}}}}]}}'
    )
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    iam.attach_role_policy(RoleName=name, PolicyArn=ADMINISTRATOR)
    credentials = box.client("sts", "engineer").assume_role(
        RoleArn=f"arn:aws:iam::{LOST_ROLE}:role/{name}", RoleSessionName="engineer"
    )["Credentials"]
    assert clients_of(box, credentials)("iam").list_roles()["Roles"]


@fact(FACTS, "5b", "A request runs for a while; then its status tells how it ended")
def requests_take_a_moment(box: Box) -> None:
    center = Center(box)
    request = center.client.create_account_assignment(**center.assignment(LOST_ROLE))["AccountAssignmentCreationStatus"]
    assert request["Status"] == "IN_PROGRESS"
    no_access(box)

    def done() -> bool:
        status = center.client.describe_account_assignment_creation_status(
            **center.instance, AccountAssignmentCreationRequestId=request["RequestId"]
        )["AccountAssignmentCreationStatus"]
        return status["Status"] == "SUCCEEDED"

    wait_for(done)
    [found] = center.client.list_account_assignments(**center.set, AccountId=LOST_ROLE)["AccountAssignments"]
    assert (found["PrincipalId"], found["PrincipalType"]) == (center.user, "USER")


@fact(FACTS, "5b", "Identity Center works with AWSServiceRoleForSSO in member accounts, which SCPs do not reach")
def service_linked_role(box: Box) -> None:
    at_once(box)
    attach_scp(box, LOST_ROLE, {"Effect": "Deny", "Action": "iam:CreateRole", "Resource": "*"})
    assert Center(box).assign()["Status"] == "SUCCEEDED"
    person = sign_in(box)
    made = records(person("cloudtrail"), EventName="CreateRole")[0]
    assert made["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"].endswith(
        "role/aws-service-role/sso.amazonaws.com/AWSServiceRoleForSSO"
    )
    assert made["userIdentity"]["invokedBy"] == "sso.amazonaws.com"
    # The person is bound by it all the same.
    code, _, text = refused(lambda: person("iam").create_role(RoleName="any", AssumeRolePolicyDocument="{}"))
    assert code == "AccessDenied"
    assert "with an explicit deny in a service control policy" in text


@fact(FACTS, "5b", "ProvisionPermissionSet makes a role again that was deleted by hand", verified=False)
def provisioning_brings_the_role_back(box: Box) -> None:
    at_once(box)
    center = Center(box)
    center.assign()
    iam = sign_in(box)("iam")
    name = reserved_role(iam)["RoleName"]
    iam.create_user(UserName="cleaner")
    iam.attach_user_policy(UserName="cleaner", PolicyArn=ADMINISTRATOR)
    key = iam.create_access_key(UserName="cleaner")["AccessKey"]
    cleaner = box.client_with("iam", key["AccessKeyId"], key["SecretAccessKey"])
    cleaner.detach_role_policy(RoleName=name, PolicyArn=ADMINISTRATOR)
    cleaner.delete_role(RoleName=name)
    no_access(box)
    assert center.provision()["Status"] == "SUCCEEDED"
    assert reserved_role(sign_in(box)("iam"))["RoleName"] == name


@fact(FACTS, "5b", "A changed permission set reaches its roles when it is provisioned again")
def changes_need_provisioning(box: Box) -> None:
    at_once(box)
    center = Center(box)
    center.assign()
    iam = sign_in(box)("iam")
    name = reserved_role(iam)["RoleName"]
    extra = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    center.client.attach_managed_policy_to_permission_set(**center.set, ManagedPolicyArn=extra)
    listed = center.client.list_managed_policies_in_permission_set(**center.set)["AttachedManagedPolicies"]
    assert [one["Name"] for one in listed] == ["AdministratorAccess", "ReadOnlyAccess"]

    def attached() -> set[str]:
        return {one["PolicyArn"] for one in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]}

    assert attached() == {ADMINISTRATOR}
    center.provision()
    assert attached() == {ADMINISTRATOR, extra}


@fact(FACTS, "5b", "With the last assignment the role goes, and access with it", verified=False)
def last_assignment(box: Box) -> None:
    at_once(box)
    center = Center(box)
    center.assign()
    iam = sign_in(box)("iam")
    started = center.client.delete_account_assignment(**center.assignment(LOST_ROLE))["AccountAssignmentDeletionStatus"]
    ended = center.client.describe_account_assignment_deletion_status(
        **center.instance, AccountAssignmentDeletionRequestId=started["RequestId"]
    )["AccountAssignmentDeletionStatus"]
    assert ended["Status"] == "SUCCEEDED"
    no_access(box)
    assert refused(iam.list_roles)[0] == "AccessDenied"


@fact(FACTS, "5b", "An assignment in a suspended account fails, and its status says so", verified=False)
def suspended_account(box: Box) -> None:
    at_once(box)
    ended = Center(box).assign("666677778888")
    assert ended["Status"] == "FAILED"
    assert ended["FailureReason"]


@fact(FACTS, "5b", "In the management account the role is made with the caller's own permissions, not the service's")
def management_account(box: Box) -> None:
    at_once(box)
    assert Center(box).assign(MANAGEMENT)["Status"] == "SUCCEEDED"
    [made] = records(box.client("cloudtrail", "operator"), EventName="CreateRole")
    assert made["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] == "BreakGlassOperator"


@fact(FACTS, "5b", "Permission sets are made, described, and not deleted while an account has them [B]", verified=False)
def permission_sets(box: Box) -> None:
    at_once(box)
    center = Center(box)
    made = center.client.create_permission_set(**center.instance, Name="Repair", SessionDuration="PT2H")[
        "PermissionSet"
    ]
    assert made["PermissionSetArn"].startswith("arn:aws:sso:::permissionSet/ssoins-")
    code, _, _ = refused(lambda: center.client.create_permission_set(**center.instance, Name="Repair"))
    assert code == "ConflictException"
    own = {**center.instance, "PermissionSetArn": made["PermissionSetArn"]}
    assert center.client.describe_permission_set(**own)["PermissionSet"]["SessionDuration"] == "PT2H"
    center.client.delete_permission_set(**own)
    assert refused(lambda: center.client.describe_permission_set(**own))[0] == "ResourceNotFoundException"
    center.assign()
    assert refused(lambda: center.client.delete_permission_set(**center.set))[0] == "ConflictException"


@fact(
    FACTS,
    "5b",
    "Identity Center is the management account's, or its delegated administrator's; others see no instance",
    verified=False,
)
def who_administers(box: Box) -> None:
    center = Center(box)
    others = box.client("sso-admin", "delegate")
    assert others.list_instances()["Instances"] == []
    assert refused(lambda: others.list_permission_sets(**center.instance))[0] == "ResourceNotFoundException"
    assert box.client("sso-admin", "operator", region="eu-west-1").list_instances()["Instances"] == []
    assert refused(box.client("sso-admin", "nobody").list_instances)[:2] == ("AccessDeniedException", 400)
    assert SERVICE in box.snapshot()["organization"]["trusted_access"]
    box.client("organizations", "operator").register_delegated_administrator(
        AccountId=DELEGATE, ServicePrincipal=SERVICE
    )
    assert Center(box, "delegate").store == center.store


@fact(FACTS, "5b", "The identity store lists its people, by user name too")
def people(box: Box) -> None:
    center = Center(box)
    store = box.client("identitystore", "operator")
    shown = store.describe_user(IdentityStoreId=center.store, UserId=center.user)
    assert shown["UserName"] == "on-call"
    by_name = [{"AttributePath": "UserName", "AttributeValue": "nobody"}]
    assert store.list_users(IdentityStoreId=center.store, Filters=by_name)["Users"] == []
    code, _, _ = refused(lambda: store.describe_user(IdentityStoreId=center.store, UserId="none-of-them"))
    assert code == "ResourceNotFoundException"
