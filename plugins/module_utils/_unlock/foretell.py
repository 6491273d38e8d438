# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which writes of a plan AWS will refuse: by S3 Block Public Access, or by a policy of the organization. No Ansible.

A plan is read and approved by people before anything is written. They must not learn only then that AWS refuses it.
"""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import (
    ServiceControlPolicies,
    policy_in_words,
)
from ansible_collections.breakglass.aws.plugins.module_utils._unlock import verifier
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.plan import Plan
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.resource_policy import ResourcePolicy


def warn_of_public_access_block(
    context: Context, plan: Plan, policy: ResourcePolicy, administrator: verifier.AdministratorSession | None
) -> None:
    """Warn when S3 Block Public Access will refuse the new policy, or may."""
    public = plan.public_statements
    if not plan.changes or not public:
        return
    refuses = policy.refuses_public_policies(administrator) if administrator else policy.refuses_unread
    if refuses is False:
        return
    named = ", ".join(str(index) for index in public)
    will = "will refuse" if refuses else "refuses, where it is on,"
    unread = "" if refuses else " Whether it is on, for the bucket or the account, could not be read."
    context.warn(
        f"Statement {named} of the new policy allows everyone access. S3 Block Public Access (BlockPublicPolicy) "
        f"{will} such a policy.{unread} Narrow these statements with mode=replace, or use mode=delete."
    )


def policies_that_stop(
    context: Context, plan: Plan, policy: ResourcePolicy, account_id: str, arn: str
) -> list[dict[str, t.Any]] | None:
    """The service and resource control policies that deny the root session the write of the plan, or may.

    In the shape of ``ServiceControlPolicies.stopping``, with a warning for each. Empty when the plan writes nothing.
    None, with a warning that says why, when the policies could not be read.
    """
    if not plan.changes:
        return []
    action = policy.write_action(plan.after_text)
    policies = ServiceControlPolicies(context.organization)
    try:
        found = policies.stopping(account_id, actions=[action], resource=arn, region=policy.region)
    except BreakglassError as error:
        context.warn(
            f"Whether a service or resource control policy denies {action} is not known. {error.cause} {error.fix}"
        )
        return None
    for one in found:
        will = "will" if one["certain"] else "may"
        context.warn(f"AWS {will} refuse {action}. {policy_in_words(one)} {one['fix']}")
    return found


def refusal(found: t.Sequence[dict[str, t.Any]] | None) -> str:
    """One sentence, after a space, when a policy certainly denies the write; else empty."""
    certain = next((one for one in found or [] if one["certain"]), None)
    if certain is None:
        return ""
    return f" AWS will refuse {', '.join(certain['actions'])}: {policy_in_words(certain)}"
