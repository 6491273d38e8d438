# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that a user gave and that are not known: refused with the nearest known one. No AWS, no Ansible."""

from __future__ import annotations

import difflib
import os
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._redaction import visible

# Extra variables that are meant for Ansible, or set by AWX.
FOREIGN_VARIABLES = ("ansible_", "awx_", "tower_")
# The environment variables of this collection, its runbooks, drills and tests.
ENVIRONMENT_PREFIX = "BREAKGLASS_"
ENVIRONMENT = (
    "BREAKGLASS_CALL_LEDGER",
    "BREAKGLASS_DRILL_REPORTS",
    "BREAKGLASS_EVENTS",
    "BREAKGLASS_EVERY_FAULT",
    "BREAKGLASS_EVERY_KILL",
    "BREAKGLASS_EVERY_REFUSAL",
    "BREAKGLASS_EVERY_VERDICT",
    "BREAKGLASS_EXAMPLES",
    "BREAKGLASS_NOTIFY",
    "BREAKGLASS_OPTIONS_FD",
    "BREAKGLASS_PROGRAM",
    "BREAKGLASS_PROGRESS",
    "BREAKGLASS_PROGRESS_SECONDS",
    "BREAKGLASS_STARTED_BY",
    "BREAKGLASS_STARTED_WITH",
    "BREAKGLASS_STOP",
)


def unknown_names(kind: str, given: t.Iterable[str], known: t.Collection[str]) -> list[str]:
    """A sentence for each name that is not known, with the known one that is nearest."""
    problems = []
    for name in sorted(set(given) - set(known)):
        near = nearest(name, known)
        hint = f" Did you mean {near}?" if near else ""
        problems.append(f"Unknown {kind} '{visible(name)}'.{hint}")
    return problems


def nearest(name: str, known: t.Collection[str]) -> str:
    """The known name that is nearest to a given one, whatever its case; empty when none is near."""
    by_lower = {one.lower(): one for one in sorted(known, reverse=True)}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return by_lower[found[0]] if found else ""


def unknown_environment(environment: t.Mapping[str, str] | None = None) -> list[str]:
    """A sentence for each environment variable of ours that is misspelled, and would have no effect."""
    names = os.environ if environment is None else environment
    ours = [name for name in names if name.startswith(ENVIRONMENT_PREFIX)]
    return unknown_names("environment variable", ours, ENVIRONMENT)
