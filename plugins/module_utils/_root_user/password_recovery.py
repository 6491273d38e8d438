# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Password recovery of root users: a login profile without a password, and what a person does with it.

A root user without a login profile cannot use "Forgot password?". CreateLoginProfile without UserName and Password
makes it possible; nothing secret comes of it (IAM User Guide, "Perform a privileged task on a member account").
"""

from __future__ import annotations

import contextlib
import time
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account, Organization
from ansible_collections.breakglass.aws.plugins.module_utils._errors import (
    BreakglassError,
    Unreachable,
    error_code,
    is_denied,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import (
    ROOT_USER,
    ServiceControlPolicies,
    policy_in_words,
)
from ansible_collections.breakglass.aws.plugins.module_utils._root_access.denials import explain_denial_in_root_session
from ansible_collections.breakglass.aws.plugins.module_utils._root_access.session import RootSession, open_root_session
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import credentials as root_user
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import sweep
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time

with contextlib.suppress(ImportError):  # AnsibleAWSModule reports it
    from botocore.exceptions import BotoCoreError, ClientError

OPEN = "open"
CLOSED = "closed"

# What a login profile is. AWS does not tell a password nobody knows from one nobody has used, so "recovery" is any
# login profile that nobody has signed in with since it was made.
NONE = "none"
RECOVERY = "recovery"
IN_USE = "password"
UNKNOWN = "unknown"

_READ_BACK_PAUSES = (0, 1, 2, 4)
_SIGN_IN = "https://console.aws.amazon.com/"


class Recovery:
    """Opens and closes password recovery, one account after the other or several at once."""

    def __init__(self, connection: Connection, organization: Organization, check_mode: bool) -> None:
        self._connection = connection
        self._organization = organization
        self._policies = ServiceControlPolicies(organization)
        self._check_mode = check_mode

    def carry_out(self, state: str, targets: list[Target], workers: int) -> list[dict]:
        """Each target's entry, with the state as wished for or why not."""
        accounts = {target.account.id: target.account for target in targets}
        do = {OPEN: self._open, CLOSED: self._close}[state]

        def work(account_id: str, entry: dict) -> None:
            do(accounts[account_id], entry)

        blank = {
            "changed": False,
            "before": None,
            "after": None,
            "mfa_devices": None,
            "mail": None,
            "stopped_by": None,
            "policies_unread": "",
            "next_steps": [],
            "sessions": [],
        }
        explain_error = self._name_policies
        return sweep(targets, work, blank, workers=workers, explain_error=explain_error)

    def _name_policies(self, error: BreakglassError) -> BreakglassError:
        return explain_denial_in_root_session(error, self._policies)

    # Open

    def _open(self, account: Account, entry: dict) -> None:
        before = self._look(account, entry)
        if before and before["kind"] != NONE:
            entry.update(after=before, outcome=v.UNCHANGED, reason=_why_unchanged(before))
        elif self._check_mode:
            entry.update(after=_profile(RECOVERY), outcome=v.CHANGED, changed=True)
        else:
            self._create(account, entry)
        self._prepare_person(account, entry)

    def _look(self, account: Account, entry: dict) -> dict | None:
        """The login profile, and in the entry the MFA devices a person would be asked for.

        Whoever may open recovery need not be allowed to look (two people, two permissions): then it is None, and the
        session that creates finds out what it must.
        """
        try:
            session = self._session(account, v.AUDIT_ROOT_CREDENTIALS, entry)
        except Unreachable as error:
            if self._check_mode or not is_denied(error):
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
            there = _profile(UNKNOWN, created)
            entry.update(before=there, after=there, outcome=v.UNCHANGED, reason=_why_unchanged(there))
            return
        entry["before"] = _profile(NONE)
        try:
            iam.create_login_profile()
        except (BotoCoreError, ClientError) as error:
            if error_code(error) != "EntityAlreadyExists":
                raise explain(error, "opening password recovery (iam:CreateLoginProfile)", account.id) from error
            there = _profile(UNKNOWN)
            entry.update(after=there, outcome=v.UNCHANGED, reason=_why_unchanged(there))  # somebody was quicker
            return
        entry.update(changed=True, outcome=v.UNVERIFIED, reason="It was opened, but reading back shows nothing.")
        with _reading_back(entry):
            found = _read_until(iam, account.id, present=True)
            if found:
                entry.update(after=_profile(RECOVERY, found), outcome=v.CHANGED, reason="")

    def _prepare_person(self, account: Account, entry: dict) -> None:
        """What comes next is a person's; say it, and what will stop them once they are signed in."""
        entry["mail"] = self._mail(account)
        try:
            entry["stopped_by"] = self._policies.stopping(account.id, principal=ROOT_USER)
        except BreakglassError as error:  # reading policies takes permissions of its own
            entry["policies_unread"] = error.cause
        entry["next_steps"] = next_steps(account, entry)

    def _mail(self, account: Account) -> dict:
        """Where the mail of "Forgot password?" goes."""
        try:
            answer = self._connection.client("account").get_primary_email(AccountId=account.id)
            return {"address": answer["PrimaryEmail"], "source": "account:GetPrimaryEmail", "reason": ""}
        except (BotoCoreError, ClientError) as error:
            refused = explain(error, "reading the e-mail address (account:GetPrimaryEmail)").cause
        if account.email:
            return {"address": account.email, "source": "organizations:DescribeAccount", "reason": refused}
        return {"address": None, "source": None, "reason": f"Unknown, because {refused}"}

    # Close

    def _close(self, account: Account, entry: dict) -> None:
        task = v.AUDIT_ROOT_CREDENTIALS if self._check_mode else v.DELETE_ROOT_CREDENTIALS
        iam = self._session(account, task, entry).client("iam")
        credentials = root_user.read_root_credentials(iam, account.id)
        before = classify(credentials[v.PASSWORD])
        entry.update(
            before=before, after=before, mfa_devices=[device["serial"] for device in credentials[v.MFA_DEVICES]]
        )
        if before["kind"] == NONE:
            entry["outcome"] = v.ABSENT
        elif before["kind"] == IN_USE:
            entry.update(
                outcome=v.SKIPPED,
                reason=f"Somebody has signed in with a password since, at {before['last_used']}: this is no open "
                "recovery any more.",
                fix="Remove the password, with what else came of it: breakglass.aws.root_credentials.",
            )
        elif self._check_mode:
            entry.update(after=_profile(NONE), outcome=v.REMOVED, changed=True)
        else:
            [done] = root_user.remove(iam, account.id, [root_user.Item(v.PASSWORD, v.PASSWORD, v.REMOVED)])
            self._conclude_closing(iam, account, entry, done)

    def _conclude_closing(self, iam: t.Any, account: Account, entry: dict, done: root_user.Item) -> None:
        removed = done.outcome == v.REMOVED
        entry.update(outcome=done.outcome, reason=done.reason, changed=removed)
        if done.outcome == v.FAILED:
            return
        entry.update(after=None, outcome=v.UNVERIFIED, reason="It was closed, but reading back still shows it.")
        with _reading_back(entry):
            if _read_until(iam, account.id, present=False) is None:
                entry.update(after=_profile(NONE), outcome=done.outcome, reason=done.reason)

    def _session(self, account: Account, task: v.Task, entry: dict) -> RootSession:
        session = open_root_session(self._connection, self._organization, account.id, task)
        entry["sessions"].append({"task": task.name, **session.public})
        session.assert_root_of(account.id)
        return session


