# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`breakglass version`: what is installed here, for a report of an error."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of

import click

from breakglass_aws.cli import options
from breakglass_aws.cli.groups import Command
from breakglass_aws.engine import collection
from breakglass_aws.version import __version__

PACKAGES = ("ansible-core", "boto3", "botocore", "papermill", "moto")


@click.command(cls=Command, examples=[("breakglass version --json", "for a report of an error")])
@options.as_json
def version(as_json: bool) -> int:
    """Print the versions of what is installed."""
    found = {
        "breakglass-aws": __version__,
        **{name: _version(name) for name in PACKAGES},
        "Python": platform.python_version(),
    }
    places = {"program": sys.executable, "runbooks": str(collection.NOTEBOOKS)}
    if as_json:
        options.print_json({**found, **places})
        return 0
    for name, value in {**found, **places}.items():
        print(f"{name:15} {value or 'not installed'}")
    return 0


def _version(package: str) -> str | None:
    try:
        return version_of(package)
    except PackageNotFoundError:  # a collection without the package, or an extra that is not installed
        return None
