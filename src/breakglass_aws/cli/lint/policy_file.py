# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy in a file: its text, its document, and the place of each statement in it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from breakglass_aws.engine.collection import module_util

STDIN = "-"
# A resource policy has at most 20 KB (bucket policies: Amazon S3 user guide). Anything much larger is another file.
LARGEST = 1024 * 1024

_PLAIN = "lint-policy reads no templates, only policies: write the policy to a JSON file of its own."


class Place(NamedTuple):
    """Where something stands in a file: lines and columns from 1, in characters; the end is the column after it."""

    line: int
    column: int
    end_line: int
    end_column: int


class NotChecked(ValueError):
    """A file that cannot be checked. The text has the reason; `place` is where in the file, if that is known."""

    def __init__(self, message: str, place: Place | None = None) -> None:
        super().__init__(message)
        self.place = place


@dataclass(frozen=True)
class PolicyFile:
    """A policy, and where its statements stand."""

    name: str  # as it was given; "-" is standard input
    document: dict[str, Any]
    places: list[Place]  # of each statement


def read(name: str) -> PolicyFile:
    """Read a policy; "-" is standard input. Raises NotChecked, with the place, when there is none."""
    text = _text(name)
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        place = Place(error.lineno, error.colno, error.lineno, error.colno + 1)
        raise NotChecked(f"This is not JSON: {error.msg}. {_only_json(name, text)}".strip(), place) from None
    except RecursionError:
        raise NotChecked("This is no policy: its JSON is nested too deeply.") from None
    except ValueError as error:  # a number with thousands of digits
        raise NotChecked(f"This is no policy: {error}.") from None
    if other := _is_something_else(content):
        raise NotChecked(other)
    places = [_place(text, start, end) for start, end in _statements(text)] if _has_statements(content) else []
    document = module_util("_policies.document")
    try:
        return PolicyFile(name, document.parse(text), places)
    except document.PolicyError as error:
        raise NotChecked(str(error), _of_statement(str(error), places)) from None


def _text(name: str) -> str:
    try:
        if name == STDIN:
            content = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with Path(name).open("rb") as file:
                content = file.read(LARGEST + 1)
    except OSError as error:
        raise NotChecked(f"It cannot be read: {error.strerror}.") from None
    if len(content) > LARGEST:
        raise NotChecked("This is no policy: it has more than 1 MiB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotChecked("It is not UTF-8 text.") from None
    if not text.strip():
        raise NotChecked("It is empty.")
    return text


def _only_json(name: str, text: str) -> str:
    """Return a hint for a file that was never meant to be JSON."""
    template = name.endswith((".tf", ".hcl", ".yml", ".yaml", ".template"))
    return _PLAIN if template or text.lstrip().startswith("AWSTemplateFormatVersion") else ""


def _is_something_else(content: Any) -> str:
    """Return what JSON is that holds policies in another form than a policy file; "" for everything else."""
    if not isinstance(content, dict) or "Statement" in content:
        return ""
    if "Resources" in content or "AWSTemplateFormatVersion" in content:
        return f"This is a CloudFormation template. {_PLAIN}"
    if "terraform_version" in content or "planned_values" in content:
        return f"This is Terraform's state or plan. {_PLAIN}"
    if isinstance(content.get("Policy"), str) or isinstance(content.get("Attributes"), dict):
        option = "--query Policy" if "Policy" in content else "--query Attributes.Policy"
        return f"This is an answer of the AWS CLI that has a policy as text. Get that alone: {option} --output text."
    return ""


def _has_statements(content: Any) -> bool:
    return isinstance(content, dict) and isinstance(content.get("Statement"), (list, dict))


def _statements(text: str) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each statement of a policy, in valid JSON.

    Of an element that is there twice, the last one is the policy's for Python, and `parse` refuses it.
    """
    decoder = json.JSONDecoder()
    at = _skip(text, text.index("{") + 1)
    while text[at] != "}":
        name, at = decoder.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)  # the colon
        if name == "Statement" and text[at] == "[":
            at = _skip(text, at + 1)
            while text[at] != "]":
                _, end = decoder.raw_decode(text, at)
                yield at, end
                at = _skip(text, end)
            at += 1
        else:
            _, end = decoder.raw_decode(text, at)
            if name == "Statement":
                yield at, end
            at = end
        at = _skip(text, at)


def _skip(text: str, at: int) -> int:
    """Return where the next word of JSON begins: white space and commas have no meaning between values."""
    while text[at] in " \t\r\n,":
        at += 1
    return at


def _place(text: str, start: int, end: int) -> Place:
    return Place(*_line_and_column(text, start), *_line_and_column(text, end))


def _line_and_column(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1


def _of_statement(message: str, places: list[Place]) -> Place | None:
    """Return the place of the statement that an error of the policy names."""
    for index, place in enumerate(places):
        if message.startswith((f"Statement {index} ", f"Statement {index},")):
            return place
    return None
