"""StackSets with service-managed permissions, the first way back into an account that lost its role (aws-facts 5b)."""

from __future__ import annotations

import json
from typing import Any

from conformance.facts import Fact, fact
from conformance.steps import (
    ADMINISTRATOR,
    DELEGATE,
    LOST_ROLE,
    MANAGEMENT,
    VAULT,
    at_once,
    attach_scp,
    clients_of,
    records,
    settle,
    wait_for,
)
from support.refusals import refused

from breakglass_aws.sandbox import Box

FACTS: list[Fact] = []
ROLE = "OrganizationAccountAccessRole"
SERVICE = "member.org.stacksets.cloudformation.amazonaws.com"
TEMPLATE = """
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Trusted: {Type: String}
  Sessions: {Type: Number, Default: 3600}
Resources:
  Role:
    Type: AWS::IAM::Role
    DeletionPolicy: Retain
    Properties:
      RoleName: OrganizationAccountAccessRole
      Path: /
      MaxSessionDuration: !Ref Sessions
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Principal: {AWS: !Sub "arn:${AWS::Partition}:iam::${Trusted}:root"}
            Action: sts:AssumeRole
      ManagedPolicyArns: [!Sub "arn:${AWS::Partition}:iam::aws:policy/AdministratorAccess"]
      Policies:
        - PolicyName: Own
          PolicyDocument:
            Version: 2012-10-17
            Statement: {Effect: Allow, Action: "s3:*", Resource: !Sub "arn:aws:s3:::own-${AWS::AccountId}/*"}
"""


def template(name: str = ROLE, *, retain: bool = True) -> str:
    return TEMPLATE.replace("RoleName: OrganizationAccountAccessRole", f"RoleName: {name}").replace(
        "Retain", "Retain" if retain else "Delete"
    )


def create(client: Any, name: str = "way-back", body: str = TEMPLATE, **options: Any) -> str:
    return client.create_stack_set(
        StackSetName=name,
        TemplateBody=body,
        PermissionModel="SERVICE_MANAGED",
        Capabilities=["CAPABILITY_NAMED_IAM"],
        AutoDeployment={"Enabled": False},
        Parameters=[{"ParameterKey": "Trusted", "ParameterValue": MANAGEMENT}],
        **options,
    )["StackSetId"]


def targets(box: Box, *accounts: str, kind: str = "INTERSECTION") -> dict[str, Any]:
    root = box.client("organizations", "operator").list_roots()["Roots"][0]["Id"]
    return {"OrganizationalUnitIds": [root], "Accounts": list(accounts), "AccountFilterType": kind}


def ready(box: Box, body: str = TEMPLATE, *, quick: bool = True) -> Any:
    """A client of the operator, with access activated and a StackSet there."""
    if quick:
        at_once(box)
    client = box.client("cloudformation", "operator")
    client.activate_organizations_access()
    create(client, body=body)
    return client


def deploy(client: Any, box: Box, *accounts: str, regions: tuple[str, ...] = ("us-east-1",), **options: Any) -> str:
    """The status of a finished deployment."""
    operation = client.create_stack_instances(
        StackSetName="way-back", DeploymentTargets=targets(box, *accounts), Regions=list(regions), **options
    )["OperationId"]
    return status(client, operation)


def status(client: Any, operation: str) -> str:
    return client.describe_stack_set_operation(StackSetName="way-back", OperationId=operation)["StackSetOperation"][
        "Status"
    ]


def assume(box: Box, account: str = LOST_ROLE, role: str = ROLE) -> dict[str, Any]:
    arn = f"arn:aws:iam::{account}:role/{role}"
    return box.client("sts", "engineer").assume_role(RoleArn=arn, RoleSessionName="engineer")["Credentials"]


