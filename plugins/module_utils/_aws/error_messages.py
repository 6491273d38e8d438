# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turns what botocore raises into a cause and a fix: ``with explained("listing the accounts"):`` around a call."""

from __future__ import annotations

import contextlib
import os
import traceback
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws import answers
from ansible_collections.breakglass.aws.plugins.module_utils._aws.call_log import call_of
from ansible_collections.breakglass.aws.plugins.module_utils._errors import (
    ACCESS_DENIED,
    THROTTLED,
    BreakglassError,
    Unreachable,
    error_code,
    error_message,
    is_denied,
)

with contextlib.suppress(ImportError):  # BreakglassModule reports it
    from botocore import exceptions as aws

EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
BAD_CREDENTIALS = (
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "MissingAuthenticationToken",
    "NotAuthorized",
)
AWS_FAILED = ("InternalFailure", "InternalError", "InternalServerException", "ServiceException", "ServiceFailure")


# What a call of a client raises.
CALL_ERRORS: tuple[type[Exception], ...] = ()
with contextlib.suppress(NameError):  # botocore is missing
    CALL_ERRORS = (aws.BotoCoreError, aws.ClientError)  # a parser's error is a BotoCoreError here: see answers.py

ISSUES = "https://breakglass.example/aws/issues"  # as in galaxy.yml


class Defect(BreakglassError):
    """An exception that none of our code expects: a defect of the collection, and never a matter of options."""


@contextlib.contextmanager
def explained(
    doing: str, root_of: str | None = None, explain_error: t.Callable[[Exception], BreakglassError] | None = None
) -> t.Iterator[None]:
    """Raise an error of botocore in the block as a BreakglassError with what failed and how to fix it.

    ``doing`` is what the block does ("listing the accounts"). ``root_of`` is the account whose root session makes the
    call. ``explain_error`` takes the place of :func:`explain` where more must be found out. To handle an error code
    that is no failure, catch ClientError inside of the block.
    """
    try:
        yield
    except CALL_ERRORS as error:
        raise (explain_error(error) if explain_error else explain(error, doing, root_of)) from error


def explain(error: Exception, doing: str, root_of: str | None = None) -> BreakglassError:
    """``error`` while ``doing`` something ("listing the accounts"), as cause and fix.

    ``root_of`` is the account whose root session made the call: there a denial has other causes than in the caller's
    own account, and every failure means that the account could not be reached. An error that is not of botocore is a
    Defect.
    """
    if isinstance(error, BreakglassError):
        return error
    kind = Unreachable if root_of else BreakglassError
    if isinstance(error, aws.ClientError):
        cause, fix = _explain_answer(error, doing, root_of)
        denied_call = (root_of, error.operation_name) if root_of and is_denied(error) else None
        explained_error = kind(cause, fix, error_code(error), denied_call)
    elif isinstance(error, aws.BotoCoreError):
        explained_error = kind(*_explain_silence(error, doing))
    else:
        explained_error = _defect(error, doing)
    explained_error.call = call_of(error)
    return explained_error


def _defect(error: Exception, doing: str) -> Defect:
    """Where it happened is all that helps to find it; the exception's text may quote anything, so it is kept short."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "ansible_collections" in frame.filename]
    place = f" at {os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    text = str(error)[:_LONGEST_TEXT].rstrip(".")
    return Defect(
        f"Unexpected error while {doing} ({type(error).__name__}: {text}{place}).",
        f"This is a defect of {v.COLLECTION} {v.VERSION}. Report it with this message: {ISSUES}",
    )


_LONGEST_TEXT = 200


def _explain_answer(error: aws.ClientError, doing: str, root_of: str | None) -> tuple[str, str]:
    """AWS answered with an error."""
    code, message = error_code(error) or "", error_message(error).rstrip(".")
    if message.startswith(answers.NOT_AWS):
        instead = message.removeprefix(answers.NOT_AWS).strip()
        return f"Something other than AWS answered while {doing} ({instead}).", _NOT_AWS
    reason = error.response.get("Reason", "")  # with which AWS Organizations names one of many constraints
    name = f"{code} {reason}".rstrip()
    answer = f"AWS refused {doing} ({name}: {message})."
    if code in EXPIRED:
        if root_of:
            return answer, "The root session expired before the work was done: run it again."
        return answer, "The credentials have expired: sign in again and run it again."
    if code in BAD_CREDENTIALS:
        return answer, "The credentials are not valid here: check access_key, profile and the AWS_* variables."
    if code in THROTTLED:
        return answer, "AWS kept throttling after all retries: wait a minute and run it again, with fewer accounts."
    if code in ACCESS_DENIED and root_of:
        return answer, _explain_denial_of_root(message, root_of)
    if code in ACCESS_DENIED:
        return answer, f"Give the caller permission for {error.operation_name}."
    if code in AWS_FAILED or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        return answer, "The failure is on the side of AWS, or of the endpoint in use: run it again in some minutes."
    if code == "InvalidAction" and error.operation_name in _STS_OPERATIONS:
        return answer, "This endpoint does not know the operation: use a regional STS endpoint (set region)."
    fix = _REASONS.get(reason) or _FIXES.get(code or "")
    return answer, fix or (_GONE if "NotFound" in (code or "") or code == "NoSuchEntity" else _LOOK_UP)


def _explain_denial_of_root(message: str, account_id: str) -> str:
    """The fix for a denial in a root session. AWS's text names the type of policy, if it says anything of policies."""
    if "resource control policy" in message:
        return (
            f"A resource control policy on account {account_id}, an OU above it or the organization's root denies it. "
            "Exempt root sessions from the statement that denies, or detach the policy until the work is done."
        )
    return (
        f"In a root session only a service control policy on account {account_id}, or the task policy, can deny this. "
        "Exempt root sessions from the policy: add the condition Null aws:AssumedRoot true to the statement that "
        "denies the root user (for Control Tower's AWS-GR_RESTRICT_ROOT_USER, set its parameter ExemptAssumeRoot). "
        "Check every policy from the organization's root down to the account."
    )


