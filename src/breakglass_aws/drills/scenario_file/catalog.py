# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenarios that come with the product, and those of a file."""

from __future__ import annotations

import difflib
from pathlib import Path

from breakglass_aws.drills.scenario_file.model import Scenario
from breakglass_aws.drills.scenario_file.reading import SUFFIX, read
from breakglass_aws.drills.scenario_file.values import ScenarioError

FOLDER = Path(__file__).parents[1] / "scenarios"
# What `breakglass drill` runs when no scenario is named: a minute, one approval, three runbooks.
DEFAULT = ("bucket-locked", "queue-locked", "stray-root-credentials")


def names() -> list[str]:
    """The names of the scenarios that come with the product."""
    return sorted(path.name.removesuffix(SUFFIX) for path in FOLDER.glob(f"*{SUFFIX}"))


def find(name: str) -> Scenario:
    """The scenario with this name.

    Raises:
        ScenarioError: There is none; with the nearest names.
    """
    known = names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.65)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(known)}."
        raise ScenarioError(f"There is no scenario {name!r}. {hint}")
    return read(FOLDER / f"{name}{SUFFIX}")


def scenarios() -> list[Scenario]:
    """All scenarios that come with the product, by name."""
    return [find(name) for name in names()]