@fact(FACTS, "5b", "ActivateOrganizationsAccess is trusted access for member.org.stacksets…; without it nothing works")
def trusted_access(box: Box) -> None:
    client = box.client("cloudformation", "operator")
    assert client.describe_organizations_access()["Status"] == "DISABLED"
    code, _, text = refused(lambda: create(client))
    assert (code, text) == (
        "ValidationError",
        "You must enable organizations access to operate a service managed stack set",
    )
    client.activate_organizations_access()
    assert client.describe_organizations_access()["Status"] == "ENABLED"
    assert SERVICE in box.snapshot()["organization"]["trusted_access"]
    client.deactivate_organizations_access()
    assert client.describe_organizations_access()["Status"] == "DISABLED"


@fact(FACTS, "5b", "A deployment with Accounts and INTERSECTION brings the role back into that account alone")
def brings_the_role_back(box: Box) -> None:
    client = ready(box)
    assert refused(lambda: assume(box))[0] == "AccessDenied"
    assert deploy(client, box, LOST_ROLE) == "SUCCEEDED"
    iam = clients_of(box, assume(box))("iam")
    role = iam.get_role(RoleName=ROLE)["Role"]
    assert (role["Path"], role["MaxSessionDuration"]) == ("/", 3600)
    trusted = role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
    assert trusted == {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}
    [attached] = iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]
    assert attached["PolicyArn"] == ADMINISTRATOR
    own = iam.get_role_policy(RoleName=ROLE, PolicyName="Own")["PolicyDocument"]
    assert own["Statement"]["Resource"] == f"arn:aws:s3:::own-{LOST_ROLE}/*"
    [instance] = client.list_stack_instances(StackSetName="way-back")["Summaries"]
    assert (instance["Account"], instance["Status"]) == (LOST_ROLE, "CURRENT")
    assert instance["StackInstanceStatus"] == {"DetailedStatus": "SUCCEEDED"}


@fact(FACTS, "5b", "StackSets works as stacksets-exec-*, which its service-linked role makes in the member account")
def works_as_its_own_role(box: Box) -> None:
    deploy(ready(box), box, LOST_ROLE)
    member = clients_of(box, assume(box))
    arns = [role["Arn"].partition("role")[2] for role in member("iam").list_roles()["Roles"]]
    assert any(arn.startswith("/stacksets-exec-") for arn in arns)
    assert f"/aws-service-role/{SERVICE}/AWSServiceRoleForCloudFormationStackSetsOrgMember" in arns
    made = records(member("cloudtrail"), EventName="CreateRole")[0]
    assert made["requestParameters"]["roleName"] == ROLE
    assert "assumed-role/stacksets-exec-" in made["userIdentity"]["arn"]
    assert made["userIdentity"]["invokedBy"] == made["sourceIPAddress"] == "cloudformation.amazonaws.com"


@fact(FACTS, "5b", "An operation runs for a while; another one meanwhile is OperationInProgressException")
def one_operation_at_a_time(box: Box) -> None:
    client = ready(box, quick=False)
    where = targets(box, LOST_ROLE)
    operation = client.create_stack_instances(
        StackSetName="way-back", DeploymentTargets=where, Regions=["us-east-1"], OperationId="the-first"
    )["OperationId"]
    assert (operation, status(client, operation)) == ("the-first", "RUNNING")
    code, http, text = refused(
        lambda: client.create_stack_instances(
            StackSetName="way-back", DeploymentTargets=where, Regions=["us-east-1"], OperationId="the-second"
        )
    )
    assert (code, http) == ("OperationInProgressException", 409)
    assert text.startswith("Another Operation on StackSet arn:aws:cloudformation:us-east-1:")
    assert text.endswith(" is in progress: the-first")
    wait_for(lambda: status(client, operation) == "SUCCEEDED")
    assert refused(lambda: deploy(client, box, LOST_ROLE, OperationId="the-first"))[0] == (
        "OperationIdAlreadyExistsException"
    )
    listed = client.list_stack_set_operations(StackSetName="way-back")["Summaries"]
    assert [(one["OperationId"], one["Action"], one["Status"]) for one in listed] == [
        ("the-first", "CREATE", "SUCCEEDED")
    ]


