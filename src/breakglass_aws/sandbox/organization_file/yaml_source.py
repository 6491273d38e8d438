# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML as organization files are written in it: plain values, and for each of them the line it came from.

YAML without its traps: 12 digits stay text (an account ID), no octal numbers, no dates, no yes and no, no tags, no key
twice; and nothing that contains itself, or is by aliases larger than anybody could have written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from yaml import events

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,10}")
_CONSTANTS = {"~": None, "": None, "null": None, "true": True, "false": False}
_TEXT_TAGS = (None, "!", "tag:yaml.org,2002:str")
_MAX_DEPTH = 100
_MAX_VALUES = 5_000_000

Path_ = tuple[str | int, ...]


class OrganizationError(ValueError):
    """The organization file cannot be used; the text says where and what is accepted."""


class Source:
    """Where values came from, for error texts.

    Args:
        name: Of the file.
        text: Its content; read again when a line is asked for, so that none is kept for values that are right.
    """

    def __init__(self, name: str, text: str | None = None) -> None:
        self.name = name
        self._text = text

    def error(self, path: Path_, problem: str, line: int | None = None) -> OrganizationError:
        parts = (part if isinstance(part, int) or part.isprintable() else ascii(part) for part in path)
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).lstrip(".")
        line = line or self.line_of(path)
        at = f"{self.name}, line {line}" if line else self.name
        return OrganizationError(f"{at}: {where or 'the file'}: {problem}")

    def line_of(self, path: Path_) -> int | None:
        """The line of a value, or of what should have it."""
        if self._text is None:
            return None
        node = self._root
        for part in path:
            if isinstance(node, yaml.MappingNode):
                found = next((item for key, item in node.value if key.value == str(part)), None)
            else:
                found = node.value[part] if isinstance(node, yaml.SequenceNode) and isinstance(part, int) else None
            if found is None:
                break
            node = found
        return int(node.start_mark.line) + 1

    @cached_property
    def _root(self) -> Any:
        return yaml.compose(self._text or "", Loader=_LOADER)


def read(file: Path, content: str = "a description of an organization") -> tuple[Any, Source]:
    """The values of a file, and where they are from. ``content`` is what the file is to hold, in words.

    Raises:
        OrganizationError: It cannot be read, or is not YAML.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise OrganizationError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise OrganizationError(f"{file}: is not UTF-8 text") from error
    source = Source(str(file), text)
    if odd := yaml.SafeLoader.NON_PRINTABLE.search(text):
        line = text.count("\n", 0, odd.start()) + 1
        raise OrganizationError(f"{file}, line {line}: is not YAML: it has the control character {odd[0]!a}")
    try:
        return _Builder(source, content).build(text), source
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f"{file}, line {mark.line + 1}" if mark else str(file)
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        raise OrganizationError(f"{at}: is not YAML: {problem}") from error


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read.

    Attributes:
        key: Of the value that comes next in a mapping; None where a key comes next.
        merging: Whether the key is `<<` without quotes.
        merged: What `<<` brings in, below what the mapping says itself.
        size: Values in it, those of aliases too.
    """

    value: Any
    anchor: str | None
    key: str | None = None
    merging: bool = False
    merged: list[dict[str, Any]] = field(default_factory=list)
    size: int = 1

    @property
    def place(self) -> str | int | None:
        return self.key if isinstance(self.value, dict) else len(self.value)


class _Builder:
    """Makes values of YAML's events, one after the other: no depth of nesting is too much for it."""

    def __init__(self, source: Source, content: str) -> None:
        self._source = source
        self._content = content
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}  # value and size
        self._documents: list[Any] = []

    def build(self, text: str) -> Any:
        event: Any
        for event in yaml.parse(text, Loader=_LOADER):
            kind = type(event)
            if kind is events.ScalarEvent:
                self._add(self._scalar(event), 1, event)
            elif kind is events.MappingStartEvent:
                self._begin({}, event)
            elif kind is events.SequenceStartEvent:
                self._begin([], event)
            elif kind is events.MappingEndEvent or kind is events.SequenceEndEvent:
                self._end(event)
            elif kind is events.AliasEvent:
                if event.anchor not in self._anchors:
                    problem = f"*{event.anchor} stands for nothing that was finished before it"
                    raise self._refusal(event, problem)
                self._add(*self._anchors[event.anchor], event)
        if not self._documents:
            raise self._source.error((), f"it is empty; accepted: {self._content}", 1)
        return self._documents[0]

    def _begin(self, value: Any, event: Any) -> None:
        if len(self._open) >= _MAX_DEPTH:
            problem = f"it is nested deeper than {_MAX_DEPTH} levels"
            raise self._source.error((), problem, event.start_mark.line + 1)
        if event.tag not in (None, "!"):
            raise self._refusal(event, f"the tag {event.tag!r} is not accepted; accepted: none")
        self._open.append(_Open(value, event.anchor))

    def _end(self, event: Any) -> None:
        done = self._open.pop()
        if done.merged:
            done.value = {key: value for each in (*reversed(done.merged), done.value) for key, value in each.items()}
        if done.anchor:
            self._anchors[done.anchor] = done.value, done.size
        self._add(done.value, done.size, event)

    def _scalar(self, event: Any) -> Any:
        if event.tag not in _TEXT_TAGS:
            raise self._refusal(event, f"the tag {event.tag!r} is not accepted; accepted: none")
        value = event.value
        if event.implicit[0] and (not self._open or self._open[-1].place is not None):
            if value in _CONSTANTS:
                value = _CONSTANTS[value]
            elif _INTEGER.fullmatch(value):
                value = int(value)
        if event.anchor:
            self._anchors[event.anchor] = value, 1
        return value

    def _add(self, value: Any, size: int, event: Any) -> None:
        """Put a value where it belongs."""
        if not self._open:
            if self._documents:
                raise self._refusal(event, "a second document begins; accepted: one")
            self._documents.append(value)
            return
        into = self._open[-1]
        into.size += size
        if into.size > _MAX_VALUES:
            raise self._refusal(event, f"by its aliases it has more than {_MAX_VALUES} values")
        if isinstance(into.value, list):
            into.value.append(value)
        elif into.key is None:
            self._take_key(into, value, event)
        elif into.merging:
            self._merge(into, value, event)
            into.key = None
        else:
            into.value[into.key] = value
            into.key = None

    def _take_key(self, into: _Open, key: Any, event: Any) -> None:
        if not isinstance(key, str):
            raise self._refusal(event, "a key is not accepted; accepted: text")
        if key in into.value:
            raise self._refusal(event, f"the key {key!r} is there twice")
        into.key = key
        into.merging = key == "<<" and getattr(event, "implicit", (False,))[0]

    def _merge(self, into: _Open, value: Any, event: Any) -> None:
        merged = value if isinstance(value, list) else [value]
        if not all(isinstance(one, dict) for one in merged):
            raise self._refusal(event, "this is not accepted; accepted: a mapping, or a list of them")
        into.merged += merged

    def _refusal(self, event: Any, problem: str) -> OrganizationError:
        path = tuple(one.place for one in self._open if one.place is not None)
        return self._source.error(path, problem, event.start_mark.line + 1)
