"""Organization policies and root sessions: service control policies, resource control policies (aws-facts 2.6)."""

from __future__ import annotations

import json
from typing import Any

from conformance.facts import CONDITIONS, MODEL, RCPS, SCPS, Fact, fact
from conformance.steps import MANAGEMENT, VAULT, as_root, attach_scp, deny
from support.refusals import refused

from breakglass_aws.sandbox import Box

FACTS: list[Fact] = []
PAYMENTS, LEGACY, REPORTS = "333344445555", "444455556666", "555566667777"
AUDIT, S3 = "IAMAuditRootUserCredentials", "S3UnlockBucketPolicy"
EXPORTS = {"Bucket": f"payments-exports-{PAYMENTS}"}
ANY_ROOT = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}
EXEMPTING = {**ANY_ROOT, "Null": {"aws:AssumedRoot": "true"}}
RCP, SCP = "RESOURCE_CONTROL_POLICY", "SERVICE_CONTROL_POLICY"


def attach_rcp(box: Box, target: str, *statements: dict[str, Any]) -> str:
    """Enable resource control policies and have one bind an account or OU; its ID."""
    client = box.client("organizations", "operator")
    [root] = client.list_roots()["Roots"]
    if not any(one["Type"] == RCP for one in root["PolicyTypes"]):
        client.enable_policy_type(RootId=root["Id"], PolicyType=RCP)
    content = json.dumps({"Version": "2012-10-17", "Statement": [{"Principal": "*", **one} for one in statements]})
    made = client.create_policy(Name=f"rcp-{target}", Description="", Type=RCP, Content=content)["Policy"]
    client.attach_policy(PolicyId=made["PolicySummary"]["Id"], TargetId=target)
    return str(made["PolicySummary"]["Id"])


# Service control policies


@fact(
    FACTS,
    "2.6",
    "An SCP that denies root users binds root sessions: they open, and every call in them is denied",
    source=SCPS,
)
def binds_sessions(box: Box) -> None:
    got = refused(as_root(box, VAULT, AUDIT)("iam").get_user)
    assert got == (
        "AccessDenied",
        403,
        f"User: arn:aws:iam::{VAULT}:root is not authorized to perform: iam:GetUser on resource: "
        f"arn:aws:iam::{VAULT}:root with an explicit deny in a service control policy",
    )


@fact(FACTS, "2.6", 'Null {"aws:AssumedRoot": "true"} exempts the sessions of AssumeRoot', source=CONDITIONS)
def exemption(box: Box) -> None:
    attach_scp(box, REPORTS, deny("*", Condition=EXEMPTING))
    assert as_root(box, REPORTS, AUDIT)("iam").get_user()["User"]["UserId"] == REPORTS


@fact(
    FACTS,
    "2.6",
    "aws:AssumedRoot exists in sessions of AssumeRoot alone: a root access key is denied",
    source=CONDITIONS,
)
def root_keys_are_not_exempt(box: Box) -> None:
    assert box.client("s3", "nightly-job").list_buckets()
    attach_scp(box, REPORTS, deny("*", Condition=EXEMPTING))
    text = refused(box.client("s3", "nightly-job").list_buckets)[2]
    assert text.endswith("with an explicit deny in a service control policy")


@fact(FACTS, "2.6", "SCPs of the root, of each OU and of the account count, each level for itself", source=SCPS)
def levels(box: Box) -> None:
    client = box.client("organizations", "operator")
    unit = client.list_parents(ChildId=PAYMENTS)["Parents"][0]["Id"]
    above = client.list_parents(ChildId=unit)["Parents"][0]["Id"]
    root = client.list_roots()["Roots"][0]["Id"]
    operations = ("get_user", "list_access_keys", "list_mfa_devices", "get_login_profile")
    iam = as_root(box, PAYMENTS, AUDIT)("iam")
    for target, action, operation in zip(
        (root, above, unit, PAYMENTS),
        ("iam:GetUser", "iam:ListAccessKeys", "iam:ListMFADevices", "iam:GetLoginProfile"),
        operations,
        strict=True,
    ):
        attach_scp(box, target, deny(action))
        assert refused(getattr(iam, operation))[0] == "AccessDenied"


