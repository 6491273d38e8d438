"""The report of a drill: a table for the terminal, one HTML page for everybody else, a JSON file for the next drill."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from rich.table import Table

from drills.run import Drill

# The name of the file that holds a drill's result for later drills' history.
RESULT = "drill.json"


def summary_table(drill: Drill) -> Table:
    """The outcome of every part of `drill`, for a terminal of 80 columns."""
    table = Table(title="Drill", caption="broken before, mended after; else: nothing else changed")
    for column in ("runbook", "took", "broken", "mended", "else", "outcome"):
        table.add_column(column, overflow="fold")
    for part in drill.parts:
        table.add_row(
            part.scenario.runbook + ("" if part.status == 0 else f" (status {part.status})"),
            f"{part.seconds:.0f} s",
            _yes(all(not answer.before for answer in part.answers)),
            _yes(all(answer.after for answer in part.answers)),
            _yes(not part.differences),
            "[green]passed[/]" if part.passed else "[red]FAILED[/]",
        )
    return table


def _yes(value: bool) -> str:
    return "yes" if value else "[red]no[/]"


def write(drill: Drill) -> Path:
    """Write the result and the page of `drill` into its folder; return the page's path."""
    result = {
        "started": drill.started.isoformat(timespec="seconds"),
        "passed": drill.passed,
        "parts": [
            {"scenario": part.scenario.title, "seconds": round(part.seconds, 1), "passed": part.passed}
            for part in drill.parts
        ],
    }
    (drill.folder / RESULT).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    templates = Environment(
        loader=PackageLoader("drills", "."), autoescape=True, trim_blocks=True, lstrip_blocks=True, auto_reload=False
    )
    page = drill.folder / "index.html"
    page.write_text(
        templates.get_template("report.html.j2").render(drill=drill, history=_history(drill.folder)), encoding="utf-8"
    )
    return page


def _history(folder: Path) -> list[dict[str, Any]]:
    """The results of earlier drills whose folders lie beside `folder`, newest first."""
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
