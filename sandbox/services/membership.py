"""AWS Organizations' accounts as they come and go: created, invited, transferred, removed, closed (aws-facts 5c).

Texts of refusals are AWS's own where somebody recorded them; the others are those of the service model's
documentation, and the conformance table says which.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sandbox import names
from sandbox.access import authorizer
from sandbox.access.required_permissions import Need
from sandbox.errors import AwsError
from sandbox.model.lifecycle import Closure, Creation, Handshake, Message, Sender
from sandbox.organization_file.accounts import handshake as make_handshake
from sandbox.organization_file.schema import ADMINISTRATOR_ROLE, access_role, make_role
from sandbox.services import cloudformation, sso_admin
from sandbox.services.organizations_shared import account as find
from sandbox.services.organizations_shared import constraint, invalid, page
from sandbox.state import SCP, Account, RootUser, State, now
from sandbox.wire.protocol import Call

WAIT_PERIOD = timedelta(days=4)
# A direct transfer needs a source organization of that age (aws-facts 5c).
_ORGANIZATION_AGE = timedelta(days=7)
# Handshakes that are over can be read for 30 days (B:organizations.DescribeHandshake).
_HANDSHAKES_SHOWN = timedelta(days=30)
_INVITATIONS_A_DAY = 20
# Accounts that may be in creation at once (Organizations User Guide, "Quotas").
_CREATIONS = 5
_CLOSURES_AT_ONCE = 3
_CLOSURE_WINDOW = timedelta(days=30)
_REOPENABLE = timedelta(days=90)

_DENIED = "You don't have permissions to access this resource."
_MISSING = (
    "The member account is missing one or more of the prerequisites required to operate as a standalone account. "
    "To add what is missing, sign-in to the member account using the AWS Organizations console, then select to leave "
    "the organization. You will then be prompted to enter any missing information."
)


# Who may call


def require_member(state: State, account: str) -> None:
    """Refuse callers that belong to no organization, or to another one."""
    if account in state.organization.accounts:
        return
    outsider = state.outside.get(account)
    if outsider is not None and outsider.elsewhere:
        raise AwsError("AccessDeniedException", _DENIED)
    raise AwsError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")


def _require_management(state: State, call: Call, *, or_delegate: bool = False) -> None:
    organization, account = state.organization, call.who.account
    require_member(state, account)
    if account != organization.management_account and not (or_delegate and organization.is_delegate(account)):
        raise AwsError("AccessDeniedException", _DENIED)


def _describe_organization(state: State, call: Call) -> dict[str, Any]:
    organization, caller = state.organization, state.account(call.who.account)
    if caller is not None and caller.elsewhere:
        sender = caller.elsewhere
    else:
        require_member(state, call.who.account)
        sender = us(state)
    prefix = f"arn:{state.partition}:organizations::{sender.management_account}"
    return {
        "Organization": {
            "Id": sender.organization,
            "Arn": f"{prefix}:organization/{sender.organization}",
            "FeatureSet": "ALL",
            "MasterAccountArn": f"{prefix}:account/{sender.organization}/{sender.management_account}",
            "MasterAccountId": sender.management_account,
            "MasterAccountEmail": sender.email,
            "AvailablePolicyTypes": [{"Type": SCP, "Status": "ENABLED"}]
            if sender.organization == organization.id
            else [],
        }
    }


def us(state: State) -> Sender:
    """This organization, as others see it in an invitation."""
    management = state.organization.accounts[state.organization.management_account]
    return Sender(state.organization.id, management.id, management.email, management.name)


# Coming and going


def _tell(state: State, recipient: str, name: str, moment: datetime, details: dict[str, Any]) -> None:
    state.tell(
        {
            "eventSource": "organizations.amazonaws.com",
            "eventName": name,
            "eventType": "AwsServiceEvent",
            "eventTime": moment,
            "recipientAccountId": recipient,
            "serviceEventDetails": details,
        }
    )


def _long_date(moment: datetime) -> str:
    """A date as the events of CreateAccount and CloseAccount write it: `Sep 16, 2020 5:00:00 AM`."""
    return f"{moment:%b} {moment.day}, {moment:%Y} {moment.hour % 12 or 12}:{moment:%M:%S %p}"


def _tell_joined(state: State, organization: Sender, account: str, method: str, moment: datetime) -> None:
    details = {"joinedMethod": method, "joinedTime": _long_date(moment)}
    _tell_membership(state, organization, "AccountJoinedOrganization", account, moment, details)


def _tell_departed(state: State, organization: Sender, account: str, method: str, moment: datetime) -> None:
    details = {"departureMethod": method, "departureTime": _long_date(moment)}
    _tell_membership(state, organization, "AccountDepartedOrganization", account, moment, details)


def _tell_membership(
    state: State, organization: Sender, name: str, account: str, moment: datetime, details: dict[str, str]
) -> None:
    known = {"managementAccountId": organization.management_account, "memberAccountId": account}
    _tell(state, organization.management_account, name, moment, known | details)


def join(state: State, account: Account, method: str, moment: datetime) -> None:
    """Make an account a member, in the root."""
    organization = state.organization
    state.outside.pop(account.id, None)
    account.parent, account.joined, account.joined_method, account.elsewhere = (
        organization.root_id,
        moment,
        method,
        None,
    )
    account.arn = organization.arn("account", account.id)
    organization.accounts[account.id] = account
    organization.units[account.parent].accounts[account.id] = None
    organization.attach_full_access(account.id)
    _tell_joined(state, us(state), account.id, method, moment)


def depart(state: State, account: Account, method: str, moment: datetime) -> None:
    """Make an account a standalone one: no policies, no tags on the account object any more (aws-facts 5c, 8)."""
    organization = state.organization
    _tell_departed(state, us(state), account.id, method, moment)
    del organization.accounts[account.id]
    organization.units[account.parent].accounts.pop(account.id, None)
    organization.attachments.pop(account.id, None)
    for delegates in organization.delegations.values():
        delegates.pop(account.id, None)
    account.parent = ""
    account.tags.clear()
    cloudformation.forget(state, account.id)
    sso_admin.forget(state, account.id)
    # Its execution role stays, and still trusts the management account: only unenrolling takes it away.
    state.control_tower.discard(account.id)
    if method != "CLEANED":
        state.outside[account.id] = account


def _check_departure(state: State, account: Account) -> None:
    """What holds for every way out: leaving, removal and transfer (aws-facts 5c)."""
    organization = state.organization
    if account.id == organization.management_account:
        raise AwsError(
            "MasterCannotLeaveOrganizationException",
            "You can't remove a management account from an organization. If you want the management account to become "
            "a member account in another organization, you must first delete the current organization of the "
            "management account.",
        )
    if organization.is_delegate(account.id):
        raise constraint(
            "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG",
            "You cannot remove a delegated administrator from the organization without de-registering the account.",
        )
    if account.joined_method == "CREATED" and now() - account.created < WAIT_PERIOD:
        raise constraint("WAIT_PERIOD_ACTIVE", "This operation requires a wait period.  Try again later.")


def _check_standing(account: Account) -> None:
    """What an account needs to live alone; a direct transfer does not ask for it (aws-facts 5c, 3).

    In which order AWS looks, and which reason stands for a missing support plan, is UNVERIFIED.
    """
    standing = account.standing
    if not standing.agreement or standing.support_plan is None:
        raise constraint("ACCOUNT_CANNOT_LEAVE_WITHOUT_EULA", _MISSING)
    if standing.phone != "VERIFIED":
        raise constraint("ACCOUNT_CANNOT_LEAVE_WITHOUT_PHONE_VERIFICATION", _MISSING)
    if standing.payment_method == "none":
        raise constraint(
            "MEMBER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED",
            "The member account must be configured with a valid payment method, such as a credit card.",
        )
    if standing.payment_method == "unsupported":
        raise constraint(
            "INVALID_PAYMENT_INSTRUMENT",
            "You cannot remove an account because no supported payment method is associated with the account.",
        )


def _remove_account(state: State, call: Call) -> None:
    _require_management(state, call)
    account = find(state, call.parameters.get("AccountId"))
    _check_departure(state, account)
    _check_standing(account)
    depart(state, account, "REMOVED", now())


def _leave_organization(state: State, call: Call) -> None:
    require_member(state, call.who.account)
    account = state.organization.accounts[call.who.account]
    _check_departure(state, account)
    _check_standing(account)
    depart(state, account, "LEFT", now())


def _tags(call: Call) -> dict[str, str]:
    return {tag.get("Key", ""): tag.get("Value", "") for tag in call.parameters.get("Tags", [])}


# Creating accounts


def _create_account(state: State, call: Call) -> dict[str, Any]:
    _require_management(state, call)
    parameters, moment = call.parameters, now().replace(microsecond=0)
    name, email = parameters.get("AccountName", ""), parameters.get("Email", "")
    role = parameters.get("RoleName", ADMINISTRATOR_ROLE)
    if not re.fullmatch(r"[^\s@]+@[^\s@]+\.[^\s@]+", email) or not 6 <= len(email) <= 64:
        raise invalid("INVALID_EMAIL_ADDRESS_TARGET", "You provided an email address that is not valid.")
    if not re.fullmatch(r"[ -~]{1,50}", name):
        raise invalid("INVALID_PATTERN", "You provided a value that does not match the required pattern.")
    if not re.fullmatch(r"[\w+=,.@-]{1,64}", role):
        raise invalid("INVALID_ROLE_NAME", "You provided a role name that isn't valid.")
    if parameters.get("IamUserAccessToBilling", "ALLOW") not in ("ALLOW", "DENY"):
        raise invalid("INVALID_ENUM", "You specified an invalid value.")
    under_way = [creation for creation in state.creations.values() if creation.state == "IN_PROGRESS"]
    if len(under_way) >= _CREATIONS:
        raise constraint(
            "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED",
            "You have exceeded the number of accounts that can be in progress at a time.",
        )
    if len(state.organization.accounts) + len(under_way) >= state.behaviour.account_quota:
        raise constraint("ACCOUNT_NUMBER_LIMIT_EXCEEDED", "You have exceeded the allowed number of AWS accounts.")
    identifier = f"car-{names.hexadecimal(32, state.organization.id, str(len(state.creations)), email)}"
    creation = state.creations[identifier] = Creation(identifier, name, moment)
    finish = partial(
        _finish_creation,
        state,
        creation,
        email,
        role,
        parameters.get("IamUserAccessToBilling") != "DENY",
        _tags(call),
    )
    state.schedule.at(moment + state.behaviour.account_creation, finish)
    return {"CreateAccountStatus": _shown_creation(creation)}


def _finish_creation(
    state: State,
    creation: Creation,
    email: str,
    role: str,
    billing_access: bool,
    tags: dict[str, str],
    moment: datetime,
) -> None:
    creation.completed = moment
    if any(account.email.lower() == email.lower() for account in state.accounts()):
        creation.state, creation.failure = "FAILED", "EMAIL_ALREADY_EXISTS"
        _tell_created(state, creation)
        return
    account = _opened(state, creation.name, email, moment)
    account.tags, account.standing.billing_access = tags, billing_access
    join(state, account, "CREATED", moment)
    management = state.organization.management_account
    make_role(state.iam(account.id), account.id, access_role(role, state.partition, management))
    state.identities.setdefault(
        f"{creation.name}-administrator",
        state.open_identity(f"{creation.name}-administrator", account=account.id, role=role),
    )
    creation.state, creation.account = "SUCCEEDED", account.id
    _tell_created(state, creation)


def _opened(state: State, name: str, email: str, moment: datetime) -> Account:
    """A new account without root credentials, its address the management account's (aws-facts 2.5, 1)."""
    management = state.organization.accounts[state.organization.management_account]
    seeds = ((name, email, str(attempt)) for attempt in range(1000))
    candidates = (f"{int(names.hexadecimal(15, 'account', *seed), 16) % 10**12:012d}" for seed in seeds)
    identifier = next(candidate for candidate in candidates if state.account(candidate) is None)
    return Account(
        id=identifier,
        name=name,
        email=email,
        arn=state.organization.arn("account", identifier),
        state="ACTIVE",
        joined_method="CREATED",
        joined=moment,
        root=RootUser(moment),
        parent=state.organization.root_id,
        created=moment,
        contact={**management.contact, "FullName": name},
    )


