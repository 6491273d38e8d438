"""sts:AssumeRoot: every row of aws-facts 1.2, the feature matrix of 1.3, and what 1.1 says of sessions."""

from __future__ import annotations

import time
import urllib.request
from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from refusals import refused

TASK = "arn:aws:iam::aws:policy/root-task/"
MANAGEMENT, DELEGATE, MEMBER = "111122223333", "222233334444", "444455556666"
AUDIT = "IAMAuditRootUserCredentials"
OPERATOR = f"arn:aws:sts::{MANAGEMENT}:assumed-role/BreakGlassOperator/operator"


def denied(arn: str, target: str) -> tuple[str, int, str]:
    """The denial that covers four causes with one text."""
    return (
        "AccessDenied",
        403,
        f"User: {arn} is not authorized to perform: sts:AssumeRoot on resource: arn:aws:iam::{target}:root",
    )


def member_administrator(account: str, name: str) -> str:
    return f"arn:aws:sts::{account}:assumed-role/OrganizationAccountAccessRole/{name}"


def invalid(text: str) -> tuple[str, int, str]:
    return "ValidationError", 400, text


ERRORS = [
    pytest.param(
        "nobody",
        {},
        denied(f"arn:aws:sts::{MANAGEMENT}:assumed-role/NoPermissions/nobody", MEMBER),
        id="1.2 caller has no permission",
    ),
    pytest.param(
        "auditor",
        {"task": "IAMDeleteRootUserCredentials"},
        denied(f"arn:aws:sts::{MANAGEMENT}:assumed-role/RootAuditor/auditor", MEMBER),
        id="1.2 caller may use another task only",
    ),
    pytest.param("operator", {"target": MANAGEMENT}, denied(OPERATOR, MANAGEMENT), id="1.2 target is management"),
    pytest.param(
        "payments-administrator",
        {},
        denied(member_administrator("333344445555", "payments-administrator"), MEMBER),
        id="1.2 caller is neither management nor delegate",
    ),
    pytest.param("operator", {"target": "666677778888"}, denied(OPERATOR, "666677778888"), id="1.2 target suspended"),
    pytest.param("operator", {"target": "987698769876"}, denied(OPERATOR, "987698769876"), id="1.2 target elsewhere"),
    pytest.param(
        "operator",
        {"duration": 901},
        invalid(
            "1 validation error detected: Value '901' at 'durationSeconds' failed to satisfy constraint: "
            "Member must have value less than or equal to 900"
        ),
        id="1.2 duration 901",
    ),
    pytest.param(
        "operator",
        {"arn": "arn:aws:iam::aws:policy/AdministratorAccess"},
        invalid("Request must contain valid AWS managed task policy ARN"),
        id="1.2 another managed policy",
    ),
    pytest.param(
        "operator",
        {"arn": "arn:aws:iam::aws:policy/IAMAuditRootUserCredentials"},
        invalid("Request must contain valid AWS managed task policy ARN"),
        id="1.2 the task policy without its path",
    ),
    pytest.param(
        "operator",
        {"arn": None},
        invalid(
            "1 validation error detected: Value null at 'taskPolicyArn' failed to satisfy constraint: "
            "Member must not be null"
        ),
        id="1.2 empty task policy",
    ),
    pytest.param(
        "operator",
        {"target": "not-an-account"},
        invalid("Request must contain a valid target principal"),
        id="1.2 bad target",
    ),
    pytest.param(
        "operator",
        {"target": f"arn:aws:iam::{MEMBER}:user/someone"},
        invalid("Request must contain a valid target principal"),
        id="1.1 target is a user",
    ),
]


@pytest.mark.parametrize(("caller", "request_", "expected"), ERRORS)
def test_refusals(sandbox, caller, request_, expected):
    arn = request_.get("arn", f"{TASK}{request_.get('task', AUDIT)}")
    options = {"DurationSeconds": request_["duration"]} if "duration" in request_ else {}
    sts = sandbox.client("sts", caller)
    assert expected == refused(
        lambda: sts.assume_root(
            TargetPrincipal=request_.get("target", MEMBER), TaskPolicyArn={"arn": arn} if arn else {}, **options
        )
    )


