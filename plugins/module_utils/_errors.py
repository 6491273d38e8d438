# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one place that turns AWS's answers into a cause and a fix.

Every error the collection shows is a BreakglassError. ``explain`` makes one of whatever botocore raised;
``explain_assume_root_denial`` takes AWS's one ambiguous denial apart by looking at the organization, and
``explain_denial_in_root_session`` names the policy behind a denial that a root session met.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v

with contextlib.suppress(ImportError):  # AnsibleAWSModule reports it
    from botocore import exceptions as aws

if t.TYPE_CHECKING:
    from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Caller
    from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Organization
    from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import ServiceControlPolicies

ACCESS_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
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
THROTTLED = (
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
)
AWS_FAILED = ("InternalFailure", "InternalError", "InternalServerException", "ServiceException", "ServiceFailure")


class BreakglassError(Exception):
    """Something that stops us, told as a cause and a fix.

    ``code`` is AWS's error code where there was one. ``outcome`` is what it makes of the account it happened in.
    ``denied_call`` is what a root session was denied: the account and AWS's operation. ``result`` is what the failed
    task returns beside the error: what was found and done before it.
    """

    outcome = v.FAILED

    def __init__(
        self, cause: str, fix: str, code: str | None = None, denied_call: tuple[str, str] | None = None
    ) -> None:
        super().__init__(f"{cause} {fix}")
        self.cause = cause
        self.fix = fix
        self.code = code
        self.denied_call = denied_call
        self.result: dict = {}

    def with_result(self, **result: t.Any) -> BreakglassError:
        """This error, with what the failed task returns beside it."""
        self.result = {**self.result, **result}
        return self


class Unreachable(BreakglassError):
    """We could not get into the account: nothing is known about it and nothing was done there."""

    outcome = v.UNREACHABLE


class InvalidInput(BreakglassError):
    """An option has a value that cannot be meant. Raised before any call that writes."""

    def __init__(self, option: str, value: t.Any, accepted: str, hint: str = "") -> None:
        fix = f"Accepted is {accepted}"
        super().__init__(f"{option}: {value!r} is not valid.", f"{fix}; {hint}." if hint else f"{fix}.")


def error_code(error: BaseException) -> str | None:
    """AWS's code of an error, None when AWS did not answer."""
    return getattr(error, "response", {}).get("Error", {}).get("Code") if isinstance(error, Exception) else None


def is_denied(error: BaseException) -> bool:
    return (error.code if isinstance(error, BreakglassError) else error_code(error)) in ACCESS_DENIED


def explain(error: Exception, doing: str, root_of: str | None = None) -> BreakglassError:
    """``error`` (of botocore) while ``doing`` something ("listing the accounts"), as cause and fix.

    ``root_of`` is the account whose root session made the call: there a denial has other causes than in the caller's
    own account, and every failure means that the account could not be reached.
    """
    kind = Unreachable if root_of else BreakglassError
    if isinstance(error, BreakglassError):
        return error
    if isinstance(error, aws.ClientError):
        cause, fix = _explain_answer(error, doing, root_of)
        denied_call = (root_of, error.operation_name) if root_of and is_denied(error) else None
        return kind(cause, fix, error_code(error), denied_call)
    cause, fix = _explain_silence(error, doing)
    return kind(cause, fix)


def _explain_answer(error: aws.ClientError, doing: str, root_of: str | None) -> tuple[str, str]:
    """AWS answered with an error."""
    code = error_code(error)
    reason = error.response.get("Reason", "")  # AWS Organizations says with it which of many constraints it means
    name = f"{code} {reason}".rstrip()
    answer = f"AWS refused {doing} ({name}: {error.response['Error'].get('Message', '').rstrip('.')})."
    if code in EXPIRED:
        if root_of:
            return answer, "The root session expired before the work was done: run it again."
        return answer, "The credentials have expired: sign in again and run it again."
    if code in BAD_CREDENTIALS:
        return answer, "The credentials are not valid here: check access_key, profile and the AWS_* variables."
    if code in THROTTLED:
        return answer, "AWS kept throttling after all retries: wait a minute and run it again, with fewer accounts."
    if code in ACCESS_DENIED and root_of:
        return answer, (
            f"In a root session only a service control policy on account {root_of}, or the task policy, can deny this. "
            "Exempt root sessions from the policy: add the condition Null aws:AssumedRoot true to the statement that "
            "denies the root user (for Control Tower's AWS-GR_RESTRICT_ROOT_USER, set its parameter ExemptAssumeRoot), "
            "and look at every policy on the way from the organization's root to the account."
        )
    if code in ACCESS_DENIED:
        return answer, f"Give the caller permission for {error.operation_name}."
    if code in AWS_FAILED or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        return answer, "The failure is on the side of AWS, or of the endpoint in use: run it again in some minutes."
    fix = _REASONS.get(reason) or _FIXES.get(code)
    return answer, fix or (_GONE if "NotFound" in code or code == "NoSuchEntity" else _LOOK_UP)


