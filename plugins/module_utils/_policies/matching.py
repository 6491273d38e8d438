# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a statement applies to: actions, resources, principals. No network, no Ansible.

Answers are three-valued where something may be unknown: True, False, and None for "it depends".
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._policies.actions import action_matches
from ansible_collections.breakglass.aws.plugins.module_utils._policies.conditions import (
    Facts,
    expanded,
    has_variable,
    opposite,
    some,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import Statement, as_list
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import Administrator
from ansible_collections.breakglass.aws.plugins.module_utils._policies.wildcards import like, matches


def concerns_action(statement: Statement, action: str) -> bool:
    """Does the statement apply to this action? Action names ignore case."""
    if "NotAction" in statement:
        return not any(action_matches(action, pattern) for pattern in as_list(statement["NotAction"]))
    return any(action_matches(action, pattern) for pattern in as_list(statement["Action"]))


def concerns_resource(
    statement: Statement, arn: str, facts: Facts = lambda key: None, variables: bool = True
) -> bool | None:
    """Does the statement apply to this resource? None where a policy variable has a value that is not known.

    ``facts`` are what is known of the request, for policy variables; ``variables`` is False for Version 2008-10-17.
    """
    element = "NotResource" if "NotResource" in statement else "Resource"
    covered = some(_resource_matches(arn, pattern, facts, variables) for pattern in as_list(statement[element]))
    return opposite(covered) if element == "NotResource" else covered


def _resource_matches(arn: str, pattern: str, facts: Facts, variables: bool) -> bool | None:
    if not variables or not has_variable(pattern):
        return like(arn, pattern)
    tokens = expanded(pattern, facts)
    return None if tokens is None else matches(arn, tokens)


def concerns_administrator(statement: Statement, administrator: Administrator) -> bool | None:
    """Does the statement's Principal or NotPrincipal element make it apply to the administrator?"""
    if "Principal" in statement:
        return _is_among(statement["Principal"], administrator)
    excepted = statement["NotPrincipal"]
    listed = as_list(excepted.get("AWS", [])) if isinstance(excepted, dict) else [excepted]
    if "*" in listed:
        return False
    # NotPrincipal exempts a role or user only when its account is listed too, and a role's session only when that is
    # listed as well (IAM user guide, "NotPrincipal with Deny"). Which session the administrator has is not known.
    account = any(_is_account(value, administrator.account_id) for value in listed)
    if not account or administrator.arn not in listed:
        return True
    if administrator.is_user:
        return False
    return None if _has_session_of(listed, administrator) else True


def _is_among(principal: t.Any, administrator: Administrator) -> bool | None:
    if principal == "*":
        return True
    listed = as_list(principal.get("AWS", []))
    if any(one in ("*", administrator.arn) or _is_account(one, administrator.account_id) for one in listed):
        return True
    # The account of a canonical user ID cannot be read from it. The administrator may have a listed session of a role.
    return None if "CanonicalUser" in principal or _has_session_of(listed, administrator) else False


def _has_session_of(listed: list[str], administrator: Administrator) -> bool:
    prefix = f":sts::{administrator.account_id}:assumed-role/{administrator.name}/"
    return not administrator.is_user and any(prefix in value for value in listed)


_ACCOUNT_ROOT = re.compile(r"arn:aws[\w-]*:iam::([0-9]{12}):root\Z", re.ASCII)


def _is_account(value: str, account_id: str) -> bool:
    """An account ID or the ARN of its root user: in a Deny, every principal of that account."""
    found = _ACCOUNT_ROOT.match(value)
    return value == account_id or (found is not None and found.group(1) == account_id)
