# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the docs about this command: `python -m breakglass_aws.cli.docs_page`.

What the commands say about themselves is the source: their help, their options and their examples.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from breakglass_aws.cli import main as command
from breakglass_aws.cli.delegated import Delegated, subparsers
from breakglass_aws.cli.groups import Command, Group

PAGE = Path(__file__).parents[3] / "docs" / "guide" / "command-line.md"
RENEW = "python -m breakglass_aws.cli.docs_page"

_INTRODUCTION = """\
# The command `breakglass`

`breakglass COMMAND --help` prints the same as this page.

**Wrong input** is answered in one line that names the option, what is accepted and the nearest name, and ends with
status 2: nothing was done. [Runbooks](runbooks.md#on-the-command-line) lists every exit status of a run.

**For programs**, `--json` prints JSON on standard output: one document, or for `run` and `resume` one JSON object a
line. With it, nothing is asked. Without a terminal, a run stops at a gate with status 3.

**On a terminal**, a run shows its plan, asks at each gate and goes on. Colors are left out where `NO_COLOR` is set, and
where output goes to a file.

**Completion**: `eval "$(breakglass completion bash)"` (or `zsh`) completes commands, options, names of runbooks, their
parameters after `-p` and their gates after `--answer`, and evidence folders.

Where only the collection is installed, and not the Python package, the command is
`PYTHONPATH=COLLECTION/src python -m breakglass_aws`. What a run prints is right for how it was started.
"""


def page() -> str:
    """Return the page, as Markdown."""
    context = command.cli.make_context(command.NAME, [], resilient_parsing=True)
    names = command.cli.list_commands(context)
    commands = [(name, command.cli.get_command(context, name)) for name in names]
    note = f"<!-- Generated from the command's help by `{RENEW}`. -->"
    listed = [f"| [`{name}`](#breakglass-{name}) | {one.get_short_help_str(100)} |" for name, one in commands if one]
    parts = [note, _INTRODUCTION.strip(), "\n".join(["| command | |", "|---|---|", *listed])]
    for name, one in commands:
        if isinstance(one, Command):
            parts += _command(f"{command.NAME} {name}", one, context)
        if isinstance(one, Group):
            parts += _group(f"{command.NAME} {name}", one, context)
    return "\n\n".join(parts) + "\n"


def _group(path: str, one: Group, parent: click.Context) -> Iterator[str]:
    """Yield the section about a command with commands of its own: one below the other."""
    yield f"## {path}"
    yield _prose(one.help or "")
    context = click.Context(one, parent=parent, info_name=one.name)
    for name in one.list_commands(context):
        inner = one.get_command(context, name)
        if isinstance(inner, Command):
            heading, *rest = _command(f"{path} {name}", inner, context)
            yield f"#{heading}"
            yield from rest


def _command(path: str, one: Command, parent: click.Context) -> Iterator[str]:
    """Yield the parts of the section about a command."""
    yield f"## {path}"
    if isinstance(one, Delegated):
        yield str(one.help)
        yield from _examples(one)
        yield from _parser(path, one.parser(path))
        return
    context = click.Context(one, parent=parent, info_name=one.name)
    yield _code([" ".join([path, *one.collect_usage_pieces(context)])])
    yield _prose(one.help or "")
    yield from _table(
        (_names(option), option.help or "")
        for option in one.params
        if isinstance(option, click.Option) and not option.hidden
    )
    if one.epilog:
        yield _prose(one.epilog)
    yield from _examples(one)


def _parser(path: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the options of a command line that argparse reads, then its commands, one below the other."""
    rows = []
    for action in parser._actions:
        if action.help and not isinstance(action, argparse._SubParsersAction | argparse._HelpAction):
            metavar = "" if action.nargs == 0 else str(action.metavar or action.dest.upper())
            name = ", ".join(action.option_strings)
            rows.append((f"{name} {metavar}".strip(), action.help % {"default": _default(action)}))
    yield from _table(rows)
    for name, inner in subparsers(parser).items():
        yield f"### {path} {name}"
        if inner.description:
            yield str(inner.description)
        yield from _parser(f"{path} {name}", inner)


def _default(action: argparse.Action) -> object:
    """Return a default for the page: of a path, without the folder in which the page was made."""
    return f"./{action.default.name}" if isinstance(action.default, Path) else action.default


def _names(option: click.Option) -> str:
    metavar = "" if option.is_flag else f" {option.metavar or ''}".rstrip()
    return ", ".join(option.opts) + metavar


def _table(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    lines = [f"| `{_cell(name)}` | {_cell(text)} |" for name, text in rows]
    if lines:
        yield "\n".join(["| option | |", "|---|---|", *lines])


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def _prose(text: str) -> str:
    """Return text of a help, a paragraph a line."""
    return "\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(text).split("\n\n"))


def _examples(one: Command) -> Iterator[str]:
    if one.examples:
        yield _code([line for example in one.examples for line in (f"# {example[1]}", example[0])])


def _code(lines: Iterable[str]) -> str:
    return "\n".join(["```sh", *lines, "```"])


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
