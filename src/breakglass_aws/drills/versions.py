# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which versions a drill was made with, for its report."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from breakglass_aws.version import __version__

_PACKAGES = ("ansible-core", "boto3", "botocore", "moto", "papermill")


def versions() -> dict[str, str]:
    """Versions of the project, its commit where this is a checkout, and of what it runs on."""
    found = {"breakglass-aws": __version__, **{name: _version(name) for name in _PACKAGES}}
    commit = _commit()
    return {**found, **({"commit": commit} if commit else {}), "Python": platform.python_version()}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _commit() -> str:
    """The commit of the checkout, marked when files differ from it; empty outside of a checkout."""
    checkout = Path(__file__).parents[3]
    if not (checkout / ".git").exists():
        return ""
    command = ["git", "-C", str(checkout), "describe", "--always", "--dirty", "--exclude", "*", "--abbrev=12"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
