# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a statement of a resource policy concerns: actions, resources, principals. No network, no Ansible."""

from __future__ import annotations

import re

from ansible_collections.breakglass.aws.plugins.module_utils._policies.conditions import opposite, some
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import as_list
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import Administrator
from ansible_collections.breakglass.aws.plugins.module_utils._policies.wildcards import like


def concerns_action(statement: dict, action: str) -> bool:
    """Does the statement concern this action? Action names ignore case."""
    if "NotAction" in statement:
        return not any(like(action.lower(), pattern.lower()) for pattern in as_list(statement["NotAction"]))
    return any(like(action.lower(), pattern.lower()) for pattern in as_list(statement["Action"]))


def concerns_resource(statement: dict, arn: str) -> bool:
    """Does the statement concern this resource? A resource with a policy variable may be any."""
    element = "NotResource" if "NotResource" in statement else "Resource"
    matches = [None if "${" in pattern else like(arn, pattern) for pattern in as_list(statement[element])]
    covered = opposite(some(matches)) if element == "NotResource" else some(matches)
    return covered is not False


def is_wildcard_for_all(pattern: str, service: str) -> bool:
    """``*`` and ``s3:*``: every action of the service."""
    return pattern.endswith("*") and pattern.rstrip("*").lower() in ("", f"{service}:")


def concerns_administrator(statement: dict, administrator: Administrator) -> bool | None:
    """Does the statement's Principal or NotPrincipal element make it apply to the administrator?"""
    if "Principal" in statement:
        return _is_among(statement["Principal"], administrator)
    excepted = statement["NotPrincipal"]
    listed = as_list(excepted.get("AWS", [])) if isinstance(excepted, dict) else [excepted]
    if "*" in listed:
        return False
    # NotPrincipal exempts a role or user only when its account is listed too, and a role's session only when that is
    # listed as well (IAM user guide, "NotPrincipal with Deny").
    account = any(_is_account(value, administrator.account_id) for value in listed)
    itself = administrator.is_user or _has_session_of(listed, administrator)
    return not (account and administrator.arn in listed and itself)


def _is_among(principal: str | dict, administrator: Administrator) -> bool | None:
    if principal == "*":
        return True
    listed = as_list(principal.get("AWS", []))
    if any(one in ("*", administrator.arn) or _is_account(one, administrator.account_id) for one in listed):
        return True
    # A canonical user ID stands for an account, and which one cannot be seen from it. One session of a role may be
    # the one the administrator has.
    return None if "CanonicalUser" in principal or _has_session_of(listed, administrator) else False


def _has_session_of(listed: list, administrator: Administrator) -> bool:
    prefix = f":sts::{administrator.account_id}:assumed-role/{administrator.name}/"
    return not administrator.is_user and any(prefix in value for value in listed)


def _is_account(value: str, account_id: str) -> bool:
    """An account ID or the ARN of its root: in a Deny, every principal of that account."""
    return value == account_id or bool(re.match(rf"^arn:aws[\w-]*:iam::{account_id}:root\Z", value))
