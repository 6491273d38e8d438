# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The e-mail address of a root user as declared: read it, start a change of it, or complete one with its code."""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._account_id import parse_account_id
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import email as addresses
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time

LONGEST_WAIT = 14_400  # seconds: the four hours that AWS may take


def run(params: dict, context: Context) -> dict:
    """The result of root_email. Raises a BreakglassError that carries what was done before it."""
    account_id = parse_account_id(params["account_id"], "account_id")
    email, otp = check_options(params, context)
    account = addresses.member(context.organization, account_id)
    root = addresses.RootEmail(context.connection, context.organization, account_id)
    actions = []
    if params["activate_trusted_access"] and not addresses.trusts(context.organization):
        actions.append(f"organizations:EnableAWSServiceAccess {v.ACCOUNT_SERVICE_PRINCIPAL}")
        if not context.check_mode:
            root.trust()
    if actions and context.check_mode:
        current, update = account.email, None  # Account Management does not answer without trusted access
    else:
        current = root.read_once_trusted() if actions else root.read()
        update = root.last_update()
    step = addresses.next_step(current, email, update, bool(otp), params["resend"], context.organization.now())
    result = {
        "account_id": account_id,
        "outcome": v.CHANGED if actions else v.UNCHANGED,
        "email": current,
        "update": show_update(update),
        "next_steps": [],
        "undo": None,
        "actions": actions,
    }
    EmailChange(root, email, otp, params["wait_timeout"], context, result).carry_out(step)
    result["changed"] = result["outcome"] == v.CHANGED
    after = {"email": result["email"]} if step != addresses.START else {"email": current, "code_sent_to": email}
    result["diff"] = (
        {"before": {"email": current}, "after": after} if result["changed"] else {"before": {}, "after": {}}
    )
    return result


def check_options(params: dict, context: Context) -> tuple[str | None, str | None]:
    """The address and the code; InvalidInput for what is wrong without asking AWS."""
    email, otp, resend = (params[name] for name in ("email", "otp", "resend"))
    if email is not None:
        addresses.check_email(email)
    if otp is not None:
        otp = addresses.check_otp(otp)
        context.hide(otp)  # AWS may repeat it in a refusal
    if resend and otp is not None:
        raise InvalidInput("resend", True, "false, with otp: another code makes this one worthless")
    for option, given in (("otp", otp is not None), ("resend", resend)):
        if given and email is None:
            raise InvalidInput("email", None, f"the new address, with {option}")
    if not 0 <= params["wait_timeout"] <= LONGEST_WAIT:
        raise InvalidInput("wait_timeout", params["wait_timeout"], f"seconds from 0 to {LONGEST_WAIT}")
    return email, otp


class EmailChange:
    """One step of a change, carried out and read back. ``result`` is updated as soon as something is known."""

    def __init__(
        self,
        root: addresses.RootEmail,
        email: str | None,
        otp: str | None,
        wait_timeout: int,
        context: Context,
        result: dict,
    ) -> None:
        self._root = root
        self._email = email
        self._otp = otp
        self._wait_timeout = wait_timeout
        self._context = context
        self._result = result

    def carry_out(self, step: str) -> None:
        """Do ``step`` (see ``_root_user.email.next_step``), or in check mode describe it."""
        result = self._result
        if step == addresses.NOTHING:
            result["msg"] = f"The address is {result['email']}."
        elif step == addresses.START:
            self._start()
        elif step == addresses.AWAIT_CODE:
            result["msg"] = f"A change is pending since {result['update']['since']}, and waits for its code."
            result["next_steps"] = code_steps(self._email)
            result["next_steps"].append(
                "If no code arrived there, AWS sent it to another address: run the task with resend=true."
            )
        elif step == addresses.ACCEPT:
            self._accept()
        else:
            since = result["update"]["since"]
            result["msg"] = f"AWS has been processing a change since {since}. This can take four hours."
            if not self._context.check_mode:
                self._wait()

    def _start(self) -> None:
        result = self._result
        result["actions"].append("account:StartPrimaryEmailUpdate")
        result.update(outcome=v.CHANGED, next_steps=code_steps(self._email))
        until = f"The address stays {result['email']} until the code is given to this module."
        if self._context.check_mode:
            result["msg"] = f"AWS would send a code to {self._email}. {until}"
            return
        self._root.start(self._email)
        result["msg"] = f"AWS sent a code to {self._email}. {until}"
        self._confirm((addresses.PENDING,))

    def _accept(self) -> None:
        result = self._result
        current = result["email"]
        result["actions"].append("account:AcceptPrimaryEmailUpdate")
        result["outcome"] = v.CHANGED
        if self._context.check_mode:
            result.update(email=self._email, msg=f"The address would become {self._email}, if the code is right.")
            return
        self._root.accept(self._email, self._otp)
        result["undo"] = {"account_id": result["account_id"], "email": current}
        result["msg"] = f"AWS accepted the code. The address becomes {self._email} within four hours."
        self._confirm((addresses.ACCEPTED, addresses.COMPLETED))
        self._wait()

    def _confirm(self, expected: tuple[str, ...]) -> None:
        """Read back the state of the change; raises when it is not as expected."""
        try:
            update = self._root.last_update()
        except BreakglassError as error:
            raise self._unverified(f"The call succeeded, but reading back failed. {error.cause}", error.fix) from error
        if update is not None and update.status not in expected:
            cause = f"The call succeeded, but AWS shows the change as {update.status}."
            raise self._unverified(cause, "Wait a minute and run the task again.")
        self._result["update"] = show_update(update)

    def _wait(self) -> None:
        """Wait until the address is the new one; warns when it is not yet."""
        try:
            there = self._root.wait(self._email, self._wait_timeout)
        except BreakglassError as error:
            cause = f"AWS accepted the code, but {error.cause[0].lower()}{error.cause[1:]}"
            raise self._unverified(cause, error.fix) from error
        if not there:
            self._context.warn(
                f"root_email: AWS does not show {self._email} yet. Run the task again later to see whether it does."
            )
            return
        self._confirm((addresses.COMPLETED, addresses.ACCEPTED))
        self._result.update(email=self._email, msg=f"The address is {self._email}.")

    def _unverified(self, cause: str, fix: str) -> BreakglassError:
        known: dict[str, t.Any] = {name: value for name, value in self._result.items() if name != "msg"}
        changed = known["outcome"] == v.CHANGED
        return BreakglassError(cause, fix).with_result(**{**known, "outcome": v.UNVERIFIED, "changed": changed})


def code_steps(email: str | None) -> list[str]:
    """What a person has to do with the code."""
    return [
        f"Read AWS's mail to {email}, within 24 hours.",
        "Run the task again with the same options and the code in otp.",
    ]


def show_update(update: addresses.Update | None) -> dict | None:
    """The last change, as the result contains it."""
    return {"status": update.status, "since": format_time(update.since)} if update else None
