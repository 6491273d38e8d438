# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""%%module_defaults: options of modules that several cells of a runbook share, as `module_defaults` of a play.

The cell is a YAML mapping of module names to options, as Ansible's keyword `module_defaults` takes it. The options are
templates like those of tasks; a task's own options win.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from breakglass_aws.engine.errors import RunbookError

Defaults = dict[str, dict[str, Any]]


def parse(text: str) -> Defaults:
    """Return the options by module. Raises RunbookError when `text` is not such a mapping."""
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RunbookError(f"This cell is not valid YAML: {error}") from None
    if not isinstance(content, dict) or not content:
        raise RunbookError("Invalid %%module_defaults. Expected a YAML mapping of module names to their options.")
    for name, options in content.items():
        if not isinstance(name, str) or "." not in name:
            raise RunbookError(f"Invalid module in %%module_defaults: {name!r}. Expected a full name, as in a.b.c.")
        if not isinstance(options, dict):
            raise RunbookError(f"Invalid options of {name} in %%module_defaults. Expected a YAML mapping.")
    return content


def used_in(tasks: str, defaults: Mapping[str, dict[str, Any]]) -> Defaults:
    """Return those of the defaults whose modules the `tasks` (checked YAML text) use."""
    names = set(_keys(yaml.compose(tasks, Loader=yaml.SafeLoader)))
    return {name: options for name, options in defaults.items() if name in names}


def as_yaml(defaults: Defaults) -> str:
    """Return the defaults as YAML; empty without any."""
    return yaml.safe_dump(defaults) if defaults else ""


def _keys(node: yaml.Node | None) -> Iterator[str]:
    """Every key inside `node`: the modules of tasks are among them, also inside blocks."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value)
            yield from _keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _keys(item)
