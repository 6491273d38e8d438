"""`python -m breakglass_runbooks`: list, describe and run runbooks."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path
from typing import Any

from breakglass_runbooks import catalog
from breakglass_runbooks.errors import RunbookError

INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; return 0 when it was done, 1 when it failed, 130 when it was interrupted."""
    options = _parser().parse_args(arguments)
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # end as after Ctrl-C: with a notebook that tells the truth
    try:
        return options.command(options)
    except RunbookError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. The executed notebook shows how far it came.", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m breakglass_runbooks", description="Recovery procedures, executed.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="show which runbooks there are")
    listing.set_defaults(command=_list)

    description = commands.add_parser("describe", help="show what a runbook is for and what it takes")
    description.add_argument("name")
    description.set_defaults(command=_describe)

    run = commands.add_parser("run", help="run a runbook", description="Run a runbook; it plans only unless told else.")
    run.add_argument("name", help="name of a runbook, or path of a notebook")
    run.add_argument(
        "-p",
        dest="parameters",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a parameter: text as it is, lists with commas or as JSON, objects as JSON",
    )
    run.add_argument(
        "--parameters-file", metavar="FILE", help="a JSON object of parameters; - reads it from standard input"
    )
    run.add_argument(
        "--output", metavar="FILE", type=Path, help="the executed notebook (default: in the evidence folder)"
    )
    run.add_argument("--timeout", metavar="SECONDS", type=int, help="how long a cell may take (default: no limit)")
    run.add_argument("--json", action="store_true", help="write progress as JSON lines")
    run.set_defaults(command=_run)
    return parser


def _list(options: argparse.Namespace) -> int:
    for runbook in catalog.runbooks():
        print(f"{runbook.name:30} {runbook.title}")
    return 0


def _describe(options: argparse.Namespace) -> int:
    print(catalog.find(options.name).describe())
    return 0


def _run(options: argparse.Namespace) -> int:
    # papermill takes a second to import; a wrong name must not.
    runbook = catalog.find(options.name)
    given = _given(options)
    from breakglass_runbooks import launch, progress

    with progress.JsonReporter() if options.json else progress.TextReporter() as reporter:
        reporter.begin(runbook)
        ending = launch.run(runbook, given, options.output, reporter.cell, options.timeout)
        reporter.end(ending)
    return 1 if ending.failure else 0


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """The parameters of the command line: text stays text, so an account ID keeps its zeros."""
    given: dict[str, Any] = {}
    if options.parameters_file:
        try:
            read = sys.stdin.read if options.parameters_file == "-" else Path(options.parameters_file).read_text
            given = json.loads(read())
        except OSError as error:
            raise RunbookError(f"{options.parameters_file} cannot be read: {error.strerror}.") from None
        except ValueError as error:
            raise RunbookError(f"{options.parameters_file} is not JSON: {error}.") from None
        if not isinstance(given, dict):
            raise RunbookError(f"{options.parameters_file} must hold one JSON object of names and values.")
    for item in options.parameters:
        name, equals, value = item.partition("=")
        if not equals:
            raise RunbookError(f"-p {item}: write it as NAME=VALUE.")
        given[name] = value
    return given


if __name__ == "__main__":
    sys.exit(main())
