"""sts:AssumeRoot: who may open a root session, what it answers, and each of its refusals (aws-facts 1.1, 1.2)."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ParamValidationError
from conformance.facts import MODEL, RECORDED, REGIONS, TASKS, Fact, fact
from conformance.steps import DELEGATE, LOST_ROLE, MANAGEMENT, as_root, attach_scp, clients_of, control, deny, grant
from support.refusals import refused

from breakglass_aws.sandbox import Box

FACTS: list[Fact] = []
TASK = "arn:aws:iam::aws:policy/root-task/"
MEMBER, PAYMENTS, REPORTS = "444455556666", "333344445555", "555566667777"
AUDIT, S3, SQS = "IAMAuditRootUserCredentials", "S3UnlockBucketPolicy", "SQSUnlockQueuePolicy"
CREATE, DELETE = "IAMCreateRootUserPassword", "IAMDeleteRootUserCredentials"
OPERATOR = f"arn:aws:sts::{MANAGEMENT}:assumed-role/BreakGlassOperator/operator"
IAM = {"ServicePrincipal": "iam.amazonaws.com"}
EXPIRED = "The security token included in the request is expired"


def denied(caller: str, target: str) -> tuple[str, int, str]:
    """The denial that covers four causes with one text."""
    text = f"User: {caller} is not authorized to perform: sts:AssumeRoot on resource: arn:aws:iam::{target}:root"
    return "AccessDenied", 403, text


def session(account: str, role: str, name: str) -> str:
    return f"arn:aws:sts::{account}:assumed-role/{role}/{name}"


def invalid(text: str) -> tuple[str, int, str]:
    return "ValidationError", 400, text


def broken(value: str, name: str, constraint: str) -> tuple[str, int, str]:
    """How AWS answers a value that breaks the model's constraint."""
    return invalid(
        f"1 validation error detected: Value {value} at '{name}' failed to satisfy constraint: Member must {constraint}"
    )


def ask(box: Box, who: str = "operator", target: str = MEMBER, task: str = TASK + AUDIT, **options: Any) -> Any:
    arn = {"arn": task} if task else {}
    return box.client("sts", who).assume_root(TargetPrincipal=target, TaskPolicyArn=arn, **options)


def send(box: Box, body: str, host: str | None = None) -> tuple[int, str]:
    """Send a hand-written request to STS; HTTP status and body of the answer."""
    keys = box.credentials("operator")
    headers = {"Content-Type": "application/x-www-form-urlencoded", **({"Host": host} if host else {})}
    request = AWSRequest("POST", box.url, data=body.encode(), headers=headers)
    credentials = Credentials(keys["access_key"], keys["secret_key"], keys["session_token"])
    SigV4Auth(credentials, "sts", "us-east-1").add_auth(request)
    sent = urllib.request.Request(box.url, data=body.encode(), headers=dict(request.headers.items()))
    try:
        with urllib.request.urlopen(sent) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


# 1.1: the request and the answer


@fact(FACTS, "1.1", "The answer has credentials and the source identity; no AssumedRoleUser, no PackedPolicySize")
def answer(box: Box) -> None:
    got = ask(box)
    assert got.keys() - {"ResponseMetadata"} == {"Credentials", "SourceIdentity"}
    assert got["Credentials"]["AccessKeyId"].startswith("ASIA")


@fact(FACTS, "1.1", "The model knows RegionDisabledException and ExpiredTokenException alone; AccessDenied is generic")
def modelled_errors(box: Box) -> None:
    sts = box.client("sts", "operator")
    errors = sts.meta.service_model.operation_model("AssumeRoot").error_shapes
    assert {shape.name for shape in errors} == {"RegionDisabledException", "ExpiredTokenException"}
    assert not hasattr(sts.exceptions, "AccessDenied")


@fact(FACTS, "1.1", "The target is an account ID or the ARN of its root user", source=RECORDED)
def targets(box: Box) -> None:
    for target in (MEMBER, f"arn:aws:iam::{MEMBER}:root"):
        assert ask(box, target=target)["Credentials"]


@fact(FACTS, "1.1", "A target that is a user's ARN is refused as invalid", source=RECORDED)
def target_is_a_user(box: Box) -> None:
    user = f"arn:aws:iam::{MEMBER}:user/someone"
    assert refused(lambda: ask(box, target=user)) == invalid("Request must contain a valid target principal")


@fact(FACTS, "1.1", "A session lasts DurationSeconds, 0 to 900, and 900 where none are given")
def durations(box: Box) -> None:
    for given, lasts in (({}, 900), ({"DurationSeconds": 60}, 60), ({"DurationSeconds": 900}, 900)):
        expires = ask(box, **given)["Credentials"]["Expiration"]
        assert lasts - 10 <= (expires - datetime.now(UTC)).total_seconds() <= lasts


