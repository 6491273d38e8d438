"""Keys, tokens and signatures, each refused with AWS's error; role sessions."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from refusals import refused

INVALID = "The security token included in the request is invalid."
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)
UNKNOWN = "AKIAQQQQQQQQQQQQQQQQ"

CASES = [
    pytest.param("sts", {"secret_key": "wrong"}, ("SignatureDoesNotMatch", 403, MISMATCH), id="sts wrong secret"),
    pytest.param("iam", {"secret_key": "wrong"}, ("SignatureDoesNotMatch", 403, MISMATCH), id="iam wrong secret"),
    pytest.param("sqs", {"secret_key": "wrong"}, ("SignatureDoesNotMatch", 403, MISMATCH), id="sqs wrong secret"),
    pytest.param(
        "organizations",
        {"secret_key": "wrong"},
        ("InvalidSignatureException", 400, MISMATCH),
        id="organizations wrong secret",
    ),
    pytest.param(
        "s3",
        {"secret_key": "wrong"},
        (
            "SignatureDoesNotMatch",
            403,
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
        ),
        id="s3 wrong secret",
    ),
    pytest.param("sts", {"access_key": UNKNOWN}, ("InvalidClientTokenId", 403, INVALID), id="sts unknown key"),
    pytest.param("sqs", {"access_key": UNKNOWN}, ("InvalidClientTokenId", 403, INVALID), id="sqs unknown key"),
    pytest.param(
        "organizations",
        {"access_key": UNKNOWN},
        ("UnrecognizedClientException", 400, INVALID),
        id="organizations unknown key",
    ),
    pytest.param(
        "s3",
        {"access_key": UNKNOWN},
        ("InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records."),
        id="s3 unknown key",
    ),
    pytest.param("sts", {"session_token": None}, ("InvalidClientTokenId", 403, INVALID), id="sts no token"),
    pytest.param("sts", {"session_token": "other"}, ("InvalidClientTokenId", 403, INVALID), id="sts wrong token"),
    pytest.param(
        "s3",
        {"session_token": "other"},
        ("InvalidToken", 400, "The provided token is malformed or otherwise invalid."),
        id="s3 wrong token",
    ),
]
HARMLESS = {
    "sts": "get_caller_identity",
    "iam": "list_roles",
    "sqs": "list_queues",
    "organizations": "describe_organization",
    "s3": "list_buckets",
}


@pytest.mark.parametrize(("service", "change", "expected"), CASES)
def test_refusals(box, service, change, expected):
    keys = box.credentials("operator") | change
    client = box.client_with(service, keys["access_key"], keys["secret_key"], keys["session_token"])
    assert refused(getattr(client, HARMLESS[service])) == expected


@pytest.mark.parametrize("service", HARMLESS)
def test_right_keys_pass(box, service):
    getattr(box.client(service, "operator"), HARMLESS[service])()


def signed(box, body: bytes, sent: bytes | None = None, date: str | None = None) -> tuple[int, str]:
    """Sign one body, send another perhaps; status and text of the answer."""
    keys = box.credentials("operator")
    request = AWSRequest(
        "POST", box.url, data=body, headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    )
    SigV4Auth(Credentials(keys["access_key"], keys["secret_key"], keys["session_token"]), "sts", "us-east-1").add_auth(
        request
    )
    headers = dict(request.headers.items()) | ({"X-Amz-Date": date} if date else {})
    try:
        with urllib.request.urlopen(urllib.request.Request(box.url, data=sent or body, headers=headers)) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_signature_covers_the_body(box):
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    assert signed(box, body)[0] == 200
    status, text = signed(box, body, sent=b"Action=GetSessionToken&Version=2011-06-15")
    assert (status, "SignatureDoesNotMatch" in text) == (403, True)


def test_the_signature_covers_the_date(box):
    status, text = signed(box, b"Action=GetCallerIdentity&Version=2011-06-15", date="20200101T000000Z")
    assert (status, "SignatureDoesNotMatch" in text) == (403, True)


def test_unsigned_requests(box):
    request = urllib.request.Request(
        box.url,
        data=b"Action=GetCallerIdentity&Version=2011-06-15",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 403
    assert b"<Code>MissingAuthenticationToken</Code>" in caught.value.read()


def test_a_client_cannot_choose_its_account(box):
    """moto's own header for that is dropped."""
    iam = box.client("iam", "payments-administrator")
    iam.meta.events.register(
        "before-send.iam.*", lambda request, **_: request.headers.__setitem__("X-Moto-Account-Id", "111122223333")
    )
    assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == ["OrganizationAccountAccessRole"]


