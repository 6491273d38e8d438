# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do in a browser, with a mailbox, a phone and a second factor: steps of a recovery no API has.

Texts of AWS's sign-in pages come from a public test protocol of root access removal (2026-09-06). AWS's
pages of billing and support are described, not quoted.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from breakglass_aws.sandbox import names
from breakglass_aws.sandbox.authorization import Policies, evaluate
from breakglass_aws.sandbox.authorization import Request as AuthorizationRequest
from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.model.iam_entities import make_virtual_device
from breakglass_aws.sandbox.model.lifecycle import PAYMENT_METHODS, SUPPORT_PLANS, Message, make_invitation
from breakglass_aws.sandbox.model.organization import Account, MfaDevice
from breakglass_aws.sandbox.model.sessions import Caller, Session
from breakglass_aws.sandbox.services.account import send_phone_code
from breakglass_aws.sandbox.services.invitations import send_invitation
from breakglass_aws.sandbox.state import State

# A console session of the root user lasts 12 hours; how long a reset link holds is UNVERIFIED.
_SIGNED_IN = 12 * 3600
_LINK_VALID = timedelta(hours=2)
_MFA_LIMIT = 8
_FAILED = (
    "Authentication failed. Your root user credentials are not valid or sign-in as root is currently disabled for this "
    "account. Please reach out to your administrator for further assistance."
)
_SENT = (
    "Password email sent. Instructions have been sent to the email address associated with this Amazon Web Services "
    "account."
)
_NO_RECOVERY = (
    "Password recovery failed. Password recovery is disabled for your AWS account. "
    "Please contact your administrator for further assistance."
)

StepResult = dict[str, Any]


class Refused(Exception):
    """AWS, or the world, says no to a person; `details` may say what is asked for."""

    def __init__(self, text: str, **details: Any) -> None:
        super().__init__(text)
        self.details = details


class Unknown(LookupError):
    """There is no such person or step, or the step does not take what was given."""


def look(state: State, who: str, what: str) -> Any:
    """What a person sees: `mailbox` and `phone` hold messages, newest last; without a name, the account itself.

    Args:
        who: An account by ID or name; for `mailbox` an address as well.

    Raises:
        Unknown: No such account, or nothing of that name to look at.
    """
    if what == "mailbox" and "@" in who:
        return [_shown(one) for one in state.messages if one.channel == "mail" and one.to.lower() == who.lower()]
    account = _account(state, who)
    if what == "mailbox":
        return look(state, account.email, "mailbox")
    if what == "phone":
        return [_shown(one) for one in state.messages if one.channel == "phone" and one.account == account.id]
    if what:
        raise Unknown(f"there is no {what!r} to look at; there are: mailbox, phone")
    password = account.root.password
    return {
        "account": account.id,
        "name": account.name,
        "email": account.email,
        "state": account.state,
        "standing": asdict(account.standing),
        "password": password.secret if password else None,
        "mfa_devices": [device.serial for device in account.root.mfa_devices.values() if not device.lost],
    }


def act(state: State, who: str, step: str, given: dict[str, Any]) -> StepResult:
    """Have a person do a step.

    Args:
        who: The account whose owner acts, by ID or name.
        step: One of STEPS.
        given: What the step is told.

    Raises:
        Refused: What AWS shows the person.
        Unknown: No such account or step, or the step does not take that.
    """
    function = STEPS.get(step)
    if function is None:
        raise Unknown(f"no step {step!r}; there are: {', '.join(STEPS)}")
    account = _account(state, who)
    accepted = steps()[step]
    if unknown := given.keys() - accepted.keys():
        raise Unknown(f"{step} takes no {', '.join(sorted(unknown))}; accepted: {', '.join(accepted) or 'nothing'}")
    if wrong := [name for name, value in given.items() if not isinstance(value, str)]:
        raise Unknown(f"{', '.join(sorted(wrong))} must be text")
    return function(state, account, **given)