def _tell_created(state: State, creation: Creation) -> None:
    completed = creation.completed or creation.requested
    status = {
        "id": creation.id,
        "state": creation.state,
        "accountName": "****",
        "requestedTimestamp": _long_date(creation.requested),
        "completedTimestamp": _long_date(completed),
    }
    status |= {"accountId": creation.account} if creation.account else {"failureReason": creation.failure}
    details = {"createAccountStatus": status}
    _tell(state, state.organization.management_account, "CreateAccountResult", completed, details)


def _shown_creation(creation: Creation) -> dict[str, Any]:
    return {
        "Id": creation.id,
        "AccountName": creation.name,
        "State": creation.state,
        "RequestedTimestamp": creation.requested,
        "CompletedTimestamp": creation.completed,
        "AccountId": creation.account,
        "FailureReason": creation.failure,
    }


def _describe_creation(state: State, call: Call) -> dict[str, Any]:
    _require_management(state, call, or_delegate=True)
    creation = state.creations.get(call.parameters.get("CreateAccountRequestId", ""))
    if creation is None:
        raise AwsError(
            "CreateAccountStatusNotFoundException",
            "We can't find an create account request with the CreateAccountRequestId that you specified.",
        )
    return {"CreateAccountStatus": _shown_creation(creation)}


