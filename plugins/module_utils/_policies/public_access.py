# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which statements make a bucket policy public, so that S3 Block Public Access refuses it. No network, no Ansible.

The rule is that of the Amazon S3 user guide, "Blocking public access to your Amazon S3 storage", "The meaning of
'public'": an Allow for everyone is public unless a condition on one of the keys below has only fixed values.
"""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._policies.conditions import (
    entries_of,
    has_variable,
    is_negated,
    split_operator,
    text_of,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import (
    Document,
    Statement,
    as_list,
    statements,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.operators import parse_network
from ansible_collections.breakglass.aws.plugins.module_utils._policies.wildcards import has_wildcard

_FIXING_KEYS = (
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
)
# Networks larger than these count as the public (the same page: "very broad IP ranges").
_BROADEST = {4: 8, 6: 32}


def public_statements(document: Document) -> list[int]:
    """The indexes of the statements that make the policy public, in their order."""
    return [index for index, statement in enumerate(statements(document)) if _is_public(statement)]


def _is_public(statement: Statement) -> bool:
    if statement["Effect"] != "Allow":
        return False
    principal = statement.get("Principal", "*")  # an Allow with NotPrincipal is for everyone else
    if principal != "*" and "*" not in as_list(principal.get("AWS", [])):
        return False
    return not any(_fixes(*entry) for entry in entries_of(statement.get("Condition", {})))


def _fixes(operator: str, key: str, values: t.Any) -> bool:
    """Does the condition limit the statement to principals or places with fixed values?"""
    qualifier, name, if_exists = split_operator(operator)
    if key.lower() not in _FIXING_KEYS or is_negated(operator) or if_exists or qualifier == "forallvalues":
        return False
    if name == "null":
        return False
    texts = [text_of(value) for value in as_list(values)]
    return all(_is_fixed(key.lower(), text) for text in texts)


def _is_fixed(key: str, value: str) -> bool:
    if has_variable(value):
        return False
    if key == "aws:sourceip":
        network = parse_network(value)
        return network is not None and network.prefixlen >= _BROADEST[network.version]
    if key in ("aws:principalorgpaths", "aws:sourceorgpaths"):
        return not has_wildcard(value.split("/")[0])
    if key in ("aws:sourcearn", "aws:principalarn"):
        return not has_wildcard((value.split(":") + [""] * 5)[4]) and value.count(":") >= 5
    if key == "aws:userid":
        return not has_wildcard(value.split(":")[0])
    return not has_wildcard(value)