@fact(FACTS, "1.1", "A session of 0 seconds is issued, and over at once")
def zero_seconds(box: Box) -> None:
    assert refused(as_root(box, MEMBER, AUDIT, DurationSeconds=0)("iam").get_user)[0] == "ExpiredToken"


@fact(FACTS, "1.1", "An expired session: ExpiredToken from IAM, STS and S3, ExpiredTokenException from JSON services")
def expiry(box: Box) -> None:
    client = as_root(box, MEMBER, AUDIT, DurationSeconds=60)
    assert client("iam").get_user()
    control(box, "POST", "clock", {"advance": "61 seconds"})
    assert refused(client("iam").get_user) == ("ExpiredToken", 403, EXPIRED)
    assert refused(client("sts").get_caller_identity) == ("ExpiredToken", 403, EXPIRED)
    assert refused(client("s3").list_buckets) == ("ExpiredToken", 400, "The provided token has expired.")
    assert refused(client("organizations").describe_organization) == ("ExpiredTokenException", 400, EXPIRED)


@fact(FACTS, "1.1", "The parameter on the wire is TaskPolicyArn.arn; PolicyArns.arn, as one example has it, is none")
def wire_parameter(box: Box) -> None:
    body = f"Action=AssumeRoot&Version=2011-06-15&TargetPrincipal={MEMBER}"
    assert send(box, f"{body}&TaskPolicyArn.arn={TASK}{AUDIT}")[0] == 200
    status, text = send(box, f"{body}&PolicyArns.arn={TASK}{AUDIT}")
    assert status == 400
    assert "at 'taskPolicyArn' failed to satisfy constraint" in text


@fact(FACTS, "1.1", "The source identity of the calling session is copied; there is none where the caller has none")
def source_identity(box: Box) -> None:
    assert ask(box)["SourceIdentity"] == "operator"
    assert "SourceIdentity" not in ask(box, "engineer")


# 1.1: who may call


@fact(
    FACTS,
    "1.1",
    "Callers are users and roles of the management account or of the delegated administrator",
    source=TASKS,
)
def callers(box: Box) -> None:
    for who in ("operator", "engineer", "delegate"):
        assert ask(box, who)["Credentials"]


@fact(
    FACTS, "1.1", "Root credentials cannot call it: no session of AssumeRoot, no access key, no sign-in", source=TASKS
)
def no_root_caller(box: Box) -> None:
    sts = as_root(box, MEMBER, AUDIT)("sts")
    arn = {"arn": f"{TASK}{AUDIT}"}
    opened = refused(lambda: sts.assume_root(TargetPrincipal=MEMBER, TaskPolicyArn=arn))
    assert opened == denied(f"arn:aws:iam::{MEMBER}:root", MEMBER)
    assert refused(lambda: ask(box, "nightly-job")) == denied(f"arn:aws:iam::{REPORTS}:root", MEMBER)
    # Not even those of the management account.
    [device] = box.snapshot()["root_users"][MANAGEMENT]["mfa_devices"]
    signed_in = clients_of(box, control(box, "POST", "person/management/sign_in", {"mfa": device}))("sts")
    signed = refused(lambda: signed_in.assume_root(TargetPrincipal=MEMBER, TaskPolicyArn=arn))
    assert signed == denied(f"arn:aws:iam::{MANAGEMENT}:root", MEMBER)


@fact(
    FACTS,
    "1.1",
    "The target needs no trust policy and no role: membership and the feature are the trust",
    source=RECORDED,
)
def no_trust_policy(box: Box) -> None:
    assert ask(box, target=LOST_ROLE)["Credentials"]


@fact(FACTS, "1.1", "The resource is the target's root user: a grant can be pinned to single accounts")
def resource(box: Box) -> None:
    allowed = {"Effect": "Allow", "Action": "sts:AssumeRoot", "Resource": f"arn:aws:iam::{PAYMENTS}:root"}
    grant(box, "NoPermissions", allowed)
    assert ask(box, "nobody", PAYMENTS)["Credentials"]
    assert refused(lambda: ask(box, "nobody", MEMBER)) == denied(session(MANAGEMENT, "NoPermissions", "nobody"), MEMBER)


@fact(FACTS, "1.1", "Condition key sts:TaskPolicyArn pins the task; its name is case-insensitive")
def task_condition(box: Box) -> None:
    allowed = {"Effect": "Allow", "Action": "sts:AssumeRoot", "Resource": "*"}
    for name in ("sts:TaskPolicyArn", "sts:TaskPolicyARN"):
        grant(box, "NoPermissions", {**allowed, "Condition": {"StringEquals": {name: f"{TASK}{S3}"}}})
        assert ask(box, "nobody", task=f"{TASK}{S3}")["Credentials"]
        assert refused(lambda: ask(box, "nobody", task=f"{TASK}{SQS}"))[0] == "AccessDenied"