def classify(password: dict) -> dict:
    """What a login profile, as ``_root_user`` reads it, is: ``kind``, ``created``, ``last_used``.

    IAM keeps the last use of the password that was there before: only a use after the creation is one of this profile.
    """
    if not password["present"]:
        return _profile(NONE)
    used = password["last_used"] if (password["last_used"] or "") >= password["created"] else None
    return {"kind": IN_USE if used else RECOVERY, "created": password["created"], "last_used": used}


def next_steps(account: Account, entry: dict) -> list[str]:
    """What the person has to do now, in order, as sentences."""
    mail = entry["mail"]["address"]
    steps = [f"Have the root user exempted first. {policy_in_words(found)} {found['fix']}" for found in _sure(entry)]
    if entry["policies_unread"]:
        steps.append(f"Have somebody look whether a service control policy denies the root user. {_unread(entry)}")
    steps += [
        f"Make sure that the mailbox {mail or 'of the root user'} can be read. If it cannot, change the address first: "
        "breakglass.aws.root_email.",
        f'At {_SIGN_IN} choose the root user, enter {mail or "its e-mail address"}, and "Forgot password?".',
        "Follow the link in the mail (it comes from an address at verify.signin.aws) and set a password.",
        _mfa_step(entry["mfa_devices"]),
        f"When the work is done, take the credentials away again: breakglass.aws.root_credentials for {account.id}. If "
        "nobody has used the recovery, breakglass.aws.root_password_recovery with state=closed is enough.",
    ]
    return steps