@fact(FACTS, "5b", "IAM is global: the stack of a second Region fails because the role exists")
def second_region_fails(box: Box) -> None:
    client = ready(box)
    assert deploy(client, box, LOST_ROLE, regions=("us-east-1", "eu-west-1")) == "FAILED"
    first, second = client.list_stack_instances(StackSetName="way-back")["Summaries"]
    assert (first["Region"], first["Status"], second["Region"], second["Status"]) == (
        "us-east-1",
        "CURRENT",
        "eu-west-1",
        "OUTDATED",
    )
    assert f"Resource of type 'AWS::IAM::Role' with identifier '{ROLE}' already exists." in second["StatusReason"]
    assert "HandlerErrorCode: AlreadyExists" in second["StatusReason"]


@fact(FACTS, "5b", "SCPs bind stacksets-exec-*: a deny leaves the instance OUTDATED, and says why", verified=False)
def scps_bind(box: Box) -> None:
    attach_scp(
        box, LOST_ROLE, {"Effect": "Deny", "Action": "iam:CreateRole", "Resource": f"arn:aws:iam::*:role/{ROLE}"}
    )
    client = ready(box)
    assert deploy(client, box, LOST_ROLE) == "FAILED"
    instance = client.describe_stack_instance(
        StackSetName="way-back", StackInstanceAccount=LOST_ROLE, StackInstanceRegion="us-east-1"
    )["StackInstance"]
    assert (instance["Status"], instance["StackInstanceStatus"]["DetailedStatus"]) == ("OUTDATED", "FAILED")
    assert "is not authorized to perform: iam:CreateRole" in instance["StatusReason"]
    assert "with an explicit deny in a service control policy" in instance["StatusReason"]
    [operation] = client.list_stack_set_operations(StackSetName="way-back")["Summaries"]
    [result] = client.list_stack_set_operation_results(StackSetName="way-back", OperationId=operation["OperationId"])[
        "Summaries"
    ]
    assert (result["Account"], result["Status"], result["StatusReason"]) == (
        LOST_ROLE,
        "FAILED",
        instance["StatusReason"],
    )


@fact(FACTS, "5b", "A role that cannot be finished leaves nothing behind", verified=False)
def rolls_back(box: Box) -> None:
    attach_scp(box, LOST_ROLE, {"Effect": "Deny", "Action": "iam:PutRolePolicy", "Resource": "*"})
    client = ready(box)
    assert deploy(client, box, LOST_ROLE) == "FAILED"
    assert refused(lambda: assume(box))[0] == "AccessDenied"


@fact(FACTS, "5b", "SCPs do not reach service-linked roles: stacksets-exec-* is made even under a deny of everything")
def service_linked_roles_are_exempt(box: Box) -> None:
    attach_scp(box, LOST_ROLE, {"Effect": "Deny", "Action": "*", "Resource": "*"})
    client = ready(box)
    assert deploy(client, box, LOST_ROLE) == "FAILED"
    [instance] = client.list_stack_instances(StackSetName="way-back")["Summaries"]
    assert "assumed-role/stacksets-exec-" in instance["StatusReason"]


@fact(FACTS, "5b", "Service-managed StackSets never deploy to the management account")
def never_the_management_account(box: Box) -> None:
    client = ready(box)
    assert deploy(client, box, MANAGEMENT) == "SUCCEEDED"
    assert client.list_stack_instances(StackSetName="way-back")["Summaries"] == []
    assert refused(lambda: box.client("iam", "operator").get_role(RoleName=ROLE))[0] == "NoSuchEntity"


@fact(FACTS, "5b", "DIFFERENCE leaves accounts out, UNION adds some, OUs reach what is below them [B]")
def account_filters(box: Box) -> None:
    client = ready(box, template("StackSetProbe"))
    organizations = box.client("organizations", "operator")
    root = organizations.list_roots()["Roots"][0]["Id"]
    units = {
        one["Name"]: one["Id"]
        for one in organizations.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
    }
    where = {
        "OrganizationalUnitIds": [units["Security"], units["Vault"]],
        "Accounts": [VAULT],
        "AccountFilterType": "DIFFERENCE",
    }
    client.create_stack_instances(StackSetName="way-back", DeploymentTargets=where, Regions=["us-east-1"])
    assert {one["Account"] for one in client.list_stack_instances(StackSetName="way-back")["Summaries"]} == {DELEGATE}
    where = {
        "OrganizationalUnitIds": [units["Vault"]],
        "Accounts": [LOST_ROLE],
        "AccountFilterType": "UNION",
    }
    client.create_stack_instances(StackSetName="way-back", DeploymentTargets=where, Regions=["us-east-1"])
    accounts = {one["Account"] for one in client.list_stack_instances(StackSetName="way-back")["Summaries"]}
    assert accounts == {DELEGATE, VAULT, LOST_ROLE}


