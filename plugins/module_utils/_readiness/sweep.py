# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What recovery_readiness_info does: read the organization once, then each account, and judge every recovery there."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._accounts.facts import place
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread
from ansible_collections.breakglass.aws.plugins.module_utils._aws.assume_role import check_role_name
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import check_region
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, is_denied
from ansible_collections.breakglass.aws.plugins.module_utils._readiness import (
    mailboxes,
    recoveries,
    refused_roles,
    unreadable,
)
from ansible_collections.breakglass.aws.plugins.module_utils._readiness import verdicts as words
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.account_facts import AccountLeft, AccountReader
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.findings import findings
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.organization_facts import (
    OrganizationFacts,
    read_organization,
)
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.sessions import SessionOptions, SessionReader
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.unreadable import Readings
from ansible_collections.breakglass.aws.plugins.module_utils._selection.accounts import (
    has_every_account,
    select_accounts,
)
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.entry_shape import SESSION, shape_of
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import (
    SweepOptions,
    not_done,
    sweep,
    sweep_options,
)
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time

_NOT_JUDGED = words.Reason("not_read", "The account was not read.", certain=False)
BLANK: dict[str, t.Any] = {
    "organizational_unit": None,
    "state": None,
    "email": None,
    "recoveries": words.not_known(_NOT_JUDGED),
    "findings": [],
    "unread": [],
    "session": None,
    "sessions": [],
}


def read_readiness(params: dict, context: Context) -> dict:
    """The result of the module. Warns of what could not be read. Raises InvalidInput before anything is read."""
    own_domains = mailboxes.check_domains(params["own_domains"])
    check_role_name("role_name", params["role_name"])
    for region in params["regions"] or []:
        check_region("regions", region)
    selection = _with_statement(lambda: select_accounts(context.organization, params, with_all=True, warn=context.warn))
    readings = Readings()
    wanted = [target for target in selection.targets if not target.skipped_because]
    facts = read_organization(context, readings, len(wanted))
    judging = _Judging(context, facts, params, own_domains)
    judging.prepare([target.account for target in wanted], readings)
    terms = {
        "do": "recovery_readiness_info",
        "organization": facts.id,
        "facts": facts.digest(),
        **{option: params[option] for option in _TERMS},
    }
    with sweep_options(context, params, terms, (v.UNCHANGED,), _is_complete) as sweeping:
        entries = judging.judge(selection.targets, sweeping)
    found = unreadable.combined(readings.unread, (entry["unread"] for entry in entries))
    for line in (
        *not_done(entries),
        *(f"Could not be read: {one['what']}. {one['reason']} {one['fix']}" for one in found),
    ):
        context.warn(line)
    return {
        "changed": False,
        "organization": facts.as_dict(),
        "caller": {"account_id": facts.caller.account_id, "arn": facts.caller.arn, "role": facts.role},
        "read_at": format_time(facts.now),
        "with_root_sessions": params["with_root_sessions"],
        "with_role_sessions": params["with_role_sessions"],
        "own_domains": list(own_domains),
        "all_accounts": has_every_account(params),
        "unreadable": found,
        "accounts": entries,
        "selection": selection.as_dict(),
        "summary": _summary(entries),
        "calls": dict(sorted(context.connection.calls.operations.items())),
    }


def _is_complete(entry: dict) -> bool:
    """Whether an entry of the journal need not be read again."""
    return not entry["unread"] and not refused_roles.is_uncertain(entry)


_TERMS = ("with_root_sessions", "with_role_sessions", "role_name", "own_domains", "regions", "confirmed")


@dataclass
class _Judging:
    """Judges accounts. What they share is read before."""

    context: Context
    facts: OrganizationFacts
    params: dict
    own_domains: tuple[str, ...]
    sharing: dict[str, list[Account]] = field(default_factory=dict)

    def prepare(self, accounts: t.Sequence[Account], readings: Readings) -> None:
        """Read the policies, and judge each combination of them once."""
        self._questions = recoveries.questions(self.params["role_name"])
        members = [one for one in accounts if one.id != self.facts.management_account_id]
        self.facts.chains.prepare(members, self._questions)
        everyone = readings.read("root mailboxes", "organizations", self.context.organization.accounts)
        self.sharing = {} if isinstance(everyone, Unread) else mailboxes.by_mailbox(everyone)

    def judge(self, targets: t.Sequence[Target], sweeping: SweepOptions) -> t.Sequence[dict]:
        """One entry an account, whatever happens to the others."""
        reader = AccountReader(self.context, self.facts, self._questions)
        sessions = SessionReader(self.context, self.facts, SessionOptions.of(self.params), sweeping.overlap)
        by_id = {target.account.id: target.account for target in targets}

        def work(account_id: str, entry: dict) -> None:
            account = by_id[account_id]
            entry.update(state=account.state, email=account.email)
            readings = Readings()
            try:
                entry["organizational_unit"] = self._unit(account, readings)
                found = reader.read(account, readings)
                sessions.add(account, found, readings, entry)
            except AccountLeft as left:
                reason = words.not_applicable("account_left", left.cause)
                entry.update(state=None, recoveries=dict.fromkeys(words.RECOVERIES, reason))
                raise
            finally:
                entry["unread"] = readings.unread
            case = recoveries.Case(
                self.facts, account, found, self.params["role_name"], self.own_domains, tuple(self.params["confirmed"])
            )
            entry["recoveries"] = recoveries.judge(case)
            entry["findings"] = findings(account, found, self.own_domains, self.sharing)
            entry["outcome"] = v.UNCHANGED

        shape = {**shape_of(BLANK), "session": SESSION, "sessions": [SESSION]}
        entries = sweep(targets, work, blank=BLANK, options=sweeping, shape=shape, read_only=True)
        if self.params["with_role_sessions"] and self.facts.role == v.MANAGEMENT_ACCOUNT:
            management, role = self.facts.management_account_id, self.params["role_name"]
            return refused_roles.blaming_caller(entries, by_id, management, self.facts.caller, role)
        return entries

    def _unit(self, account: Account, readings: Readings) -> str | None:
        organization = self.context.organization
        units = readings.read("organizational unit", "organizations", lambda: organization.units_above(account))
        return None if isinstance(units, Unread) else place(units, self.facts.id)["path"]


def _with_statement(select: t.Callable[[], t.Any]) -> t.Any:
    """What ``select`` returns. A denial gets the statement that grants the permission: nothing is known without it."""
    try:
        return select()
    except BreakglassError as error:
        if not is_denied(error):
            raise
        found = unreadable.describe("accounts", "organizations", error)
        fix = f"{error.fix} Statement: {found['statement']}" if found["statement"] else error.fix
        raise BreakglassError(error.cause, fix, error.code).with_result(
            unreadable=[{**found, "accounts": None}]
        ) from error


def _summary(entries: t.Iterable[dict]) -> dict[str, dict[str, int]]:
    counts = {name: dict.fromkeys(words.VERDICTS, 0) for name in words.RECOVERIES}
    for entry in entries:
        for name, one in entry["recoveries"].items():
            counts[name][one["verdict"]] += 1
    return counts