def _mfa_step(devices: list[str] | None) -> str:
    if devices is None:
        return "Sign in. If it asks for an MFA device nobody has, remove that one: breakglass.aws.root_credentials."
    if not devices:
        return "Sign in and register an MFA device at once, better two: the root user has none."
    return (
        f"Sign in with one of the MFA devices {', '.join(devices)}. If nobody has any of them, close recovery, remove "
        "the devices with breakglass.aws.root_credentials, and open it again."
    )


def warnings(entries: t.Sequence[dict]) -> list[str]:
    """What should not be overlooked, a line each."""
    found = [
        f"{entry['name']} ({entry['account_id']}): once signed in, the root user "
        f"{'is' if found['certain'] else 'may be'} stopped. {policy_in_words(found)}"
        for entry in entries
        for found in entry["stopped_by"] or []
    ]
    return found + [
        f"{entry['name']} ({entry['account_id']}): {_unread(entry)}" for entry in entries if entry["policies_unread"]
    ]


def _unread(entry: dict) -> str:
    return f"The policies that may stop the root user could not be read. {entry['policies_unread']}"


def diff(entries: t.Sequence[dict]) -> dict:
    """Before and after of the accounts that change, as a line each."""
    changed = [entry for entry in entries if entry["changed"]]
    return {
        side: {f"{entry['account_id']} {entry['name']}": _in_words(entry[side]) for entry in changed}
        for side in ("before", "after")
    }


def _in_words(profile: dict | None) -> str:
    words = {
        NONE: "no login profile, password recovery closed",
        RECOVERY: "password recovery open",
        IN_USE: "password in use",
    }
    return words.get(profile["kind"], "login profile") if profile else "not known"


def _why_unchanged(profile: dict) -> str:
    if profile["kind"] == RECOVERY:
        return f"It is open already, since {profile['created']}: nobody has signed in since."
    if profile["kind"] == IN_USE:
        return (
            f'There is a password, last used at {profile["last_used"]}. "Forgot password?" sets a new one as it is, '
            "but does not get past an MFA device that is registered."
        )
    return "There is a login profile already. Whether somebody has signed in with it, the caller may not look."


def _sure(entry: dict) -> list[dict]:
    return [found for found in entry["stopped_by"] or [] if found["certain"]]


@contextlib.contextmanager
def _reading_back(entry: dict) -> t.Iterator[None]:
    """What was done stays done, whatever happens to reading it back."""
    try:
        yield
    except BreakglassError as error:
        entry["reason"] = f"It was done, but reading back failed. {error}"


def _profile(kind: str, created: str | None = None) -> dict:
    return {"kind": kind, "created": created, "last_used": None}


def _read_profile(iam: t.Any, account_id: str) -> str | None:
    """When the login profile was created; None when there is none."""
    try:
        return format_time(iam.get_login_profile()["LoginProfile"]["CreateDate"])
    except (BotoCoreError, ClientError) as error:
        if error_code(error) == "NoSuchEntity":
            return None
        raise explain(error, "reading the root user (iam:GetLoginProfile)", account_id) from error


def _read_until(iam: t.Any, account_id: str, present: bool) -> str | None:
    """The creation of the login profile as soon as it is there, or is gone; IAM is eventually consistent."""
    for pause in _READ_BACK_PAUSES:
        time.sleep(pause)
        created = _read_profile(iam, account_id)
        if (created is not None) is present:
            return created
    return created