def _list_creations(state: State, call: Call) -> dict[str, Any]:
    _require_management(state, call, or_delegate=True)
    wanted = call.parameters.get("States")
    found = [one.id for one in state.creations.values() if not wanted or one.state in wanted]
    return page(call.parameters, "CreateAccountStatuses", found, lambda one: _shown_creation(state.creations[one]))


# Invitations


def _invite(state: State, call: Call) -> dict[str, Any]:
    _require_management(state, call)
    target, moment = call.parameters.get("Target", {}), now().replace(microsecond=0)
    account = _invited(state, target)
    if account.id in state.organization.accounts:
        raise _handshake_constraint(
            "ALREADY_IN_AN_ORGANIZATION",
            "The handshake request is invalid because the invited account is already a member of an organization.",
        )
    ours = [one for one in _handshakes(state) if one.sender.organization == state.organization.id]
    if any(one.account == account.id and one.state == "OPEN" for one in ours):
        raise AwsError("DuplicateHandshakeException", "A handshake with the same action and target already exists.")
    quota = state.behaviour.account_quota
    if len([one for one in ours if moment - one.requested < timedelta(days=1)]) >= max(_INVITATIONS_A_DAY, quota):
        raise _handshake_constraint(
            "HANDSHAKE_RATE_LIMIT_EXCEEDED",
            "You attempted to exceed the number of handshakes that you can send in one day.",
        )
    if len(state.organization.accounts) >= quota:
        raise _handshake_constraint(
            "ACCOUNT_NUMBER_LIMIT_EXCEEDED", "You have exceeded the allowed number of AWS accounts"
        )
    handshake = make_handshake(state.partition, us(state), account.id, dict(target), moment, str(len(state.handshakes)))
    handshake.notes = call.parameters.get("Notes")
    handshake.tags = _tags(call)
    send_invitation(state, handshake, account)
    return {"Handshake": _shown_handshake(handshake)}


