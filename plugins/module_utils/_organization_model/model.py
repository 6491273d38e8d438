# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What organization_model_info returns: an organization as plain data, and as an organization file of the sandbox."""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.assume_role import check_role_name
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._organization_model import posture, pseudonyms
from ansible_collections.breakglass.aws.plugins.module_utils._organization_model.account_parts import PARTS, read_parts
from ansible_collections.breakglass.aws.plugins.module_utils._organization_model.facts import Attempt, NotRead
from ansible_collections.breakglass.aws.plugins.module_utils._organization_model.organization_file import (
    organization_file,
)
from ansible_collections.breakglass.aws.plugins.module_utils._organization_model.structure import StructureReader
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time

ARGUMENTS: dict[str, t.Any] = {
    "include": {"type": "list", "elements": "str", "choices": list(PARTS), "default": []},
    "access_roles": {"type": "bool", "default": False},
    "role_name": {"type": "str", "default": v.ACCESS_ROLE},
    "posture": {"type": "path"},
    "pseudonyms": {"type": "bool", "default": False},
    "mapping": {"type": "path"},
}


def read_model(params: dict, context: Context) -> dict:
    """Read the caller's organization. Raises a BreakglassError when not even its accounts can be listed."""
    check_role_name("role_name", params["role_name"])
    if params["mapping"] and not params["pseudonyms"]:
        raise InvalidInput("mapping", params["mapping"], "given together with pseudonyms=true")
    found = posture.read_posture(params["posture"]) if params["posture"] else {}
    mapping = pseudonyms.Mapping.of(params["mapping"]) if params["pseudonyms"] else None
    attempt = Attempt(context.connection)
    model: dict[str, t.Any] = {
        "read_at": format_time(context.organization.now()),
        "caller": _caller(context),
        **StructureReader(context, attempt).read(),
    }
    read_parts(context, attempt, model["accounts"], params)
    if found:
        posture.add_posture(model["accounts"], found)
    not_read: t.Sequence[NotRead] = attempt.not_read
    kept: t.Sequence[str] = []
    if mapping is not None:
        model, not_read, kept = pseudonyms.replace(model, not_read, mapping)
        if params["mapping"] and not context.check_mode:
            mapping.save(params["mapping"])
    return {
        "changed": False,
        **model,
        "not_read": [one.as_dict() for one in not_read],
        "kept_texts": list(kept),
        "organization_file": organization_file(model, not_read, pseudonyms=mapping is not None),
    }


def _caller(context: Context) -> dict[str, t.Any]:
    """Who acts in the sandbox: the role or user that reads the organization."""
    caller = context.organization.caller
    kind, _separator, name = caller.principal_arn.split(":", 5)[5].partition("/")
    return {
        "account_id": caller.account_id,
        "partition": caller.partition,
        "role": name.rpartition("/")[2] if kind == "role" else None,
        "user": name.rpartition("/")[2] if kind == "user" else None,
    }
