# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Password recovery of root users: a login profile without a password.

A root user without a login profile cannot use "Forgot password?". CreateLoginProfile without UserName and Password
makes it possible, and returns nothing secret (IAM User Guide, "Perform a privileged task on a member account").
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._account_id import parse_account_ids
from ansible_collections.breakglass.aws.plugins.module_utils._approved_items import (
    ApprovedItem,
    check_approved_items,
    show_items,
)
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread
from ansible_collections.breakglass.aws.plugins.module_utils._aws import waiter
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account
from ansible_collections.breakglass.aws.plugins.module_utils._aws.perform import REFUSED, Performed, perform
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import (
    BreakglassError,
    InvalidInput,
    Unreachable,
    error_code,
    is_denied,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import ROOT_USER, ServiceControlPolicies
from ansible_collections.breakglass.aws.plugins.module_utils._root_access.denials import explain_denial_in_root_session
from ansible_collections.breakglass.aws.plugins.module_utils._root_access.session import RootSession, open_root_session
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import credentials as root_user
from ansible_collections.breakglass.aws.plugins.module_utils._root_user.recovery_guidance import next_steps, warnings
from ansible_collections.breakglass.aws.plugins.module_utils._root_user.removal import (
    READ_BACK_PAUSES,
    Removal,
)
from ansible_collections.breakglass.aws.plugins.module_utils._root_user.removal_request import Item
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import WORKERS, not_done, summarize, sweep
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target, choose_targets
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time, parse_time

with contextlib.suppress(ImportError):  # BreakglassModule reports it
    from botocore.exceptions import ClientError

OPEN = "open"
CLOSED = "closed"

# Kinds of login profiles. AWS does not distinguish a password that was never set from one that was never used, so
# "recovery" is any login profile without a sign-in since it was created.
NONE = "none"
RECOVERY = "recovery"
IN_USE = "password"
UNKNOWN = "unknown"

# As an approved item: the time of its creation is the ID, or "none" for one that is to be created.
LOGIN_PROFILE = "login_profile"


def run(params: dict, context: Context) -> dict:
    """The result of root_password_recovery; as a BreakglassError that carries it when an account is not done."""
    named = parse_account_ids(params["account_ids"], "account_ids")
    if len(named) > 1 and not params["allow_bulk"]:
        raise InvalidInput("account_ids", named, "one account, unless allow_bulk=true")
    protected = params["protected_accounts"]
    targets = choose_targets(context.organization, params["account_ids"], False, protected, warn=context.warn)
    accepted_ids = {LOGIN_PROFILE: (_is_login_profile_id, f'a time such as "2026-01-31T03:00:00Z", or "{NONE}"')}
    approved = check_approved_items(params["approved_items"], accepted_ids, targets)
    accounts = Recovery(context, approved).carry_out(params["state"], targets, WORKERS)
    for warning in warnings(accounts):
        context.warn(warning)
    result = {
        "changed": any(account["changed"] for account in accounts),
        "accounts": accounts,
        "summary": summarize(accounts),
        "diff": diff(accounts),
    }
    if context.check_mode:
        result["plan_items"] = show_items(
            ApprovedItem(account["account_id"], item["kind"], item["id"])
            for account in accounts
            if account["changed"]
            for item in account["credentials"]
        )
    problems = not_done(accounts, (*v.NOT_DONE, v.SKIPPED))  # a skipped account is not as declared
    if problems:
        cause = f"{len(problems)} of {len(accounts)} accounts are not done."
        raise BreakglassError(cause, " ".join(problems)).with_result(**result)
    return result


class Recovery:
    """Opens and closes password recovery, in one account after the other or in several at once.

    ``approved`` are the only login profiles it acts on, None when that is not limited.
    """

    def __init__(self, context: Context, approved: tuple[ApprovedItem, ...] | None = None) -> None:
        self._context = context
        self._policies = ServiceControlPolicies(context.organization)
        self._approved = approved

    def carry_out(self, state: str, targets: list[Target], workers: int) -> list[dict]:
        """Each target's entry, with the declared state or why it is another."""
        accounts = {target.account.id: target.account for target in targets}
        act = {OPEN: self._open, CLOSED: self._close}[state]

        def work(account_id: str, entry: dict) -> None:
            act(accounts[account_id], entry)

        blank: dict[str, t.Any] = {
            "changed": False,
            "before": None,
            "after": None,
            "credentials": [],
            "mfa_devices": None,
            "mail": None,
            "stopped_by": None,
            "policies_unread": "",
            "next_steps": [],
            "sessions": [],
        }
        return list(sweep(targets, work, blank, workers=workers, explain_error=self._name_policies))

    def _name_policies(self, error: BreakglassError) -> BreakglassError:
        return explain_denial_in_root_session(error, self._policies)

    def _is_approved(self, account: Account, entry: dict, created: str | None) -> bool:
        """Whether the login profile of this creation, or none, may be changed; if not, the entry says so."""
        id = created or NONE
        if self._approved is None or (account.id, LOGIN_PROFILE, id) in [item.key for item in self._approved]:
            return True
        mine = [item.id for item in self._approved if item.account_id == account.id]
        reason = f"The approved login profile is that of {mine[0]}" if mine else "Nothing is approved for this account"
        entry.update(outcome=v.SKIPPED, reason=f"{reason}; there is {_in_words_of_id(id)}.", fix="Plan again.")
        return False

    # Open

    def _open(self, account: Account, entry: dict) -> None:
        before = self._inspect(account, entry)
        if before and before["kind"] != NONE:
            entry.update(after=before, outcome=v.UNCHANGED, reason=_why_unchanged(before))
        elif not self._is_approved(account, entry, None):
            entry["after"] = before
            return
        elif self._context.check_mode:
            item = _item(NONE, v.CHANGED)
            entry.update(after=_profile(RECOVERY), outcome=v.CHANGED, changed=True, credentials=[item])
        else:
            self._create(account, entry)
        self._prepare_person(account, entry)

    def _inspect(self, account: Account, entry: dict) -> dict | None:
        """The login profile, and in the entry the MFA devices that a sign-in would ask for.

        A caller who may open recovery need not be allowed to read (two people, two permissions). Then it is None, and
        the session that creates reads what it must.
        """
        try:
            session = self._session(account, v.AUDIT_ROOT_CREDENTIALS, entry)
        except Unreachable as error:
            if self._context.check_mode or not is_denied(error):
                raise
            return None
        credentials = root_user.read_root_credentials(session.client("iam"), account.id)
        entry["before"] = classify(credentials[v.PASSWORD])
        entry["mfa_devices"] = [device["serial"] for device in credentials[v.MFA_DEVICES]]
        return entry["before"]

    def _create(self, account: Account, entry: dict) -> None:
        iam = self._session(account, v.OPEN_PASSWORD_RECOVERY, entry).client("iam")
        created = _read_profile(iam, account.id)
        if created:
            found = _profile(UNKNOWN, created)
            entry.update(before=found, after=found, outcome=v.UNCHANGED, reason=_why_unchanged(found))
            return
        entry.update(before=_profile(NONE), changed=True, outcome=v.UNVERIFIED, reason=_NOT_ANSWERED)
        call = perform(iam.create_login_profile, "opening password recovery (iam:CreateLoginProfile)", account.id)
        if call.code == "EntityAlreadyExists" and not call.answer_lost:
            found = _profile(UNKNOWN)  # another caller created it in between
            entry.update(changed=False, after=found, outcome=v.UNCHANGED, reason=_why_unchanged(found))
        elif call.error and call.status == REFUSED and not call.answer_lost:
            entry.update(changed=False, reason="")
            raise call.error
        else:
            self._confirm_open(iam, account, entry, call)

    def _confirm_open(self, iam: t.Any, account: Account, entry: dict, call: Performed) -> None:
        """Read back what AWS confirmed, or what it did not answer."""
        found = _read_until_open(iam, account.id)
        answer = f"{call.error}" if call.error else "AWS confirmed it."
        if isinstance(found, Unread):
            outcome, reason = v.UNVERIFIED, f"{answer} Reading back failed. {found.why} {found.fix}"
        elif found:
            call.settle(done=True)
            outcome, reason = v.CHANGED, f"{answer} Reading back shows that it is open." if call.error else ""
            entry["after"] = _profile(RECOVERY, found)
        elif call.error and call.code:  # AWS answered with a failure of its own, and did nothing
            call.settle(done=False)
            outcome, reason = v.FAILED, f"{answer} Reading back does not show it."
            entry.update(changed=False, after=entry["before"])
        else:
            outcome, reason = v.UNVERIFIED, f"{answer} Reading back does not show it: it may still open."
        entry.update(outcome=outcome, reason=reason, credentials=[_item(NONE, outcome)])

    def _prepare_person(self, account: Account, entry: dict) -> None:
        """Add what a person does next, and what will stop them once they are signed in."""
        entry["mail"] = self._mail(account)
        try:
            entry["stopped_by"] = self._policies.stopping(account.id, principal=ROOT_USER)
        except Exception as error:  # recovery may be open by now: nothing may hide that
            entry["policies_unread"] = explain(error, "reading the policies over the account").cause
        entry["next_steps"] = next_steps(account, entry)

    def _mail(self, account: Account) -> dict:
        """Where AWS sends the mail of "Forgot password?"."""
        try:
            answer = self._context.connection.client("account").get_primary_email(AccountId=account.id)
            return {"address": answer["PrimaryEmail"], "source": "account:GetPrimaryEmail", "reason": ""}
        except Exception as error:  # recovery may be open by now: nothing may hide that
            refused = explain(error, "reading the e-mail address (account:GetPrimaryEmail)").cause
        if account.email:
            return {"address": account.email, "source": "organizations:DescribeAccount", "reason": refused}
        return {"address": None, "source": None, "reason": f"Unknown, because {refused}"}

    # Close

    def _close(self, account: Account, entry: dict) -> None:
        task = v.AUDIT_ROOT_CREDENTIALS if self._context.check_mode else v.DELETE_ROOT_CREDENTIALS
        iam = self._session(account, task, entry).client("iam")
        credentials = root_user.read_root_credentials(iam, account.id)
        before = classify(credentials[v.PASSWORD])
        devices = [device["serial"] for device in credentials[v.MFA_DEVICES]]
        entry.update(before=before, after=before, mfa_devices=devices)
        if before["kind"] == NONE:
            entry["outcome"] = v.ABSENT
        elif before["kind"] == IN_USE:
            entry.update(
                outcome=v.SKIPPED,
                reason=f"The password was used to sign in at {before['last_used']}: this is no open recovery any more.",
                fix="Remove the password, with what else was created: breakglass.aws.root_credentials.",
            )
        elif not self._is_approved(account, entry, before["created"]):
            return
        elif self._context.check_mode:
            item = _item(before["created"], v.REMOVED)
            entry.update(after=_profile(NONE), outcome=v.REMOVED, changed=True, credentials=[item])
        else:
            self._delete(iam, account, credentials, entry)

    def _delete(self, iam: t.Any, account: Account, credentials: dict, entry: dict) -> None:
        before = entry["before"]
        planned = Item(v.PASSWORD, v.PASSWORD, v.REMOVED, created=before["created"])
        removal = Removal(iam, account.id, credentials, [planned])
        entry.update(changed=True, after=None, outcome=v.UNVERIFIED, reason=_NOT_ANSWERED)
        removal.carry_out()
        removal.read_back((v.PASSWORD,))
        item = removal.items[0]
        after = {v.REMOVED: _profile(NONE), v.ABSENT: _profile(NONE), v.FAILED: before}.get(item.outcome)
        entry.update(
            outcome=item.outcome,
            reason=item.reason,
            after=after,
            changed=item.outcome in (v.REMOVED, v.UNVERIFIED),
            credentials=[_item(before["created"], item.outcome)],
        )

    def _session(self, account: Account, task: v.Task, entry: dict) -> RootSession:
        session = open_root_session(self._context.connection, self._context.organization, account.id, task)
        entry["sessions"].append({"task": task.name, **session.public})
        session.assert_root_of(account.id)
        return session


def classify(password: dict) -> dict:
    """A login profile, as ``_root_user.credentials`` reads it, by ``kind``, ``created`` and ``last_used``.

    IAM keeps the last use of an earlier password. Only a use after the creation is a use of this login profile.
    """
    if not password["present"]:
        return _profile(NONE)
    used = password["last_used"] if (password["last_used"] or "") >= password["created"] else None
    return {"kind": IN_USE if used else RECOVERY, "created": password["created"], "last_used": used}


def diff(entries: t.Sequence[dict]) -> dict:
    """Before and after of the accounts that change, as a line each."""
    changed = [entry for entry in entries if entry["changed"]]
    return {
        side: {f"{entry['account_id']} {entry['name']}": _in_words(entry[side]) for entry in changed}
        for side in ("before", "after")
    }


_NOT_ANSWERED = "The call was sent and not answered."


def _in_words(profile: dict | None) -> str:
    words = {
        NONE: "no login profile, password recovery closed",
        RECOVERY: "password recovery open",
        IN_USE: "password in use",
    }
    return words.get(profile["kind"], "login profile") if profile else "not known"


def _in_words_of_id(id: str) -> str:
    return "no login profile" if id == NONE else f"one of {id}"


def _why_unchanged(profile: dict) -> str:
    if profile["kind"] == RECOVERY:
        return f"It is open already, since {profile['created']}, and was not used to sign in."
    if profile["kind"] == IN_USE:
        return (
            f'There is a password, last used at {profile["last_used"]}. "Forgot password?" sets a new one as it is, '
            "but does not get past an MFA device that is registered."
        )
    return "There is a login profile already. The caller may not read whether it was used to sign in."


def _profile(kind: str, created: str | None = None) -> dict:
    return {"kind": kind, "created": created, "last_used": None}


def _item(id: str, outcome: str) -> dict:
    return {"kind": LOGIN_PROFILE, "id": id, "outcome": outcome}


def _is_login_profile_id(id: str) -> bool:
    with contextlib.suppress(ValueError):
        return id == NONE or bool(parse_time(id))
    return False


def _read_profile(iam: t.Any, account_id: str) -> str | None:
    """When the login profile was created; None when there is none."""
    with root_user.reading(iam, account_id, "get_login_profile"):
        try:
            return format_time(iam.get_login_profile()["LoginProfile"]["CreateDate"])
        except ClientError as error:
            if error_code(error) == "NoSuchEntity":
                return None
            raise


def _read_until_open(iam: t.Any, account_id: str) -> str | Unread | None:
    """When the login profile was created, read until it shows: IAM is eventually consistent. None when it does not.

    An error of the last reading is returned, not raised.
    """

    def read() -> str | Unread | None:
        try:
            return _read_profile(iam, account_id)
        except Exception as error:
            explained = explain(error, "reading it back", account_id)
            return Unread(explained.cause, explained.fix)

    def done(found: str | Unread | None) -> bool:
        return isinstance(found, str)

    return waiter.poll(read, done, READ_BACK_PAUSES)