def send_invitation(state: State, handshake: Handshake, account: Account) -> None:
    """Let an invitation be open, and mail it to the account's owner."""
    state.handshakes[handshake.id] = handshake
    name = handshake.sender.name
    state.messages.append(
        Message(
            "mail",
            account.id,
            account.email,
            handshake.requested,
            "Your AWS account has been invited to join an AWS organization",
            f"The account {name} invites your account to its organization. {handshake.notes or ''}".strip(),
            handshake.id,
        )
    )


def _invited(state: State, target: dict[str, str]) -> Account:
    """The account meant; which refusal AWS has for one that does not exist is UNVERIFIED."""
    kind, identifier = target.get("Type"), target.get("Id", "")
    if kind not in ("ACCOUNT", "EMAIL"):
        raise invalid(
            "INVALID_PARTY_TYPE_TARGET",
            "You specified the wrong type of entity (account, organization, or email) as a party.",
        )
    if kind == "ACCOUNT":
        account = state.account(identifier)
    else:
        account = next((one for one in state.accounts() if one.email.lower() == identifier.lower()), None)
    if account is None:
        reason = "INVALID_PATTERN_TARGET_ID" if kind == "ACCOUNT" else "INVALID_EMAIL_ADDRESS_TARGET"
        raise invalid(reason, "You provided a target that isn't an AWS account.")
    return account


