# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What prevents that an account is removed, transferred or closed, and what the change entails.

No network, no Ansible: facts in, findings out. Each finding is about one thing and says whether it was checked
(``checked``), cannot be checked from here (``not_checkable``) or needs a person who looks in the console (``person``).
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.breakglass.aws.plugins.module_utils._accounts import blockers, consequences
from ansible_collections.breakglass.aws.plugins.module_utils._accounts.finding import (
    BLOCKING,
    CLOSE,
    CONSEQUENCE,
    PURPOSES,
    REMOVE,
    TRANSFER,
    Facts,
    Finding,
)


def findings(
    purpose: str,
    facts: Facts,
    confirmed: t.Collection[str] = (),
    kinds: t.Collection[str] = (BLOCKING, CONSEQUENCE),
) -> list[Finding]:
    """What to know before an account is removed, transferred or closed; what prevents it comes first.

    ``confirmed`` names reasons that cannot be checked from here, and that a person has checked. Only findings of these
    ``kinds`` are returned.
    """
    found = [
        Finding(name, kind, *check(facts))
        for name, kind, purposes, check in _CHECKS
        if purpose in purposes and kind in kinds
    ]
    return [_settle(one, confirmed) for one in sorted(found, key=lambda one: one.kind)]


def verdict(purpose: str, found: t.Iterable[Finding]) -> str:
    """The findings in one sentence."""
    standing = [one for one in found if one.stands]
    certain = ", ".join(one.name for one in standing if one.holds)
    unknown = ", ".join(one.name for one in standing if one.holds is None)
    done = {REMOVE: "removed", TRANSFER: "transferred", CLOSE: "closed"}[purpose]
    if not standing:
        return f"The account can be {done}."
    parts = [f"in the way: {certain}"] * bool(certain) + [f"to be checked and confirmed: {unknown}"] * bool(unknown)
    return f"The account cannot be {done} yet; {'; '.join(parts)}."


def _settle(finding: Finding, confirmed: t.Collection[str]) -> Finding:
    """The finding with what a person confirmed; what does not hold needs no fix."""
    if finding.name in confirmed and finding.holds is None:
        return replace(finding, holds=False, text=f"{finding.text} Confirmed by the user.", fix="")
    return replace(finding, fix="") if finding.holds is False else finding


_LEAVING = (REMOVE, TRANSFER)
# name, kind, for which purposes, the check
_CHECKS: tuple = (
    ("management_account", BLOCKING, PURPOSES, blockers.management_account),
    ("account_state", BLOCKING, PURPOSES, blockers.state),
    ("waiting_period", BLOCKING, _LEAVING, blockers.waiting_period),
    ("organization_age", BLOCKING, (TRANSFER,), blockers.organization_age),
    ("delegated_administrator", BLOCKING, PURPOSES, blockers.delegated_administrator),
    ("control_tower", BLOCKING, PURPOSES, blockers.control_tower),
    ("close_quota", BLOCKING, (CLOSE,), blockers.close_quota),
    ("leave_denied", BLOCKING, (TRANSFER,), blockers.leave_denied),
    ("invitation", BLOCKING, (TRANSFER,), blockers.invitation),
    ("contact_information", BLOCKING, (REMOVE,), blockers.contact_information),
    ("phone_verification", BLOCKING, (REMOVE,), blockers.phone_verification),
    ("payment_method", BLOCKING, (REMOVE,), blockers.payment_method),
    ("support_plan", BLOCKING, (REMOVE,), blockers.support_plan),
    ("agreement", BLOCKING, (REMOVE,), blockers.agreement),
    ("root_credentials", BLOCKING, (REMOVE,), blockers.root_credentials),
    ("new_owner", CONSEQUENCE, (TRANSFER,), consequences.new_owner),
    ("scp_protections", CONSEQUENCE, _LEAVING, consequences.scp_protections),
    ("rcp_protections", CONSEQUENCE, _LEAVING, consequences.rcp_protections),
    ("access_role", CONSEQUENCE, _LEAVING, consequences.access_role),
    ("identity_center", CONSEQUENCE, PURPOSES, consequences.identity_center),
    ("stack_sets", CONSEQUENCE, _LEAVING, consequences.stack_sets),
    ("ram_shares", CONSEQUENCE, PURPOSES, consequences.ram_shares),
    ("services_end", CONSEQUENCE, _LEAVING, consequences.services_end),
    ("conditions", CONSEQUENCE, _LEAVING, consequences.conditions),
    ("tags", CONSEQUENCE, _LEAVING, consequences.tags),
    ("cost_history", CONSEQUENCE, _LEAVING, consequences.cost_history),
    ("reopening", CONSEQUENCE, (CLOSE,), consequences.reopening),
    ("email_blocked", CONSEQUENCE, (CLOSE,), consequences.email_blocked),
    ("govcloud", CONSEQUENCE, (CLOSE,), consequences.govcloud),
)

# Reasons that a person may confirm, because they cannot always be checked from here. Only what is not known can be
# confirmed: a reason that was found to hold keeps holding.
CONFIRMABLE = (
    "payment_method",
    "phone_verification",
    "support_plan",
    "agreement",
    "contact_information",
    "root_credentials",
    "control_tower",
    "close_quota",
    "invitation",
    "leave_denied",
)
