# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the recoveries in a simulated organization, and report."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from breakglass_aws.argument_parser import ArgumentParser
from breakglass_aws.drills import former_report as report
from breakglass_aws.drills.run import reports_folder, run
from breakglass_aws.drills.simulated_organization import StartError


def parser(prog: str) -> argparse.ArgumentParser:
    """The command line of a program with this name."""
    parser = ArgumentParser(prog=prog, description=__doc__)
    parser.add_argument("--organization", metavar="FILE", help="organization file (default: the sandbox's own)")
    parser.add_argument("--reports", metavar="DIR", type=Path, default=reports_folder(), help="default: %(default)s")
    return parser


def main(arguments: list[str] | None = None, prog: str = "python -m breakglass_aws.drills") -> int:
    """Run a drill; return 0 only when it passed, 1 when it did not, 2 when it could not be run."""
    options = parser(prog).parse_args(arguments)

    console = Console(highlight=False)
    folder = options.reports.absolute() / datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    try:
        drill = run(folder, options.organization, lambda text: console.print(text, markup=False, soft_wrap=True))
    except StartError as error:
        print(f"The drill could not be run. {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"The drill could not be run. {error.strerror}: {error.filename}", file=sys.stderr)
        return 2
    page = report.write(drill)
    console.print()
    console.print(report.summary_table(drill))
    console.print("The drill passed." if drill.passed else "The drill FAILED.")
    print(page)
    return 0 if drill.passed else 1


if __name__ == "__main__":
    sys.exit(main())