def _handshake_constraint(reason: str, message: str) -> AwsError:
    return AwsError("HandshakeConstraintViolationException", message, fields={"Reason": reason})


def _handshakes(state: State) -> Iterable[Handshake]:
    """The handshakes that can still be read, expired ones marked."""
    moment = now()
    for handshake in state.handshakes.values():
        if handshake.state == "OPEN" and handshake.expires <= moment:
            handshake.state, handshake.changed = "EXPIRED", handshake.expires
        if handshake.changed is None or moment - handshake.changed < _HANDSHAKES_SHOWN:
            yield handshake


def _handshake(state: State, call: Call) -> Handshake:
    wanted = call.parameters.get("HandshakeId", "")
    if not re.fullmatch(r"h-[0-9a-z]{8,32}", wanted):
        raise invalid("INVALID_PATTERN", "You provided a value that does not match the required pattern.")
    found = next((handshake for handshake in _handshakes(state) if handshake.id == wanted), None)
    if found is None:
        raise AwsError(
            "HandshakeNotFoundException", "We can't find a handshake with the HandshakeId that you specified."
        )
    return found


def _shown_handshake(handshake: Handshake) -> dict[str, Any]:
    sender, target = handshake.sender, handshake.target
    resources: list[dict[str, Any]] = [
        {
            "Type": "ORGANIZATION",
            "Value": sender.organization,
            "Resources": [
                {"Type": "MASTER_EMAIL", "Value": sender.email},
                {"Type": "MASTER_NAME", "Value": sender.name},
                {"Type": "ORGANIZATION_FEATURE_SET", "Value": "ALL"},
            ],
        },
        {"Type": target["Type"], "Value": target["Id"]},
    ]
    if handshake.notes:
        resources.append({"Type": "NOTES", "Value": handshake.notes})
    return {
        "Id": handshake.id,
        "Arn": handshake.arn,
        "Parties": [{"Id": sender.organization, "Type": "ORGANIZATION"}, target],
        "State": handshake.state,
        "RequestedTimestamp": handshake.requested,
        "ExpirationTimestamp": handshake.expires,
        "Action": "INVITE",
        "Resources": resources,
    }


def _move_on(handshake: Handshake, to: str) -> None:
    """Answer an open handshake; AWS tells one in that state already from one in another."""
    if handshake.state == to:
        raise AwsError("HandshakeAlreadyInStateException", "The specified handshake is already in the requested state.")
    if handshake.state != "OPEN":
        raise AwsError(
            "InvalidHandshakeTransitionException",
            "You can't perform the operation on the handshake in its current state.",
        )
    handshake.state, handshake.changed = to, now()


