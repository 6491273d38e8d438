# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts described, and judged for a purpose. What accounts share is read once for all of them."""

from __future__ import annotations

import functools
import typing as t
from dataclasses import asdict
from datetime import datetime

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._accounts import facts, findings
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread, attempt
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account, Organization, Unit
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import sweep
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target, management_account_id
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time

TAGS, DELEGATIONS, CONTACTS = "tags", "delegations", "contacts"
PARTS = (TAGS, DELEGATIONS, CONTACTS)

BLANK = {
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


class Surveyor:
    """Looks at accounts of one organization. May be used from several threads once it is made."""

    def __init__(self, connection: Connection, organization: Organization, purpose: str | None = None) -> None:
        self._connection = connection
        self._organization = organization
        self._management = management_account_id(organization)
        self._registry = facts.Registry(connection, organization)
        self.purpose = purpose
        self.sessions: dict[str, dict] = {}  # the root sessions that were opened, by account ID
        if purpose:
            self._shared  # noqa: B018 asked for before threads would all do it

    def look_at(self, account: Account, parts: t.Collection[str] = PARTS) -> dict:
        """What can be known of an account; an Unread for what cannot. Raises a BreakglassError when not even the
        account's place can be read.
        """
        units = self._organization.units_above(account)
        readers = {
            TAGS: {"tags": self._organization.tags_of},
            DELEGATIONS: {"delegations": self._organization.delegations_of},
            CONTACTS: {
                "created": self._registry.created,
                "contact": self._registry.contact,
                "alternate_contacts": self._registry.alternate_contacts,
            },
        }
        return {
            "ou": facts.place(units, self._organization.describe()["id"]),
            **{
                field: attempt(lambda read=read: read(account.id))
                for part in parts
                for field, read in readers[part].items()
            },
        }

    def describe(self, account: Account, told: dict) -> dict:
        """The fields of BLANK that are about the account itself; ``not_read`` says which are unknown, and why."""
        created = told.get("created")
        if not isinstance(created, datetime) and account.joined_method == "CREATED":
            created = account.joined  # as old as its membership
        told = {**told, "created": created}
        unread = {field: value for field, value in told.items() if isinstance(value, Unread)}
        created = None if "created" in unread else created
        return {
            "email": account.email,
            "state": account.state,
            "joined_method": account.joined_method,
            "joined": format_time(account.joined),
            **{field: None if field in unread else value for field, value in told.items()},
            "created": format_time(created),
            "age_days": (self._organization.now() - created).days if created else None,
            "not_read": [{"what": field, "reason": one.why, "fix": one.fix} for field, one in unread.items()],
        }

    def standing(self, account: Account) -> dict:
        """How an account stands in the organization, in short, as a diff shows it."""
        return self.standing_in(account, self._organization.units_above(account))

    def standing_in(self, account: Account, units: t.Sequence[Unit]) -> dict:
        """How it would stand in another place."""
        policies = attempt(lambda: facts.policies_on(self._organization, account, units))
        return {
            "in_organization": True,
            "state": account.state,
            "ou": facts.place(units, "")["path"],
            "service_control_policies": None if isinstance(policies, Unread) else [one.name for one in policies],
        }

    def judge(
        self, account: Account, told: dict, confirmed: t.Collection[str] = (), read_root: bool = False
    ) -> list[findings.Finding]:
        """The findings for the survey's purpose; ``told`` is what ``look_at`` gave, with all parts."""
        organization, shared = self._organization, self._shared
        policies = attempt(lambda: facts.own_policies(organization, account))
        removal, transfer = self.purpose == findings.REMOVE, self.purpose == findings.TRANSFER
        known = findings.Facts(
            account=account,
            management_account_id=self._management,
            now=organization.now(),
            created=told["created"],
            organization_created=shared["organization_created"],
            delegations=told["delegations"],
            contact=told["contact"],
            tags=told["tags"],
            trusted_services=attempt(organization.trusted_services),
            policies=policies,
            documents=_through(policies, lambda found: facts.documents(organization, found)) if transfer else {},
            stack_sets=_through(shared["stack_sets"], lambda found: found.reaching(account.id)),
            permission_sets=_through(shared["identity_center"], lambda found: found.permission_sets(account.id)),
            root_credentials=attempt(lambda: self._root_credentials(account.id))
            if read_root and removal
            else _ROOT_NOT_ASKED,
            closures=shared["closures"],
        )
        return findings.findings(self.purpose, known, confirmed)

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


def survey(
    surveyor: Surveyor,
    accounts: t.Sequence[Account],
    parts: t.Collection[str],
    confirmed: t.Collection[str],
    read_root: bool,
) -> list[dict]:
    """One entry an account, whatever happens to the others."""
    by_id = {account.id: account for account in accounts}

    def work(account_id: str, entry: dict) -> None:
        account = by_id[account_id]
        told = surveyor.look_at(account, PARTS if surveyor.purpose else parts)
        entry.update(surveyor.describe(account, told))
        if surveyor.purpose:
            found = surveyor.judge(account, told, confirmed, read_root)
            entry.update(
                findings=[asdict(one) for one in found],
                ready=not any(one.stands for one in found),
                verdict=findings.verdict(surveyor.purpose, found),
                session=surveyor.sessions.get(account_id),
            )
        entry["outcome"] = v.UNCHANGED

    return sweep([Target(account) for account in accounts], work, blank=BLANK)


def _through(source: t.Any, read: t.Callable[[t.Any], t.Any]) -> t.Any:
    """What ``read`` makes of something that may itself not have been readable."""
    return source if isinstance(source, Unread) else attempt(lambda: read(source))