@fact(FACTS, "2.6", "Where no SCP of a level allows the action, it is denied without an explicit deny", source=SCPS)
def allow_lists(box: Box) -> None:
    client = box.client("organizations", "operator")
    attach_scp(box, LEGACY, {"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    client.detach_policy(PolicyId="p-FullAWSAccess", TargetId=LEGACY)
    text = refused(as_root(box, LEGACY, AUDIT)("iam").get_user)[2]
    assert text.endswith("because no service control policy allows the iam:GetUser action")


@fact(
    FACTS, "2.6", "An account takes its SCPs from where it is: moved out of the OU, it is free of the OU's", source=SCPS
)
def moving(box: Box) -> None:
    client = box.client("organizations", "operator")
    source = client.list_parents(ChildId=VAULT)["Parents"][0]["Id"]
    root = client.list_roots()["Roots"][0]["Id"]
    client.move_account(AccountId=VAULT, SourceParentId=source, DestinationParentId=root)
    assert as_root(box, VAULT, AUDIT)("iam").get_user()


@fact(
    FACTS,
    "2.6",
    "A guard of Regions without exemptions blocks root work of IAM; the published one exempts it",
    source=SCPS,
)
def region_guard(box: Box) -> None:
    elsewhere = {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}
    attach_scp(box, PAYMENTS, deny("*", Condition=elsewhere))
    assert refused(as_root(box, PAYMENTS, AUDIT)("iam").get_user)[0] == "AccessDenied"
    exempt = ["iam:*", "sts:*", "s3:ListAllMyBuckets"]
    attach_scp(box, LEGACY, {"Effect": "Deny", "NotAction": exempt, "Resource": "*", "Condition": elsewhere})
    assert as_root(box, LEGACY, AUDIT)("iam").get_user()


@fact(FACTS, "2.6", "SCPs do not bind the management account", source=SCPS)
def management(box: Box) -> None:
    attach_scp(box, MANAGEMENT, deny("*"))
    assert box.client("iam", "operator").list_roles()["Roles"]


@fact(FACTS, "2.6", "Every policy over an account can be read without root: parents, policies of each, their documents")
def readable(box: Box) -> None:
    client = box.client("organizations", "auditor")
    unit = client.list_parents(ChildId=VAULT)["Parents"][0]["Id"]
    attached = client.list_policies_for_target(TargetId=unit, Filter=SCP)["Policies"]
    assert [policy["Name"] for policy in attached] == ["FullAWSAccess", "deny-root-user"]
    content = client.describe_policy(PolicyId=attached[1]["Id"])["Policy"]["Content"]
    assert json.loads(content)["Statement"][0]["Condition"] == ANY_ROOT


# Resource control policies


@fact(FACTS, "2.6", "The type is enabled on the root; RCPFullAWSAccess is then attached to all there is", source=RCPS)
def rcp_enabling(box: Box) -> None:
    client = box.client("organizations", "operator")
    [root] = client.list_roots()["Roots"]
    assert [one["Type"] for one in root["PolicyTypes"]] == [SCP]
    content = json.dumps({"Version": "2012-10-17", "Statement": [{"Principal": "*", **deny("s3:*")}]})
    made = client.create_policy(Name="early", Description="", Type=RCP, Content=content)["Policy"]["PolicySummary"]
    early = refused(lambda: client.attach_policy(PolicyId=made["Id"], TargetId=PAYMENTS))
    assert early[0] == "PolicyTypeNotEnabledException"
    types = client.enable_policy_type(RootId=root["Id"], PolicyType=RCP)["Root"]["PolicyTypes"]
    assert {one["Type"] for one in types} == {SCP, RCP}
    for target in (root["Id"], PAYMENTS):
        attached = client.list_policies_for_target(TargetId=target, Filter=RCP)["Policies"]
        assert [one["Name"] for one in attached] == ["RCPFullAWSAccess"]
    again = refused(lambda: client.enable_policy_type(RootId=root["Id"], PolicyType=RCP))
    assert again[0] == "PolicyTypeAlreadyEnabledException"


@fact(FACTS, "2.6", "RCPFullAWSAccess cannot be detached (with which error is presumed)", verified=False, source=RCPS)
def rcp_full_access_stays(box: Box) -> None:
    attach_rcp(box, PAYMENTS, deny("s3:DeleteBucket"))
    client = box.client("organizations", "operator")
    got = refused(lambda: client.detach_policy(PolicyId="p-RCPFullAWSAccess", TargetId=PAYMENTS))
    assert got[0] == "ConstraintViolationException"


@fact(FACTS, "2.6", "An RCP denies, everyone, actions of named services: anything else is malformed", source=RCPS)
def rcp_syntax(box: Box) -> None:
    client = box.client("organizations", "operator")
    good = {"Principal": "*", **deny("s3:*")}
    for change in (
        {"Effect": "Allow"},
        {"Principal": {"AWS": MANAGEMENT}},
        {"Action": "*"},
    ):
        content = json.dumps({"Version": "2012-10-17", "Statement": [{**good, **change}]})
        made = refused(
            lambda content=content: client.create_policy(Name="x", Description="", Type=RCP, Content=content)
        )
        assert made[0] == "MalformedPolicyDocumentException"


@fact(FACTS, "3.1", "An RCP stops the bucket owner's root user: no root session helps until it changes", source=MODEL)
def rcp_stops_the_owner(box: Box) -> None:
    identifier = attach_rcp(box, PAYMENTS, deny("s3:*BucketPolicy"))
    s3 = as_root(box, PAYMENTS, S3)("s3")
    text = refused(lambda: s3.get_bucket_policy(**EXPORTS))[2]
    assert text.endswith("with an explicit deny in a resource control policy")
    box.client("organizations", "operator").detach_policy(PolicyId=identifier, TargetId=PAYMENTS)
    assert s3.get_bucket_policy(**EXPORTS)["Policy"]


@fact(
    FACTS,
    "2.6",
    "RCPs bind who asks for a resource, from other accounts too, and not who lives in the account",
    source=RCPS,
)
def rcp_binds_resources(box: Box) -> None:
    attach_rcp(box, REPORTS, deny("s3:ListBucket"))
    bucket = f"reports-{REPORTS}"
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{PAYMENTS}:root"},
                "Action": "s3:ListBucket",
                "Resource": f"arn:aws:s3:::{bucket}",
            }
        ],
    }
    box.client("s3", "reports-administrator").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    for who in ("payments-administrator", "reports-administrator"):
        text = refused(lambda who=who: box.client("s3", who).list_objects_v2(Bucket=bucket))[2]
        assert text.endswith("with an explicit deny in a resource control policy")
    assert box.client("s3", "payments-administrator").list_objects_v2(**EXPORTS)["KeyCount"] == 0


