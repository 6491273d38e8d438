# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands with examples in their help, and groups that import a command only when it is used."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable, Mapping
from typing import Any

import click


class Command(click.Command):
    """A command whose help ends with examples: each a line as it is typed, and what it does."""

    def __init__(self, *given: Any, examples: Iterable[tuple[str, str]] = (), **options: Any) -> None:
        super().__init__(*given, **options)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the epilog, then the examples. They are never wrapped: people copy them."""
        super().format_epilog(ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                for line, meaning in self.examples:
                    formatter.write(f"{' ' * formatter.current_indent}# {meaning}\n")
                    formatter.write(f"{' ' * formatter.current_indent}{line}\n")


class Group(click.Group):
    """A command with commands of its own, which work on the same thing."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command of `args`. Raises UsageError with the nearest name when there is none."""
        name = args[0]
        if name not in self.commands and not name.startswith("-") and not ctx.resilient_parsing:
            raise click.UsageError(f"There is no command {name!r}.{nearest(name, self.commands)}", ctx)
        return super().resolve_command(ctx, args)


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used; `lazy` has the place of each, "module:attribute".

    `breakglass list` must answer at once: it imports neither papermill nor boto3 nor moto.
    """

    def __init__(self, *given: Any, lazy: Mapping[str, str], **options: Any) -> None:
        super().__init__(*given, **options)
        self._lazy = dict(lazy)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of their use rather than of the alphabet."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; None when there is none with this name."""
        if cmd_name not in self._lazy:
            return None
        module, _, attribute = self._lazy[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command of `args`. Raises UsageError with the nearest name when there is none."""
        name = args[0]
        if name not in self._lazy and not name.startswith("-") and not ctx.resilient_parsing:
            raise click.UsageError(f"There is no command {name!r}.{nearest(name, self._lazy)}", ctx)
        return super().resolve_command(ctx, args)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a sentence with the nearest of the known names, or with all of them when none is near."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f" Did you mean {near[0]}?" if near else f" There are: {', '.join(names)}."