def _received(state: State, call: Call) -> Handshake:
    handshake = _handshake(state, call)
    if handshake.account != call.who.account:
        raise AwsError("AccessDeniedException", _DENIED)
    return handshake


def _accept(state: State, call: Call) -> dict[str, Any]:
    """Join: from nowhere, or by direct transfer from the organization the account is in."""
    handshake, moment = _received(state, call), now()
    account = state.account(handshake.account)
    if account is None:
        raise AwsError("AccessDeniedException", _DENIED)
    inside = account.id in state.organization.accounts
    if handshake.state == "OPEN" and inside:
        _check_transfer(state, call, account)
    if handshake.state == "OPEN" and not inside and account.state != "ACTIVE":
        raise AwsError("AccessDeniedException", _DENIED)
    _move_on(handshake, "ACCEPTED")
    if account.elsewhere:
        _tell_departed(state, account.elsewhere, account.id, "LEFT", moment)
    if handshake.sender.organization == state.organization.id:
        join(state, account, "INVITED", moment)
        account.tags.update(handshake.tags)
    else:
        if inside:
            depart(state, account, "LEFT", moment)
        account.elsewhere = handshake.sender
        account.joined_method, account.joined = "INVITED", moment
        _tell_joined(state, handshake.sender, account.id, "INVITED", moment)
    return {"Handshake": _shown_handshake(handshake)}


def _check_transfer(state: State, call: Call, account: Account) -> None:
    """A transfer needs no payment method, but a source organization of 7 days and the right to leave.

    Whether AWS asks for organizations:LeaveOrganization is documented both ways (aws-facts 9, 5): asked, UNVERIFIED.
    """
    _check_departure(state, account)
    if now() - state.organization.created < _ORGANIZATION_AGE:
        raise _handshake_constraint(
            "ORGANIZATION_MEMBERSHIP_CHANGE_RATE_LIMIT_EXCEEDED",
            "You attempted to change the membership of an account too quickly after its previous change.",
        )
    need = Need("organizations:LeaveOrganization", "*", account.id)
    decision = authorizer.decide(state, call, need.action, need.resource, account.id)
    if not decision.allowed:
        raise authorizer.denied(call, need, decision)


def _decline(state: State, call: Call) -> dict[str, Any]:
    handshake = _received(state, call)
    _move_on(handshake, "DECLINED")
    return {"Handshake": _shown_handshake(handshake)}


def _cancel(state: State, call: Call) -> dict[str, Any]:
    _require_management(state, call)
    handshake = _handshake(state, call)
    if handshake.sender.organization != state.organization.id:
        raise AwsError("AccessDeniedException", _DENIED)
    _move_on(handshake, "CANCELED")
    return {"Handshake": _shown_handshake(handshake)}


def _describe_handshake(state: State, call: Call) -> dict[str, Any]:
    handshake, account = _handshake(state, call), call.who.account
    ours = handshake.sender.organization == state.organization.id and account in state.organization.accounts
    if not ours and handshake.account != account:
        raise AwsError("AccessDeniedException", _DENIED)
    return {"Handshake": _shown_handshake(handshake)}


def _list_received(state: State, call: Call) -> dict[str, Any]:
    return _list_handshakes(state, call, lambda handshake: handshake.account == call.who.account)


def _list_sent(state: State, call: Call) -> dict[str, Any]:
    _require_management(state, call, or_delegate=True)
    return _list_handshakes(state, call, lambda handshake: handshake.sender.organization == state.organization.id)


def _list_handshakes(state: State, call: Call, wanted: Callable[[Handshake], bool]) -> dict[str, Any]:
    action = call.parameters.get("Filter", {}).get("ActionType", "INVITE")
    found = {one.id: one for one in _handshakes(state) if wanted(one) and action == "INVITE"}
    return page(call.parameters, "Handshakes", found, lambda one: _shown_handshake(found[one]))


