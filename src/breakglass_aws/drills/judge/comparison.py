# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare two states, byte for byte, but for the changes that are expected; say each difference in plain words."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from breakglass_aws.drills.judge.expectations import ANY, Change
from breakglass_aws.drills.judge.words import described, place

NEW = "*"  # at the end of a path: the one entry that is new, whatever its name
MISSING = object()  # the value at a path that is not there
Path = tuple[str, ...]


class ChangeError(ValueError):
    """An expected change that cannot be applied to the state before; the text says why."""


def resolve(state: Any, path: str) -> Path:
    """Return the keys of a dotted path. Names may have dots themselves: of several keys, the longest counts."""
    keys: list[str] = []
    rest = path
    while rest:
        found = ""
        if isinstance(state, Mapping):
            found = max((key for key in state if rest == key or rest.startswith(f"{key}.")), key=len, default="")
        key = found or (rest if _is_name(rest) else rest.partition(".")[0])
        keys.append(key)
        rest = rest[len(key) + 1 :]
        state = state.get(key) if isinstance(state, Mapping) else None
    return tuple(keys)


def _is_name(text: str) -> bool:
    """Whether the rest of a path that is not there yet is one name, as an ARN is."""
    return text.startswith("arn:")


def value_at(state: Any, path: Sequence[str]) -> Any:
    """Return the value at a path, or MISSING."""
    for key in path:
        if not isinstance(state, Mapping) or key not in state:
            return MISSING
        state = state[key]
    return state


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], changes: Iterable[Change], unread: Iterable[str] = ()
) -> Iterator[str]:
    """Yield a line for each difference that is not one of `changes`, and for each change that is not as expected.

    The path of an unexpected difference is in brackets, as a scenario would name it.
    Below a path that could not be read nothing is compared.
    """
    changes, allowed = list(changes), []
    for change in changes:
        path = resolve(_deeper(before, after, change.path), change.path)
        if path[-1] == NEW:
            path = _only_new(before, after, path[:-1])
        if not path:
            yield f"{place(resolve(after, change.path)[:-1])}: expected one that is new"
            continue
        allowed.append(path)
        yield from _wrong_change(change, path, value_at(before, path), value_at(after, path))
    skipped = [tuple(path.split(".")) for path in unread]
    for path, old, new in leaves_that_differ(before, after):
        if not any(path[: len(one)] == one for one in (*allowed, *skipped)):
            yield f"{place(path)} {_changed(old, new)} [{'.'.join(path)}]"


def _only_new(before: Mapping[str, Any], after: Mapping[str, Any], parent: Path) -> Path:
    """The path of the one entry that is new below `parent`; empty when there is none, or more than one."""
    old, new = value_at(before, parent), value_at(after, parent)
    added = [key for key in new if key not in old] if isinstance(old, Mapping) and isinstance(new, Mapping) else []
    return (*parent, added[0]) if len(added) == 1 else ()