def steps() -> dict[str, dict[str, Any]]:
    """The steps with what each may be told, and the value it takes otherwise."""
    return {
        step: {
            name: parameter.default
            for name, parameter in inspect.signature(function).parameters.items()
            if parameter.kind is parameter.KEYWORD_ONLY
        }
        for step, function in STEPS.items()
    }


def _account(state: State, who: str) -> Account:
    if found := state.account(who):
        return found
    named = [one for one in state.accounts() if one.name == who]
    if not named:
        raise Unknown(f"no account {who!r} in this organization")
    if len(named) > 1:
        raise Unknown(f"several accounts are named {who!r}; give one of the IDs {', '.join(one.id for one in named)}")
    return named[0]


def _shown(message: Message) -> StepResult:
    return {
        "to": message.to,
        "sent": message.sent.isoformat(),
        "subject": message.subject,
        "text": message.text,
        "code": message.code,
    }


def _add_sign_in_event(state: State, account: Account, name: str, outcome: str = "Success", **more: Any) -> None:
    """A sign-in event, in the account (aws-facts 4.1)."""
    state.add_service_event(
        {
            "eventSource": "signin.amazonaws.com",
            "eventName": name,
            "eventType": "AwsConsoleSignIn",
            "eventTime": now(),
            "recipientAccountId": account.id,
            "userIdentity": {
                "type": "Root",
                "principalId": account.id,
                "arn": state.root_principal(account.id).arn,
                "accountId": account.id,
            },
            "responseElements": {name: outcome},
            **more,
        }
    )


# The root user


def _request_password_reset(state: State, account: Account) -> StepResult:
    """Ask for the mail that lets a password be set. AWS sends it whether or not it will be of use."""
    token = names.hexadecimal(32, "reset", account.id, now().isoformat())
    subject, text = (
        "Amazon Web Services Password Assistance",
        "Follow the link to set a new password for the root user.",
    )
    state.messages.append(Message("mail", account.id, account.email, now(), subject, text, token))
    _add_sign_in_event(state, account, "PasswordRecoveryRequested")
    return {"message": _SENT, "to": account.email}


def _set_password(state: State, account: Account, *, password: str = "", token: str = "") -> StepResult:
    """Follow the link of the newest mail, or of the one with `token`, and choose a password."""
    mails = [one for one in state.messages if one.channel == "mail" and one.account == account.id]
    links = [one for one in mails if one.subject.endswith("Password Assistance") and token in ("", one.code)]
    if not links or now() - links[-1].sent > _LINK_VALID:
        raise Refused("There is no password reset mail that still holds: request one first.")
    if account.root.password is None:
        _add_sign_in_event(state, account, "PasswordRecoveryCompleted", "Failure")
        raise Refused(_NO_RECOVERY)
    state.messages.remove(links[-1])  # a link is good once
    account.root.password.secret = password or names.hexadecimal(20, "password", links[-1].code or "")
    _add_sign_in_event(state, account, "PasswordRecoveryCompleted")
    return {"password": account.root.password.secret}


def _reset_password(state: State, account: Account, *, password: str = "") -> StepResult:
    """Ask for the mail, follow its link and choose a password."""
    _request_password_reset(state, account)
    return _set_password(state, account, password=password)