_STS_OPERATIONS = ("AssumeRoot", "AssumeRole", "GetCallerIdentity")
_NOT_AWS = (
    "A proxy, a load balancer or a gateway is between this machine and AWS: check endpoint_url, AWS_ENDPOINT_URL and "
    "HTTPS_PROXY, then run it again."
)
TURN_ON = "Turn it on: breakglass.aws.root_access, "
_GONE = "It does not exist, or not any more: check its name and run it again."
_LOOK_UP = "See this code in the AWS API reference of the operation."

_FIXES = {
    "AWSOrganizationsNotInUseException": (
        "This account is in no organization: use credentials of the organization's management account or of its "
        "delegated administrator for IAM."
    ),
    "OrganizationNotFoundException": (
        "This account is in no organization: use credentials of the organization's management account or of its "
        "delegated administrator for IAM."
    ),
    "OrganizationNotInAllFeaturesModeException": (
        "Enable all features of the organization first (organizations:EnableAllFeatures); consolidated billing is not "
        "enough for centralized root access."
    ),
    "ServiceAccessNotEnabledException": f"{TURN_ON}trusted_access=true.",
    "AccountNotManagementOrDelegatedAdministratorException": (
        "Use credentials of the management account or of the delegated administrator for IAM."
    ),
    "CallerIsNotManagementAccountException": (
        "Only the management account can do this, a delegated administrator cannot: use its credentials."
    ),
    "RegionDisabledException": (
        "STS is switched off in this region for the target account: use another one, for example region=us-east-1."
    ),
    "ConstraintViolationException": "A limit of AWS Organizations is reached: the text of the error names it.",
    "AccountAlreadyRegisteredException": "It is registered already: run it again.",
    "AccountNotRegisteredException": "It is not registered any more: run it again.",
    "AccountNotFoundException": "Check the account ID and whose credentials are used.",
    "PolicyTypeNotEnabledException": "Service control policies are not enabled in this organization.",
    "ConcurrentModificationException": "Another change was under way: run it again.",
    "ConcurrentModification": "Another change was under way: run it again.",
    "EntityTemporarilyUnmodifiable": "It was changed moments ago: run it again in some minutes.",
    # Taking accounts out of the organization
    "MasterCannotLeaveOrganizationException": "The management account cannot leave: delete the organization instead.",
    "DestinationParentNotFoundException": "The OU is gone: name one that is there.",
    "SourceParentNotFoundException": "The account was moved meanwhile: run it again.",
    "UnsupportedAPIEndpointException": "This region's endpoint does not do this: set region=us-east-1.",
    # Reading CloudTrail
    "InvalidTimeRangeException": "Correct since and until: CloudTrail's Event history keeps 90 days.",
    "UnsupportedOperationException": "CloudTrail does not answer this here: set region, for example us-east-1.",
    "InvalidNextTokenException": "The pages of the answer did not fit together: run it again.",
    "OperationNotPermittedException": "The organization's management account must let CloudTrail answer here.",
    # Restoring roles
    "StackSetNotEmptyException": "Stacks of it are left in accounts: see in CloudFormation's console why they stayed.",
    "CreatedButModifiedException": "The StackSet was changed meanwhile: delete it, and run it again.",
    "InsufficientCapabilitiesException": "The StackSet is not the one this would make: name another in stack_set_name.",
    "OperationInProgressException": "Another operation of this StackSet is running: wait until it is done.",
    "StaleRequestException": "Another operation of this StackSet came in between: run it again.",
    "NameAlreadyExistsException": "Another StackSet has this name: name another one in stack_set_name.",
    "InvalidOperationException": (
        "Only the management account operates this, and only while the organization trusts StackSets: see "
        "activate_trusted_access."
    ),
    "LimitExceededException": "A quota of the service is reached: remove what is not needed, or have it raised.",
    "ServiceQuotaExceededException": "A quota of the service is reached: remove what is not needed, or have it raised.",
    "LimitExceeded": "A quota of IAM is reached in the account: remove what is not needed, or have it raised.",
    "ConflictException": "Another change of IAM Identity Center was under way: run it again.",
    "EntityAlreadyExists": "It exists already, created meanwhile by another caller: run it again.",
    "MalformedPolicyDocument": (
        "IAM does not accept a policy that names a deleted principal: correct the role's trust policy by hand."
    ),
    "UnmodifiableEntity": "Only the service that made this role may change it: name another role.",
    "InvalidAction": "This endpoint does not know the operation: check region, endpoint_url and AWS_ENDPOINT_URL.",
}