@pytest.mark.parametrize("caller", ["operator", "delegate"], ids=["1.5 management account", "1.5 delegate"])
@pytest.mark.parametrize("target", [MEMBER, f"arn:aws:iam::{MEMBER}:root"], ids=["1.1 by ID", "1.1 by root ARN"])
def test_opens(sandbox, caller, target):
    answer = sandbox.client("sts", caller).assume_root(
        TargetPrincipal=target, TaskPolicyArn={"arn": f"{TASK}{AUDIT}"}, DurationSeconds=60
    )
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")
    assert 50 <= (answer["Credentials"]["Expiration"] - datetime.now(UTC)).total_seconds() <= 60
    assert answer["SourceIdentity"] == caller, "1.1: the source identity is the caller's"
    assert not {"AssumedRoleUser", "PackedPolicySize"} & answer.keys()


def test_no_source_identity_where_the_caller_has_none(sandbox):
    sts = sandbox.client("sts", "engineer")
    assert "SourceIdentity" not in sts.assume_root(TargetPrincipal=MEMBER, TaskPolicyArn={"arn": f"{TASK}{AUDIT}"})


def test_root_credentials_cannot_open_root_sessions(sandbox, root_session):
    sts = root_session(MEMBER, AUDIT)("sts")
    assert refused(lambda: sts.assume_root(TargetPrincipal=MEMBER, TaskPolicyArn={"arn": f"{TASK}{AUDIT}"})) == denied(
        f"arn:aws:iam::{MEMBER}:root", MEMBER
    )


def test_former_delegate_is_refused(sandbox):
    """1.2: an account that is no longer a delegate gets the generic text."""
    sandbox.client("organizations", "operator").deregister_delegated_administrator(
        AccountId=DELEGATE, ServicePrincipal="iam.amazonaws.com"
    )
    sts = sandbox.client("sts", "delegate")
    expected = denied(member_administrator(DELEGATE, "delegate"), MEMBER)
    assert expected == refused(lambda: sts.assume_root(TargetPrincipal=MEMBER, TaskPolicyArn={"arn": f"{TASK}{AUDIT}"}))


CREDENTIAL_TASKS = [AUDIT, "IAMCreateRootUserPassword", "IAMDeleteRootUserCredentials"]
UNLOCK_TASKS = ["S3UnlockBucketPolicy", "SQSUnlockQueuePolicy"]


@pytest.mark.parametrize(
    ("off", "refused_tasks", "allowed_tasks", "text"),
    [
        pytest.param(
            "disable_organizations_root_credentials_management",
            CREDENTIAL_TASKS,
            UNLOCK_TASKS,
            "Root credentials management feature is not enabled for your AWS Organization.",
            id="1.3 RootSessions alone",
        ),
        pytest.param(
            "disable_organizations_root_sessions",
            UNLOCK_TASKS,
            CREDENTIAL_TASKS,
            "Root sessions feature is not enabled for your AWS Organization.",
            id="1.3 RootCredentialsManagement alone",
        ),
    ],
)
def test_feature_matrix(sandbox, root_session, off, refused_tasks, allowed_tasks, text):
    getattr(sandbox.client("iam", "operator"), off)()
    for task in refused_tasks:
        assert refused(lambda task=task: root_session(MEMBER, task)) == ("AccessDenied", 403, text)
    for task in allowed_tasks:
        root_session(MEMBER, task)


def test_trusted_access_off(sandbox, root_session):
    organizations = sandbox.client("organizations", "operator")
    organizations.deregister_delegated_administrator(AccountId=DELEGATE, ServicePrincipal="iam.amazonaws.com")
    organizations.disable_aws_service_access(ServicePrincipal="iam.amazonaws.com")
    assert refused(lambda: root_session(MEMBER, AUDIT)) == (
        "AccessDenied",
        403,
        "Service not enabled for AWS Organizations.",
    )


