# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading accounts, and finding what a purpose with them meets. What accounts share is read once for all of them."""

from __future__ import annotations

import functools
import typing as t
from dataclasses import asdict
from datetime import datetime

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._accounts import facts, findings
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread, attempt
from ansible_collections.breakglass.aws.plugins.module_utils._aws.account_management import AccountManagement
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account, Unit
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._selection.accounts import select_accounts
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import (
    SweepOptions,
    not_done,
    summarize,
    sweep,
    sweep_options,
)
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target, management_account_id
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time

TAGS, DELEGATIONS, CONTACTS = "tags", "delegations", "contacts"
PARTS = (TAGS, DELEGATIONS, CONTACTS)

BLANK: dict[str, t.Any] = {
    "email": None,
    "state": None,
    "joined_method": None,
    "joined": None,
    "created": None,
    "age_days": None,
    "ou": None,
    "tags": None,
    "delegations": None,
    "contact": None,
    "alternate_contacts": None,
    "not_read": [],
    "findings": [],
    "ready": None,
    "verdict": None,
    "session": None,
}
_ROOT_NOT_ASKED = Unread("reading root credentials opens a root session.", "Set read_root_credentials=true.")


class AccountReader:
    """Reads accounts of one organization. May be used from several threads once it is made."""

    def __init__(self, context: Context, purpose: str | None = None) -> None:
        self._connection = context.connection
        self._organization = context.organization
        self._management = management_account_id(context.organization)
        self._registry = AccountManagement(context.connection, context.organization)
        self.purpose = purpose
        self.sessions: dict[str, dict] = {}  # the root sessions that were opened, by account ID
        if purpose:
            self._shared  # noqa: B018 read before several threads would all read it

    def read(self, account: Account, parts: t.Collection[str] = PARTS) -> dict:
        """What is known of an account, and an Unread for what cannot be read.

        Raises a BreakglassError when not even the account's OU can be read.
        """
        units = self._organization.units_above(account)
        readers: dict[str, dict[str, t.Callable[[str], t.Any]]] = {
            TAGS: {"tags": self._organization.tags_of},
            DELEGATIONS: {"delegations": self._organization.delegations_of},
            CONTACTS: {
                "created": self._registry.created,
                "contact": self._registry.contact,
                "alternate_contacts": self._registry.alternate_contacts,
            },
        }
        return {
            "ou": facts.place(units, self._organization.identity()["id"]),
            **{
                field: attempt(functools.partial(read, account.id))
                for part in parts
                for field, read in readers[part].items()
            },
        }

    def describe(self, account: Account, details: dict) -> dict:
        """The fields of BLANK that are about the account itself; ``not_read`` has which are unknown, and why."""
        created = details.get("created")
        if not isinstance(created, datetime) and account.joined_method == "CREATED":
            created = account.joined  # as old as its membership
        details = {**details, "created": created}
        unread = {field: value for field, value in details.items() if isinstance(value, Unread)}
        created = None if "created" in unread else created
        return {
            "email": account.email,
            "state": account.state,
            "joined_method": account.joined_method,
            "joined": format_time(account.joined),
            **{field: None if field in unread else value for field, value in details.items()},
            "created": format_time(created),
            "age_days": (self._organization.now() - created).days if created else None,
            "not_read": [{"what": field, "reason": one.why, "fix": one.fix} for field, one in unread.items()],
        }

    def summary(self, account: Account) -> dict:
        """The account's state, OU and policies, as a diff shows them."""
        return self.summary_in(account, self._organization.units_above(account))

    def summary_in(self, account: Account, units: t.Sequence[Unit]) -> dict:
        """The same, as if the account were in another OU (the last of ``units``)."""
        scps, rcps = (
            attempt(functools.partial(facts.policies_on, self._organization, account, units, policy_type))
            for policy_type in (facts.SCP, facts.RCP)
        )
        return {
            "in_organization": True,
            "state": account.state,
            "ou": facts.place(units, "")["path"],
            "service_control_policies": None if isinstance(scps, Unread) else [one.name for one in scps],
            "resource_control_policies": None if isinstance(rcps, Unread) else [one.name for one in rcps],
        }

    def read_findings(
        self, account: Account, details: dict, confirmed: t.Collection[str] = (), read_root: bool = False
    ) -> list[findings.Finding]:
        """The findings for the purpose; ``details`` is what ``read`` returned, with all parts."""
        organization, shared = self._organization, self._shared
        policies = attempt(lambda: facts.own_policies(organization, account))
        removal, transfer = self.purpose == findings.REMOVE, self.purpose == findings.TRANSFER
        known = findings.Facts(
            account=account,
            management_account_id=self._management,
            now=organization.now(),
            created=details["created"],
            organization_created=shared["organization_created"],
            delegations=details["delegations"],
            contact=details["contact"],
            tags=details["tags"],
            trusted_services=attempt(organization.trusted_services),
            policies=policies,
            resource_policies=attempt(lambda: facts.own_policies(organization, account, facts.RCP)),
            documents=_through(policies, lambda found: facts.documents(organization, found)) if transfer else {},
            stack_sets=_through(shared["stack_sets"], lambda found: found.reaching(account.id)),
            permission_sets=_through(shared["identity_center"], lambda found: found.permission_sets(account.id)),
            root_credentials=attempt(lambda: self._root_credentials(account.id))
            if read_root and removal
            else _ROOT_NOT_ASKED,
            closures=shared["closures"],
        )
        return findings.findings(self.purpose or "", known, confirmed)

    def _root_credentials(self, account_id: str) -> dict:
        def note(session: dict) -> None:
            self.sessions[account_id] = session

        return facts.root_credentials(self._connection, self._organization, account_id, note)

    @functools.cached_property
    def _shared(self) -> dict:
        organization = self._organization
        management = attempt(lambda: organization.account(self._management))
        return {
            # The management account joined when it made the organization.
            "organization_created": None if isinstance(management, Unread) or not management else management.joined,
            "stack_sets": attempt(lambda: facts.stack_sets(self._connection, self._management)),
            "identity_center": attempt(lambda: facts.identity_center(self._connection, organization)),
            "closures": attempt(lambda: facts.closures(organization)) if self.purpose == findings.CLOSE else Unread(""),
        }


