# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a drill: a table for the terminal, an HTML page, and a JSON file for the history of later drills."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from rich.table import Table

from breakglass_aws.drills.run import Drill, ScenarioRun
from breakglass_aws.drills.versions import versions

# The name of the file that holds a drill's result for later drills' history.
RESULT = "drill.json"


def summary_table(drill: Drill) -> Table:
    """The outcome of every scenario of a drill, for a terminal of 80 columns."""
    table = Table(title="Drill")
    table.add_column("runbook", no_wrap=True)  # a name that is cut cannot be copied
    for column in ("took", "broken before", "recovered", "nothing else changed", "outcome"):
        table.add_column(column, overflow="fold")
    for run in drill.runs:
        table.add_row(
            run.scenario.runbook + ("" if run.status == 0 else f"\n(status {run.status})"),
            f"{run.seconds:.0f} s",
            _yes(broken_before(run)),
            _yes(recovered(run)),
            _yes(not run.differences),
            "[green]passed[/]" if run.passed else "[red]FAILED[/]",
        )
    return table


def broken_before(run: ScenarioRun) -> bool:
    """Whether each probe showed the damage before the recovery."""
    return all(not one.before for one in run.observations)


def recovered(run: ScenarioRun) -> bool:
    """Whether each probe showed, after the recovery, that the damage is gone."""
    return all(one.after for one in run.observations)


def _yes(value: bool) -> str:
    return "yes" if value else "[red]no[/]"


def write(drill: Drill) -> Path:
    """Write the result and the page of a drill into its folder; return the page's path."""
    made_with = versions()
    result = {
        "started": drill.started.isoformat(timespec="seconds"),
        "passed": drill.passed,
        "parts": [
            {"scenario": run.scenario.title, "seconds": round(run.seconds, 1), "passed": run.passed}
            for run in drill.runs
        ],
        "versions": made_with,
    }
    (drill.folder / RESULT).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    templates = Environment(
        loader=PackageLoader("breakglass_aws.drills", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    templates.tests |= {"broken_before": broken_before, "recovered": recovered}
    page = drill.folder / "index.html"
    page.write_text(
        templates.get_template("former_report.html.j2").render(
            drill=drill, history=_history(drill.folder), versions=made_with
        ),
        encoding="utf-8",
    )
    return page


def _history(folder: Path) -> list[dict[str, Any]]:
    """The results of earlier drills whose folders are beside `folder`, newest first."""
    earlier = []
    for path in sorted(folder.parent.glob(f"*/{RESULT}"), reverse=True):
        if path.parent == folder:
            continue
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # a drill that was interrupted while it wrote
        page = path.parent / "index.html"
        earlier.append({**result, "page": f"../{path.parent.name}/index.html" if page.exists() else None})
    return earlier
