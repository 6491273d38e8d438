# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Principals of the account that a policy keeps from managing it by their name or by a pattern. No network, no Ansible.

Without named administrators such statements are no lockout of the account, so they are reported and not repaired. A
pattern may stand for administrators all the same, above all for the roles of IAM Identity Center.
"""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._policies.conditions import (
    entries_of,
    is_negated,
    split_operator,
    text_of,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import (
    Document,
    Statement,
    as_list,
    knows_variables,
    statements,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.lockouts import denied_management, find_lockouts
from ansible_collections.breakglass.aws.plugins.module_utils._policies.matching import PreparedStatement
from ansible_collections.breakglass.aws.plugins.module_utils._policies.operators import some
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import (
    Administrator,
    Resource,
    administrators_of,
    every_place,
    is_role_or_user,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.wildcards import arn_like, has_wildcard, like

# Administrators that accounts often have. The first two are IAM Identity Center's, with and without a region.
_USUAL = (
    "role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_AdministratorAccess_0123456789abcdef",
    "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_AdministratorAccess_0123456789abcdef",
    "role/OrganizationAccountAccessRole",
    "role/AWSControlTowerExecution",
    "role/Admin",
    "role/Administrator",
    "user/admin",
    "user/Administrator",
)


def principals_denied_by_name(document: Document, resource: Resource) -> list[str]:
    """ARNs, and patterns of ARNs or user names, that a Deny statement names and keeps from managing the policy."""
    variables = knows_variables(document)
    everyone = {lockout.index for lockout in find_lockouts(document, resource, administrators_of(resource))}
    found: dict[str, None] = {}
    for index, statement in enumerate(statements(document)):
        if index in everyone or not denied_management(statement, resource):
            continue
        prepared = PreparedStatement(statement, variables)
        for name, examples in _named_by(statement, resource):
            if name not in found and any(_is_locked(one, prepared, resource) for one in examples):
                found[name] = None
    return sorted(found)


def _is_locked(arn: str, statement: PreparedStatement, resource: Resource) -> bool:
    administrator = Administrator(arn, named=True)
    return some(statement.applies(administrator, resource.arn, every_place(administrator, resource))) is not False


def _named_by(statement: Statement, resource: Resource) -> t.Iterator[tuple[str, list[str]]]:
    """What the statement names, each with the ARNs of principals it may be: itself, or examples of a pattern."""
    prefix = f"arn:{resource.partition}:iam::{resource.account_id}:"
    principal = statement.get("Principal")
    for arn in as_list(principal.get("AWS", [])) if isinstance(principal, dict) else []:
        if is_role_or_user(arn) and arn.split(":")[4] == resource.account_id:
            yield arn, [arn]
    for operator, key, values in entries_of(statement.get("Condition", {})):
        for value in map(text_of, as_list(values)):
            if key.lower() == "aws:principalarn":
                examples = [value] if is_role_or_user(value) else []
                if has_wildcard(value) and not is_negated(operator):
                    examples = _examples(operator, value, prefix)
                examples = [arn for arn in examples if arn.split(":")[4] == resource.account_id]
                if examples:
                    yield value, examples
            elif key.lower() == "aws:username" and not is_negated(operator):
                yield f"user name {value}", [f"{prefix}user/{_filled(value)}"]


def _examples(operator: str, pattern: str, prefix: str) -> list[str]:
    """Roles and users of the account that the pattern matches, as examples."""
    ends = [*_USUAL, _filled(pattern.rpartition(":")[2]), "role/" + _filled(pattern.rpartition(":")[2].lstrip("*"))]
    by_part = split_operator(operator)[1].startswith("arn")
    return [
        prefix + end
        for end in ends
        if is_role_or_user(prefix + end)
        and (arn_like(prefix + end, pattern) if by_part else like(prefix + end, pattern)) is not False
    ]


def _filled(pattern: str) -> str:
    """A text that the pattern matches."""
    return pattern.replace("*", "x").replace("?", "x")