# Closing accounts


def closure_quota(members: int) -> int:
    """How many accounts may be closed in 30 days: the higher of 250 and 20 %, at most 1,000 (aws-facts 5c)."""
    return min(max(250, members // 5), 1000)


def _close_account(state: State, call: Call) -> None:
    _require_management(state, call)
    organization, moment = state.organization, now().replace(microsecond=0)
    account = find(state, call.parameters.get("AccountId"))
    if account.id == organization.management_account:
        raise constraint(
            "CANNOT_CLOSE_MANAGEMENT_ACCOUNT",
            "You attempted to close the management account. To close the management account for the organization, you "
            "must first either remove or close all member accounts in the organization. Follow standard account "
            "closure process using root credentials.",
        )
    if account.state == "CLOSED":
        raise AwsError("AccountAlreadyClosedException", "You attempted to close an account that is already closed.")
    if account.closure or account.state != "ACTIVE":
        raise AwsError(
            "ConflictException",
            "The request failed because it conflicts with the current state of the specified resource.",
        )
    closures = [one.closure for one in organization.accounts.values() if one.closure]
    recent = [closure for closure in closures if moment - closure.requested < _CLOSURE_WINDOW]
    if len(recent) >= closure_quota(len(organization.accounts) - 1):
        raise constraint("CLOSE_ACCOUNT_QUOTA_EXCEEDED", "You have exceeded close account quota for the past 30 days.")
    if len([closure for closure in closures if closure.closed is None]) >= _CLOSURES_AT_ONCE:
        raise constraint(
            "CLOSE_ACCOUNT_REQUESTS_LIMIT_EXCEEDED",
            "You attempted to exceed the number of accounts that you can close at a time.",
        )
    account.closure = closure = Closure(moment)
    behaviour = state.behaviour
    state.schedule.at(moment + behaviour.closure_shows, partial(_show_closure, account, closure))
    state.schedule.at(
        moment + behaviour.closure_shows + behaviour.closure, partial(_finish_closure, state, account, closure)
    )
    state.schedule.run(now())


def _show_closure(account: Account, closure: Closure, _: datetime) -> None:
    if account.closure is closure:
        account.state = "PENDING_CLOSURE"


def _finish_closure(state: State, account: Account, closure: Closure, moment: datetime) -> None:
    if account.closure is not closure:
        return
    account.state, closure.closed = "CLOSED", moment
    status = {
        "accountId": account.id,
        "state": "SUCCEEDED",
        "requestedTimestamp": _long_date(closure.requested),
        "completedTimestamp": _long_date(moment),
    }
    management = state.organization.management_account
    _tell(state, management, "CloseAccountResult", moment, {"closeAccountStatus": status})
    state.schedule.at(moment + _REOPENABLE, partial(_clean, state, account, closure))


def _clean(state: State, account: Account, closure: Closure, moment: datetime) -> None:
    """The end of an account, 90 days after its closure."""
    if account.closure is closure and account.id in state.organization.accounts:
        depart(state, account, "CLEANED", moment)


OPERATIONS: dict[str, Callable[[State, Call], dict[str, Any] | None]] = {
    "AcceptHandshake": _accept,
    "CancelHandshake": _cancel,
    "CloseAccount": _close_account,
    "CreateAccount": _create_account,
    "DeclineHandshake": _decline,
    "DescribeCreateAccountStatus": _describe_creation,
    "DescribeHandshake": _describe_handshake,
    "DescribeOrganization": _describe_organization,
    "InviteAccountToOrganization": _invite,
    "LeaveOrganization": _leave_organization,
    "ListCreateAccountStatus": _list_creations,
    "ListHandshakesForAccount": _list_received,
    "ListHandshakesForOrganization": _list_sent,
    "RemoveAccountFromOrganization": _remove_account,
}
