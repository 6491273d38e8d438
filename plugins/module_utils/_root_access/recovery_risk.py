# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Member accounts that only centralized root access can recover: those whose root user has no password.

AWS refuses password recovery to a root user without a password, so only the organization can restore it (aws-facts 2.5,
11).
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.assume_role import assume
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Organization
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import sweep
from ansible_collections.breakglass.aws.plugins.module_utils._targets import choose_targets

with contextlib.suppress(ImportError):  # BreakglassModule reports it
    from botocore.exceptions import BotoCoreError, ClientError

_SHOWN = 10


def members_without_root_password(connection: Connection, organization: Organization) -> dict[str, list[str]]:
    """Member accounts whose root user has ``none``, and those of which it is ``unknown``, by ID.

    No root session is opened. The access role reads it where it can be assumed (iam:GetAccountSummary has
    AccountPasswordPresent, aws-facts 2.2). Where it cannot, the password is unknown.
    """
    if organization.caller_role() != v.MANAGEMENT_ACCOUNT:  # the access roles trust no other account
        members = choose_targets(organization, None, True)
        return {"none": [], "unknown": [target.account.id for target in members if not target.skipped_because]}

    def read(account_id: str, entry: dict) -> None:
        iam = assume(connection, account_id, v.ACCESS_ROLE).client("iam")
        try:
            entry["password"] = bool(iam.get_account_summary()["SummaryMap"].get("AccountPasswordPresent"))
        except (BotoCoreError, ClientError) as error:
            raise explain(error, "reading the account's summary (iam:GetAccountSummary)") from error

    entries = sweep(choose_targets(organization, None, True), read, blank={"password": None})
    # Suspended and closed accounts are skipped: no root user can sign in to them either way.
    relevant = [entry for entry in entries if entry["password"] is not None or entry["outcome"] != v.SKIPPED]
    return {
        "none": [entry["account_id"] for entry in relevant if entry["password"] is False],
        "unknown": [entry["account_id"] for entry in relevant if entry["password"] is None],
    }


def refusal(action: str, members: dict[str, list[str]]) -> BreakglassError | None:
    """Why ``action`` is refused without force; None when every root user has a password."""
    if not (members["none"] or members["unknown"]):
        return None
    parts = []
    if members["none"]:
        parts.append(f"the root users of {_listed(members['none'])} have no password")
    if members["unknown"]:
        parts.append(f"it is not known whether those of {_listed(members['unknown'])} have one")
    return BreakglassError(
        f"{action} would end the only recovery of member accounts: {', and '.join(parts)}. "
        "AWS refuses password recovery to a root user without a password.",
        "Keep it on. If it must be turned off, list the root credentials (breakglass.aws.root_credentials_info, "
        "all_accounts=true), open password recovery where it is needed (breakglass.aws.root_password_recovery), and "
        "set force=true.",
    )


def _listed(accounts: t.Sequence[str]) -> str:
    more = len(accounts) - _SHOWN
    return ", ".join(accounts[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
