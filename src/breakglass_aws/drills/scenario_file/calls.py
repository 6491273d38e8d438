# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the calls of a scenario: operation, Region, parameters, and what is kept of their answers."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import botocore.session
import jmespath
from botocore.exceptions import UnknownServiceError
from botocore.validate import ParamValidator
from jmespath.exceptions import JMESPathError

from breakglass_aws.drills.scenario_file import model, values
from breakglass_aws.sandbox.organization_file.values import ConfigNode

_KEPT = re.compile(r"\$\{(\w+)\}")
_WITH_ACTIONS = ("damage", "clean_up", "people")


def of_actions(top: ConfigNode) -> list[ConfigNode]:
    """The calls that people of a scenario make, with their places."""
    return [node for key in _WITH_ACTIONS if key in top.value for node in _calls(top.child(key, top.value[key]))]


def _calls(node: ConfigNode) -> Iterator[ConfigNode]:
    if isinstance(node.value, list):
        for index, value in enumerate(node.value):
            yield from _calls(node.child(index, value))
    elif isinstance(node.value, dict):
        for key, value in node.value.items():
            child = node.child(key, value)
            if key == model.CALL:
                yield child
            else:
                yield from _calls(child)


def check(calls: Collection[ConfigNode], questions: Collection[ConfigNode]) -> None:
    """Check the calls of people, and those that the judge tries.

    Raises:
        ScenarioError: The first one that AWS's client would not send, with its line.
    """
    kept = {name for call in calls for name in call.value.get("keep") or {}}
    for call in calls:
        service, operation = call.value["service"], call.value["operation"]
        _check_operation(call.child("service", service), service, call.child("operation", operation), operation)
        _check_sent(call, service, operation, kept)
        for name, path in (call.value.get("keep") or {}).items():
            _check_path(call.child("keep", None).child(name, path))
    for question in questions:
        node = question.child("call", question.value["call"])
        check_operation(node)
        service, operation = node.value.split(":")
        _check_sent(question, service, operation, set())


def check_operation(node: ConfigNode) -> None:
    """Check a call that is written as SERVICE:OPERATION. Raises ScenarioError when there is none."""
    service, operation = node.value.split(":")
    _check_operation(node, service, node, operation)


def _check_operation(service_node: ConfigNode, service: str, operation_node: ConfigNode, operation: str) -> None:
    session = _session()
    try:
        known = session.get_service_model(service).operation_names
    except UnknownServiceError:
        hint = values.nearest(service, session.get_available_services())
        raise values.refuse(service_node, f"there is no service {service!r}. {hint}".strip()) from None
    if operation not in known:
        hint = values.nearest(operation, known)
        raise values.refuse(operation_node, f"{service} has no operation {operation!r}. {hint}".strip())


def _check_sent(node: ConfigNode, service: str, operation: str, kept: Collection[str]) -> None:
    """Check Region and parameters as AWS's client does before it sends a call."""
    if (region := node.value.get("region")) and region not in _regions():
        raise values.refuse_name(node.child("region", region), "Region", _regions())
    given = node.value.get("parameters") or {}
    place = node.child("parameters", given) if "parameters" in node.value else node
    for name in _KEPT.findall(json.dumps(given)):
        if name not in kept:
            raise values.refuse(place, f"no call keeps {name!r}. {values.nearest(name, kept)}".strip())
    described = _session().get_service_model(service).operation_model(operation)
    shape = described.input_shape
    known = list(shape.members) if shape else []
    for name in given:
        if name not in known:
            hint = values.nearest(name, known) or f"Accepted: {', '.join(known) or 'none'}."
            raise values.refuse(place.child(name, None), f"unknown parameter. {hint}")
    if shape:
        # The client fills these in itself.
        tokens = dict.fromkeys(described.idempotent_members, "00000000-0000-0000-0000-000000000000")
        report = ParamValidator().validate(tokens | _as_sent(given), shape)
        if report.has_errors():
            raise values.refuse(place, report.generate_report().splitlines()[0])


def _as_sent(value: Any) -> Any:
    """A parameter with policies as text, as they are sent."""
    if isinstance(value, Mapping):
        inner = {key: _as_sent(one) for key, one in value.items()}
        return json.dumps(inner) if "Statement" in inner else inner
    return [_as_sent(one) for one in value] if isinstance(value, list) else value


def _check_path(node: ConfigNode) -> None:
    try:
        jmespath.compile(values.text(node))
    except JMESPathError as error:
        reason = str(error).splitlines()[0]
        raise values.refuse(node, f"is no JMESPath expression: {reason}") from None


@functools.cache
def _session() -> Any:
    return botocore.session.get_session()


@functools.cache
def _regions() -> tuple[str, ...]:
    """Every Region of every partition, as botocore knows them."""
    endpoints = _session().get_component("data_loader").load_data("endpoints")
    return tuple(region for partition in endpoints["partitions"] for region in partition["regions"])