@pytest.mark.parametrize(
    ("name", "arn"),
    [
        ("operator", "arn:aws:sts::111122223333:assumed-role/BreakGlassOperator/operator"),
        ("engineer", "arn:aws:iam::111122223333:user/engineer"),
        ("delegate", "arn:aws:sts::222233334444:assumed-role/OrganizationAccountAccessRole/delegate"),
        (
            "data-lake-administrator",
            "arn:aws:sts::012345678901:assumed-role/OrganizationAccountAccessRole/data-lake-administrator",
        ),
    ],
)
def test_who_one_is(box, name, arn):
    answer = box.client("sts", name).get_caller_identity()
    assert (answer["Arn"], answer["Account"]) == (arn, arn.split(":")[4])


def test_get_caller_identity_needs_no_permission(box):
    assert box.client("sts", "nobody").get_caller_identity()["Account"] == "111122223333"


ROLE = "arn:aws:iam::{}:role/OrganizationAccountAccessRole"


def test_assume_role(sandbox):
    sts = sandbox.client("sts", "engineer")
    answer = sts.assume_role(RoleArn=ROLE.format("333344445555"), RoleSessionName="visit")
    keys = answer["Credentials"]
    session = sandbox.client_with("sts", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    assert session.get_caller_identity()["Arn"] == answer["AssumedRoleUser"]["Arn"]
    assert answer["AssumedRoleUser"]["Arn"].endswith("assumed-role/OrganizationAccountAccessRole/visit")


@pytest.mark.parametrize(
    ("who", "account"),
    [
        pytest.param("nobody", "333344445555", id="no permission"),
        pytest.param("payments-administrator", "444455556666", id="not trusted"),
        pytest.param("engineer", "888899990000", id="no such role"),
        pytest.param("engineer", "666677778888", id="suspended account"),
    ],
)
def test_assume_role_refused(sandbox, who, account):
    sts = sandbox.client("sts", who)
    code, status, text = refused(lambda: sts.assume_role(RoleArn=ROLE.format(account), RoleSessionName="visit"))
    assert (code, status) == ("AccessDenied", 403)
    assert text.endswith(f"is not authorized to perform: sts:AssumeRole on resource: {ROLE.format(account)}")


def test_a_source_identity_must_be_admitted_by_the_next_role(sandbox):
    """It is carried over; a trust policy that allows sts:AssumeRole only refuses it."""
    sts = sandbox.client("sts", "operator")
    text = refused(lambda: sts.assume_role(RoleArn=ROLE.format("333344445555"), RoleSessionName="visit"))[2]
    assert "sts:SetSourceIdentity" in text


def test_session_policies_narrow(sandbox):
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    keys = sandbox.client("sts", "engineer").assume_role(
        RoleArn=ROLE.format("333344445555"), RoleSessionName="visit", Policy=json.dumps(policy)
    )["Credentials"]
    credentials = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    sandbox.client_with("s3", *credentials).list_buckets()
    text = refused(sandbox.client_with("iam", *credentials).list_roles)[2]
    assert text.endswith("because no session policy allows the iam:ListRoles action")


def test_permissions_boundaries_narrow(sandbox):
    administrator = sandbox.client("iam", "payments-administrator")
    administrator.put_role_permissions_boundary(
        RoleName="OrganizationAccountAccessRole", PermissionsBoundary="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    )
    sandbox.client("s3", "payments-administrator").list_buckets()
    text = refused(administrator.list_roles)[2]
    assert text.endswith("because no permissions boundary allows the iam:ListRoles action")


def test_users_groups_and_customer_policies_count(sandbox):
    iam = sandbox.client("iam", "operator")
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*"}}
    arn = iam.create_policy(PolicyName="list", PolicyDocument=json.dumps(document))["Policy"]["Arn"]
    iam.create_user(UserName="new")
    iam.create_group(GroupName="readers")
    key = iam.create_access_key(UserName="new")["AccessKey"]
    client = sandbox.client_with("iam", key["AccessKeyId"], key["SecretAccessKey"])
    assert refused(client.list_roles)[0] == "AccessDenied"
    iam.attach_group_policy(GroupName="readers", PolicyArn=arn)
    iam.add_user_to_group(GroupName="readers", UserName="new")
    client.list_roles()
    iam.update_access_key(UserName="new", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert refused(client.list_roles)[0] == "InvalidClientTokenId"


def test_get_session_token(sandbox):
    keys = sandbox.client("sts", "engineer").get_session_token()["Credentials"]
    iam = sandbox.client_with("iam", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    assert iam.get_user()["User"]["UserName"] == "engineer"
