"""Whole procedures, and least-privilege documents, as the documentation advises them (aws-facts 5e to 5h, 7)."""

from __future__ import annotations

import json
from typing import Any

from conformance.facts import CONDITIONS, ENABLE, RECORDED, TASKS, Fact, fact
from conformance.steps import (
    ADMINISTRATOR,
    DELEGATE,
    MANAGEMENT,
    as_root,
    attach_scp,
    clients_of,
    control,
    deny,
    grant,
)
from support.refusals import refused

from breakglass_aws.sandbox import Box

FACTS: list[Fact] = []
PAYMENTS, LEGACY, REPORTS, DATA_LAKE = "333344445555", "444455556666", "555566667777", "012345678901"
AUDIT, DELETE, CREATE = "IAMAuditRootUserCredentials", "IAMDeleteRootUserCredentials", "IAMCreateRootUserPassword"
IAM = {"ServicePrincipal": "iam.amazonaws.com"}
SCP_EXAMPLES = "Organizations User Guide: Service control policy examples"
ROOT_TASK = "arn:aws:iam::aws:policy/root-task/"


def switch_off(box: Box) -> None:
    """In the only order AWS takes: features, delegation, trusted access."""
    iam, organizations = box.client("iam", "operator"), box.client("organizations", "operator")
    iam.disable_organizations_root_sessions()
    iam.disable_organizations_root_credentials_management()
    organizations.deregister_delegated_administrator(AccountId=DELEGATE, **IAM)
    organizations.disable_aws_service_access(**IAM)


@fact(FACTS, "5e", "A locked queue: found, read, opened by a root session, then used by the normal role", source=TASKS)
def unlock_queue(box: Box) -> None:
    sqs = box.client("sqs", "reports-administrator")
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    locked = {"Version": "2012-10-17", "Statement": [{"Principal": "*", **deny("sqs:*")}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(locked)})
    root = as_root(box, REPORTS, "SQSUnlockQueuePolicy")("sqs")
    found = root.get_queue_url(QueueName="jobs")["QueueUrl"]
    backup = root.get_queue_attributes(QueueUrl=found, AttributeNames=["All"])["Attributes"]["Policy"]
    root.set_queue_attributes(QueueUrl=found, Attributes={"Policy": ""})
    assert json.loads(backup) == locked
    assert sqs.send_message(QueueUrl=url, MessageBody="again")["MessageId"]


@fact(
    FACTS,
    "5g",
    "First-time enablement: trusted access, both features, the delegated administrator, a first audit",
    source=ENABLE,
)
def enablement(box: Box) -> None:
    switch_off(box)
    iam, organizations = box.client("iam", "operator"), box.client("organizations", "operator")
    assert organizations.describe_organization()["Organization"]["FeatureSet"] == "ALL"
    organizations.enable_aws_service_access(**IAM)
    iam.enable_organizations_root_credentials_management()
    iam.enable_organizations_root_sessions()
    organizations.register_delegated_administrator(AccountId=DELEGATE, **IAM)
    assert len(iam.list_organizations_features()["EnabledFeatures"]) == 2
    assert as_root(box, PAYMENTS, AUDIT, by="delegate")("iam").get_account_summary()


@fact(
    FACTS,
    "5g",
    "The drill: allow recovery, EntityAlreadyExists, delete, NoSuchEntity; it leaves nothing behind",
    source=RECORDED,
)
def drill(box: Box) -> None:
    before = box.snapshot()
    create = as_root(box, PAYMENTS, CREATE)("iam")
    create.create_login_profile()
    assert refused(create.create_login_profile)[0] == "EntityAlreadyExists"
    delete = as_root(box, PAYMENTS, DELETE)("iam")
    delete.delete_login_profile()
    assert refused(delete.delete_login_profile)[0] == "NoSuchEntity"
    summary = as_root(box, PAYMENTS, AUDIT)("iam").get_account_summary()["SummaryMap"]
    assert summary["AccountPasswordPresent"] == 0
    assert box.snapshot() == before


@fact(
    FACTS,
    "5h",
    "A quarantine SCP stops a live root sign-in and a root key, and leaves root sessions to work",
    verified=False,
)
def quarantine(box: Box) -> None:
    intruder = clients_of(box, control(box, "POST", "person/data-lake/sign_in", {}))("iam")
    key = intruder.create_access_key()["AccessKey"]
    stolen = clients_of(box, key)("iam")
    assert stolen.list_users()
    condition = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}, "Null": {"aws:AssumedRoot": "true"}}
    leave = deny(["organizations:LeaveOrganization", "organizations:AcceptHandshake", "account:*"])
    attach_scp(box, DATA_LAKE, deny("*", Condition=condition), leave)
    for client in (intruder, stolen):
        assert refused(client.list_users)[0] == "AccessDenied"
    member = box.client("organizations", "data-lake-administrator")
    assert refused(member.leave_organization)[0] == "AccessDeniedException"
    iam = as_root(box, DATA_LAKE, DELETE)("iam")
    iam.delete_access_key(AccessKeyId=key["AccessKeyId"])
    iam.delete_login_profile()
    assert refused(stolen.list_users)[0] == "InvalidClientTokenId"


@fact(FACTS, "5h", "A session of a root user who signed in outlives the deletion of the password", verified=False)
def sign_in_outlives(box: Box) -> None:
    intruder = clients_of(box, control(box, "POST", "person/data-lake/sign_in", {}))("iam")
    as_root(box, DATA_LAKE, DELETE)("iam").delete_login_profile()
    assert intruder.get_user()["User"]["UserId"] == DATA_LAKE


