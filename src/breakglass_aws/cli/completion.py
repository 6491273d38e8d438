# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Completion in the shell: names of runbooks, their parameters and gates, and evidence folders."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem, get_completion_class

from breakglass_aws.cli.groups import Command

EVIDENCE = Path("evidence")  # where runs keep theirs unless evidence_dir names another folder
JOURNAL = "journal.jsonl"
SHELLS = ("bash", "zsh", "fish")


def runbooks(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the runbooks, each with its title; for a path, let the shell complete files."""
    from breakglass_aws.engine.notebooks import catalog

    if "/" in incomplete or incomplete.startswith((".", "~")):
        return [CompletionItem(incomplete, type="file")]
    found = [one for one in catalog.runbooks() if one.name.startswith(incomplete)]
    return [CompletionItem(one.name, help=one.title) for one in found] or [CompletionItem(incomplete, type="file")]


def parameters(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return `NAME=` for each parameter of the runbook, or `NAME=true` and `NAME=false` once the name is there."""
    known = {one.name: one for one in _runbook(context, "parameters")}
    name, equals, _ = incomplete.partition("=")
    if not equals:
        return [CompletionItem(f"{one.name}=", help=one.help) for one in known.values() if one.name.startswith(name)]
    if name in known and known[name].type == "bool":
        values = [f"{name}={word}" for word in ("true", "false")]
        return [CompletionItem(value) for value in values if value.startswith(incomplete)]
    return []


def gates(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return `GATE=` for each gate of the runbook; a secret answer is asked for, so its gate stands alone."""
    return [
        CompletionItem(gate.name if gate.secret else f"{gate.name}=", help=gate.expects)
        for gate in _runbook(context, "gates")
        if gate.name.startswith(incomplete)
    ]


def evidence_folders(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the evidence folders of runs in ./evidence, the newest first; let the shell complete other folders."""
    with contextlib.suppress(OSError):
        found = [folder for folder in EVIDENCE.iterdir() if (folder / JOURNAL).is_file()]
        found.sort(key=lambda folder: folder.stat().st_mtime, reverse=True)
        if names := [str(folder) for folder in found if str(folder).startswith(incomplete)]:
            return [CompletionItem(name) for name in names]
    return [CompletionItem(incomplete, type="dir")]


def _runbook(context: click.Context, what: str) -> Iterator[Any]:
    """Yield the parameters or gates of the runbook on the command line; none where it has none, or is not valid."""
    from breakglass_aws.engine.errors import RunbookError
    from breakglass_aws.engine.notebooks import catalog

    # click gives up at an option without its value, which is what is completed here: the argument is left over then.
    words = [value for name in ("name", "folder") if (value := context.params.get(name))] or context.args
    with contextlib.suppress(RunbookError, IndexError, RuntimeError):
        if context.info_name == "run":
            yield from getattr(catalog.find(str(words[0])), what)
        else:
            from breakglass_aws.engine.launcher.run_file import Run

            yield from getattr(catalog.Runbook(Path(Run.load(Path(words[0]).expanduser()).runbook)), what)


@click.command(
    cls=Command,
    examples=[
        ('eval "$(breakglass completion bash)"', "in ~/.bashrc"),
        ('eval "$(breakglass completion zsh)"', "in ~/.zshrc"),
        ("breakglass completion fish > ~/.config/fish/completions/breakglass.fish", "once"),
    ],
)
@click.argument("shell", metavar="SHELL", type=click.Choice(SHELLS))
def completion(shell: str) -> int:
    """Print the completion script of a shell.

    SHELL is bash (4.4 or newer), zsh or fish. Commands, options, runbooks, their parameters and gates, and evidence
    folders are completed.
    """
    from breakglass_aws.cli import bash, main  # noqa: F401 - bash replaces the completion of click

    kind = get_completion_class(shell)
    assert kind is not None
    # click's bash class refuses old versions of bash when it is asked for its script by a process of its own.
    print(kind(main.cli, {}, main.NAME, main.COMPLETE).source())
    return 0