_TURN_ON = "Turn it on: breakglass.aws.root_access, "
_GONE = "It is not there, or not any more: check its name and run it again."
_LOOK_UP = "Look the code up in the AWS API reference of the operation named."

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
    "ServiceAccessNotEnabledException": f"{_TURN_ON}trusted_access=true.",
    "AccountNotManagementOrDelegatedAdministratorException": (
        "Use credentials of the management account or of the delegated administrator for IAM."
    ),
    "CallerIsNotManagementAccountException": (
        "Only the management account can do this, a delegated administrator cannot: use its credentials."
    ),
    "RegionDisabledException": (
        "STS is switched off in this region for the target account: use another one, for example region=us-east-1."
    ),
    "ConstraintViolationException": "A limit of AWS Organizations is in the way; its text says which.",
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
    "SourceParentNotFoundException": "Somebody moved the account meanwhile: run it again.",
    "UnsupportedAPIEndpointException": "This region's endpoint does not do this: set region=us-east-1.",
    # Looking into CloudTrail
    "InvalidTimeRangeException": "Correct since and until: CloudTrail's Event history keeps 90 days.",
    "UnsupportedOperationException": "CloudTrail does not answer this here: set region, for example us-east-1.",
    "InvalidNextTokenException": "The pages of the answer did not fit together: run it again.",
    "OperationNotPermittedException": "The organization's management account must let CloudTrail answer here.",
    # Bringing roles back
    "StackSetNotEmptyException": "Stacks of it are left in accounts: see in CloudFormation's console why they stayed.",
    "CreatedButModifiedException": "Somebody changed the StackSet meanwhile: delete it, and run it again.",
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
    "EntityAlreadyExists": "It is there already, made by somebody else meanwhile: run it again.",
    "MalformedPolicyDocument": (
        "IAM takes no policy back that names a principal which does not exist: mend the role's trust policy by hand."
    ),
    "UnmodifiableEntity": "Only the service that made this role may change it: name another role.",
    "InvalidAction": "This endpoint does not know the operation: use a regional STS endpoint (set region).",
}

