# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An account removed, closed or moved: the call, and reading back whether it worked."""

from __future__ import annotations

import typing as t
from dataclasses import asdict, dataclass
from datetime import timedelta

from ansible_collections.breakglass.aws.plugins.module_utils._accounts import findings
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread, attempt
from ansible_collections.breakglass.aws.plugins.module_utils._aws import waiter
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account, Organization, Unit
from ansible_collections.breakglass.aws.plugins.module_utils._aws.perform import Performed, perform
from ansible_collections.breakglass.aws.plugins.module_utils._aws.retries import while_busy
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time

REMOVED, CLOSED, IN_OU = "removed", "closed", "in_ou"
STATES = (REMOVED, CLOSED, IN_OU)
PURPOSE = {REMOVED: findings.REMOVE, CLOSED: findings.CLOSE}

REOPENABLE = timedelta(days=90)
# How often a slow change is read back (closures take minutes; DescribeAccount allows 20 calls a second).
POLL_SECONDS = 10
# A removal or a move is visible at once, or almost.
READ_BACK_PAUSES = (1, 2, 4, 8)


@dataclass(frozen=True)
class Change:
    """One call. With the codes ``moot`` AWS refuses what is done already: by another caller, or by this call when its
    answer was lost and botocore sent it again.
    """

    operation: str  # as AWS names it, e.g. "CloseAccount"
    method: str
    arguments: dict
    moot: tuple

    @property
    def action(self) -> str:
        """The call and its account, as results show it."""
        return f"organizations:{self.operation} {self.arguments['AccountId']}"


def removal(account_id: str) -> Change:
    """The call that removes an account from the organization."""
    moot = ("AccountNotFoundException",)
    return Change("RemoveAccountFromOrganization", "remove_account_from_organization", {"AccountId": account_id}, moot)


def closure(account_id: str) -> Change:
    """The call that closes an account."""
    moot = ("AccountAlreadyClosedException", "ConflictException")
    return Change("CloseAccount", "close_account", {"AccountId": account_id}, moot)


def move(account_id: str, source: Unit, destination: Unit) -> Change:
    """The call that moves an account to another OU."""
    arguments = {"AccountId": account_id, "SourceParentId": source.id, "DestinationParentId": destination.id}
    return Change(
        "MoveAccount", "move_account", arguments, ("DuplicateAccountException", "SourceParentNotFoundException")
    )


def make(organization: Organization, change: Change) -> Performed:
    """Make the call; it may end refused, or without an answer. AWS makes one change of an organization at a time."""
    client = organization.organizations
    performed = perform(lambda: while_busy(lambda: getattr(client, change.method)(**change.arguments)), change.action)
    if performed.code == "ConflictException":
        # AWS says only that the state does not allow it; the account was ACTIVE a moment before.
        performed.error = BreakglassError(
            f"{performed.failure.cause} A closure is probably under way: AWS shows ACTIVE for about ten minutes.",
            "Run it again in a few minutes.",
            performed.code,
        )
    return performed


def confirm_removed(organization: Organization, account_id: str) -> None:
    """Return once AWS no longer finds the account."""
    found = waiter.poll(lambda: organization.account_now(account_id), lambda found: found is None, READ_BACK_PAUSES)
    if found is not None:
        raise _unconfirmed("organizations:RemoveAccountFromOrganization", "the account is still in the organization")


def confirm_moved(organization: Organization, account_id: str, destination: Unit) -> Account:
    """The account once AWS shows it in its new OU."""

    def read() -> Account | None:
        account = organization.account_now(account_id)
        return account if account and organization.units_above(account)[-1].id == destination.id else None

    account = waiter.poll(read, lambda found: found is not None, READ_BACK_PAUSES)
    if account is None:
        raise _unconfirmed("organizations:MoveAccount", f"the account is not in {destination.name} ({destination.id})")
    return account


def confirm_closed(organization: Organization, account_id: str, seconds: float) -> Account:
    """The account once it is CLOSED. AWS may keep showing ACTIVE for over ten minutes (aws-facts 5c)."""
    account = waiter.poll(
        lambda: organization.account_now(account_id),
        lambda found: found is None or found.state == "CLOSED",
        waiter.within(seconds, POLL_SECONDS),
    )
    if account is None:
        raise _unconfirmed("organizations:CloseAccount", "the account is no longer in the organization")
    if account.state != "CLOSED":
        found = f"its state is {account.state} after {seconds:g} seconds of waiting"
        raise _unconfirmed("organizations:CloseAccount", found)
    return account