_REASONS = {
    "WAIT_PERIOD_ACTIVE": "Wait until the account is 4 days old, and run it again.",
    "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG": (
        "Deregister it as delegated administrator for each service first "
        "(organizations:ListDelegatedServicesForAccount names them)."
    ),
    "ACCOUNT_CANNOT_LEAVE_ORGANIZATION": "The management account cannot leave: delete the organization instead.",
    "ACCOUNT_CANNOT_LEAVE_WITHOUT_EULA": (
        "A person signed in to the account must accept the customer agreement and choose a support plan: AWS "
        "Organizations, Leave organization, in its console asks for all that is missing."
    ),
    "ACCOUNT_CANNOT_LEAVE_WITHOUT_PHONE_VERIFICATION": (
        "Verify the phone number of the account's contact information: account:SendPhoneNumberVerification and "
        "VerifyPhoneNumber, or AWS Organizations, Leave organization, in its console."
    ),
    "MEMBER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED": (
        "A person signed in to the account must enter a payment method: Billing, Payment preferences, in its console."
    ),
    "INVALID_PAYMENT_INSTRUMENT": (
        "AWS does not accept the account's payment method: enter another one (Billing, Payment preferences)."
    ),
    "CANNOT_CLOSE_MANAGEMENT_ACCOUNT": "The management account cannot be closed this way: close its members first.",
    "CLOSE_ACCOUNT_QUOTA_EXCEEDED": (
        "AWS closes the higher of 250 and 20 % of the members, at most 1,000, in any 30 days: wait until the first of "
        "these closures is 30 days old."
    ),
    "CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED": "AWS closes three accounts at once: wait until one of them is closed.",
    "SERVICE_ACCESS_NOT_ENABLED": f"Trusted access is off. {TURN_ON}trusted_access=true.",
    "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR": "Name a member account, not the management account.",
    "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR": "Name an account whose state is ACTIVE.",
    "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED": (
        "Deregister another account first; breakglass.aws.root_access, delegated_administrator, does both in order."
    ),
    "DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE": (
        'Deregister the delegated administrator first: breakglass.aws.root_access, delegated_administrator="".'
    ),
}


def _explain_silence(error: Exception, doing: str) -> tuple[str, str]:
    """AWS did not answer, its answer is unusable, or it was not even asked."""
    detail = str(error).rstrip(".")
    if isinstance(error, answers.BrokenAnswer):
        return f"No usable answer while {doing} ({detail}).", _BROKEN
    if isinstance(error, aws.MissingDependencyException):
        return (
            f"The AWS credentials of this profile need the package botocore[crt] ({detail}).",
            'Install it for the Python that runs the modules: pip install "botocore[crt]"',
        )
    if isinstance(error, aws.CredentialRetrievalError) and error.kwargs.get("provider") == "custom-process":
        return (
            f"The credential_process of the profile failed, or printed no credentials ({detail}).",
            "Run the command of credential_process in a terminal: it must end with status 0 and print JSON with "
            "Version 1, AccessKeyId and SecretAccessKey, and nothing else.",
        )
    if isinstance(error, (aws.NoCredentialsError, aws.PartialCredentialsError, aws.CredentialRetrievalError)):
        return (
            f"There are no usable AWS credentials for {doing} ({detail}).",
            "Set profile, or access_key and secret_key, or the AWS_PROFILE or AWS_ACCESS_KEY_ID variables.",
        )
    if isinstance(error, aws.ProfileNotFound):
        return f"{detail}.", "Name a profile that is in the AWS configuration files, or unset AWS_PROFILE."
    if isinstance(error, (aws.TokenRetrievalError, aws.SSOError)):
        return f"The single sign-on session is not usable ({detail}).", "Sign in again: aws sso login."
    if isinstance(error, (aws.HTTPClientError, aws.ConnectionError)):
        return (
            f"No answer while {doing} ({detail}).",
            "Check the network, region, endpoint_url and AWS_ENDPOINT_URL; "
            "an endpoint on this machine must be started first.",
        )
    if isinstance(error, (aws.NoRegionError, aws.InvalidRegionError)):
        return f"The region is not usable ({detail}).", "Set region, for example us-east-1."
    return f"{doing[:1].upper()}{doing[1:]} failed ({type(error).__name__}: {detail}).", _CHECK_CONFIGURATION


_BROKEN = (
    "It was cut off or altered on its way, and AWS may have carried the call out. Run it again: everything is read "
    "anew. If this happens often, check proxies and endpoint_url."
)
_CHECK_CONFIGURATION = (
    "Check the connection options (profile, region, endpoint_url, aws_config) and the AWS configuration files."
)
