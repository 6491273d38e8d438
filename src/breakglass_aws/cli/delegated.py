# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`breakglass sandbox` and `breakglass drill`: the command lines of those packages, under this command."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

import click
from click.shell_completion import CompletionItem

from breakglass_aws.cli.groups import Command
from breakglass_aws.engine import collection
from breakglass_aws.engine.errors import RunbookError


class Delegated(Command):
    """A command whose arguments, help, completion and errors are those of another package's command line.

    `place` is that command line: a module with `parser(prog)` and `main(arguments, prog)`. `needs` is a Python package
    without which it cannot run. The wheel brings it; the collection's archive only names it.
    """

    def __init__(self, *given: Any, place: str, needs: str, **options: Any) -> None:
        words = click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED, shell_complete=self._complete)
        settings = {"ignore_unknown_options": True, "allow_interspersed_args": False, "help_option_names": []}
        super().__init__(*given, params=[words], context_settings=settings, add_help_option=False, **options)
        self.place, self._needs = place, needs

    def invoke(self, ctx: click.Context) -> int:
        """Run the other command line; return its exit status.

        Raises RunbookError when a package that it needs is not installed.
        """
        if importlib.util.find_spec(self._needs) is None:
            raise RunbookError(
                f"`{ctx.command_path}` needs the Python package {self._needs}, which is not installed here. "
                f"Install it: {collection.requirements_command()}"
            )
        main: Callable[..., int] = importlib.import_module(self.place).main
        try:
            return main(list(ctx.params["arguments"]), prog=ctx.command_path)
        except SystemExit as end:  # of argparse, after its help or a usage error
            return end.code if isinstance(end.code, int) else 0

    def parser(self, prog: str) -> argparse.ArgumentParser:
        """Return the other command line's parser, for its help and for completion."""
        made: argparse.ArgumentParser = importlib.import_module(self.place).parser(prog)
        return made

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete an option; click asks the argument for everything else."""
        return self._complete(ctx, self.params[0], incomplete)

    def _complete(self, ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        parser = self.parser(ctx.command_path)
        words: list[str] = [*(ctx.params.get("arguments") or ())]
        for word in words:
            parser = subparsers(parser).get(word, parser)
        found = [CompletionItem(name) for name in offered(parser, words, incomplete) if name.startswith(incomplete)]
        return found or [CompletionItem(incomplete, type="file")]


def offered(parser: argparse.ArgumentParser, words: list[str], incomplete: str) -> list[str]:
    """Return what a parser may take after these words: values of the last option, options, or arguments.

    An action offers its choices, or what its attribute `completer` returns, as with argcomplete.
    """
    taking = [action for action in parser._actions if words and words[-1] in action.option_strings]
    if taking and taking[0].nargs != 0:
        return _values(taking[0])
    if incomplete.startswith("-"):
        return [option for action in parser._actions for option in action.option_strings]
    arguments = [action for action in parser._actions if not action.option_strings]
    return [name for action in arguments for name in _values(action) if name not in words]


def _values(action: argparse.Action) -> list[str]:
    completer: Callable[[], list[str]] | None = getattr(action, "completer", None)
    return completer() if completer else [str(choice) for choice in action.choices or ()]


def subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the commands of a parser, by name."""
    groups = [action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return {name: command for choices in groups for name, command in (choices or {}).items()}


sandbox = Delegated(
    "sandbox",
    place="breakglass_aws.sandbox.__main__",
    needs="moto",
    help="Serve and use a simulated organization.",
    examples=[
        ("breakglass sandbox serve", "in one terminal"),
        ('eval "$(breakglass sandbox env --as operator)"', "in another one: AWS clients use the sandbox"),
        ("breakglass sandbox generate --accounts 500 --output organization.yml", "an organization of your size"),
    ],
)
drill = Delegated(
    "drill",
    place="breakglass_aws.drills.__main__",
    needs="moto",
    help="Run recoveries in a simulated organization.",
    examples=[
        ("breakglass drill", "three plain scenarios, on this machine alone; AWS is not used"),
        ("breakglass drill --all --jobs 2", "all scenarios, two at a time"),
        ("breakglass drill --surprise --hands-on", "you recover what is broken, while the clock runs"),
    ],
)
