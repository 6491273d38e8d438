# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`breakglass list` and `breakglass describe`: which runbooks there are, and what each takes."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from breakglass_aws.cli import completion, options
from breakglass_aws.cli.groups import Command


@click.command(
    "list",
    cls=Command,
    examples=[
        ("breakglass list", "all runbooks"),
        ("breakglass list --json | jq -r '.[].name'", "their names, for a program"),
    ],
)
@options.as_json
def list_runbooks(as_json: bool) -> int:
    """List the runbooks."""
    from breakglass_aws.engine.notebooks import catalog

    found = list(catalog.runbooks())
    if as_json:
        options.print_json([{"name": one.name, "title": one.title, "path": str(one.path)} for one in found])
        return 0
    console = Console(highlight=False)
    if not console.is_terminal:  # a line for each, which other programs can cut
        for runbook in found:
            print(f"{runbook.name:30} {runbook.title}")
        return 0
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for runbook in found:
        table.add_row(f"[bold]{runbook.name}[/]", runbook.title)
    console.print(table)
    console.print("\nWhat one takes and does: breakglass describe NAME", style="dim")
    return 0


@click.command(
    cls=Command,
    examples=[
        ("breakglass describe unlock_s3_bucket", "its purpose, parameters and gates"),
        ("breakglass describe ./my_runbook.ipynb", "the same of a notebook of your own"),
    ],
)
@click.argument("name", metavar="RUNBOOK", shell_complete=completion.runbooks)
@options.as_json
def describe(name: str, as_json: bool) -> int:
    """Show the purpose, the parameters and the gates of a runbook.

    RUNBOOK is a name as `breakglass list` prints it, or the path of a notebook.
    """
    from breakglass_aws.engine.notebooks import catalog

    runbook = catalog.find(name)
    if not as_json:
        print(runbook.describe())
        return 0
    options.print_json(
        {
            "name": runbook.name,
            "title": runbook.title,
            "path": str(runbook.path),
            "introduction": runbook.introduction,
            "parameters": [
                {"name": one.name, "type": one.type, "required": one.required, "default": one.default, "help": one.help}
                for one in runbook.parameters
            ],
            "gates": [
                {"name": gate.name, "kind": gate.kind, "expects": gate.expects, "secret": gate.secret}
                for gate in runbook.gates
            ],
        }
    )
    return 0