def _unconfirmed(action: str, found: str) -> BreakglassError:
    return BreakglassError(
        f"{action} was called, but reading back does not confirm it: {found}.",
        "Check again in a few minutes with breakglass.aws.organization_account_info, or run this task again.",
    )


def refuse(purpose: str, found: t.Sequence[findings.Finding]) -> None:
    """Raise a BreakglassError when a reason prevents the change; it has each reason with its fix."""
    preventing = [finding for finding in found if finding.stands]
    if not preventing:
        return
    # The name is enough of what is merely not known; the findings in the result have the rest.
    reasons = [f"{one.name}: {f'{one.text} ' if one.holds else ''}{one.fix}".strip() for one in preventing]
    unknown = [one.name for one in preventing if one.holds is None and one.name in findings.CONFIRMABLE]
    confirm = f" Confirm what a person has checked: confirmed: [{', '.join(unknown)}]." if unknown else ""
    raise BreakglassError(findings.verdict(purpose, found), f"{' '.join(reasons)}{confirm}")


def find_unit(organization: Organization, wanted: str) -> Unit:
    """The OU or root with an ID, or with a path of names, with or without the root's name in front. InvalidInput when
    there is none, or more than one.
    """
    root = organization.root()
    accepted = 'the ID of an OU or of the root, or a path of names such as "Workloads/Production"'
    if wanted == root.id:
        return root
    if wanted.startswith(("ou-", "r-")) and "/" not in wanted:
        try:
            return organization.unit_and_above(wanted)[-1]
        except BreakglassError as error:
            if error.code in ("OrganizationalUnitNotFoundException", "InvalidInputException"):
                raise InvalidInput("ou", wanted, accepted, hint="there is no such OU in the organization") from error
            raise
    path = wanted.strip("/")
    found = [root] if path in ("", root.name) else []
    found += _below(organization, root, path)
    if path.startswith(f"{root.name}/"):
        found += _below(organization, root, path[len(root.name) + 1 :])
    if not wanted or not found:
        raise InvalidInput("ou", wanted, accepted, hint="there is no such OU in the organization")
    if len(found) > 1:
        listed = ", ".join(unit.id for unit in found)
        raise InvalidInput("ou", wanted, "an ID where names are ambiguous", hint=f"this matches {listed}")
    return found[0]


def _below(organization: Organization, parent: Unit, path: str) -> list[Unit]:
    """All OUs that a path of names matches: names may contain slashes."""
    found = []
    for unit in organization.units_below(parent.id):
        if path == unit.name:
            found.append(unit)
        elif path.startswith(f"{unit.name}/"):
            found += _below(organization, unit, path[len(unit.name) + 1 :])
    return found


def undo(organization: Organization, state: str, account: Account, details: dict) -> dict:
    """What is needed to restore the account as it was. ``details`` is what an AccountReader read."""
    policies = attempt(
        lambda: [
            asdict(policy)
            for policy_type in organization.policy_types()
            for policy in organization.policies_of(account.id, policy_type)
        ]
    )
    known = {"ou": details["ou"], "tags": details["tags"], "delegations": details["delegations"], "policies": policies}
    until = organization.now() + REOPENABLE if state == CLOSED else None
    unread = {field: value for field, value in known.items() if isinstance(value, Unread)}
    return {
        "how": _HOW[state].format(id=details["ou"]["id"]),
        "until": format_time(until),
        **{field: None if field in unread else value for field, value in known.items()},
        "unread": {field: f"{value.why} {value.fix}".rstrip() for field, value in unread.items()},
    }


_HOW = {
    REMOVED: (
        "Invite the account (organizations:InviteAccountToOrganization) and accept the invitation in it; then move it "
        "back to {id}, and restore its tags, policies and delegations as listed here. Stacks, roles of IAM Identity "
        "Center and memberships in other services must be created again."
    ),
    CLOSED: "Have AWS Support reopen it, from the management account, before until.",
    IN_OU: "Move it back: breakglass.aws.organization_account, state=in_ou, ou={id}.",
}