def test_sessions_outlive_a_disabled_feature(sandbox, root_session):
    """1.1: not revocable."""
    client = root_session(MEMBER, AUDIT)
    sandbox.client("iam", "operator").disable_organizations_root_credentials_management()
    assert client("iam").get_user()["User"]["UserId"] == MEMBER


def test_sessions_expire(sandbox, root_session):
    client = root_session(MEMBER, AUDIT, DurationSeconds=1)
    client("iam").get_user()
    time.sleep(1.1)
    expired = "The security token included in the request is expired"
    assert refused(client("iam").get_user) == ("ExpiredToken", 403, expired)
    assert refused(client("sts").get_caller_identity) == ("ExpiredToken", 403, expired)
    assert refused(client("s3").list_buckets) == ("ExpiredToken", 400, "The provided token has expired.")
    assert refused(client("organizations").describe_organization) == ("ExpiredTokenException", 400, expired)


def test_zero_seconds_are_accepted_and_over_at_once(sandbox, root_session):
    assert refused(root_session(MEMBER, AUDIT, DurationSeconds=0)("iam").get_user)[0] == "ExpiredToken"


def test_global_endpoint_is_refused(sandbox):
    """1.2: sts.amazonaws.com does not know the operation."""
    keys = sandbox.credentials("operator")
    body = f"Action=AssumeRoot&Version=2011-06-15&TargetPrincipal={MEMBER}&TaskPolicyArn.arn={TASK}{AUDIT}"
    request = AWSRequest(
        "POST",
        sandbox.url,
        data=body.encode(),
        headers={"Host": "sts.amazonaws.com", "Content-Type": "application/x-www-form-urlencoded"},
    )
    credentials = Credentials(keys["access_key"], keys["secret_key"], keys["session_token"])
    SigV4Auth(credentials, "sts", "us-east-1").add_auth(request)
    sent = urllib.request.Request(sandbox.url, data=body.encode(), headers=dict(request.headers.items()))
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(sent)
    assert caught.value.code == 400
    text = caught.value.read().decode()
    assert "<Code>InvalidAction</Code>" in text
    assert "<Message>Unknown Operation</Message>" in text


def test_scp_over_the_target_refuses_inside_the_session(root_session):
    """2.6: the session opens; an SCP that does not exempt AssumedRoot denies every call in it."""
    code, status, text = refused(root_session("777788889999", AUDIT)("iam").get_user)
    assert (code, status) == ("AccessDenied", 403)
    assert text == (
        "User: arn:aws:iam::777788889999:root is not authorized to perform: iam:GetUser on resource: "
        "arn:aws:iam::777788889999:root with an explicit deny in a service control policy"
    )


def test_scp_with_the_exemption_lets_root_sessions_through(sandbox, root_session):
    """2.6: aws:AssumedRoot tells the sessions AssumeRoot opens from other root users."""
    organizations = sandbox.client("organizations", "operator")
    (policy,) = [
        entry
        for entry in organizations.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
        if not entry["AwsManaged"]
    ]
    content = organizations.describe_policy(PolicyId=policy["Id"])["Policy"]["Content"]
    exempting = content.replace('"Condition": {', '"Condition": {"Null": {"aws:AssumedRoot": "true"}, ')
    assert exempting != content
    organizations.update_policy(PolicyId=policy["Id"], Content=exempting)
    assert root_session("777788889999", AUDIT)("iam").get_user()["User"]["UserId"] == "777788889999"


def test_scp_binds_the_delegate_but_not_the_management_account(sandbox, root_session):
    """1.5, last row."""
    organizations = sandbox.client("organizations", "operator")
    content = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"sts:AssumeRoot","Resource":"*"}}'
    policy = organizations.create_policy(
        Name="no-root-sessions", Type="SERVICE_CONTROL_POLICY", Description="", Content=content
    )["Policy"]["PolicySummary"]["Id"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.attach_policy(PolicyId=policy, TargetId=root)
    assert refused(lambda: root_session(MEMBER, AUDIT, by="delegate"))[0] == "AccessDenied"
    root_session(MEMBER, AUDIT, by="operator")
