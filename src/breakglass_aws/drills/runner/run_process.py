# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a runbook by the command that a person would type, and follow it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from breakglass_aws.drills.runner import prepared
from breakglass_aws.drills.runner.scene import RunEnd

LOG = "run.log"
OnEvent = Callable[[dict[str, Any]], None]


@dataclass
class RunProcess:
    """Starts the command `breakglass` for one run, as often as it is resumed; its log is in `folder`.

    `environment` is that of the identity which runs it. `prepared` is a process that has loaded what it needs.
    """

    folder: Path
    environment: Mapping[str, str]
    on_event: OnEvent
    prepared: subprocess.Popen[str] | None = None
    _process: subprocess.Popen[str] | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)
    printed: list[str] = field(default_factory=list)

    def close(self) -> None:
        """End a process that was prepared and not needed."""
        if self.prepared:
            prepared.end(self.prepared)

    def run(self, arguments: Sequence[str], answers: Mapping[str, str], more: bool = False) -> RunEnd:
        """Run the command to its end; each line of its progress is given to `on_event`.

        If there will be `more` parts, the process of the next one loads meanwhile.
        """
        process = self.prepared or prepared.start(self.folder)
        self.prepared = prepared.start(self.folder) if more else None
        self._process = process
        if self._stopping.is_set():
            self.stop()
        prepared.run(process, [*arguments, "--json"], self.environment, answers)
        assert process.stdout
        errors: list[str] = []
        reader = threading.Thread(target=lambda: errors.extend(process.stderr or ()), daemon=True)
        reader.start()
        end = RunEnd(0)
        for line in process.stdout:
            event = json.loads(line)
            self._keep(event)
            if event["event"] == "end":
                end.outcome, end.failure = event["outcome"], event["failure"]
            self.on_event(event)
        end.exit_status = process.wait()
        reader.join()
        end.errors = "".join(errors)
        self._log(f"{end.errors}\nexit status {end.exit_status}\n")
        self.printed.append(end.errors)
        end.text = "\n".join(self.printed)
        return end

    def stop(self) -> None:
        """End the run as Ctrl-C does: the running task ends properly. A later part is not started."""
        self._stopping.set()
        self.send(signal.SIGINT)

    def send(self, number: int) -> None:
        """Send a signal to the command; SIGKILL goes to its process group, as a cancelled job gets it."""
        if self._process is None or self._process.poll() is not None:
            return
        if number == signal.SIGKILL:
            os.killpg(self._process.pid, number)
        else:
            self._process.send_signal(number)

    def _keep(self, event: Mapping[str, Any]) -> None:
        """Keep what a person would read of an event, in the log and for the scenario's `says`."""
        text = ""
        if event["event"] == "cell" and event["status"] != "running":
            text = f"[{event['number']}/{event['total']}] {event['title']}: {event['status']}\n{event['text']}"
        elif event["event"] == "end":
            text = "\n".join(filter(None, [*event["remarks"], event["failure"], f"Outcome: {event['outcome']}"]))
        if text:
            self.printed.append(text)
            self._log(text.rstrip() + "\n")

    def _log(self, text: str) -> None:
        path = self.folder / LOG
        with open(path, "a", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(text)