# Least-privilege documents


def assume_root(task: str, resource: str | list[str] = "arn:aws:iam::*:root") -> dict[str, Any]:
    condition = {"StringEquals": {"sts:TaskPolicyArn": f"{ROOT_TASK}{task}"}}
    return {"Effect": "Allow", "Action": "sts:AssumeRoot", "Resource": resource, "Condition": condition}


@fact(
    FACTS,
    "7.1",
    "An enabler needs three iam and three organizations actions, limited by service principal",
    source=ENABLE,
)
def enabler(box: Box) -> None:
    switch_off(box)
    actions = ["EnableAWSServiceAccess", "RegisterDelegatedAdministrator", "DeregisterDelegatedAdministrator"]
    services = {"organizations:ServicePrincipal": ["iam.amazonaws.com", "account.amazonaws.com"]}
    flags = [
        "EnableOrganizationsRootCredentialsManagement",
        "EnableOrganizationsRootSessions",
        "ListOrganizationsFeatures",
    ]
    grant(
        box,
        "NoPermissions",
        {
            "Effect": "Allow",
            "Action": [f"organizations:{action}" for action in actions],
            "Resource": "*",
            "Condition": {"StringEquals": services},
        },
        {"Effect": "Allow", "Action": [f"iam:{flag}" for flag in flags], "Resource": "*"},
    )
    iam, organizations = box.client("iam", "nobody"), box.client("organizations", "nobody")
    organizations.enable_aws_service_access(**IAM)
    iam.enable_organizations_root_credentials_management()
    iam.enable_organizations_root_sessions()
    organizations.register_delegated_administrator(AccountId=DELEGATE, **IAM)
    assert refused(iam.disable_organizations_root_sessions)[0] == "AccessDenied"
    other = refused(lambda: organizations.enable_aws_service_access(ServicePrincipal="sso.amazonaws.com"))
    assert other[0] == "AccessDeniedException"


@fact(
    FACTS,
    "7.2",
    "An auditor, a deleter, an unlocker: sts:AssumeRoot with sts:TaskPolicyArn, pinned to accounts",
    source=TASKS,
)
def single_tasks(box: Box) -> None:
    for task in (AUDIT, DELETE, CREATE, "S3UnlockBucketPolicy", "SQSUnlockQueuePolicy"):
        grant(box, "NoPermissions", assume_root(task, f"arn:aws:iam::{PAYMENTS}:root"))
        assert as_root(box, PAYMENTS, task, by="nobody")
        for other in {AUDIT, DELETE} - {task}:
            assert refused(lambda other=other: as_root(box, PAYMENTS, other, by="nobody"))[0] == "AccessDenied"
        assert refused(lambda task=task: as_root(box, LEGACY, task, by="nobody"))[0] == "AccessDenied"


@fact(FACTS, "7.8", "An SCP protects OrganizationAccountAccessRole from all but the role itself", source=SCP_EXAMPLES)
def protected_role(box: Box) -> None:
    role = "OrganizationAccountAccessRole"
    iam = box.client("iam", "payments-administrator")
    iam.create_user(UserName="careless")
    iam.attach_user_policy(UserName="careless", PolicyArn=ADMINISTRATOR)
    careless = clients_of(box, iam.create_access_key(UserName="careless")["AccessKey"])("iam")
    statement = deny(["iam:AttachRolePolicy", "iam:DeleteRole", "iam:DetachRolePolicy", "iam:UpdateAssumeRolePolicy"])
    statement["Resource"] = f"arn:aws:iam::*:role/{role}"
    exempt = {
        "ArnNotLike": {"aws:PrincipalArn": ["arn:aws:iam::*:role/stacksets-exec-*", f"arn:aws:iam::*:role/{role}"]}
    }
    attach_scp(box, PAYMENTS, {**statement, "Condition": exempt})
    detach = {"RoleName": role, "PolicyArn": ADMINISTRATOR}
    text = refused(lambda: careless.detach_role_policy(**detach))[2]
    assert text.endswith("with an explicit deny in a service control policy")
    iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")


@fact(
    FACTS,
    "7.9",
    "An SCP on the delegated administrator's account leaves AssumeRoot to one role and one task",
    source=CONDITIONS,
)
def guarded_delegate(box: Box) -> None:
    condition = {"StringNotLike": {"sts:TaskPolicyArn": f"{ROOT_TASK}{AUDIT}"}}
    attach_scp(box, DELEGATE, deny("sts:AssumeRoot", Condition=condition))
    assert as_root(box, PAYMENTS, AUDIT, by="delegate")
    assert refused(lambda: as_root(box, PAYMENTS, DELETE, by="delegate"))[0] == "AccessDenied"
    others = {"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{MANAGEMENT}:role/RootOperator"}}
    organizations = box.client("organizations", "operator")
    [policy] = [
        one
        for one in organizations.list_policies_for_target(TargetId=DELEGATE, Filter="SERVICE_CONTROL_POLICY")[
            "Policies"
        ]
        if not one["AwsManaged"]
    ]
    content = {"Version": "2012-10-17", "Statement": [deny("sts:AssumeRoot", Condition=others)]}
    organizations.update_policy(PolicyId=policy["Id"], Content=json.dumps(content))
    assert refused(lambda: as_root(box, PAYMENTS, AUDIT, by="delegate"))[0] == "AccessDenied"