@fact(FACTS, "5b", "Accounts need OUs beside them, and a filter type: the texts of AWS's ValidationErrors")
def wrong_targets(box: Box) -> None:
    client = ready(box)
    where = targets(box, LOST_ROLE)
    for given, text in (
        (
            {"DeploymentTargets": {"Accounts": [LOST_ROLE]}},
            "StackSets with SERVICE_MANAGED permission model can only have OrganizationalUnit as target",
        ),
        (
            {"Accounts": [LOST_ROLE]},
            "StackSets with SERVICE_MANAGED permission model can only have OrganizationalUnit as target",
        ),
        (
            {"DeploymentTargets": {key: where[key] for key in ("Accounts", "OrganizationalUnitIds")}},
            "AccountFilterType should be specified when both OrganizationalUnitIds and Accounts are provided",
        ),
    ):
        code, http, found = refused(
            lambda given=given: client.create_stack_instances(StackSetName="way-back", Regions=["us-east-1"], **given)
        )
        assert (code, http, found) == ("ValidationError", 400, text)


@fact(FACTS, "5b", "Suspended accounts are skipped (how the operation's result reads is presumed)", verified=False)
def suspended_accounts(box: Box) -> None:
    client = ready(box)
    assert deploy(client, box, "666677778888") == "SUCCEEDED"
    [instance] = client.list_stack_instances(StackSetName="way-back")["Summaries"]
    assert instance["StackInstanceStatus"] == {"DetailedStatus": "SKIPPED_SUSPENDED_ACCOUNT"}


@fact(FACTS, "5b", "Names are taken once, unknown StackSets, operations and instances are named not found [B]")
def names_and_lookups(box: Box) -> None:
    client = ready(box)
    assert refused(lambda: create(client))[:2] == ("NameAlreadyExistsException", 409)
    assert refused(lambda: client.describe_stack_set(StackSetName="none"))[:2] == ("StackSetNotFoundException", 404)
    assert refused(lambda: status(client, "none"))[:2] == ("OperationNotFoundException", 404)
    code, http, _ = refused(
        lambda: client.describe_stack_instance(
            StackSetName="way-back", StackInstanceAccount=LOST_ROLE, StackInstanceRegion="us-east-1"
        )
    )
    assert (code, http) == ("StackInstanceNotFoundException", 404)
    shown = client.describe_stack_set(StackSetName="way-back")["StackSet"]
    assert (shown["Status"], shown["PermissionModel"], shown["TemplateBody"]) == ("ACTIVE", "SERVICE_MANAGED", TEMPLATE)