@fact(FACTS, "1.1", "No permission for S3 or SQS is needed on the caller's side")
def caller_needs_no_service_permission(box: Box) -> None:
    grant(box, "NoPermissions", {"Effect": "Allow", "Action": "sts:AssumeRoot", "Resource": "*"})
    assert as_root(box, PAYMENTS, S3, by="nobody")("s3").list_buckets()["Buckets"]
    assert refused(box.client("s3", "nobody").list_buckets)[0] == "AccessDenied"


# 1.1: Regions, and how a session ends


@fact(FACTS, "1.1", "A session of one Region's STS endpoint works in every Region", source=REGIONS)
def token_of_one_region(box: Box) -> None:
    client = as_root(box, PAYMENTS, S3)
    assert client("s3", "eu-west-1").get_bucket_policy(Bucket=f"payments-ledger-{PAYMENTS}")["Policy"]


@fact(FACTS, "1.1", "RegionDisabledException is about the target's account; us-east-1 cannot be deactivated")
def region_disabled(box: Box) -> None:
    rule = {"kind": "region_deactivated", "account": MEMBER, "region": "eu-west-1"}
    control(box, "POST", "weather", rule)
    sts = box.client("sts", "operator", region="eu-west-1")
    arn = {"arn": f"{TASK}{AUDIT}"}
    code, status, text = refused(lambda: sts.assume_root(TargetPrincipal=MEMBER, TaskPolicyArn=arn))
    assert (code, status) == ("RegionDisabledException", 403)
    assert MEMBER in text
    assert sts.assume_root(TargetPrincipal=PAYMENTS, TaskPolicyArn=arn)["Credentials"]
    with pytest.raises(urllib.error.HTTPError):
        control(box, "POST", "weather", {**rule, "region": "us-east-1"})


@fact(
    FACTS,
    "1.1",
    "Sessions outlive the feature, the delegation and trusted access they were opened with",
    source=RECORDED,
)
def not_revocable(box: Box) -> None:
    client = as_root(box, MEMBER, AUDIT, by="delegate")
    box.client("iam", "operator").disable_organizations_root_credentials_management()
    organizations = box.client("organizations", "operator")
    organizations.deregister_delegated_administrator(AccountId=DELEGATE, **IAM)
    organizations.disable_aws_service_access(**IAM)
    assert client("iam").get_user()["User"]["UserId"] == MEMBER


@fact(FACTS, "1.1", "An SCP on the target ends live sessions: it is asked at each request", verified=False)
def ended_by_scp(box: Box) -> None:
    client = as_root(box, MEMBER, AUDIT)
    assert client("iam").get_user()
    attach_scp(box, MEMBER, deny("*"))
    assert refused(client("iam").get_user)[0] == "AccessDenied"


# 1.2: the error table


@fact(FACTS, "1.2", "A caller without permission gets the generic denial, without a reason", source=RECORDED)
def no_permission(box: Box) -> None:
    assert refused(lambda: ask(box, "nobody")) == denied(session(MANAGEMENT, "NoPermissions", "nobody"), MEMBER)


@fact(FACTS, "1.2", "So does one whose permission is for another task, or who is denied explicitly", source=RECORDED)
def other_permission(box: Box) -> None:
    got = refused(lambda: ask(box, "auditor", task=f"{TASK}{DELETE}"))
    assert got == denied(session(MANAGEMENT, "RootAuditor", "auditor"), MEMBER)
    grant(box, "BreakGlassOperator", deny("sts:AssumeRoot"), by="engineer")
    assert refused(lambda: ask(box)) == denied(OPERATOR, MEMBER)


@fact(FACTS, "1.2", "The management account as target gets the same text", verified=False)
def target_is_management(box: Box) -> None:
    assert refused(lambda: ask(box, target=MANAGEMENT)) == denied(OPERATOR, MANAGEMENT)


@fact(FACTS, "1.2", "The management account as target gets it with trusted access off as well", source=RECORDED)
def target_is_management_untrusted(box: Box) -> None:
    trusted_access_off(box)
    assert refused(lambda: ask(box, target=MANAGEMENT)) == denied(OPERATOR, MANAGEMENT)


@fact(FACTS, "1.2", "An account that is no longer a delegated administrator gets it", source=RECORDED)
def former_delegate(box: Box) -> None:
    box.client("organizations", "operator").deregister_delegated_administrator(AccountId=DELEGATE, **IAM)
    expected = denied(session(DELEGATE, "OrganizationAccountAccessRole", "delegate"), MEMBER)
    assert refused(lambda: ask(box, "delegate")) == expected


