# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why an account cannot be removed from the organization, as readiness says it. No network, no Ansible."""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._accounts import finding
from ansible_collections.breakglass.aws.plugins.module_utils._accounts.findings import findings
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.account_facts import AccountFacts
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.organization_facts import OrganizationFacts
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.verdicts import Reason

_NOT_NEEDED = Unread("It does not decide about the removal.")


def reasons(
    organization: OrganizationFacts, account: Account, known: AccountFacts, confirmed: t.Collection[str]
) -> t.Iterator[Reason]:
    """What organization_account_info finds to be blocking for the purpose remove, under the same names.

    Without its root_credentials: the runbook restores a root user that cannot sign in.
    """
    facts = finding.Facts(
        account=account,
        management_account_id=organization.management_account_id,
        now=organization.now,
        created=account.joined if account.joined else Unread("AWS does not return when it joined."),
        organization_created=organization.created,
        delegations=known.delegations,
        contact=known.contact,
        tags=_NOT_NEEDED,
        trusted_services=organization.trusted_services,
        policies=known.policies,
        resource_policies=_NOT_NEEDED,
        documents=_NOT_NEEDED,
        stack_sets=_NOT_NEEDED,
        permission_sets=_NOT_NEEDED,
        root_credentials=known.root_credentials,
        closures=_NOT_NEEDED,
    )
    for one in findings(finding.REMOVE, facts, confirmed, kinds=(finding.BLOCKING,)):
        if one.stands and one.name != "root_credentials":
            yield Reason(one.name, one.text, one.fix, certain=one.holds is True)


def has_working_root_user(known: AccountFacts) -> bool:
    """Whether a person can sign in as root, with MFA. False where that was not read."""
    found = known.root_credentials
    return not isinstance(found, Unread) and bool(found[v.PASSWORD]["present"] and found[v.MFA_DEVICES])
