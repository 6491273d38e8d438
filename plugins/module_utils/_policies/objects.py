# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which objects of a bucket a statement concerns: all, none, or some. No network, no Ansible."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import Statement, as_list
from ansible_collections.breakglass.aws.plugins.module_utils._policies.wildcards import begun, like, tokens

# Patterns of objects, as text for people. None is all objects, and no patterns is no object.
Objects = t.Optional[t.FrozenSet[str]]
ALL: Objects = None
NONE: Objects = frozenset()

_VARIABLE = re.compile(r"\$\{[^}]*\}")


def objects_of(statement: Statement, bucket_arn: str, variables: bool = True) -> Objects:
    """The objects of the bucket that the statement concerns, as patterns of their names.

    A pattern that also names other buckets is returned as it is in the policy. A policy variable may have any value.
    ``variables`` is False for Version 2008-10-17.
    """
    excluded = "NotResource" in statement
    patterns = as_list(statement["NotResource" if excluded else "Resource"])
    objects = f"{bucket_arn}/"
    if any(pattern.endswith("*") and like(objects, pattern) for pattern in patterns):
        return NONE if excluded else ALL
    any_value = [_VARIABLE.sub("*", pattern) if variables else pattern for pattern in patterns]
    found = begun([tokens(pattern) for pattern in any_value], objects)
    some = sorted(pattern.removeprefix(objects) for pattern, begins in zip(patterns, found, strict=True) if begins)
    if excluded:
        return frozenset([f"all but {', '.join(some)}"]) if some else ALL
    return frozenset(some)


def union(one: Objects, other: Objects) -> Objects:
    """The objects of both."""
    return None if one is None or other is None else one | other
