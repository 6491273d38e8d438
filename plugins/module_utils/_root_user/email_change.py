# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The e-mail address of a root user as declared: read it, start a change of it, or complete one with its code."""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._account_id import parse_account_id
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account
from ansible_collections.breakglass.aws.plugins.module_utils._aws.perform import REFUSED, Performed
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
    return EmailChange(account, email, otp, params, context).carry_out()


def check_options(params: dict, context: Context) -> tuple[str | None, str | None]:
    """The address and the code; InvalidInput for what is wrong without asking AWS."""
    email, otp, resend = (params[name] for name in ("email", "otp", "resend"))
    for option in ("email", "expected_email"):
        if params[option] is not None:
            addresses.check_email(params[option], option)
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
    """What one run does for the address, and its result, which is kept up to date whatever is raised."""

    def __init__(self, account: Account, email: str | None, otp: str | None, params: dict, context: Context) -> None:
        self._account = account
        self._email = email
        self._otp = otp
        self._params = params
        self._context = context
        self._root = addresses.RootEmail(context.connection, context.organization, account.id)
        self._called = False  # whether this run changed something, or may have
        self._result: dict[str, t.Any] = {
            "account_id": account.id,
            "outcome": v.UNCHANGED,
            "email": None,
            "email_update": None,
            "next_steps": [],
            "undo": None,
            "actions": [],
        }

    def carry_out(self) -> dict:
        """The result. A BreakglassError carries it, as far as it is known, once a call may have changed something."""
        result = self._result
        try:
            step = self._next_step()
            current = result["email"]
            self._take(step)
        except BreakglassError as error:
            if result["outcome"] != v.UNCHANGED:
                unverified = result["outcome"] == v.UNVERIFIED
                outcome = v.UNVERIFIED if unverified else v.FAILED
                known = {name: value for name, value in result.items() if name != "msg"}
                error.with_result(**{**known, "changed": self._called, "outcome": outcome})
            raise
        result["changed"] = result["outcome"] == v.CHANGED
        after = (
            {"email": result["email"]} if step != addresses.START else {"email": current, "code_sent_to": self._email}
        )
        changes = {"before": {"email": current}, "after": after}
        result["diff"] = changes if result["changed"] else {"before": {}, "after": {}}
        return result

    def _next_step(self) -> str:
        """Turn on trusted access where that is asked for, and read what there is to do."""
        result, organization = self._result, self._context.organization
        trusting = self._params["activate_trusted_access"] and not addresses.trusts(organization)
        if trusting:
            self._result["actions"].append(f"organizations:EnableAWSServiceAccess {v.ACCOUNT_SERVICE_PRINCIPAL}")
            result["outcome"] = v.CHANGED
        if trusting and self._context.check_mode:
            result["email"] = self._account.email  # Account Management does not answer without trusted access
            update = None
        else:
            if trusting:
                self._trust()
            else:
                result["email"] = self._root.read()
            update = self._root.last_update()
        result["email_update"] = show_update(update)
        expected = self._params["expected_email"]
        accepted = [address for address in (expected, self._email) if address]
        if expected is not None and not any(addresses.same(result["email"], address) for address in accepted):
            raise BreakglassError(
                f"The address is {result['email']}, not {expected} as expected.",
                "Plan again: read the address without email, and set expected_email to what it is.",
            )
        now = organization.now()
        return addresses.next_step(result["email"], self._email, update, bool(self._otp), self._params["resend"], now)

    def _trust(self) -> None:
        """Turn on trusted access. Account Management answers once it is on, so that reading confirms it."""
        self._result["outcome"] = v.UNVERIFIED
        call = self._root.trust()
        if call.error and call.status == REFUSED:
            self._result.update(outcome=v.UNCHANGED, actions=[])
            raise call.error
        self._called = True
        try:
            self._result["email"] = self._root.read_once_trusted()
        except BreakglassError as error:
            if call.error:
                raise BreakglassError(f"{call.error.cause} Reading back failed. {error.cause}", error.fix) from error
            self._result["outcome"] = v.CHANGED
            raise
        call.settle(done=True)
        self._result["outcome"] = v.CHANGED

    def _take(self, step: str) -> None:
        """Do ``step`` (see ``_root_user.email.next_step``), or in check mode describe it."""
        result = self._result
        if step == addresses.NOTHING:
            result["msg"] = f"The address is {result['email']}."
        elif step == addresses.START:
            self._start()
        elif step == addresses.AWAIT_CODE:
            result["msg"] = f"A change is pending since {result['email_update']['since']}, and waits for its code."
            result["next_steps"] = code_steps(self._email)
            result["next_steps"].append(
                "If no code arrived there, AWS sent it to another address: run the task with resend=true."
            )
        elif step == addresses.ACCEPT:
            self._accept()
        else:
            since = result["email_update"]["since"]
            result["msg"] = f"AWS has been processing a change since {since}. This can take four hours."
            if not self._context.check_mode:
                self._wait()

    def _start(self) -> None:
        result = self._result
        result["actions"].append("account:StartPrimaryEmailUpdate")
        result["next_steps"] = code_steps(self._email)
        until = f"The address stays {result['email']} until the code is given to this module."
        if self._context.check_mode:
            result.update(outcome=v.CHANGED, msg=f"AWS would send a code to {self._email}. {until}")
            return
        before = result["email_update"]
        call = self._call(lambda: self._root.start(t.cast(str, self._email)))
        result["msg"] = f"AWS sent a code to {self._email}. {until}"
        # An earlier change may be pending, so that a call without an answer is confirmed by a new one only.
        self._confirm(call, (addresses.PENDING,), lambda update: show_update(update) != before)

    def _accept(self) -> None:
        result = self._result
        current = result["email"]
        result["actions"].append("account:AcceptPrimaryEmailUpdate")
        if self._context.check_mode:
            msg = f"The address would become {self._email}, if the code is right."
            result.update(outcome=v.CHANGED, email=self._email, msg=msg)
            return
        call = self._call(lambda: self._root.accept(t.cast(str, self._email), t.cast(str, self._otp)))
        result["undo"] = {"account_id": result["account_id"], "email": current}
        result["msg"] = f"AWS accepted the code. The address becomes {self._email} within four hours."
        self._confirm(call, (addresses.ACCEPTED, addresses.COMPLETED), lambda update: True)
        self._wait()

    def _call(self, send: t.Callable[[], Performed]) -> Performed:
        """Make a call that changes something. From here on the result counts it, unless AWS refuses it."""
        before = self._result["outcome"]
        self._result["outcome"] = v.UNVERIFIED
        call = send()
        if call.error and call.status == REFUSED:
            self._result["actions"].pop()
            self._result.update(outcome=before, next_steps=[])
            raise call.error
        self._called = True
        return call

    def _confirm(
        self, call: Performed, expected: tuple[str, ...], is_new: t.Callable[[addresses.Update], bool]
    ) -> None:
        """Read back the state of the change; raises when it is not as expected."""
        answer = call.error.cause if call.error else "AWS confirmed the call."
        try:
            update = self._root.last_update()
        except BreakglassError as error:
            raise BreakglassError(f"{answer} Reading back failed. {error.cause}", error.fix) from error
        fix = "Wait a minute and run the task again."
        if update is not None and update.status not in expected:
            raise BreakglassError(f"{answer} AWS shows the change as {update.status}.", fix)
        if call.error and (update is None or not is_new(update)):
            raise BreakglassError(f"{answer} Reading back does not show whether it succeeded.", fix)
        call.settle(done=True)
        self._result.update(outcome=v.CHANGED, email_update=show_update(update))

    def _wait(self) -> None:
        """Wait until the address is the new one; warns when it is not yet."""
        email = t.cast(str, self._email)
        outcome = self._result["outcome"]
        self._result["outcome"] = v.UNVERIFIED
        try:
            there = self._root.wait(email, self._params["wait_timeout"])
            update = self._root.last_update() if there else None
        except BreakglassError as error:
            cause = f"AWS accepted the code, but {error.cause[0].lower()}{error.cause[1:]}"
            raise BreakglassError(cause, error.fix) from error
        self._result["outcome"] = outcome
        if there:
            self._result.update(email=email, email_update=show_update(update), msg=f"The address is {email}.")
            return
        self._context.warn(
            f"root_email: AWS does not show {email} yet. Run the task again later to see whether it does."
        )


def code_steps(email: str | None) -> list[str]:
    """What a person has to do with the code."""
    return [
        f"Read AWS's mail to {email}, within 24 hours.",
        "Run the task again with the same options and the code in otp.",
    ]


def show_update(update: addresses.Update | None) -> dict | None:
    """The last change, as the result contains it."""
    return {"status": update.status, "since": format_time(update.since)} if update else None
