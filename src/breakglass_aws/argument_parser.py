# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parser of the command lines of the sandbox and the drills: an error is one line, with the nearest name."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Iterator
from typing import NoReturn


class ArgumentParser(argparse.ArgumentParser):
    """argparse's parser, without its usage in front of each error. Its subcommands are of this class too."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong in one line, and end with status 2."""
        choice = re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message)
        unknown = re.match(r"unrecognized arguments: (\S+)", message)
        if choice:
            names = re.findall(r"[\w-]+", choice[2])
            message = f"There is no command {choice[1]!r}. {_nearest(choice[1], names)}"
        elif unknown:
            name = unknown[1].partition("=")[0]
            known = set(_options(self)) if name.startswith("-") else set()
            near = difflib.get_close_matches(name, known, n=1)
            message = f"{unknown[1]!r} is not accepted." + (f" Did you mean {near[0]}?" if near else "")
        elif not message.endswith("."):
            message += "."
        self.exit(2, f"{self.prog}: {message} See: {self.prog} --help\n")


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known)}."


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the options of a parser and of all its subcommands: argparse does not report which of them was used."""
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _options(command)