def _sign_in(state: State, account: Account, *, password: str = "", mfa: str = "") -> StepResult:
    """Sign in to the console as the root user; the answer has keys of that session.

    Args:
        password: The one its owner keeps, when left out.
        mfa: Serial of the device whose code is typed.
    """
    root = account.root
    known = root.password.secret if root.password else None
    if known is None or (password or known) != known or account.state in ("SUSPENDED", "CLOSED"):
        _add_sign_in_event(state, account, "ConsoleLogin", "Failure", errorMessage="Failed authentication")
        raise Refused(_FAILED)
    if not _root_may_work(state, account):
        _add_sign_in_event(state, account, "ConsoleLogin", "Failure", errorMessage="Failed authentication")
        raise Refused(_FAILED)
    if root.mfa_devices and not mfa:
        raise Refused("Multi-factor authentication: type the code of your MFA device.", mfa_devices=[*root.mfa_devices])
    device = root.mfa_devices.get(mfa)
    if root.mfa_devices and (device is None or device.lost):
        _add_sign_in_event(state, account, "ConsoleLogin", "Failure", errorMessage="Failed authentication")
        raise Refused("Your authentication information is incorrect. Please try again.")
    if root.password is not None:
        root.password.last_used = now().replace(microsecond=0)
    session = state.open_session(
        lambda key: Caller(state.root_principal(account.id), key, issued=now(), mfa=device is not None),
        account.id,
        _SIGNED_IN,
    )
    _add_sign_in_event(state, account, "ConsoleLogin", additionalEventData={"MFAUsed": "Yes" if device else "No"})
    return {
        "access_key": session.access_key_id,
        "secret_key": session.secret_key,
        "session_token": session.token,
        "expires": session.expires and session.expires.isoformat(),
    }


def _sign_out(state: State, account: Account) -> StepResult:
    """Sign out of the console, in every browser. A session that is not ended may outlive the password."""
    _require_root(state, account)
    for key, session in list(state.sessions.items()):
        if _is_console_session(session, account) and session.expires:
            state.sessions[key] = replace(session, expires=now())
    return {"signed_in": False}


def _root_may_work(state: State, account: Account) -> bool:
    """Whether the SCPs leave the root user anything: one that denies it everything is taken to deny sign-in too.

    What AWS's sign-in page says then is UNVERIFIED; each call would be refused in any case (aws-facts 7.8). A guard of
    Regions that exempts IAM leaves it something.
    """
    policies = Policies(scps=state.organization.scps(account.id))
    principal, context = state.root_principal(account.id), {"aws:RequestedRegion": state.home_region}
    return any(
        evaluate(AuthorizationRequest(principal, action, "*", account.id, context), policies).allowed
        for action in ("signin:Authenticate", "iam:EnableMFADevice")
    )


def _require_permission(state: State, account: Account, action: str, resource: str) -> None:
    """Refuse what the SCPs deny to the root user who is signed in."""
    principal = state.root_principal(account.id)
    context = {"aws:RequestedRegion": state.home_region}
    question = AuthorizationRequest(principal, action, resource, account.id, context)
    decision = evaluate(question, Policies(scps=state.organization.scps(account.id)))
    if not decision.allowed:
        text = f"User: {principal.arn} is not authorized to perform: {action} on resource: {resource}"
        raise Refused(f"{text} {decision.clause(action)}")


def _signed_in_as_root(state: State, account: Account) -> bool:
    moment = now()
    return any(
        _is_console_session(session, account) and (session.expires is None or session.expires > moment)
        for session in state.sessions.values()
    )


def _is_console_session(session: Session, account: Account) -> bool:
    caller = session.caller
    return caller.is_root and caller.account == account.id and caller.task_policy is None


def _require_root(state: State, account: Account) -> None:
    if not _signed_in_as_root(state, account):
        raise Refused("Only the root user can do this: sign in as the root user first.")


def _enrol_mfa(state: State, account: Account, *, name: str = "root-account-mfa-device") -> StepResult:
    """Register a virtual MFA device, signed in as the root user."""
    _require_root(state, account)
    serial = f"arn:{state.partition}:iam::{account.id}:mfa/{name}"
    backend = state.iam(account.id)
    if serial in backend.virtual_mfa_devices or serial in account.root.mfa_devices:
        # A device that was deactivated leaves its entity behind (aws-facts 2.3).
        raise Refused("MFADevice entity at the same path and name already exists.")
    if len(account.root.mfa_devices) >= _MFA_LIMIT:
        raise Refused(f"You can register up to {_MFA_LIMIT} MFA devices.")
    for action in ("iam:CreateVirtualMFADevice", "iam:EnableMFADevice"):
        _require_permission(
            state, account, action, serial if "Create" in action else f"arn:{state.partition}:iam::{account.id}:root"
        )
    moment = now().replace(microsecond=0)
    account.root.mfa_devices[serial] = MfaDevice(serial, moment, virtual=True)
    make_virtual_device(backend, account.id, serial, moment)
    return {"serial": serial}


