# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked, and by whom: the request context of AWS's documentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from breakglass_aws.sandbox.model.principals import Principal

# What aws:PrincipalType says of each (IAM User Guide, "Policy variables", table of principal key values).
_PRINCIPAL_TYPES = {
    "root": "Account",
    "user": "User",
    "role_session": "AssumedRole",
    "anonymous": "Anonymous",
    "federated": "FederatedUser",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One action on one resource, with the context keys its conditions are tested against.

    `resource_account` is the account that owns the resource. It is None when the resource has no owner, and also when
    it is another account's but no policy of that account could allow the action: sts:AssumeRoot needs no permission in
    the member account, whose trust is its membership.
    """

    principal: Principal
    action: str
    resource: str
    resource_account: str | None = None
    context: Mapping[str, str | list[str]] = field(default_factory=dict)

    @property
    def cross_account(self) -> bool:
        """Whether the resource belongs to another account than the principal."""
        return self.resource_account is not None and self.resource_account != self.principal.account


class Context:
    """The context keys of a request: names are case-insensitive, every key holds one or more values.

    Keys that follow from the request itself are filled in where the caller did not give them.
    """

    __slots__ = ("_values",)

    def __init__(self, request: Request):
        self._values = _derived_keys(request)
        for name, value in request.context.items():
            self._values[name.lower()] = tuple(map(text, value)) if isinstance(value, list | tuple) else (text(value),)

    def get(self, name: str) -> tuple[str, ...]:
        """The values of a key (`name` in lower case); none when the request does not have it."""
        return self._values.get(name, ())


def _derived_keys(request: Request) -> dict[str, tuple[str, ...]]:
    """The keys AWS puts into every request context (IAM User Guide, "Global condition context keys")."""
    principal = request.principal
    keys: dict[str, tuple[str, ...]] = {
        "aws:principalisawsservice": ("true" if principal.kind == "service" else "false",)
    }
    if request.resource_account is not None:
        keys["aws:resourceaccount"] = (request.resource_account,)
    if principal.kind in _PRINCIPAL_TYPES:
        keys["aws:principaltype"] = (_PRINCIPAL_TYPES[principal.kind],)
    if principal.kind == "anonymous":
        keys["aws:userid"] = ("anonymous",)
    elif principal.kind == "service":
        keys["aws:principalservicename"] = (principal.arn,)
    elif principal.kind != "federated":
        keys["aws:principalarn"] = (principal.context_arn,)
        keys["aws:principalaccount"] = (principal.account,)
        user_id = principal.account if principal.kind == "root" else principal.user_id
        if user_id:
            keys["aws:userid"] = (user_id,)
        if principal.kind == "user":
            keys["aws:username"] = (principal.arn.rpartition("/")[2],)
    return keys


def text(value: object) -> str:
    """A JSON scalar as policies compare it: `true` and `"true"` are the same, and so are `5` and `"5"`."""
    return str(value).lower() if isinstance(value, bool) else str(value)
