"""The tasks of a cell as they go by."""

from __future__ import annotations

import time
from typing import Any

from IPython.display import display

from breakglass_runbooks.display import html
from breakglass_runbooks.display.views import registry
from breakglass_runbooks.results import Event


class TaskList:
    """The tasks of a cell as they go by; updated in place, so that a saved notebook keeps the last state."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []
        self.finished: list[Event] = []
        self._idle = "Starting Ansible ..."
        self._handle = display(self._table(), display_id=True)

    def on(self, event: Event) -> None:
        """Show an event."""
        if event["event"] == "started":
            self._rows.append({"task": event["task"], "state": "running", "since": time.monotonic(), "note": ""})
        else:
            self.finished.append(event)
            self._rows[-1].update(
                state=_state(event), note=_note(event), took=time.monotonic() - self._rows[-1]["since"]
            )
        self._handle.update(self._table())

    def show_results(self) -> None:
        """Show what the tasks found or did, below the list; what was still running is not shown as running."""
        self._idle = "No task was run."
        for row in self._rows:
            if row["state"] == "running":
                row["state"] = "unknown"
        self._handle.update(self._table())
        for event in self.finished:
            shown = registry.view(event)
            if shown:
                display(shown)

    def _table(self) -> html.RichOutput:
        if not self._rows:
            return html.text(self._idle)
        return html.table(
            ["task", "state", "time"],
            [
                [
                    html.words(row["task"], *([html.small(row["note"])] if row["note"] else [])),
                    html.badge(row["state"]),
                    f"{row['took']:.1f} s" if "took" in row else None,
                ]
                for row in self._rows
            ],
        )


def _state(event: Event) -> str:
    if event["event"] == "changed" and event["check_mode"]:
        return "would change"
    if event["event"] == "skipped":
        return "not run"  # unlike an account that is skipped, nothing to look at
    return "failed, ignored" if event["ignored"] else event["event"]


def _note(event: Event) -> str:
    condition = event["result"].get("false_condition")
    return f"only when {condition}" if event["event"] == "skipped" and condition else ""