def _lose_mfa(_: State, account: Account) -> StepResult:
    """Lose every MFA device of the root user."""
    for device in account.root.mfa_devices.values():
        device.lost = True
    return {"lost": [*account.root.mfa_devices]}


# What an account needs to live alone (aws-facts 5c, 3 and 4)


def _require_billing(state: State, account: Account) -> None:
    if not account.standing.billing_access and not _signed_in_as_root(state, account):
        raise Refused("IAM access to billing is not activated in this account: sign in as the root user first.")


def _add_payment_method(state: State, account: Account, *, kind: str = "valid") -> StepResult:
    _require_billing(state, account)
    account.standing.payment_method = _one_of(kind, PAYMENT_METHODS[1:])
    return asdict(account.standing)


def _activate_billing_access(state: State, account: Account) -> StepResult:
    """Let IAM principals see billing: a task of the root user alone (aws-facts 2.5, 7)."""
    _require_root(state, account)
    account.standing.billing_access = True
    return asdict(account.standing)


def _verify_phone(state: State, account: Account) -> StepResult:
    """Answer the call to the primary contact's phone and type the code."""
    send_phone_code(state, account)
    account.phone_code, account.standing.phone = None, "VERIFIED"
    return asdict(account.standing)


def _choose_support_plan(_: State, account: Account, *, plan: str = "basic") -> StepResult:
    account.standing.support_plan = _one_of(plan, SUPPORT_PLANS)
    return asdict(account.standing)


def _accept_agreement(_: State, account: Account) -> StepResult:
    account.standing.agreement = True
    return asdict(account.standing)


def _one_of(value: str, accepted: tuple[str, ...]) -> str:
    if value not in accepted:
        raise Unknown(f"{value!r} is not accepted; accepted: {', '.join(accepted)}")
    return value


# Elsewhere


def _reopen(_: State, account: Account) -> StepResult:
    """Have AWS Support reopen a closed account (aws-facts 5c: within 90 days)."""
    if account.state != "CLOSED":
        raise Refused("The account is not closed.")
    account.state, account.closure = "ACTIVE", None
    return {"state": account.state}


def _invite_elsewhere(state: State, account: Account) -> StepResult:
    """The other organization's management account invites this one."""
    other = state.description.organization["other_organization"]
    if other is None:
        raise Unknown("the organization file describes no other_organization that could invite")
    target, moment = {"Id": account.id, "Type": "ACCOUNT"}, now().replace(microsecond=0)
    if account.elsewhere == other["sender"]:
        raise Refused("The account is a member of that organization already.")
    handshake = make_invitation(
        state.partition, other["sender"], account.id, target, moment, str(len(state.handshakes))
    )
    send_invitation(state, handshake, account)
    return {"handshake": handshake.id}


STEPS: dict[str, Callable[..., StepResult]] = {
    "request_password_reset": _request_password_reset,
    "set_password": _set_password,
    "reset_password": _reset_password,
    "sign_in": _sign_in,
    "sign_out": _sign_out,
    "enrol_mfa": _enrol_mfa,
    "lose_mfa": _lose_mfa,
    "add_payment_method": _add_payment_method,
    "activate_billing_access": _activate_billing_access,
    "verify_phone": _verify_phone,
    "choose_support_plan": _choose_support_plan,
    "accept_agreement": _accept_agreement,
    "reopen": _reopen,
    "invite_elsewhere": _invite_elsewhere,
}