@fact(FACTS, "5b", "Templates are checked: form, parameters, the capability a named role needs", verified=False)
def templates_are_checked(box: Box) -> None:
    client = ready(box)
    for body, text in (
        ("Resources: {", "Template format error: YAML not well-formed. (line 1, column 13)"),
        ("Parameters: {}", "Template format error: At least one Resources member must be defined."),
        (
            "Resources: {Role: {Type: 'AWS::IAM::Role', Properties: {RoleName: !Ref Nothing}}}",
            "Template format error: Unresolved resource dependencies [Nothing] in the Resources block of the template",
        ),
    ):
        assert refused(lambda body=body: create(client, "other", body)) == ("ValidationError", 400, text)
    given = {"StackSetName": "other", "TemplateBody": TEMPLATE, "PermissionModel": "SERVICE_MANAGED"}
    named = {**given, "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    assert refused(lambda: client.create_stack_set(**named))[2] == "Parameters: [Trusted] must have values"
    trusted = [{"ParameterKey": "Trusted", "ParameterValue": MANAGEMENT}]
    assert refused(lambda: client.create_stack_set(**given, Parameters=trusted)) == (
        "InsufficientCapabilitiesException",
        400,
        "Requires capabilities : [CAPABILITY_NAMED_IAM]",
    )


@fact(FACTS, "5b", "JSON templates work as YAML ones do")
def json_templates(box: Box) -> None:
    body = {
        "Parameters": {"Trusted": {"Type": "String"}},
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": {"Fn::Join": ["", ["Organization", "AccountAccessRole"]]},
                    "AssumeRolePolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": {
                            "Effect": "Allow",
                            "Principal": {"AWS": {"Fn::Sub": "arn:aws:iam::${Trusted}:root"}},
                            "Action": "sts:AssumeRole",
                        },
                    },
                    "ManagedPolicyArns": [ADMINISTRATOR],
                },
            }
        },
    }
    client = ready(box, json.dumps(body))
    assert deploy(client, box, LOST_ROLE) == "SUCCEEDED"
    assert assume(box)["AccessKeyId"]


@fact(FACTS, "5b", "A role with DeletionPolicy Retain stays when its stack is deleted; one without it goes")
def deletion_policy(box: Box) -> None:
    for name, retain, left in (("Kept", True, True), ("Gone", False, False)):
        box.reset()
        client = ready(box, template(name, retain=retain))
        deploy(client, box, LOST_ROLE)
        operation = client.delete_stack_instances(
            StackSetName="way-back",
            DeploymentTargets=targets(box, LOST_ROLE),
            Regions=["us-east-1"],
            RetainStacks=False,
        )["OperationId"]
        assert status(client, operation) == "SUCCEEDED"
        assert client.list_stack_instances(StackSetName="way-back")["Summaries"] == []
        if left:
            assert assume(box, role=name)["AccessKeyId"]
        else:
            assert refused(lambda name=name: assume(box, role=name))[0] == "AccessDenied"


@fact(FACTS, "5b", "RetainStacks lets go of the instance and leaves all it made")
def retained_stacks(box: Box) -> None:
    client = ready(box, template(retain=False))
    deploy(client, box, LOST_ROLE)
    client.delete_stack_instances(
        StackSetName="way-back", DeploymentTargets=targets(box, LOST_ROLE), Regions=["us-east-1"], RetainStacks=True
    )
    assert client.list_stack_instances(StackSetName="way-back")["Summaries"] == []
    assert assume(box)["AccessKeyId"]


@fact(FACTS, "5b", "A StackSet is deleted when it is empty, not before; deleting it again is no error [B]")
def deletion(box: Box) -> None:
    client = ready(box)
    deploy(client, box, LOST_ROLE)
    assert refused(lambda: client.delete_stack_set(StackSetName="way-back"))[:2] == ("StackSetNotEmptyException", 409)
    client.delete_stack_instances(
        StackSetName="way-back", DeploymentTargets=targets(box, LOST_ROLE), Regions=["us-east-1"], RetainStacks=True
    )
    client.delete_stack_set(StackSetName="way-back")
    client.delete_stack_set(StackSetName="way-back")
    [left] = client.list_stack_sets()["Summaries"]
    assert left["Status"] == "DELETED"
    assert client.list_stack_sets(Status="ACTIVE")["Summaries"] == []


@fact(FACTS, "5b", "A role deleted behind CloudFormation's back is not made again by the same template", verified=False)
def compares_templates_not_accounts(box: Box) -> None:
    client = ready(box, template("Probe", retain=False))
    deploy(client, box, LOST_ROLE)
    iam = clients_of(box, assume(box, role="Probe"))("iam")
    iam.detach_role_policy(RoleName="Probe", PolicyArn=ADMINISTRATOR)
    assert deploy(client, box, LOST_ROLE) == "SUCCEEDED"
    assert refused(iam.list_roles)[0] == "AccessDenied"


