# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handshakes: invitations to join an organization, and the transfer of accounts (aws-facts 5c)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from breakglass_aws.sandbox.access import authorizer
from breakglass_aws.sandbox.access.required_permissions import Need
from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.model.lifecycle import Handshake, Message, make_invitation
from breakglass_aws.sandbox.model.organization import Account
from breakglass_aws.sandbox.services.membership import (
    add_departed_event,
    add_joined_event,
    check_departure,
    depart,
    join,
)
from breakglass_aws.sandbox.services.organizations_shared import (
    DENIED,
    invalid,
    own_organization,
    page,
    require_management,
    tags_of,
)
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request

# A direct transfer needs a source organization of that age (aws-facts 5c).
_ORGANIZATION_AGE = timedelta(days=7)


# Handshakes that are over can be read for 30 days (B:organizations.DescribeHandshake).
_HANDSHAKES_SHOWN = timedelta(days=30)


_INVITATIONS_A_DAY = 20


def invite(state: State, request: Request) -> dict[str, Any]:
    require_management(state, request)
    target, moment = request.parameters.get("Target", {}), now().replace(microsecond=0)
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
    handshake = make_invitation(
        state.partition, own_organization(state), account.id, dict(target), moment, str(len(state.handshakes))
    )
    handshake.notes = request.parameters.get("Notes")
    handshake.tags = tags_of(request)
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


def _handshake(state: State, request: Request) -> Handshake:
    wanted = request.parameters.get("HandshakeId", "")
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


def _received(state: State, request: Request) -> Handshake:
    handshake = _handshake(state, request)
    if handshake.account != request.caller.account:
        raise AwsError("AccessDeniedException", DENIED)
    return handshake


def accept(state: State, request: Request) -> dict[str, Any]:
    """Join: from nowhere, or by direct transfer from the organization the account is in."""
    handshake, moment = _received(state, request), now()
    account = state.account(handshake.account)
    if account is None:
        raise AwsError("AccessDeniedException", DENIED)
    inside = account.id in state.organization.accounts
    if handshake.state == "OPEN" and inside:
        _check_transfer(state, request, account)
    if handshake.state == "OPEN" and not inside and account.state != "ACTIVE":
        raise AwsError("AccessDeniedException", DENIED)
    _move_on(handshake, "ACCEPTED")
    if account.elsewhere:
        add_departed_event(state, account.elsewhere, account.id, "LEFT", moment)
    if handshake.sender.organization == state.organization.id:
        join(state, account, "INVITED", moment)
        account.tags.update(handshake.tags)
    else:
        if inside:
            depart(state, account, "LEFT", moment)
        account.elsewhere = handshake.sender
        account.joined_method, account.joined = "INVITED", moment
        add_joined_event(state, handshake.sender, account.id, "INVITED", moment)
    return {"Handshake": _shown_handshake(handshake)}


def _check_transfer(state: State, request: Request, account: Account) -> None:
    """A transfer needs no payment method, but a source organization of 7 days and the right to leave.

    Whether AWS asks for organizations:LeaveOrganization is documented both ways (aws-facts 9, 5): asked, UNVERIFIED.
    """
    check_departure(state, account)
    if now() - state.organization.created < _ORGANIZATION_AGE:
        raise _handshake_constraint(
            "ORGANIZATION_MEMBERSHIP_CHANGE_RATE_LIMIT_EXCEEDED",
            "You attempted to change the membership of an account too quickly after its previous change.",
        )
    need = Need("organizations:LeaveOrganization", "*", account.id)
    decision = authorizer.decide(state, request, need.action, need.resource, account.id)
    if not decision.allowed:
        raise authorizer.denied(request, need, decision)


def decline(state: State, request: Request) -> dict[str, Any]:
    handshake = _received(state, request)
    _move_on(handshake, "DECLINED")
    return {"Handshake": _shown_handshake(handshake)}


def cancel(state: State, request: Request) -> dict[str, Any]:
    require_management(state, request)
    handshake = _handshake(state, request)
    if handshake.sender.organization != state.organization.id:
        raise AwsError("AccessDeniedException", DENIED)
    _move_on(handshake, "CANCELED")
    return {"Handshake": _shown_handshake(handshake)}


def describe_handshake(state: State, request: Request) -> dict[str, Any]:
    handshake, account = _handshake(state, request), request.caller.account
    ours = handshake.sender.organization == state.organization.id and account in state.organization.accounts
    if not ours and handshake.account != account:
        raise AwsError("AccessDeniedException", DENIED)
    return {"Handshake": _shown_handshake(handshake)}


def list_received(state: State, request: Request) -> dict[str, Any]:
    return _list_handshakes(state, request, lambda handshake: handshake.account == request.caller.account)


def list_sent(state: State, request: Request) -> dict[str, Any]:
    require_management(state, request, or_delegate=True)
    return _list_handshakes(state, request, lambda handshake: handshake.sender.organization == state.organization.id)


def _list_handshakes(state: State, request: Request, wanted: Callable[[Handshake], bool]) -> dict[str, Any]:
    action = request.parameters.get("Filter", {}).get("ActionType", "INVITE")
    found = {one.id: one for one in _handshakes(state) if wanted(one) and action == "INVITE"}
    return page(request.parameters, "Handshakes", found, lambda one: _shown_handshake(found[one]))