@fact(
    FACTS,
    "2.6",
    "RCPs of the root and of OUs bind every account below, not the management account's resources",
    source=RCPS,
)
def rcp_levels(box: Box) -> None:
    attach_rcp(box, box.client("organizations", "operator").list_roots()["Roots"][0]["Id"], deny("s3:ListBucket"))
    client = box.client("s3", "operator")
    client.create_bucket(Bucket="of-the-management-account")
    assert client.list_objects_v2(Bucket="of-the-management-account")["KeyCount"] == 0
    assert refused(lambda: box.client("s3", "payments-administrator").list_objects_v2(**EXPORTS))[0] == "AccessDenied"


@fact(FACTS, "2.6", "RCPs reach S3, SQS and STS here; IAM's resources are out of their reach", source=RCPS)
def rcp_services(box: Box) -> None:
    attach_rcp(box, PAYMENTS, deny(["sts:AssumeRole", "iam:*"]))
    role = f"arn:aws:iam::{PAYMENTS}:role/OrganizationAccountAccessRole"
    engineer = box.client("sts", "engineer")
    got = refused(lambda: engineer.assume_role(RoleArn=role, RoleSessionName="visit"))
    assert got[0] == "AccessDenied"
    assert box.client("iam", "payments-administrator").list_roles()["Roles"]


@fact(FACTS, "2.6", "The published perimeter keeps a bucket to the organization, whatever its policy says", source=RCPS)
def rcp_perimeter(box: Box) -> None:
    guard = {
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-breakglass1"},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }
    attach_rcp(box, REPORTS, deny(["s3:*", "sqs:*"], Condition=guard))
    assert box.client("s3", "reports-administrator").list_objects_v2(Bucket=f"reports-{REPORTS}")["KeyCount"] == 0
    box.client("organizations", "operator").remove_account_from_organization(AccountId="343434343434")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:ListBucket",
                "Resource": f"arn:aws:s3:::reports-{REPORTS}",
            }
        ],
    }
    box.client("s3", "reports-administrator").put_bucket_policy(Bucket=f"reports-{REPORTS}", Policy=json.dumps(policy))
    outsider = box.client("s3", "spin-off-administrator")
    assert refused(lambda: outsider.list_objects_v2(Bucket=f"reports-{REPORTS}"))[0] == "AccessDenied"
    assert box.client("s3", "payments-administrator").list_objects_v2(Bucket=f"reports-{REPORTS}")["KeyCount"] == 0