def read_accounts(params: dict, context: Context) -> dict:
    """What organization_account_info returns."""
    for option in ("confirmed", "read_root_credentials"):
        if params[option] and not params["purpose"]:
            raise InvalidInput(option, params[option], "given together with purpose")
    selection = select_accounts(context.organization, params, with_all=True, warn=context.warn)
    reader = AccountReader(context, params["purpose"])
    read = ("include", "purpose", "confirmed", "read_root_credentials")
    terms = {
        "do": "organization_account_info",
        "organization": context.organization.identity()["id"],
        **{option: params[option] for option in read},
    }
    with sweep_options(context, params, terms, (v.UNCHANGED,), lambda entry: not entry["not_read"]) as sweeping:
        entries = describe_accounts(reader, selection.targets, params, sweeping)
    for problem in not_done(entries):
        context.warn(problem)
    return {
        "changed": False,
        "accounts": entries,
        "selection": selection.as_dict(),
        "summary": summarize(entries),
    }


def describe_accounts(
    reader: AccountReader, targets: t.Sequence[Target], params: dict, sweeping: SweepOptions
) -> t.Sequence[dict]:
    """One entry an account, whatever happens to the others. ``params`` are organization_account_info's."""
    by_id = {target.account.id: target.account for target in targets}

    def work(account_id: str, entry: dict) -> None:
        account = by_id[account_id]
        details = reader.read(account, PARTS if reader.purpose else params["include"])
        entry.update(reader.describe(account, details))
        if reader.purpose:
            found = reader.read_findings(account, details, params["confirmed"], params["read_root_credentials"])
            entry.update(
                findings=[asdict(finding) for finding in found],
                ready=not any(finding.stands for finding in found),
                verdict=findings.verdict(reader.purpose, found),
                session=reader.sessions.get(account_id),
            )
        entry["outcome"] = v.UNCHANGED

    return sweep(targets, work, blank=BLANK, options=sweeping, read_only=True)


def _through(source: t.Any, read: t.Callable[[t.Any], t.Any]) -> t.Any:
    """What ``read`` returns of something that may itself not have been readable."""
    return source if isinstance(source, Unread) else attempt(lambda: read(source))
