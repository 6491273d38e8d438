# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of one account: contacts, delegations, policies, and what sessions in it show where they are wanted."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._access_role.diagnosis import RoleStatus
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread
from ansible_collections.breakglass.aws.plugins.module_utils._aws.account_management import AccountManagement
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account, Organization, Policy
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import SCP
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.organization_facts import OrganizationFacts
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.policy_chains import Answer, Question
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.unreadable import Readings
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.verdicts import Reason

NOT_ASKED = Unread("reading root credentials opens a root session.", "Set with_root_sessions=true.")


class AccountLeft(BreakglassError):
    """The account left the organization while it was read."""

    outcome = v.SKIPPED

    def __init__(self) -> None:
        super().__init__("The account left the organization while it was read.", "")


@dataclass
class AccountFacts:
    """An Unread is what could not be read, or was not asked for. ``attached``: the account's own SCPs."""

    stops: dict[Question, Answer | Unread]
    stops_caller: dict[str, Answer | Unread]
    policies: list[Policy] | Unread
    attached: int | Unread
    contact: dict | Unread
    alternate_contacts: dict | Unread
    delegations: list[str] | Unread
    root_credentials: dict | Unread = NOT_ASKED
    session_failure: Reason | None = None
    unlock_failures: dict[str, Reason] = field(default_factory=dict)  # by task: why its session did not open
    resources: list[dict] = field(default_factory=list)
    role: RoleStatus | None = None


class AccountReader:
    """Reads accounts. May be used from several threads: what they share was read before."""

    def __init__(self, context: Context, facts: OrganizationFacts, questions: t.Sequence[Question]) -> None:
        self._organization: Organization = context.organization
        self._management = AccountManagement(context.connection, context.organization)
        self._facts = facts
        self._questions = questions

    def read(self, account: Account, readings: Readings) -> AccountFacts:
        """The facts; ``readings`` gets what could not be read. Raises AccountLeft when the account is gone."""
        chains, delegated = self._facts.chains, self._facts.role == v.DELEGATED_ADMINISTRATOR
        found = AccountFacts(
            stops={question: chains.stopping(account, question) for question in self._questions},
            stops_caller={
                name: chains.stopping_caller(account, task) if delegated else [] for name, task in v.TASKS.items()
            },
            policies=chains.applying(account),
            attached=chains.attached(account, SCP),
            contact=self._ask(account, readings, "contact information", self._management.contact),
            alternate_contacts=self._ask(account, readings, "alternate contacts", self._management.alternate_contacts),
            delegations=self._facts.delegations
            if isinstance(self._facts.delegations, Unread)
            else readings.read("delegations", "organizations", lambda: self._organization.delegations_of(account.id)),
        )
        if any(entry["permission"] for entry in readings.unread) and self._has_left(account):
            # AWS Account Management answers for an account that has left as it does without permission.
            raise AccountLeft
        return found

    def _ask(self, account: Account, readings: Readings, what: str, read: t.Callable[[str], dict]) -> dict | Unread:
        if account.state == "CLOSED":
            return Unread("The account is closed.")
        return readings.read(what, "account", lambda: read(account.id))

    def _has_left(self, account: Account) -> bool:
        try:
            return self._organization.account_now(account.id) is None
        except BreakglassError:
            return False
