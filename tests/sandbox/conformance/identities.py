"""Keys, tokens and signatures, each refused with AWS's error; role sessions and what narrows them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from functools import partial
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from conformance.facts import CONDITIONS, EVALUATION, Fact, fact
from conformance.steps import ADMINISTRATOR, attach_scp, clients_of, control, deny, grant
from support.refusals import refused

from breakglass_aws.sandbox import Box

FACTS: list[Fact] = []
ERRORS = "AWS API references: Common errors; public reports"
SIGNING = "IAM User Guide: Create a signed AWS API request"
SESSIONS = "IAM User Guide: Temporary security credentials"
BOUNDARIES = "IAM User Guide: Permissions boundaries for IAM entities"
INVALID = "The security token included in the request is invalid."
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)
HARMLESS = {
    "sts": "get_caller_identity",
    "iam": "list_roles",
    "sqs": "list_queues",
    "organizations": "describe_organization",
    "s3": "list_buckets",
}
ROLE = "arn:aws:iam::{}:role/OrganizationAccountAccessRole"
PAYMENTS, MANAGEMENT = "333344445555", "111122223333"
S3_READER = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


def with_keys(box: Box, service: str, **change: str | None) -> tuple[str, int, str]:
    """How a harmless call is refused with other keys."""
    keys = box.credentials("operator") | change
    client = box.client_with(service, keys["access_key"], keys["secret_key"], keys["session_token"])
    return refused(getattr(client, HARMLESS[service]))


def signed(box: Box, body: bytes, sent: bytes | None = None, date: str | None = None) -> tuple[int, str]:
    """Sign one body, send another perhaps; status and text of the answer."""
    keys = box.credentials("operator")
    request = AWSRequest(
        "POST", box.url, data=body, headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    )
    credentials = Credentials(keys["access_key"], keys["secret_key"], keys["session_token"])
    SigV4Auth(credentials, "sts", "us-east-1").add_auth(request)
    headers = dict(request.headers.items()) | ({"X-Amz-Date": date} if date else {})
    try:
        with urllib.request.urlopen(urllib.request.Request(box.url, data=sent or body, headers=headers)) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def assume(box: Box, who: str, account: str, **given: Any) -> dict[str, Any]:
    answer = box.client("sts", who).assume_role(RoleArn=ROLE.format(account), RoleSessionName="visit", **given)
    return dict(answer)


@fact(FACTS, "auth", "Right keys pass, of every service", source=SIGNING)
def right_keys(box: Box) -> None:
    for service, operation in HARMLESS.items():
        getattr(box.client(service, "operator"), operation)()


@fact(FACTS, "auth", "A wrong secret: SignatureDoesNotMatch, InvalidSignatureException of JSON services", source=ERRORS)
def wrong_secret(box: Box) -> None:
    for service in ("sts", "iam", "sqs"):
        assert with_keys(box, service, secret_key="wrong") == ("SignatureDoesNotMatch", 403, MISMATCH)
    assert with_keys(box, "organizations", secret_key="wrong") == ("InvalidSignatureException", 400, MISMATCH)
    text = f"{MISMATCH.partition(' Check')[0]} Check your key and signing method."
    assert with_keys(box, "s3", secret_key="wrong") == ("SignatureDoesNotMatch", 403, text)


@fact(
    FACTS,
    "auth",
    "An unknown key: InvalidClientTokenId, UnrecognizedClientException, InvalidAccessKeyId",
    source=ERRORS,
)
def unknown_key(box: Box) -> None:
    unknown = partial(with_keys, box, access_key="AKIAQQQQQQQQQQQQQQQQ")
    for service in ("sts", "iam", "sqs"):
        assert unknown(service) == ("InvalidClientTokenId", 403, INVALID)
    assert unknown("organizations") == ("UnrecognizedClientException", 400, INVALID)
    text = "The AWS Access Key Id you provided does not exist in our records."
    assert unknown("s3") == ("InvalidAccessKeyId", 403, text)


@fact(FACTS, "auth", "A missing or wrong session token: InvalidClientTokenId; InvalidToken of S3", source=ERRORS)
def wrong_token(box: Box) -> None:
    assert with_keys(box, "sts", session_token=None) == ("InvalidClientTokenId", 403, INVALID)
    assert with_keys(box, "sts", session_token="other") == ("InvalidClientTokenId", 403, INVALID)
    text = "The provided token is malformed or otherwise invalid."
    assert with_keys(box, "s3", session_token="other") == ("InvalidToken", 400, text)


@fact(FACTS, "auth", "The signature covers the body and the date", source=SIGNING)
def signature_covers(box: Box) -> None:
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    assert signed(box, body)[0] == 200
    status, text = signed(box, body, sent=b"Action=GetSessionToken&Version=2011-06-15")
    assert (status, "SignatureDoesNotMatch" in text) == (403, True)
    status, text = signed(box, body, date="20200101T000000Z")
    assert (status, "SignatureDoesNotMatch" in text) == (403, True)


@fact(FACTS, "auth", "An unsigned request: MissingAuthenticationToken", source=ERRORS)
def unsigned(box: Box) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    request = urllib.request.Request(box.url, data=b"Action=GetCallerIdentity&Version=2011-06-15", headers=headers)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 403
    assert b"<Code>MissingAuthenticationToken</Code>" in caught.value.read()


@fact(FACTS, "auth", "GetCallerIdentity says who one is, and needs no permission", source="STS API Reference")
def who_one_is(box: Box) -> None:
    for name, arn in (
        ("operator", f"arn:aws:sts::{MANAGEMENT}:assumed-role/BreakGlassOperator/operator"),
        ("engineer", f"arn:aws:iam::{MANAGEMENT}:user/engineer"),
        ("delegate", "arn:aws:sts::222233334444:assumed-role/OrganizationAccountAccessRole/delegate"),
        ("nightly-job", "arn:aws:iam::555566667777:root"),
        ("nobody", f"arn:aws:sts::{MANAGEMENT}:assumed-role/NoPermissions/nobody"),
    ):
        answer = box.client("sts", name).get_caller_identity()
        assert (answer["Arn"], answer["Account"]) == (arn, arn.split(":")[4])


@fact(FACTS, "auth", "A role that trusts the caller's account is assumed; its session has its name", source=SESSIONS)
def assumed(box: Box) -> None:
    answer = assume(box, "engineer", PAYMENTS)
    arn = clients_of(box, answer["Credentials"])("sts").get_caller_identity()["Arn"]
    assert arn == answer["AssumedRoleUser"]["Arn"]
    assert arn.endswith("assumed-role/OrganizationAccountAccessRole/visit")


@fact(
    FACTS,
    "auth",
    "A missing role, a refusing trust and a missing permission all read the same: AccessDenied",
    source=ERRORS,
)
def not_assumed(box: Box) -> None:
    for who, account in (
        ("nobody", PAYMENTS),
        ("payments-administrator", "444455556666"),
        ("engineer", "888899990000"),
        ("engineer", "666677778888"),
    ):
        code, status, text = refused(lambda who=who, account=account: assume(box, who, account))
        assert (code, status) == ("AccessDenied", 403)
        assert text.endswith(f"is not authorized to perform: sts:AssumeRole on resource: {ROLE.format(account)}")


@fact(FACTS, "auth", "A source identity is carried over, and the next role must admit it", source=SESSIONS)
def source_identity(box: Box) -> None:
    assert "sts:SetSourceIdentity" in refused(lambda: assume(box, "operator", PAYMENTS))[2]


@fact(FACTS, "auth", "Roles are not assumed by root users", source="STS API Reference")
def root_assumes_no_role(box: Box) -> None:
    got = refused(lambda: assume(box, "nightly-job", PAYMENTS))
    assert got == ("AccessDenied", 403, "Roles may not be assumed by root accounts.")


@fact(FACTS, "auth", "Session policies narrow a session", source=EVALUATION)
def session_policies(box: Box) -> None:
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    client = clients_of(box, assume(box, "engineer", PAYMENTS, Policy=json.dumps(policy))["Credentials"])
    client("s3").list_buckets()
    text = refused(client("iam").list_roles)[2]
    assert text.endswith("because no session policy allows the iam:ListRoles action")


@fact(FACTS, "auth", "A permissions boundary narrows a role", source=BOUNDARIES)
def boundary_of_a_role(box: Box) -> None:
    administrator = box.client("iam", "payments-administrator")
    administrator.put_role_permissions_boundary(RoleName="OrganizationAccountAccessRole", PermissionsBoundary=S3_READER)
    box.client("s3", "payments-administrator").list_buckets()
    text = refused(administrator.list_roles)[2]
    assert text.endswith("because no permissions boundary allows the iam:ListRoles action")


@fact(
    FACTS,
    "auth",
    "A permissions boundary narrows a user, from its creation or set later; it shows in GetUser",
    source=BOUNDARIES,
)
def boundary_of_a_user(box: Box) -> None:
    iam = box.client("iam", "operator")
    iam.create_user(UserName="new", PermissionsBoundary=S3_READER)
    iam.attach_user_policy(UserName="new", PolicyArn=ADMINISTRATOR)
    key = iam.create_access_key(UserName="new")["AccessKey"]
    client = clients_of(box, key)
    assert client("s3").list_buckets()
    text = refused(client("iam").list_roles)[2]
    assert text.endswith("because no permissions boundary allows the iam:ListRoles action")
    shown = iam.get_user(UserName="new")["User"]["PermissionsBoundary"]
    assert shown["PermissionsBoundaryArn"] == S3_READER
    iam.delete_user_permissions_boundary(UserName="new")
    assert client("iam").list_roles()
    iam.put_user_permissions_boundary(UserName="new", PermissionsBoundary=S3_READER)
    assert refused(client("iam").list_roles)[0] == "AccessDenied"


@fact(FACTS, "auth", "A user's groups and customer managed policies count; an inactive key does not", source=EVALUATION)
def users(box: Box) -> None:
    iam = box.client("iam", "operator")
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*"}}
    arn = iam.create_policy(PolicyName="list", PolicyDocument=json.dumps(document))["Policy"]["Arn"]
    iam.create_user(UserName="new")
    iam.create_group(GroupName="readers")
    key = iam.create_access_key(UserName="new")["AccessKey"]
    client = clients_of(box, key)("iam")
    assert refused(client.list_roles)[0] == "AccessDenied"
    iam.attach_group_policy(GroupName="readers", PolicyArn=arn)
    iam.add_user_to_group(GroupName="readers", UserName="new")
    client.list_roles()
    iam.update_access_key(UserName="new", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert refused(client.list_roles)[0] == "InvalidClientTokenId"


@fact(
    FACTS, "auth", "A session of a role that was deleted does not work again when the role is made anew", verified=False
)
def recreated_role(box: Box) -> None:
    iam = box.client("iam", "engineer")
    trust = iam.get_role(RoleName="BreakGlassOperator")["Role"]["AssumeRolePolicyDocument"]
    assert box.client("iam", "operator").list_roles()
    iam.detach_role_policy(RoleName="BreakGlassOperator", PolicyArn=ADMINISTRATOR)
    iam.delete_role(RoleName="BreakGlassOperator")
    iam.create_role(RoleName="BreakGlassOperator", AssumeRolePolicyDocument=json.dumps(trust))
    iam.attach_role_policy(RoleName="BreakGlassOperator", PolicyArn=ADMINISTRATOR)
    assert refused(box.client("iam", "operator").list_roles)[0] == "AccessDenied"
    keys = box.client("sts", "engineer").assume_role(
        RoleArn=f"arn:aws:iam::{MANAGEMENT}:role/BreakGlassOperator", RoleSessionName="anew"
    )["Credentials"]
    assert clients_of(box, keys)("iam").list_roles()


@fact(FACTS, "auth", "A session of a user that was deleted and made again may nothing any more", verified=False)
def recreated_user(box: Box) -> None:
    iam = box.client("iam", "operator")

    def make() -> dict[str, str]:
        iam.create_user(UserName="temporary")
        iam.attach_user_policy(UserName="temporary", PolicyArn=ADMINISTRATOR)
        return iam.create_access_key(UserName="temporary")["AccessKey"]

    key = make()
    session = clients_of(box, clients_of(box, key)("sts").get_session_token()["Credentials"])("iam")
    iam.delete_access_key(UserName="temporary", AccessKeyId=key["AccessKeyId"])
    iam.detach_user_policy(UserName="temporary", PolicyArn=ADMINISTRATOR)
    iam.delete_user(UserName="temporary")
    assert clients_of(box, make())("iam").list_roles()
    assert refused(session.list_roles)[0] == "AccessDenied"


@fact(FACTS, "auth", "aws:userid is the role's ID and the session's name", source=CONDITIONS)
def user_id(box: Box) -> None:
    mine = box.client("sts", "nobody").get_caller_identity()["UserId"]
    allow = {"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*"}
    grant(box, "NoPermissions", {**allow, "Condition": {"StringEquals": {"aws:userid": mine.replace("nobody", "x")}}})
    assert refused(box.client("iam", "nobody").list_roles)[0] == "AccessDenied"
    grant(box, "NoPermissions", {**allow, "Condition": {"StringEquals": {"aws:userid": mine}}})
    assert box.client("iam", "nobody").list_roles()


@fact(FACTS, "auth", "aws:PrincipalTag is the tag of the role or user", source=CONDITIONS)
def principal_tags(box: Box) -> None:
    tagged = {"StringEquals": {"aws:PrincipalTag/team": "recovery"}}
    grant(box, "NoPermissions", {"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*", "Condition": tagged})
    assert refused(box.client("iam", "nobody").list_roles)[0] == "AccessDenied"
    tag = {"Key": "team", "Value": "recovery"}
    box.client("iam", "operator").tag_role(RoleName="NoPermissions", Tags=[tag])
    assert box.client("iam", "nobody").list_roles()


def _condition_row(key: str, value: str | list[str], operator: str = "StringEquals") -> None:
    text = "is not in the context of an ordinary request" if operator == "Null" else "is in the request context"

    @fact(FACTS, "auth", f"Condition key {key} {text}", source=CONDITIONS)
    def condition_key(box: Box) -> None:
        iam = box.client("iam", "payments-administrator")
        attach_scp(box, PAYMENTS, deny("iam:ListRoles", Condition={operator: {key: value}}))
        text = refused(iam.list_roles)[2]
        assert text.endswith("with an explicit deny in a service control policy")
        assert iam.list_users()

    condition_key.__name__ = f"condition_key_{key.partition(':')[2]}"


for _key, _value, _operator in (
    ("aws:PrincipalArn", ROLE.format(PAYMENTS), "ArnEquals"),
    ("aws:PrincipalAccount", PAYMENTS, "StringEquals"),
    ("aws:PrincipalType", "AssumedRole", "StringEquals"),
    ("aws:PrincipalOrgID", "o-breakglass1", "StringEquals"),
    ("aws:PrincipalOrgPaths", "o-breakglass1/*", "ForAnyValue:StringLike"),
    ("aws:PrincipalIsAWSService", "false", "Bool"),
    ("aws:ResourceAccount", PAYMENTS, "StringEquals"),
    ("aws:ResourceOrgID", "o-breakglass1", "StringEquals"),
    ("aws:ResourceOrgPaths", "o-breakglass1/*", "ForAnyValue:StringLike"),
    ("aws:RequestedRegion", "us-east-1", "StringEquals"),
    ("aws:SecureTransport", "true", "Bool"),
    ("aws:SourceIp", "127.0.0.0/8", "IpAddress"),
    ("aws:MultiFactorAuthPresent", "false", "Bool"),
    ("aws:ViaAWSService", "false", "Bool"),
    ("aws:TokenIssueTime", "2020-01-01T00:00:00Z", "DateGreaterThan"),
    ("aws:CurrentTime", "2020-01-01T00:00:00Z", "DateGreaterThan"),
    ("aws:SourceVpce", "true", "Null"),
    ("aws:AssumedRoot", "true", "Null"),
):
    _condition_row(_key, _value, _operator)


@fact(
    FACTS,
    "auth",
    "Through a VPC endpoint, aws:SourceVpce, aws:SourceVpc and aws:VpcSourceIp are in the context, aws:SourceIp is not",
    source=CONDITIONS,
)
def network_keys(box: Box) -> None:
    endpoint = {"aws:SourceVpce": "vpce-0a1b", "aws:SourceVpc": "vpc-0a1b"}
    condition = {
        "StringEquals": endpoint,
        "IpAddress": {"aws:VpcSourceIp": "10.0.0.0/24"},
        "Null": {"aws:SourceIp": "true"},
    }
    attach_scp(box, PAYMENTS, deny("iam:ListRoles", Condition=condition))
    through = box.client("iam", "payments-administrator", place="vpce-0a1b,vpc-0a1b,10.0.0.7")
    assert refused(through.list_roles)[0] == "AccessDenied"
    assert box.client("iam", "payments-administrator", place="vpce-0else,vpc-0a1b,10.0.0.7").list_roles()
    assert box.client("iam", "payments-administrator").list_roles()


@fact(FACTS, "auth", "aws:SourceIdentity is the session's", source=CONDITIONS)
def source_identity_key(box: Box) -> None:
    condition = {"StringEquals": {"aws:SourceIdentity": "operator"}}
    grant(box, "BreakGlassOperator", deny("iam:ListRoles", Condition=condition), by="engineer")
    assert refused(box.client("iam", "operator").list_roles)[0] == "AccessDenied"
    assert box.client("iam", "engineer").list_roles()


@fact(
    FACTS,
    "auth",
    "GetSessionToken gives a user a session, which is still the user; a session gets none",
    source=SESSIONS,
)
def session_token(box: Box) -> None:
    keys = box.client("sts", "engineer").get_session_token()["Credentials"]
    client = clients_of(box, keys)
    assert client("iam").get_user()["User"]["UserName"] == "engineer"
    assert refused(client("sts").get_session_token)[0] == "AccessDenied"


@fact(FACTS, "auth", "A session of a role ends after its time, of a chained one after an hour at most", source=SESSIONS)
def session_ends(box: Box) -> None:
    keys = assume(box, "engineer", PAYMENTS, DurationSeconds=900)["Credentials"]
    client = clients_of(box, keys)
    assert client("iam").list_roles()
    control(box, "POST", "clock", {"advance": "16 minutes"})
    assert refused(client("iam").list_roles)[0] == "ExpiredToken"


@fact(FACTS, "auth", "Policies are kept as they were given, those that name a root user as principal or resource too")
def documents_are_kept(box: Box) -> None:
    iam, role = box.client("iam", "operator"), "NoPermissions"
    trusting = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{PAYMENTS}:root"}}
    trust = {"Version": "2012-10-17", "Statement": [trusting]}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
    assert iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"] == trust
    granted = {"Effect": "Allow", "Action": "sts:AssumeRoot", "Resource": ["arn:aws:iam::*:root"]}
    grant(box, role, granted)
    inline = iam.get_role_policy(RoleName=role, PolicyName="granted")["PolicyDocument"]
    assert inline["Statement"] == [granted]
    document = {"Version": "2012-10-17", "Statement": [granted]}
    arn = iam.create_policy(PolicyName="open", PolicyDocument=json.dumps(document))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document), SetAsDefault=True)
    for version in ("v1", "v2"):
        kept = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        assert kept == document
