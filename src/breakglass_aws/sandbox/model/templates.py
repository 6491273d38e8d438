# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFormation templates, as far as a StackSet that brings back a role needs them.

JSON or YAML with the short tags; parameters, `Ref`, `Fn::Sub`, `Fn::GetAtt` and `Fn::Join`; the resource type
AWS::IAM::Role. Anything else is refused by name rather than passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import yaml

from breakglass_aws.sandbox.errors import AwsError, not_implemented

ROLE = "AWS::IAM::Role"
_FUNCTIONS = ("Ref", "Fn::GetAtt", "Fn::Join", "Fn::Sub")
_NO_VALUE = object()


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags; a date is text, as `Version: 2012-10-17` must stay."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {  # type: ignore[misc]
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _short_tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_tag)


@dataclass(frozen=True)
class Declared:
    """A resource as the template declares it."""

    properties: dict[str, Any]
    retained: bool
    needs: frozenset[str]


@dataclass(frozen=True)
class Template:
    description: str
    parameters: dict[str, dict[str, Any]]
    resources: dict[str, Declared]  # in an order in which they can be made

    def values(self, given: dict[str, str]) -> dict[str, Any]:
        """The parameters' values: those given, the defaults else."""
        found: dict[str, Any] = {}
        for name, declared in self.parameters.items():
            value = given.get(name, declared.get("Default"))
            listed = declared.get("Type") == "CommaDelimitedList" and value is not None
            found[name] = [part.strip() for part in str(value).split(",")] if listed else value
        return found

    @property
    def capability(self) -> str | None:
        """The capability its resources need."""
        if any("RoleName" in declared.properties for declared in self.resources.values()):
            return "CAPABILITY_NAMED_IAM"
        return "CAPABILITY_IAM" if self.resources else None


def _invalid(text: str) -> AwsError:
    return AwsError("ValidationError", text)


def parse(body: str) -> Template:
    """Read and check a template.

    Raises:
        AwsError: ValidationError with CloudFormation's text, or NotImplemented for what the sandbox does not know.
    """
    try:
        return _parse(body)
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise _invalid("Template format error: unsupported structure.") from error


def _parse(body: str) -> Template:
    document = _document(body)
    declared = document.get("Resources")
    if not isinstance(declared, dict) or not declared:
        raise _invalid("Template format error: At least one Resources member must be defined.")
    parameters = document.get("Parameters") or {}
    if not isinstance(parameters, dict) or not all(isinstance(entry, dict) for entry in parameters.values()):
        raise _invalid("Template format error: Every Parameters member must be an object.")
    for section in ("Conditions", "Mappings", "Transform"):
        if section in document:
            raise not_implemented("cloudformation", f"templates with {section}")
    resources = {name: _declared(name, entry) for name, entry in declared.items()}
    known = {*parameters, *resources}
    unknown = sorted({need for one in resources.values() for need in one.needs} - known)
    if unknown:
        raise _invalid(
            f"Template format error: Unresolved resource dependencies [{', '.join(unknown)}] in the Resources block of "
            "the template"
        )
    return Template(str(document.get("Description") or ""), parameters, _ordered(resources))


