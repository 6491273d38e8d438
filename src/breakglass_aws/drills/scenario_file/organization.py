# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The organization of a scenario: the default one, a file, or the default one with changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from breakglass_aws.sandbox.organization_file.yaml_source import read

DEFAULT = Path(__file__).parents[2] / "sandbox" / "organizations" / "default.yml"
FILE = "organization.json"
_IDENTIFIERS = ("id", "name")


def file_of(organization: Any, folder: Path) -> str | None:
    """The organization file that the sandbox is started with; None for the default one.

    Changes are merged into the default organization, and the result is written into `folder`.
    """
    if organization == "default":
        return None
    if isinstance(organization, str):
        return organization
    path = folder / FILE
    path.write_text(json.dumps(changed(organization), indent=1), encoding="utf-8")
    return str(path)


def changed(changes: Mapping[str, Any]) -> Any:
    """The default organization with changes: see `merged`."""
    return merged(read(DEFAULT)[0], changes)


def merged(base: Any, change: Any) -> Any:
    """`base` with changes.

    Mappings are merged, null removes a key. Lists of mappings are merged by the `id` or `name` of their items. All else
    is replaced.
    """
    if isinstance(base, Mapping) and isinstance(change, Mapping):
        together = {key: merged(base.get(key), value) for key, value in change.items()}
        return {key: value for key, value in {**base, **together}.items() if value is not None}
    identifier = _identifier(base, change)
    if not identifier:
        return change
    items = {item[identifier]: item for item in base}
    for item in change:
        items[item[identifier]] = merged(items.get(item[identifier]), item)
    return list(items.values())


def _identifier(base: Any, change: Any) -> str:
    """The key by which the items of two lists are the same; empty when they have none."""
    if not (isinstance(base, list) and isinstance(change, list) and change):
        return ""
    for name in _IDENTIFIERS:
        if all(isinstance(item, Mapping) and name in item for item in [*base, *change]):
            return name
    return ""
