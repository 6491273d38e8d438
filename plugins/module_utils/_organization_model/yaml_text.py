# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain data as YAML that people read and edit: short values on one line, documents in blocks. No Ansible, no PyYAML.

PyYAML may be missing where a module runs. The text is read by the sandbox, which takes 12 digits as text.
"""

from __future__ import annotations

import json
import re
import typing as t

_PLAIN = re.compile(r"[A-Za-z/](?:[\w./+@ -]*[\w./+@-])?\Z", re.ASCII)
_WORDS = ("null", "true", "false", "yes", "no", "on", "off", "y", "n")
# What YAML does not take as it is, though JSON does.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_WIDTH = 100


def scalar(value: t.Any) -> str:
    """One value: a text in quotes unless it cannot be mistaken."""
    if isinstance(value, str):
        if _PLAIN.match(value) and value.lower() not in _WORDS:
            return value
        quoted = json.dumps(value, ensure_ascii=False)
        return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)
    return json.dumps(value)


def flow(value: t.Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(str(key))}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def block(value: t.Any, indent: int = 0) -> str:
    """A mapping or list over several lines, each of them indented; what is short stays on one."""
    pad = " " * indent
    if isinstance(value, dict):
        lines = [f"{pad}{scalar(str(key))}:{_after(one, indent + 2)}" for key, one in value.items()]
    else:
        lines = [f"{pad}-{_item(one, indent + 2)}" for one in value]
    return "".join(lines)


def is_faithful(document: t.Any) -> bool:
    """Whether the sandbox reads the same from the YAML: its numbers are whole and have at most 11 digits."""
    if isinstance(document, dict):
        return all(is_faithful(one) for one in document.values())
    if isinstance(document, list):
        return all(map(is_faithful, document))
    return not isinstance(document, float) and not (
        isinstance(document, int) and not isinstance(document, bool) and abs(document) >= 10**11
    )


def _after(value: t.Any, indent: int) -> str:
    """What follows the colon of a key."""
    line = flow(value)
    if not isinstance(value, (dict, list)) or not value or (len(line) + indent <= _WIDTH and not _has_mappings(value)):
        return f" {line}\n"
    return "\n" + block(value, indent)


def _item(value: t.Any, indent: int) -> str:
    """What follows the dash of an item."""
    line = flow(value)
    if not isinstance(value, (dict, list)) or not value or len(line) + indent <= _WIDTH:
        return f" {line}\n"
    return " " + block(value, indent)[indent:]


def _has_mappings(value: t.Any) -> bool:
    return isinstance(value, list) and any(isinstance(one, dict) for one in value)
