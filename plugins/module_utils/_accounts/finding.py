# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a finding about an account is, and the facts that findings are made from. No network."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.breakglass.aws.plugins.module_utils._accounts.facts import Closures
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account, Policy

REMOVE, TRANSFER, CLOSE = "remove", "transfer", "close"
PURPOSES = (REMOVE, TRANSFER, CLOSE)

BLOCKING, CONSEQUENCE = "blocking", "consequence"
CHECKED, NOT_CHECKABLE, PERSON = "checked", "not_checkable", "person"


@dataclass(frozen=True)
class Finding:
    """``holds``: whether it prevents the change, or will happen; None when that is not known."""

    name: str
    kind: str
    status: str
    holds: bool | None
    text: str
    fix: str = ""

    @property
    def stands(self) -> bool:
        """Whether it prevents the change: a reason that is not known to be absent."""
        return self.kind == BLOCKING and self.holds is not False


class Answer(t.NamedTuple):
    """What a check found: a Finding without its name and kind."""

    status: str
    holds: bool | None
    text: str
    fix: str = ""


@dataclass(frozen=True)
class Facts:
    """All that findings are made from. An Unread is a fact that could not be read, or was not asked for."""

    account: Account
    management_account_id: str
    now: datetime
    created: datetime | Unread
    organization_created: datetime | None
    delegations: list[str] | Unread
    contact: dict | Unread
    tags: dict[str, str] | Unread
    trusted_services: list[str] | Unread
    policies: list[Policy] | Unread
    resource_policies: list[Policy] | Unread
    documents: dict[str, dict] | Unread
    stack_sets: list[dict] | Unread
    permission_sets: list[str] | Unread
    root_credentials: dict | Unread
    closures: Closures | Unread


def not_checked(fact: Unread, what: str, fix: str = "") -> Answer:
    """The answer of a check whose fact could not be read."""
    return Answer(NOT_CHECKABLE, None, f"{what} Not checked: {fact.why}", fix or fact.fix)