@fact(FACTS, "1.2", "An ordinary member account gets it")
def ordinary_member(box: Box) -> None:
    expected = denied(session(PAYMENTS, "OrganizationAccountAccessRole", "payments-administrator"), MEMBER)
    assert refused(lambda: ask(box, "payments-administrator")) == expected


@fact(FACTS, "1.2", "A suspended, closed or foreign account as target gets it", verified=False)
def unusable_targets(box: Box) -> None:
    box.client("organizations", "operator").close_account(AccountId=REPORTS)
    control(box, "POST", "clock", {"advance": "1 hour"})
    for target in ("666677778888", REPORTS, "987698769876"):
        assert refused(lambda target=target: ask(box, target=target)) == denied(OPERATOR, target)


def _feature_row(off: str, tasks: tuple[str, ...], others: tuple[str, ...], name: str, what: str) -> None:
    @fact(FACTS, "1.2", f"{what} is refused by name while the feature {name} is off; the others work", source=RECORDED)
    def without_feature(box: Box) -> None:
        getattr(box.client("iam", "operator"), off)()
        text = f"{name} feature is not enabled for your AWS Organization."
        for task in tasks:
            got = refused(lambda task=task: ask(box, task=f"{TASK}{task}"))
            assert got == ("AccessDenied", 403, text)
        for task in others:
            assert ask(box, task=f"{TASK}{task}")["Credentials"]


_feature_row("disable_organizations_root_sessions", (S3, SQS), (AUDIT, CREATE, DELETE), "Root sessions", "Unlocking")
_feature_row(
    "disable_organizations_root_credentials_management",
    (AUDIT, CREATE, DELETE),
    (S3, SQS),
    "Root credentials management",
    "Work on root credentials, password recovery included,",
)


def trusted_access_off(box: Box) -> None:
    organizations = box.client("organizations", "operator")
    organizations.deregister_delegated_administrator(AccountId=DELEGATE, **IAM)
    organizations.disable_aws_service_access(**IAM)


@fact(FACTS, "1.2", "Trusted access for IAM off: Service not enabled for AWS Organizations.", source=RECORDED)
def untrusted(box: Box) -> None:
    trusted_access_off(box)
    assert refused(lambda: ask(box)) == ("AccessDenied", 403, "Service not enabled for AWS Organizations.")


@fact(FACTS, "1.2", "DurationSeconds 901 reaches AWS and is refused there", source=RECORDED)
def too_long(box: Box) -> None:
    expected = broken("'901'", "durationSeconds", "have value less than or equal to 900")
    assert refused(lambda: ask(box, DurationSeconds=901)) == expected


@fact(FACTS, "1.2", "Another managed policy, or a task policy without its path, is no task policy", source=RECORDED)
def wrong_task(box: Box) -> None:
    for arn in ("AdministratorAccess", AUDIT, "root-task/NoSuchTask"):
        got = refused(lambda arn=arn: ask(box, task=f"arn:aws:iam::aws:policy/{arn}"))
        assert got == invalid("Request must contain valid AWS managed task policy ARN")


@fact(FACTS, "1.2", "An empty TaskPolicyArn is a null that must not be null", source=RECORDED)
def no_task(box: Box) -> None:
    assert refused(lambda: ask(box, task="")) == broken("null", "taskPolicyArn", "not be null")


@fact(FACTS, "1.2", "A bad target: Request must contain a valid target principal", source=RECORDED)
def bad_target(box: Box) -> None:
    for target in ("not-an-account", f"arn:aws:iam::{MEMBER}:", f"arn:aws-cn:iam::{MEMBER}:root", f"{MEMBER}0"):
        got = refused(lambda target=target: ask(box, target=target))
        assert got == invalid("Request must contain a valid target principal")


@fact(FACTS, "1.2", "The global endpoint does not know the operation: InvalidAction", source=RECORDED)
def global_endpoint(box: Box) -> None:
    body = f"Action=AssumeRoot&Version=2011-06-15&TargetPrincipal={MEMBER}&TaskPolicyArn.arn={TASK}{AUDIT}"
    status, text = send(box, body, "sts.amazonaws.com")
    assert (status, "<Code>InvalidAction</Code>" in text) == (400, True)
    assert "<Message>Unknown Operation</Message>" in text


@fact(FACTS, "1.2", "botocore checks minimums only, before it sends: a short target, a negative duration", source=MODEL)
def client_side(box: Box) -> None:
    calls: list[Callable[[], Any]] = [lambda: ask(box, target="12345"), lambda: ask(box, DurationSeconds=-1)]
    before = len(box.events())
    for call in calls:
        with pytest.raises(ParamValidationError):
            call()
    assert len(box.events()) == before