def _document(body: str) -> dict[str, Any]:
    kind = "JSON" if body.lstrip().startswith("{") else "YAML"
    try:
        document = json.loads(body) if kind == "JSON" else yaml.load(body, _Loader)
    except (ValueError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (getattr(error, "lineno", 1), 1)
        raise _invalid(f"Template format error: {kind} not well-formed. (line {line}, column {column})") from error
    if not isinstance(document, dict):
        raise _invalid("Template format error: unsupported structure.")
    return document


def _declared(name: str, entry: Any) -> Declared:
    if not isinstance(entry, dict) or not isinstance(entry.get("Type"), str):
        raise _invalid(f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member.")
    kind, properties = entry["Type"], {} if entry.get("Properties") is None else entry["Properties"]
    if not isinstance(properties, dict):
        raise _invalid(f"Template format error: [/Resources/{name}/Properties] 'Properties' must be an object.")
    if not re.fullmatch(r"(AWS|Custom|Alexa)::.+", kind):
        raise _invalid(f"Template format error: Unrecognized resource types: [{kind}]")
    if kind != ROLE:
        raise not_implemented("cloudformation", f"resources of type {kind}")
    depends = entry.get("DependsOn") or []
    needs = {*([depends] if isinstance(depends, str) else depends), *_references(properties)}
    resolve(properties, str, lambda resource, attribute: resource + attribute)  # what has no form fails here
    return Declared(properties, entry.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate"), frozenset(needs))


def _references(value: Any) -> Iterator[str]:
    """Names of parameters and resources a value needs; functions the sandbox does not know are refused."""
    if isinstance(value, list):
        for entry in value:
            yield from _references(entry)
    if not isinstance(value, dict):
        return
    for key, entry in value.items():
        if key.startswith("Fn::") and key not in _FUNCTIONS:
            raise not_implemented("cloudformation", f"the function {key} in templates")
        if key == "Ref" and not str(entry).startswith("AWS::"):
            yield str(entry)
        elif key == "Fn::GetAtt":
            yield (entry.split(".", 1) if isinstance(entry, str) else entry)[0]
        elif key == "Fn::Sub":
            text, own = (entry, {}) if isinstance(entry, str) else entry
            yield from _references(list(own.values()))
            for name in re.findall(r"\$\{([^!][^}]*)\}", text):
                if name not in own and not name.startswith("AWS::"):
                    yield name.partition(".")[0]
        else:
            yield from _references(entry)


def _ordered(resources: dict[str, Declared]) -> dict[str, Declared]:
    ordered: dict[str, Declared] = {}
    while len(ordered) < len(resources):
        ready = [
            name
            for name, declared in resources.items()
            if name not in ordered and declared.needs & resources.keys() <= ordered.keys()
        ]
        if not ready:
            left = ", ".join(sorted(resources.keys() - ordered.keys()))
            raise _invalid(f"Circular dependency between resources: [{left}]")
        ordered |= {name: resources[name] for name in ready}
    return ordered


def resolve(value: Any, ref: Callable[[str], Any], attribute: Callable[[str, str], Any]) -> Any:
    """A value of the template with its functions worked out.

    Args:
        ref: What `Ref` of a name is; None for AWS::NoValue, which leaves the property out.
        attribute: What `Fn::GetAtt` of a resource and attribute is.
    """
    found = _resolve(value, ref, attribute)
    return None if found is _NO_VALUE else found


def _resolve(value: Any, ref: Callable[[str], Any], attribute: Callable[[str, str], Any]) -> Any:
    if isinstance(value, list):
        entries = [_resolve(entry, ref, attribute) for entry in value]
        return [entry for entry in entries if entry is not _NO_VALUE]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(key, entry)] = value.items()
        if key == "Ref":
            return _NO_VALUE if entry == "AWS::NoValue" else ref(str(entry))
        if key == "Fn::GetAtt":
            name, wanted = entry.split(".", 1) if isinstance(entry, str) else entry
            return attribute(name, wanted)
        if key == "Fn::Join":
            separator, parts = entry
            return str(separator).join(map(str, _resolve(parts, ref, attribute)))
        if key == "Fn::Sub":
            return _substitute(entry, ref, attribute)
    members = {key: _resolve(entry, ref, attribute) for key, entry in value.items()}
    return {key: entry for key, entry in members.items() if entry is not _NO_VALUE}


def _substitute(entry: Any, ref: Callable[[str], Any], attribute: Callable[[str, str], Any]) -> str:
    text, given = (entry, {}) if isinstance(entry, str) else entry
    own = {name: _resolve(value, ref, attribute) for name, value in given.items()}

    def replaced(found: re.Match[str]) -> str:
        name = found[1]
        if name.startswith("!"):
            return f"${{{name[1:]}}}"  # ${!Literal}
        if name in own:
            return str(own[name])
        resource, dot, wanted = name.partition(".")
        return str(attribute(resource, wanted) if dot else ref(name))

    return re.sub(r"\$\{([^}]+)\}", replaced, text)
