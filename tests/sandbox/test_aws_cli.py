"""The AWS CLI, unmodified: the main errors of the field, printed as AWS prints them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from breakglass_aws.sandbox import Box

AWS = Path(sys.executable).with_name("aws")
FAILED = (254, 255)  # versions 2 and 1 of the CLI
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
TASKS = "arn=arn:aws:iam::aws:policy/root-task"
OPERATOR = "arn:aws:sts::111122223333:assumed-role/BreakGlassOperator/operator"
NOBODY = "arn:aws:sts::111122223333:assumed-role/NoPermissions/nobody"
ADMINISTRATOR = "arn:aws:sts::333344445555:assumed-role/OrganizationAccountAccessRole/payments-administrator"
LEDGER = "payments-ledger-333344445555"


def assume_root(account: str, task: str = "IAMAuditRootUserCredentials", *more: str) -> list[str]:
    return ["sts", "assume-root", "--target-principal", account, "--task-policy-arn", f"{TASKS}/{task}", *more]


def aws(box: Box, who: str, *arguments: str, **changes: str) -> str:
    """The error a command ends with."""
    # Retries would only make waiting out of what is refused for good.
    environment = {**CLEAN, **box.environment(who), "AWS_MAX_ATTEMPTS": "1", **changes}
    done = subprocess.run([str(AWS), *arguments], capture_output=True, text=True, env=environment, timeout=60)
    assert (done.stdout, done.returncode in FAILED) == ("", True), done
    # Version 2 of the CLI puts its name before the error.
    return done.stderr.strip().removeprefix("aws: [ERROR]: ")


@pytest.mark.parametrize(
    ("who", "arguments", "error"),
    [
        pytest.param(
            "nobody",
            assume_root("333344445555"),
            f"An error occurred (AccessDenied) when calling the AssumeRoot operation: User: {NOBODY} is not "
            "authorized to perform: sts:AssumeRoot on resource: arn:aws:iam::333344445555:root",
            id="no permission for AssumeRoot",
        ),
        pytest.param(
            "operator",
            assume_root("111122223333"),
            f"An error occurred (AccessDenied) when calling the AssumeRoot operation: User: {OPERATOR} is not "
            "authorized to perform: sts:AssumeRoot on resource: arn:aws:iam::111122223333:root",
            id="management account as target",
        ),
        pytest.param(
            "operator",
            assume_root("333344445555", "IAMAuditRootUserCredentials", "--duration-seconds", "901"),
            "An error occurred (ValidationError) when calling the AssumeRoot operation: 1 validation error detected: "
            "Value '901' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal "
            "to 900",
            id="duration",
        ),
        pytest.param(
            "operator",
            assume_root("333344445555", "NoSuchTask"),
            "An error occurred (ValidationError) when calling the AssumeRoot operation: Request must contain valid "
            "AWS managed task policy ARN",
            id="task policy",
        ),
        pytest.param(
            "payments-administrator",
            ["iam", "list-organizations-features"],
            "An error occurred (AccountNotManagementOrDelegatedAdministratorException) when calling the "
            "ListOrganizationsFeatures operation: Input account 333344445555 is neither management account nor "
            "delegated admin.",
            id="features from a member",
        ),
        pytest.param(
            "delegate",
            ["iam", "enable-organizations-root-sessions"],
            "An error occurred (CallerIsNotManagementAccountException) when calling the "
            "EnableOrganizationsRootSessions operation: Caller account 222233334444 is not management account of the "
            "organization and cannot enable IAM features.",
            id="features from the delegate",
        ),
        pytest.param(
            "payments-administrator",
            ["s3api", "get-bucket-policy", "--bucket", LEDGER, "--region", "eu-west-1"],
            f"An error occurred (AccessDenied) when calling the GetBucketPolicy operation: User: {ADMINISTRATOR} is "
            f'not authorized to perform: s3:GetBucketPolicy on resource: "arn:aws:s3:::{LEDGER}" with an explicit '
            "deny in a resource-based policy",
            id="locked bucket",
        ),
        pytest.param(
            "operator",
            ["organizations", "disable-aws-service-access", "--service-principal", "iam.amazonaws.com"],
            "An error occurred (ConstraintViolationException) when calling the DisableAWSServiceAccess operation: You "
            "have delegated administrator/s for this service. De-register them in order to disable service access.",
            id="trusted access in use",
        ),
    ],
)
def test_errors_read_as_in_aws(sandbox: Box, who: str, arguments: list[str], error: str) -> None:
    assert aws(sandbox, who, *arguments) == error


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param(
            {"AWS_SECRET_ACCESS_KEY": "wrong"},
            "An error occurred (SignatureDoesNotMatch) when calling the GetCallerIdentity operation: The request "
            "signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and "
            "signing method. Consult the service documentation for details.",
            id="wrong secret",
        ),
        pytest.param(
            {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SESSION_TOKEN": ""},
            "An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity operation: The security "
            "token included in the request is invalid.",
            id="unknown key",
        ),
    ],
)
def test_credentials_are_refused_as_in_aws(sandbox: Box, changes: dict[str, str], error: str) -> None:
    assert aws(sandbox, "operator", "sts", "get-caller-identity", **changes) == error


def test_a_root_session_that_is_over_and_what_scps_deny_in_it(sandbox: Box) -> None:
    def root_of(account: str, duration: int) -> dict[str, str]:
        answer = sandbox.client("sts", "operator").assume_root(
            TargetPrincipal=account,
            TaskPolicyArn={"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"},
            DurationSeconds=duration,
        )["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": answer["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": answer["SecretAccessKey"],
            "AWS_SESSION_TOKEN": answer["SessionToken"],
        }

    over = aws(sandbox, "operator", "iam", "get-user", **root_of("333344445555", 0))
    assert over == (
        "An error occurred (ExpiredToken) when calling the GetUser operation: The security token included in the "
        "request is expired"
    )
    denied = aws(sandbox, "operator", "iam", "get-account-summary", **root_of("777788889999", 60))
    assert denied == (
        "An error occurred (AccessDenied) when calling the GetAccountSummary operation: User: "
        "arn:aws:iam::777788889999:root is not authorized to perform: iam:GetAccountSummary on resource: * with an "
        "explicit deny in a service control policy"
    )