def _deeper(before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """The state that has the value at a path: what is added is only in the one after."""
    return before if value_at(before, resolve(before, path)) is not MISSING else after


def leaves_that_differ(before: Any, after: Any, path: Path = ()) -> Iterator[tuple[Path, Any, Any]]:
    """Yield the path of each value that is not the same, with both values; MISSING where there is none."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            yield from leaves_that_differ(before.get(key, MISSING), after.get(key, MISSING), (*path, key))
    elif not _same(before, after):
        yield path, before, after


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def expected_value(change: Change, before: Any) -> Any:
    """Return what a change makes of the value before; ANY when any other value is right.

    Raises ChangeError when the policy before has no such statement.
    """
    if change.removed:
        return MISSING
    if change.becomes != ANY:
        return change.becomes
    if not change.without_statements and not change.statements:
        return ANY
    policy = _policy(before)
    if policy is None:
        raise ChangeError("it was no policy before")
    policy = copy.deepcopy(policy)
    statements = policy["Statement"]
    gone = [_position(statements, sid) for sid in change.without_statements]
    for sid, members in change.statements.items():
        statement = statements[_position(statements, sid)]
        for name, value in members.items():
            statement[name] = value
            if value is None:
                del statement[name]
    policy["Statement"] = [one for number, one in enumerate(statements) if number not in gone]
    return policy


def _position(statements: Sequence[Mapping[str, Any]], sid: str) -> int:
    """The place of the statement with this Sid, or with this number, counted from 0."""
    for number, statement in enumerate(statements):
        if statement.get("Sid") == sid or (sid == str(number) and "Sid" not in statement):
            return number
    raise ChangeError(f"the policy before has no statement {sid}")


def _wrong_change(change: Change, path: Path, before: Any, after: Any) -> Iterator[str]:
    unchanged = _same(before, after) and before is not MISSING
    if change.optional and (unchanged or (before is MISSING and after is MISSING)):
        return
    if change.added and before is not MISSING:
        yield f"{place(path)} was there before already"
        return
    try:
        expected = expected_value(change, before)
    except ChangeError as error:
        yield f"{place(path)} cannot have changed as expected: {error}"
        return
    if expected is MISSING:
        if before is MISSING or before is None:
            yield f"{place(path)} was not there before, so it cannot have been removed"
        elif after is not MISSING and after is not None:
            yield f"{place(path)} is still there"
    elif after is MISSING or (after is None and expected is not None):
        yield (
            f"{place(path)} is gone; expected {described(expected)}"
            if before is not MISSING
            else (f"{place(path)} was not made")
        )
    elif expected == ANY:
        if unchanged:
            yield f"{place(path)} did not change"
    elif not _equal(expected, after):
        yield f"{place(path)} is not as expected: {_how_different(expected, after)}"


def _equal(expected: Any, found: Any) -> bool:
    """Whether a value is as expected. Empty is empty, a list or a mapping.

    The text of a policy is compared as JSON. Its statements have an order; the names in a list have none for AWS, which
    may show them in another one.
    """
    if isinstance(found, str) and isinstance(expected, Mapping):
        return _same(_in_order(_policy(found)), _in_order(dict(expected)))
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        keys = expected.keys() | found.keys()
        return all(_equal(expected.get(key, MISSING), found.get(key, MISSING)) for key in keys)
    return _same(expected, found) or (expected in ([], {}) and found in ([], {}))


def is_same_policy(text: str, other: str) -> bool:
    """Whether two texts are the same policy, byte for byte or with the names of a list in another order.

    S3 may return them in another order at each read.
    """
    policy = _policy(text)
    reordered = policy is not None and _same(_in_order(policy), _in_order(_policy(other)))
    return text == other or (reordered and len(text) == len(other))


def _in_order(value: Any) -> Any:
    """A policy with each list of names sorted."""
    if isinstance(value, Mapping):
        return {key: _in_order(one) for key, one in value.items()}
    if isinstance(value, list):
        return sorted(value) if all(isinstance(one, str) for one in value) else [_in_order(one) for one in value]
    return value


def _changed(old: Any, new: Any) -> str:
    if old is MISSING:
        return f"is new: {described(new)}"
    if new is MISSING:
        return f"is gone; it was {described(old)}"
    if _policy(old) is not None:
        if new is None:
            return "was removed"
        return f"changed: {_how_different(_policy(old), new, text=old)}"
    return f"changed from {described(old)} to {described(new)}"


def _how_different(expected: Any, found: Any, text: str = "") -> str:
    """Return in what two policies differ, by statement; of other values, what is there instead."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping) and "Statement" not in expected:
        return "; ".join(_members_that_differ(expected, found))
    found_policy = _policy(found)
    if not isinstance(expected, Mapping) or "Statement" not in expected or found_policy is None:
        return f"it is {described(found)}, expected {described(expected)}"
    left, right = _by_name(expected["Statement"]), _by_name(found_policy["Statement"])
    parts = [f"statement {name} is missing" for name in left if name not in right]
    parts += [f"statement {name} was added" for name in right if name not in left]
    for name in left:
        if name in right and (which := _members(left[name], right[name], text)):
            parts.append(f"statement {name} differs in {', '.join(which)}")
    others = sorted(
        key for key in {*expected, *found_policy} - {"Statement"} if expected.get(key) != found_policy.get(key)
    )
    parts += [f"{name} differs" for name in others]
    if not parts and list(left) != list(right):
        parts.append("the order of its statements differs")
    if not parts and text:
        parts.append("the same content, in another text")
    return "; ".join(parts) or f"it is {described(found)}"


def _members(left: Mapping[str, Any], right: Mapping[str, Any], exact: str) -> list[str]:
    """The members in which two statements differ; an order of names counts only where the text must be the same."""
    if not exact:
        left, right = _in_order(left), _in_order(right)
    return [name for name in sorted({*left, *right}) if left.get(name) != right.get(name)]


def _members_that_differ(expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*expected, *found}):
        if name not in found:
            yield f"{name} is missing"
        elif name not in expected:
            yield f"{name} was added"
        elif not _equal(expected[name], found[name]):
            yield f"{name}: {_how_different(expected[name], found[name])}"


def _by_name(statements: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {str(one.get("Sid") or number): one for number, one in enumerate(statements)}


def _policy(value: Any) -> dict[str, Any] | None:
    """Return the policy in a text, or a policy as data, with its statements as a list; None when it is none."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if not isinstance(value, Mapping) or "Statement" not in value:
        return None
    statements = value["Statement"]
    statements = [statements] if isinstance(statements, Mapping) else statements
    if not isinstance(statements, list) or not all(isinstance(one, Mapping) for one in statements):
        return None
    return {**value, "Statement": statements}