@fact(FACTS, "5b", "UpdateStackSet brings a changed template to all instances")
def updates(box: Box) -> None:
    client = ready(box)
    deploy(client, box, LOST_ROLE)
    iam = clients_of(box, assume(box))("iam")
    operation = client.update_stack_set(
        StackSetName="way-back",
        UsePreviousTemplate=True,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[
            {"ParameterKey": "Trusted", "UsePreviousValue": True},
            {"ParameterKey": "Sessions", "ParameterValue": "7200"},
        ],
    )["OperationId"]
    assert status(client, operation) == "SUCCEEDED"
    assert iam.get_role(RoleName=ROLE)["Role"]["MaxSessionDuration"] == 7200


@fact(FACTS, "5b", "A delegated administrator of StackSets works with CallAs=DELEGATED_ADMIN, on the same StackSets")
def delegated_administrator(box: Box) -> None:
    ready(box)
    client = box.client("cloudformation", "delegate")
    assert refused(lambda: client.list_stack_sets(CallAs="DELEGATED_ADMIN")) == (
        "ValidationError",
        400,
        "Account used is not a delegated administrator",
    )
    assert refused(client.list_stack_sets) == (
        "ValidationError",
        400,
        "You must be the management account or delegated admin account of an organization before operating a "
        "SERVICE_MANAGED stack set",
    )
    box.client("organizations", "operator").register_delegated_administrator(
        AccountId=DELEGATE, ServicePrincipal=SERVICE
    )
    [seen] = client.list_stack_sets(CallAs="DELEGATED_ADMIN")["Summaries"]
    assert seen["StackSetName"] == "way-back"
    client.create_stack_instances(
        StackSetName="way-back",
        CallAs="DELEGATED_ADMIN",
        DeploymentTargets=targets(box, LOST_ROLE),
        Regions=["us-east-1"],
    )
    [instance] = client.list_stack_instances(StackSetName="way-back", CallAs="DELEGATED_ADMIN")["Summaries"]
    assert instance["Status"] == "CURRENT"


@fact(FACTS, "5b", "StackSets need permission like every call, and are regional")
def permission_and_region(box: Box) -> None:
    ready(box)
    settle(box, stack_sets="0 seconds")
    code, http, text = refused(
        lambda: box.client("cloudformation", "nobody").describe_stack_set(StackSetName="way-back")
    )
    assert (code, http) == ("AccessDenied", 403)
    assert f"on resource: arn:aws:cloudformation:us-east-1:{MANAGEMENT}:stackset/way-back:*" in text
    elsewhere = box.client("cloudformation", "operator", region="eu-west-1")
    assert elsewhere.list_stack_sets()["Summaries"] == []


@fact(
    FACTS,
    "1.4",
    "Trusted access for StackSets is not deactivated while a delegated administrator has it",
    verified=False,
)
def delegates_keep_access(box: Box) -> None:
    client = ready(box)
    box.client("organizations", "operator").register_delegated_administrator(
        AccountId=DELEGATE, ServicePrincipal=SERVICE
    )
    assert refused(client.deactivate_organizations_access)[0] == "InvalidOperationException"


@fact(FACTS, "5b", "Properties the resource type does not have fail the stack before anything is made", verified=False)
def properties_are_checked(box: Box) -> None:
    body = "Resources: {Role: {Type: 'AWS::IAM::Role', Properties: {RoleName: Probe, Policies: [1], Nonsense: 1}}}"
    at_once(box)
    client = box.client("cloudformation", "operator")
    client.activate_organizations_access()
    client.create_stack_set(
        StackSetName="way-back",
        TemplateBody=body,
        PermissionModel="SERVICE_MANAGED",
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    assert deploy(client, box, LOST_ROLE) == "FAILED"
    [instance] = client.list_stack_instances(StackSetName="way-back")["Summaries"]
    assert "#: extraneous key [Nonsense] is not permitted" in instance["StatusReason"]
    assert "#: required key [AssumeRolePolicyDocument] not found" in instance["StatusReason"]
