# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the modules about access roles: their specification, and reading and checking them."""

from __future__ import annotations

import functools
import re
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._access_role.methods import (
    IDENTITY_CENTER,
    METHODS,
    RestoreRequest,
    stack_set_name,
)
from ansible_collections.breakglass.aws.plugins.module_utils._aws.assume_role import check_role_name
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection, check_region
from ansible_collections.breakglass.aws.plugins.module_utils._errors import InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.verifier import OPTIONS, as_given

ROLE = {"role_name": {"type": "str", "default": v.ACCESS_ROLE}}
RESTORE = {
    "method": {"type": "str", "choices": ["auto", *METHODS], "default": "auto"},
    "source_identity": {"type": "bool", "default": False},
    "activate_trusted_access": {"type": "bool", "default": False},
    "keep_stack_set": {"type": "bool", "default": False},
    "plan": {"type": "dict"},
    "stack_set_name": {"type": "str"},
    "stack_set_region": {"type": "str"},
    "wait_timeout": {"type": "int", "default": 600},
}

_STACK_SET_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,119}\Z", re.ASCII)


def identity_center(*, with_sign_in: bool = False) -> dict:
    """The option of this name; ``with_sign_in``: with what is needed to create the role."""
    spec: dict[str, t.Any] = {
        "region": {"type": "str"},
        "permission_set": {"type": "str", "required": True},
        "user_name": {"type": "str"},
        "group_name": {"type": "str"},
    }
    if with_sign_in:
        spec["sign_in"] = {
            "type": "dict",
            "options": {name: one for name, one in OPTIONS.items() if name != "role_arn"},
            "mutually_exclusive": [("profile", "access_key")],
            "required_together": [("access_key", "secret_key")],
            "required_one_of": [("profile", "access_key")],
        }
        spec["keep_assignment"] = {"type": "bool", "default": False}
    return {
        "identity_center": {
            "type": "dict",
            "options": spec,
            "mutually_exclusive": [("user_name", "group_name")],
            "required_one_of": [("user_name", "group_name")],
        }
    }


def restore_request(params: dict, connection: Connection) -> RestoreRequest:
    """What the options ask for; InvalidInput for an invalid value."""
    role_name = check_role_name("role_name", params["role_name"])
    name = params.get("stack_set_name") or stack_set_name(role_name)
    if not _STACK_SET_NAME.match(name):
        raise InvalidInput("stack_set_name", name, "up to 120 letters, digits and hyphens, a letter first")
    if params.get("wait_timeout", 0) < 0:
        raise InvalidInput("wait_timeout", params["wait_timeout"], "a number of seconds, 0 or more")
    center = params["identity_center"] or {}
    for option, region in (
        ("stack_set_region", params.get("stack_set_region")),
        ("identity_center.region", center.get("region")),
    ):
        if region:
            check_region(option, region)
    sign_in = center.get("sign_in")
    return RestoreRequest(
        role_name=role_name,
        stack_set_name=name,
        stack_set_region=params.get("stack_set_region") or connection.region,
        activate_trusted_access=params.get("activate_trusted_access", False),
        keep_stack_set=params.get("keep_stack_set", False),
        identity_center_region=center.get("region") or connection.region,
        permission_set=center.get("permission_set"),
        user_name=center.get("user_name"),
        group_name=center.get("group_name"),
        sign_in=functools.partial(as_given, connection, sign_in) if sign_in else None,
        keep_assignment=center.get("keep_assignment", False),
        source_identity=params.get("source_identity", False),
        wait_seconds=params.get("wait_timeout", 0),
        plan=_planned(params.get("plan")),
    )


def _planned(plan: dict | None) -> dict[str, dict] | None:
    """The accounts that a plan would change, by ID; None without a plan."""
    if plan is None:
        return None
    accounts = plan.get("accounts")
    if not isinstance(accounts, list) or not all(isinstance(one, dict) and one.get("account_id") for one in accounts):
        raise InvalidInput("plan", "(not shown)", "the result of this module in check mode")
    return {one["account_id"]: one for one in accounts if one.get("changed")}


def refuse_contradictions(request: RestoreRequest, method: str, targets: t.Sequence[Target]) -> None:
    """InvalidInput for options that contradict one another."""
    if method == IDENTITY_CENTER and not request.permission_set:
        raise InvalidInput("identity_center", None, "permission_set and user_name or group_name, with this method")
    if request.sign_in and len(targets) != 1:
        raise InvalidInput("identity_center.sign_in", "(credentials)", "credentials in one account, with one account")