_REASONS = {
    "WAIT_PERIOD_ACTIVE": "Wait until the account is 4 days old, and run it again.",
    "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG": (
        "Deregister it as delegated administrator for each service first "
        "(organizations:ListDelegatedServicesForAccount names them)."
    ),
    "ACCOUNT_CANNOT_LEAVE_ORGANIZATION": "The management account cannot leave: delete the organization instead.",
    "ACCOUNT_CANNOT_LEAVE_WITHOUT_EULA": (
        "Somebody signed in to the account must accept the customer agreement and choose a support plan: AWS "
        "Organizations, Leave organization, in its console asks for all that is missing."
    ),
    "ACCOUNT_CANNOT_LEAVE_WITHOUT_PHONE_VERIFICATION": (
        "Verify the phone number of the account's contact information: account:SendPhoneNumberVerification and "
        "VerifyPhoneNumber, or AWS Organizations, Leave organization, in its console."
    ),
    "MEMBER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED": (
        "Somebody signed in to the account must enter a payment method: Billing, Payment preferences, in its console."
    ),
    "INVALID_PAYMENT_INSTRUMENT": (
        "AWS does not take the account's payment method: enter another one (Billing, Payment preferences)."
    ),
    "CANNOT_CLOSE_MANAGEMENT_ACCOUNT": "The management account cannot be closed this way: close its members first.",
    "CLOSE_ACCOUNT_QUOTA_EXCEEDED": (
        "AWS closes the higher of 250 and 20 % of the members, at most 1,000, in any 30 days: wait until the first of "
        "these closures is 30 days old."
    ),
    "CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED": "AWS closes three accounts at once: wait until one of them is closed.",
    "SERVICE_ACCESS_NOT_ENABLED": f"Trusted access is off. {_TURN_ON}trusted_access=true.",
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
    """AWS did not answer, or was not even asked."""
    detail = str(error).rstrip(".")
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
    return f"{doing[:1].upper()}{doing[1:]} failed ({type(error).__name__}: {detail}).", _CHECK_CONNECTION


_CHECK_CONNECTION = "Check the connection options (profile, region, endpoint_url, aws_config)."


def caller_is_neither(caller: Caller) -> BreakglassError:
    """Root access is for two accounts only, and the caller belongs to another one."""
    return BreakglassError(
        f"Account {caller.account_id} is neither the management account nor a delegated administrator for IAM.",
        "Use credentials of the management account, or have it register the account as delegated administrator: "
        "breakglass.aws.root_access, delegated_administrator.",
    )


class _Look:
    """Asks for facts, and remembers which could not be read."""

    def __init__(self) -> None:
        self.unread: list[str] = []

    def __call__(self, read: t.Callable[[], t.Any], what: str) -> t.Any:
        try:
            return read()
        except BreakglassError:
            self.unread.append(what)
            return None

    @property
    def unchecked(self) -> str:
        return f" Not checked, for want of permission: {', '.join(self.unread)}." if self.unread else ""


def explain_assume_root_denial(
    error: aws.ClientError,
    account_id: str,
    task: v.Task,
    caller: Caller,
    organization: Organization,
    policies: ServiceControlPolicies,
) -> Unreachable:
    """Why AWS denied AssumeRoot, found by looking.

    "User ... is not authorized to perform: sts:AssumeRoot on resource: ..." is AWS's text for at least six
    situations. Facts are asked one by one, most certain first; those that cannot be read are named in the end.
    Service control policies over the target are no cause: AssumeRoot is the caller's call, and they bind what the
    session then does.
    """
    code = error_code(error)
    message = error.response["Error"].get("Message", "").rstrip(".")
    look = _Look()

    def because(cause: str, fix: str) -> Unreachable:
        return Unreachable(f"No root session for account {account_id}: {cause} (AWS says: {message}).", fix, code)

    switches = look(organization.switches, "the organization's features")
    says_off = message.startswith("Service not enabled") or "feature is not enabled" in message
    if says_off and switches and switches.features.get(task.feature):
        return because("STS has not followed a change yet: IAM shows everything on", _STS_FOLLOWS)
    if message.startswith("Service not enabled") or (switches and switches.trusted_access is False):
        return because("trusted access for IAM is off", f"{_TURN_ON}trusted_access=true.")
    if says_off or (switches and switches.features.get(task.feature) is False):
        return because(f"the feature {task.feature} is off", f"{_TURN_ON}{task.feature}=true.")

    if caller.is_root:
        return because("a root user cannot open root sessions", "Use an IAM user or role of the management account.")
    description = look(organization.describe, "the organization")
    if description and description["management_account_id"] == account_id:
        return because(*MANAGEMENT_ACCOUNT_IS_NO_TARGET)
    if look(organization.caller_role, "the delegated administrators") == v.NEITHER:
        told = caller_is_neither(caller)
        return because(told.cause.rstrip("."), told.fix)
    try:
        account = organization.account(account_id)
    except BreakglassError:
        look.unread.append("the target account")
    else:
        if account is None:
            return because("it is not in the organization", "Check the account ID and whose credentials are used.")
        if account.state in v.UNUSABLE_STATES:
            return because(f"its state is {account.state}", "Nobody can act in it until AWS makes it ACTIVE again.")

    context = {"sts:taskpolicyarn": (task.policy_arn(caller.partition),)}
    stopping = look(
        lambda: policies.stopping_caller("sts:AssumeRoot", caller.root_arn(account_id), context),
        "the service control policies on the caller's account",
    )
    certain = next((one for one in stopping or [] if one["certain"]), None)
    if certain:
        return because(f"a service control policy stops the caller. {policy_in_words(certain)}", certain["fix"])

    possible = "".join(f" Possibly: {policy_in_words(one)}" for one in stopping or [])
    return because(
        f"{caller.arn} may not call sts:AssumeRoot",
        f"Allow it sts:AssumeRoot on {caller.root_arn(account_id)} with the task policy {task.policy} "
        "(condition key sts:TaskPolicyArn), and check that neither a permissions boundary nor, in a delegated "
        "administrator's account, a service control policy denies it. Within minutes of turning centralized root "
        f"access on, AWS may still deny: wait and try again.{possible}{look.unchecked}",
    )


_STS_FOLLOWS = "It follows within some minutes of turning centralized root access on: wait and try again."


def explain_denial_in_root_session(error: BreakglassError, policies: ServiceControlPolicies) -> BreakglassError:
    """A denial that a root session met, with the service control policies that cause it; others as they are."""
    if error.denied_call is None:
        return error
    account_id, operation = error.denied_call
    actions = [action for task in v.TASKS.values() for action in task.actions if action.endswith(f":{operation}")]
    try:
        found = policies.stopping(account_id, actions=actions)
    except BreakglassError:
        return error  # which says what to look at
    certain = [one for one in found if one["certain"]] or found
    if not certain:
        return error
    causes = " ".join(dict.fromkeys(policy_in_words(one) for one in certain))
    fixes = " ".join(dict.fromkeys(one["fix"] for one in certain))
    return type(error)(f"{error.cause} {causes}", fixes, error.code, error.denied_call)


# Account Management's errors, whose codes mean other things elsewhere.
_ADDRESS_FIXES = {
    "ConflictException": (
        "Name an address that no other AWS account has, closed ones included; name+something@host may be another one."
    ),
    "ResourceNotFoundException": (
        "No change to this address is pending: run it without otp, and then with the code that AWS sends."
    ),
    "ValidationException": (
        "Check email and otp. A code works for the address it was sent to, for 24 hours: run it with resend=true and "
        "without otp for another one."
    ),
}
ADDRESSES_ARE_FOR = (
    "Use credentials of the management account, or of the delegated administrator for "
    f"{v.ACCOUNT_SERVICE_PRINCIPAL}, which need not be the one for IAM."
)


def explain_address_refusal(error: Exception, doing: str, organization: Organization) -> BreakglassError:
    """Why Account Management refused something about a root user's address; a denial is taken apart by looking."""
    told = explain(error, doing)
    if error_code(error) in _ADDRESS_FIXES:
        return BreakglassError(told.cause, _ADDRESS_FIXES[error_code(error)], told.code)
    if not is_denied(error):
        return told
    caller = organization.caller.account_id
    look = _Look()
    description = look(organization.describe, "the organization")
    if description and description["management_account_id"] != caller:
        delegations = look(lambda: organization.delegations_of(caller), "the delegated administrators")
        if v.ACCOUNT_SERVICE_PRINCIPAL not in (delegations or ()):
            cause = f"{told.cause} Account {caller} does not look after the addresses of others."
            return BreakglassError(cause, ADDRESSES_ARE_FOR, told.code)
    trusted = look(organization.trusted_services, "the services the organization trusts")
    if trusted is not None and v.ACCOUNT_SERVICE_PRINCIPAL not in trusted:
        cause = f"{told.cause} Trusted access for {v.ACCOUNT_SERVICE_PRINCIPAL} is off."
        fix = "As the management account, set activate_trusted_access=true (breakglass.aws.root_email)."
        return BreakglassError(cause, fix, told.code)
    return BreakglassError(told.cause, f"{told.fix}{look.unchecked}", told.code)


def policy_in_words(found: dict) -> str:
    """One of ServiceControlPolicies' findings, in one sentence."""
    if found["policy_name"] is None:
        return found["why"]
    known = f", known as {found['known_as']}," if found["known_as"] else ""
    kinds = {"ROOT": "the organization's root", "ORGANIZATIONAL_UNIT": "OU", "ACCOUNT": "account"}
    holder = f"{kinds[found['attached_to']['type']]} {found['attached_to']['name']}"
    return f"Service control policy {found['policy_name']}{known} on {holder}: {found['why']}"


MANAGEMENT_ACCOUNT_IS_NO_TARGET = (
    "it is the management account, which is never a target",
    "Name member accounts only; the management account's root user is looked after by signing in as it.",
)
