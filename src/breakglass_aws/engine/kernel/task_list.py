# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of a cell, shown while they run."""

from __future__ import annotations

import time
from typing import Any

from IPython.display import display

from breakglass_aws.engine.collection import module_util
from breakglass_aws.engine.display import html
from breakglass_aws.engine.display.views import registry
from breakglass_aws.engine.kernel.output_metadata import PROGRESS, TASK_LIST
from breakglass_aws.engine.results import Event


class TaskList:
    """The tasks of a cell, in one output that is updated, so that a saved notebook has the last state."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []
        self.finished: list[Event] = []
        self.unfinished: Event | None = None  # the task that has started, and not ended
        self._idle = "Starting Ansible ..."
        self._handle = display(self._table(), display_id=True, metadata={TASK_LIST: True})

    def on(self, event: Event) -> None:
        """Show an event."""
        if event["event"] == "progress":
            self._show_progress(event)
            return
        self.unfinished = event if event["event"] == "started" else None
        if event["event"] == "started":
            self._rows.append({"task": event["task"], "state": "running", "since": time.monotonic(), "note": ""})
        else:
            self.finished.append(event)
            self._rows[-1].update(
                state=_state(event), note=_note(event), took=time.monotonic() - self._rows[-1]["since"]
            )
        self._handle.update(self._table(), metadata={TASK_LIST: True})

    def _show_progress(self, event: Event) -> None:
        """How far the running task is: next to its name, and for the launcher in the output's metadata."""
        words = module_util("_sweep.progress").in_words(event["progress"])
        self._rows[-1]["note"] = words
        self._handle.update(self._table(), metadata={TASK_LIST: True, PROGRESS: words})

    def show_results(self) -> None:
        """Show the results of the tasks below the list. A task that never ended is shown as unknown, not as running."""
        self._idle = "No task was run."
        for row in self._rows:
            if row["state"] == "running":
                row["state"] = "unknown"
        self._handle.update(self._table(), metadata={TASK_LIST: True})
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
        return "not run"  # unlike a skipped account
    return "failed, ignored" if event["ignored"] else event["event"]


def _note(event: Event) -> str:
    condition = event["result"].get("false_condition")
    return f"only when {condition}" if event["event"] == "skipped" and condition else ""
