from __future__ import annotations

import botocore.exceptions
import botocore.session
import pytest
from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, Unreachable

CALLS = {
    "sts": ["AssumeRoot", "AssumeRole"],
    "cloudformation": [
        "ActivateOrganizationsAccess",
        "CreateStackInstances",
        "CreateStackSet",
        "DeleteStackInstances",
        "DeleteStackSet",
        "DescribeOrganizationsAccess",
        "DescribeStackSet",
        "DescribeStackSetOperation",
        "ListStackInstances",
        "ListStackSetOperationResults",
    ],
    "sso-admin": [
        "CreateAccountAssignment",
        "DeleteAccountAssignment",
        "DescribeAccountAssignmentCreationStatus",
        "DescribeAccountAssignmentDeletionStatus",
        "DescribePermissionSet",
        "ListAccountAssignments",
        "ListInstances",
        "ListPermissionSets",
    ],
    "identitystore": ["ListGroups", "ListUsers"],
    "cloudtrail": ["LookupEvents"],
    "iam": [
        "GetRole",
        "ListAttachedRolePolicies",
        "ListRolePolicies",
        "CreateRole",
        "AttachRolePolicy",
        "UpdateAssumeRolePolicy",
        "GetAccountSummary",
        "GetUser",
        "GetLoginProfile",
        "ListAccessKeys",
        "GetAccessKeyLastUsed",
        "ListSigningCertificates",
        "ListMFADevices",
        "DeleteAccessKey",
        "DeleteSigningCertificate",
        "DeleteLoginProfile",
        "DeactivateMFADevice",
        "ListOrganizationsFeatures",
        "EnableOrganizationsRootSessions",
        "DisableOrganizationsRootSessions",
    ],
    "organizations": [
        "DescribeOrganization",
        "DescribeAccount",
        "ListAccounts",
        "ListDelegatedAdministrators",
        "RegisterDelegatedAdministrator",
        "DeregisterDelegatedAdministrator",
        "EnableAWSServiceAccess",
        "DisableAWSServiceAccess",
        "ListRoots",
        "ListParents",
        "DescribeOrganizationalUnit",
        "ListPoliciesForTarget",
        "DescribePolicy",
    ],
}
EVERYWHERE = ["AccessDenied", "ExpiredToken", "InvalidClientTokenId", "Throttling", "InternalFailure", "InvalidAction"]


def answers():
    """Every error that AWS's model has for the calls we make, and those any call may get."""
    session = botocore.session.get_session()
    for service, operations in CALLS.items():
        model = session.get_service_model(service)
        for operation in operations:
            modelled = [shape.error_code for shape in model.operation_model(operation).error_shapes]
            for code in dict.fromkeys(modelled + EVERYWHERE):
                yield pytest.param(operation, code, id=f"{operation}-{code}")


@pytest.mark.parametrize(("operation", "code"), list(answers()))
@pytest.mark.parametrize("root_of", [None, "444455556666"])
def test_every_answer_of_aws_gets_a_cause_and_a_fix(operation, code, root_of):
    answer = botocore.exceptions.ClientError({"Error": {"Code": code, "Message": "So it is."}}, operation)
    told = explain(answer, "doing our work", root_of)
    assert code in told.cause
    assert "doing our work" in told.cause
    assert told.fix
    assert told.code == code
    assert told.outcome == (v.UNREACHABLE if root_of else v.FAILED)


@pytest.mark.parametrize(
    ("operation", "fix"),
    [
        ("AssumeRoot", "regional STS endpoint"),
        ("DescribeAccount", "check region, endpoint_url"),
        ("GetPrimaryEmail", "check region, endpoint_url"),
    ],
)
def test_only_sts_is_sent_to_a_regional_endpoint(operation, fix):
    answer = botocore.exceptions.ClientError({"Error": {"Code": "InvalidAction", "Message": "No."}}, operation)
    told = explain(answer, "doing our work")
    assert fix in told.fix
    assert ("regional STS" in told.fix) is (operation == "AssumeRoot")


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        (botocore.exceptions.NoCredentialsError(), "Set profile"),
        (botocore.exceptions.PartialCredentialsError(provider="env", cred_var="key"), "Set profile"),
        (botocore.exceptions.EndpointConnectionError(endpoint_url="http://127.0.0.1:9"), "AWS_ENDPOINT_URL"),
        (botocore.exceptions.ConnectTimeoutError(endpoint_url="http://127.0.0.1:9"), "AWS_ENDPOINT_URL"),
        (botocore.exceptions.ReadTimeoutError(endpoint_url="http://127.0.0.1:9"), "AWS_ENDPOINT_URL"),
        (botocore.exceptions.SSLError(endpoint_url="https://127.0.0.1:9", error="self-signed"), "AWS_ENDPOINT_URL"),
        (botocore.exceptions.NoRegionError(), "Set region"),
        (botocore.exceptions.SSOTokenLoadError(error_msg="expired"), "aws sso login"),
        (botocore.exceptions.ConfigParseError(path="~/.aws/config", error="line 1"), "AWS configuration files"),
        (ValueError("Invalid endpoint"), "This is a defect of breakglass.aws"),
    ],
)
def test_silence_of_aws_gets_a_cause_and_a_fix(error, fix):
    told = explain(error, "doing our work")
    assert fix in told.fix
    assert told.code is None


def test_a_denial_in_a_root_session_is_put_down_to_a_policy_on_the_target():
    denial = botocore.exceptions.ClientError({"Error": {"Code": "AccessDenied", "Message": "No."}}, "GetUser")
    assert "service control policy on account 777788889999" in explain(denial, "reading", "777788889999").fix
    assert "service control policy" not in explain(denial, "reading").fix


def test_what_is_explained_already_stays_as_it_is():
    error = Unreachable("Cause.", "Fix.")
    assert explain(error, "doing our work") is error
    assert isinstance(error, BreakglassError)
