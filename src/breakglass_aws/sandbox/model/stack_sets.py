# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""StackSets with service-managed permissions: what CloudFormation keeps of them (aws-facts 5b, 1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from breakglass_aws.sandbox.model.templates import Template

SERVICE = "member.org.stacksets.cloudformation.amazonaws.com"


@dataclass
class Resource:
    """A resource of a stack, as it was made."""

    name: str
    properties: dict[str, Any]
    retained: bool


@dataclass
class Stack:
    """What a stack instance made in an account and Region."""

    id: str
    name: str
    resources: dict[str, Resource] = field(default_factory=dict)


@dataclass
class Instance:
    """`status` is AWS's CURRENT, OUTDATED or INOPERABLE; `detail` tells how the last operation went."""

    account: str
    region: str
    unit: str
    status: str = "OUTDATED"
    detail: str = "PENDING"
    reason: str | None = None
    overrides: dict[str, str] = field(default_factory=dict)
    stack: Stack | None = None
    operation: str | None = None


@dataclass
class Result:
    account: str
    region: str
    unit: str
    status: str = "PENDING"
    reason: str | None = None


@dataclass
class Operation:
    id: str
    action: str
    created: datetime
    preferences: dict[str, Any]
    targets: dict[str, Any]
    retain: bool | None = None
    status: str = "RUNNING"
    ended: datetime | None = None
    results: list[Result] = field(default_factory=list)


@dataclass
class StackSet:
    """`id` is `name:uuid`, as AWS writes it."""

    id: str
    arn: str
    region: str
    name: str
    description: str
    body: str
    template: Template
    parameters: dict[str, str]
    capabilities: list[str]
    tags: list[dict[str, str]]
    auto_deployment: dict[str, Any]
    managed_execution: dict[str, Any]
    request_token: str | None
    status: str = "ACTIVE"
    units: dict[str, None] = field(default_factory=dict)
    instances: dict[tuple[str, str], Instance] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)

    def running(self) -> Operation | None:
        return next((one for one in self.operations.values() if one.status == "RUNNING"), None)


class StackSets:
    """All StackSets, the deleted ones too; they belong to a Region of the management account."""

    def __init__(self) -> None:
        self._all: dict[str, StackSet] = {}

    def __iter__(self) -> Iterator[StackSet]:
        return iter(self._all.values())

    def add(self, stack_set: StackSet) -> None:
        self._all[stack_set.id] = stack_set

    def in_region(self, region: str) -> Iterator[StackSet]:
        return (one for one in self if one.region == region)

    def find(self, region: str, name: str) -> StackSet | None:
        """By name, of those not deleted; by ID, of all."""
        return next(
            (one for one in self.in_region(region) if name == one.id or (name == one.name and one.status == "ACTIVE")),
            None,
        )
