# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which variables a cell refers to: exactly for tasks, by their templates and conditions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jinja2
import yaml
from jinja2 import meta

# Keys whose values are expressions, without the braces of a template.
_EXPRESSIONS = {"when", "failed_when", "changed_when", "until", "that", "var"}
# What reads a variable by its name in a text.
_BY_NAME = {"vars", "hostvars", "lookup", "query", "q"}


class _Whatever(dict[str, Any]):
    """Filters or tests of any name: Ansible has its own."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name, print)


_JINJA = jinja2.Environment()
_JINJA.filters, _JINJA.tests = _Whatever(_JINJA.filters), _Whatever(_JINJA.tests)


def words(text: str) -> set[str]:
    """Return all words of a text, any variable that it names among them."""
    return set(re.findall(r"\w+", text))


def in_tasks(tasks: str) -> set[str]:
    """The variables that a YAML list of Ansible tasks refers to.

    When that is not known, because something is no YAML or no template, or names a variable in a text, all words
    count: with a variable too many a step is at worst done again, with one too few it would keep an outdated result.
    """
    try:
        content = yaml.safe_load(tasks)
    except yaml.YAMLError:
        return words(tasks)
    return {name for text, expression in _texts(content) for name in _names(text, expression)}


def _texts(value: Any, expression: bool = False) -> Iterator[tuple[str, bool]]:
    """Every text inside `value`, and whether it is an expression."""
    if isinstance(value, str):
        yield value, expression
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, expression)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item, key in _EXPRESSIONS or str(key).startswith("with_"))


def _names(text: str, expression: bool) -> set[str]:
    bare = expression and "{{" not in text and "{%" not in text
    try:
        found = meta.find_undeclared_variables(_JINJA.parse(f"{{{{ {text} }}}}" if bare else text))
    except jinja2.TemplateError:
        return words(text)
    return words(text) if found & _BY_NAME else found
