# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `python -m breakglass_aws` needs. With the collection's archive alone, no installer has checked it."""

from __future__ import annotations

import importlib.util
import sys

from breakglass_aws import python_version

PACKAGES = ("click", "ipykernel", "nbconvert", "nbformat", "papermill", "rich")
NEED_CLICK_ONLY = ("version", "completion", "lint-policy")


def check() -> None:
    """End the process with status 2 and one line that has the cure, unless this interpreter can run the command.

    The version comes first: the rest of this package cannot be imported by an older interpreter.
    """
    python_version.require("breakglass_aws")
    packages = PACKAGES[:1] if sys.argv[1:2] and sys.argv[1] in NEED_CLICK_ONLY else PACKAGES
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        from breakglass_aws.engine import collection

        _end(
            f"breakglass needs Python packages that {sys.executable} does not have: {', '.join(missing)}. "
            f"Install them there: {collection.requirements_command()}"
        )


def _end(words: str) -> None:
    print(words, file=sys.stderr)
    sys.exit(2)
