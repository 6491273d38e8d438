# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resource policies as documents: reading, writing and comparing them. No network, no Ansible."""

from __future__ import annotations

import json
import typing as t

# Bytes a resource policy may have, by service (Amazon S3 user guide, "Bucket policies": 20 KB; Amazon SQS developer
# guide, "Special information for SQS policies": 8192 bytes).
SIZE_LIMITS = {"s3": 20480, "sqs": 8192}
# What else SQS counts (Amazon SQS developer guide, "Amazon SQS policy quotas"). The guide also has 50 principals and 10
# conditions, but not whether in a statement or in all: those are left to SQS.
MOST_STATEMENTS = {"sqs": 20}
MOST_ACTIONS = {"sqs": 7}  # in one statement

POLICY_ELEMENTS = ("Version", "Id", "Statement")
STATEMENT_ELEMENTS = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
# Each line: a statement has exactly one of the two.
_ALTERNATIVES = (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))


Document = t.Dict[str, t.Any]
Statement = t.Dict[str, t.Any]


class PolicyError(ValueError):
    """A policy that cannot be read, or is not valid. The text has the reason."""


def parse(policy: t.Any, *, with_principals: bool = True) -> Document:
    """Read a policy from its JSON text (or take it as a dict) and check its structure.

    Statements of a resource policy have principals; those of a service control policy do not (``with_principals``).

    Accepts everything AWS accepts (one statement without a list, single values without a list). Raises
    :class:`PolicyError` for everything whose meaning would be a guess.
    """
    document = _load(policy) if isinstance(policy, (str, bytes)) else policy
    if not isinstance(document, dict):
        raise PolicyError(f"The policy is {_kind(document)}, but a policy is a JSON object with a Statement.")
    _refuse_unknown(document, POLICY_ELEMENTS, "The policy")
    if "Statement" not in document:
        raise PolicyError("The JSON is not a policy: it has no Statement.")
    found = document["Statement"]
    if not isinstance(found, (list, dict)):
        raise PolicyError(f"The policy's Statement is {_kind(found)}, but must be a list of statements.")
    for index, statement in enumerate(statements(document)):
        _check_statement(statement, f"Statement {index}", with_principals)
    return document


def statements(document: Document) -> list[Statement]:
    """The statements of a policy; a policy may have one without a list."""
    return as_list(document["Statement"])


def as_list(value: t.Any) -> list[t.Any]:
    """The values of an element: IAM takes a single value for a list of one."""
    return value if isinstance(value, list) else [value]


def knows_variables(document: Document) -> bool:
    """Are policy variables expanded in this policy? Only since version 2012-10-17."""
    return document.get("Version") == "2012-10-17"


def minified(document: Document) -> str:
    """The text that is sent to AWS: elements and values in their order, no spaces."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def pretty(document: Document | None) -> str:
    """The text people compare: one value a line, elements in the order of AWS's documentation. No policy: empty."""
    if document is None:
        return ""
    ordered = _in_order(document, POLICY_ELEMENTS)
    if isinstance(ordered, dict) and isinstance(ordered.get("Statement"), list):
        ordered["Statement"] = [_in_order(statement, STATEMENT_ELEMENTS) for statement in ordered["Statement"]]
    return json.dumps(ordered, ensure_ascii=False, indent=2) + "\n"


def size(document: Document) -> int:
    """How many bytes the policy has when it is sent."""
    return len(minified(document).encode("utf-8", "surrogatepass"))


def check_limits(document: Document, service: str) -> None:
    """Raise a PolicyError for a policy that is larger than the service accepts."""
    accepts = f"{service.upper()} accepts at most"
    if size(document) > SIZE_LIMITS[service]:
        raise PolicyError(f"The policy has {size(document):,} bytes; {accepts} {SIZE_LIMITS[service]:,}.")
    parts = statements(document)
    if len(parts) > MOST_STATEMENTS.get(service, len(parts)):
        raise PolicyError(f"The policy has {len(parts)} statements; {accepts} {MOST_STATEMENTS[service]}.")
    for index, statement in enumerate(parts):
        actions = len(as_list(statement.get("Action", [])))
        if actions > MOST_ACTIONS.get(service, actions):
            raise PolicyError(f"Statement {index} has {actions} actions; {accepts} {MOST_ACTIONS[service]} in one.")


