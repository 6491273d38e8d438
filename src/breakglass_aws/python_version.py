# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Python this package needs. Older ones can import this module, and not the rest."""

from __future__ import annotations

import sys

PYTHON = (3, 11)


def require(module: str) -> None:
    """End the process with status 2 and one line that has the cure, when this interpreter is too old."""
    if sys.version_info[:2] < PYTHON:
        print(_cure(module), file=sys.stderr)
        sys.exit(2)


def require_for_import(module: str) -> None:
    """The same while a package is imported because of ``python -m module``; an ImportError where it is imported."""
    if sys.argv[:1] == ["-m"]:  # Python's placeholder until it knows the module's path
        require(module)
    if sys.version_info[:2] < PYTHON:
        raise ImportError(_cure(module))


def _cure(module: str) -> str:
    return (
        f"breakglass needs Python {'.'.join(map(str, PYTHON))} or newer, and {sys.executable} is "
        f"{sys.version.split()[0]}. Use another: PYTHONPATH=... python3.12 -m {module}"
    )
