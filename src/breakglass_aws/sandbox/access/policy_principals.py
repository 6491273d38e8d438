# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and users as principals of resource policies: there when the policy is stored, their IDs when they are gone.

AWS keeps a principal by its ID. A policy that names a role or user which does not exist is not stored, and where one
was deleted its ID shows in its place. A new one with the old name is another principal (IAM User Guide, "AWS JSON
policy elements: Principal").
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from breakglass_aws.sandbox.authorization.policy import as_list
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request


def exist(state: State) -> Callable[[str], bool]:
    """A test whether the role or user with an ARN exists; of accounts the sandbox does not know, all do."""

    def there(arn: str) -> bool:
        account = arn.split(":")[4]
        if state.account(account) is None:
            return True
        backend = state.iam(account)
        entities: list[Any] = [*backend.roles.values(), *backend.users.values()]
        return any(entity.arn == arn for entity in entities)

    return there


def about_to_go(state: State, request: Request) -> tuple[str, str] | None:
    """ARN and ID of the role or user that DeleteRole or DeleteUser is about; None when there is none."""
    backend = state.iam(request.account)
    names: dict[str, tuple[str, dict[str, Any]]] = {
        "DeleteRole": ("RoleName", backend.roles),
        "DeleteUser": ("UserName", backend.users),
    }
    if request.operation not in names:
        return None
    parameter, entities = names[request.operation]
    found = (entity for entity in entities.values() if entity.name == request.parameters.get(parameter))
    return next(((entity.arn, entity.id) for entity in found), None)


def replace_deleted(state: State, arn: str, unique_id: str) -> None:
    """Put the ID of a role or user in its place in the policies of all buckets and queues."""
    for bucket in state.buckets():
        text = _replaced(bucket.policy, arn, unique_id)
        if text is not None:
            bucket.policy = text.encode()
    for queue in state.queues():
        text = _replaced(queue.policy, arn, unique_id)
        if text is not None:
            queue.policy = text


def _replaced(document: str | bytes | None, arn: str, unique_id: str) -> str | None:
    """The policy with the ID in the ARN's place; None when it does not name it as a principal."""
    text = document.decode() if isinstance(document, bytes) else document
    if not text or arn not in text:
        return None
    policy = json.loads(text)
    changed = [_replace(statement, arn, unique_id) for statement in as_list(policy["Statement"])]
    return json.dumps(policy) if any(changed) else None


def _replace(statement: dict[str, Any], arn: str, unique_id: str) -> bool:
    element = statement.get("Principal", statement.get("NotPrincipal"))
    if not isinstance(element, dict) or arn not in as_list(element.get("AWS", [])):
        return False
    named = element["AWS"]
    element["AWS"] = unique_id if named == arn else [unique_id if one == arn else one for one in named]
    return True