def check_actions(document: Document, service: str) -> None:
    """Raise a PolicyError for actions of other services."""
    for index, statement in enumerate(statements(document)):
        for action in as_list(statement.get("Action", statement.get("NotAction"))):
            if action != "*" and not action.lower().startswith(f"{service}:"):
                raise PolicyError(
                    f"Statement {index} has the action {action!r}; {service.upper()} accepts only {service}:... ."
                )


def _load(text: str | bytes) -> t.Any:
    try:
        return json.loads(text, object_pairs_hook=_without_repetition)
    except PolicyError:
        raise
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"The policy is not JSON: {error}.") from error


def _without_repetition(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    """Python keeps the last of two equal keys silently; in a policy that would be guessing."""
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, unused in pairs]
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise PolicyError(f"The policy has {', '.join(repeated)} twice in one place.")
    return result


def _check_statement(statement: t.Any, where: str, with_principals: bool) -> None:
    if not isinstance(statement, dict):
        raise PolicyError(f"{where} is {_kind(statement)}, but must be a JSON object.")
    _refuse_unknown(statement, STATEMENT_ELEMENTS, where)
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError(f"{where} has the Effect {statement.get('Effect')!r}; a policy knows Allow and Deny.")
    for one, other in _ALTERNATIVES:
        found = (one in statement) + (other in statement)
        if one == "Principal" and not with_principals:
            if found:
                raise PolicyError(f"{where} names a principal, which only a resource policy can.")
        elif found != 1:
            raise PolicyError(f"{where} must have either {one} or {other}.")
    if with_principals:
        _check_principal(statement.get("Principal", statement.get("NotPrincipal")), where)
    for element in ("Action", "NotAction", "Resource", "NotResource"):
        if element in statement:
            _check_strings(statement[element], f"{where}, {element}")
    _check_condition(statement.get("Condition", {}), where)


def _check_principal(principal: t.Any, where: str) -> None:
    if isinstance(principal, dict):
        for kind, values in principal.items():
            _check_strings(values, f"{where}, principals of the kind {kind}")
    elif principal != "*":
        raise PolicyError(f'{where} has the principal {principal!r}; it must be "*" or a JSON object.')


def _check_condition(condition: t.Any, where: str) -> None:
    if not isinstance(condition, dict) or not all(isinstance(keys, dict) for keys in condition.values()):
        raise PolicyError(f"{where} has a Condition that is not operators with keys and values.")
    for operator, keys in condition.items():
        for key, values in keys.items():
            if not all(isinstance(value, (str, bool, int, float)) for value in as_list(values)):
                raise PolicyError(f"{where}, condition {operator} {key}: values must be texts, numbers or true/false.")


def _check_strings(values: t.Any, where: str) -> None:
    if not all(isinstance(value, str) for value in as_list(values)):
        raise PolicyError(f"{where}: every value must be a text.")


def _refuse_unknown(element: dict[str, t.Any], known: tuple[str, ...], where: str) -> None:
    unknown = [str(name) for name in element if name not in known]
    if unknown:
        raise PolicyError(f"{where} has unknown elements: {', '.join(unknown)}.")


def _in_order(element: t.Any, order: tuple[str, ...]) -> t.Any:
    """The element with its known names first, in this order, and everything else after them."""
    if not isinstance(element, dict):
        return element
    names = [name for name in order if name in element] + [name for name in element if name not in order]
    return {name: element[name] for name in names}


def _kind(value: t.Any) -> str:
    names = (
        (bool, "true or false"),
        ((int, float), "a number"),
        (str, "a text"),
        (list, "a list"),
        (dict, "an object"),
    )
    return next((name for kinds, name in names if isinstance(value, kinds)), "nothing (null)")
