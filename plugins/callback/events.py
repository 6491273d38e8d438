# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: events
type: aggregate
short_description: Write what each task does as JSON lines
version_added: 0.1.0
description:
  - Writes one JSON object a line to a named pipe, an inherited file descriptor or a file, during the play.
  - A runbook's notebook follows the tasks of a cell this way, without writing any result to disk.
  - A line has C(event), one of V(started), V(ok), V(changed), V(skipped), V(failed) and V(unreachable), the task's
    name, its action, its file and line, and whether it runs in check mode. All but V(started) have the host, the result
    and the warnings too, and the calls that opened sessions or changed something, where the task's
    C(debug_botocore_endpoint_logs) is true.
  - Modules that work on many accounts add lines with the C(event) V(progress) and how far they are in C(progress).
  - A line is ASCII. Control characters in names are escapes.
  - Results hidden by C(no_log) stay hidden.
requirements:
  - enable in configuration
options:
  path:
    description:
      - Where to write, for example V(/dev/fd/7) or V(/run/user/1000/events).
      - A file is appended to.
    type: str
    required: true
    env:
      - name: BREAKGLASS_EVENTS
    ini:
      - section: callback_breakglass_events
        key: path
  stop:
    description:
      - When a file of this path exists, no other task begins. The running task ends normally, and is written.
      - The same happens when nothing reads the events any more, and when a process that E(BREAKGLASS_STARTED_BY) names
        has ended.
    type: str
    version_added: 0.2.0
    env:
      - name: BREAKGLASS_STOP
    ini:
      - section: callback_breakglass_events
        key: stop
author:
  - breakglass.aws contributors (@breakglass)
"""

EXAMPLES = r"""
# Follow a playbook from another program:
#
#   mkfifo events && reader < events &
#   ANSIBLE_CALLBACKS_ENABLED=breakglass.aws.events BREAKGLASS_EVENTS=events ansible-playbook site.yml
"""

import json
import os
import typing as t

from ansible.plugins.callback import CallbackBase
from ansible_collections.breakglass.aws.plugins.module_utils import _started_by

if t.TYPE_CHECKING:
    from ansible.executor.task_result import CallbackTaskResult
    from ansible.playbook.task import Task


_HOW = ("invocation", "exception", "resource_actions")


class CallbackModule(CallbackBase):
    """Writes task events, and nothing on the terminal."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "breakglass.aws.events"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_task_start(self, task: Task, is_conditional: bool) -> None:
        self._begin(task)

    def v2_playbook_on_handler_task_start(self, task: Task) -> None:
        self._begin(task)

    def v2_runner_on_ok(self, result: CallbackTaskResult) -> None:
        self._write_result("changed" if result.result.get("changed") else "ok", result)

    def v2_runner_on_skipped(self, result: CallbackTaskResult) -> None:
        self._write_result("skipped", result)

    def v2_runner_on_failed(self, result: CallbackTaskResult, ignore_errors: bool = False) -> None:
        self._write_result("failed", result, ignored=ignore_errors)

    def v2_runner_on_unreachable(self, result: CallbackTaskResult) -> None:
        self._write_result("unreachable", result, ignored=result.task.ignore_unreachable)

    def _begin(self, task: Task) -> None:
        """Report that a task begins, or end the play as Ctrl-C does; other exceptions would only be warnings."""
        if (stop := self.get_option("stop")) and os.path.exists(stop):
            raise KeyboardInterrupt
        if _started_by.missing():
            raise KeyboardInterrupt
        self._write(_describe(task, event="started"))

    def _write_result(self, event: str, result: CallbackTaskResult, ignored: bool = False) -> None:
        """Write how a task ended on a host."""
        shown = _without_call(result.result)
        places = [shown, *(item for item in shown.get("results") or [] if isinstance(item, dict))]
        self._write(
            _describe(
                result.task,
                event=event,
                host=result.host.get_name(),
                register=_registered(result.task),
                ignored=bool(ignored),
                warnings=[str(warning) for warning in shown.pop("warnings", None) or []],
                calls=[call for place in places for call in place.pop("aws_calls", None) or []],
                result=shown,
            )
        )

    def _write(self, event: dict[str, t.Any]) -> None:
        """Append one event; a pipe's reader gets it at once, because the file is closed again.

        Ansible's own dump removes what is internal or hidden from a result. With -vvv it may break lines, which a
        line-based format cannot have, so its output is read and written again, as ASCII. It removes warnings and diffs
        from what looks like a result; ours are one level deeper.
        """
        line = json.dumps(json.loads(self._dump_results({"line": event}))["line"])
        try:
            with open(self.get_option("path"), "a", encoding="utf-8") as stream:
                stream.write(line + "\n")
        except BrokenPipeError as error:  # the process that records what is done has ended
            raise KeyboardInterrupt from error


def _without_call(result: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return a result, and those of its loop items, without the call of the module and its traceback."""
    kept = {key: value for key, value in result.items() if key not in _HOW}
    if isinstance(kept.get("results"), list):
        kept["results"] = [_without_call(item) if isinstance(item, dict) else item for item in kept["results"]]
    return kept


def _registered(task: Task) -> str | None:
    """Return the variable that the whole result is registered as, as the task was written.

    In ansible-core 2.21 the attribute is a mapping, also where a name was written. Parts of a result that are
    registered by such a mapping are not reported.
    """
    written = (task.get_ds() or {}).get("register")
    return written if isinstance(written, str) else None


def _describe(task: Task, **details: t.Any) -> dict[str, t.Any]:
    """Return an event: the details given, and which task it is about."""
    return {
        **details,
        "task": task.get_name(),
        "action": task.resolved_action or task.action,
        "path": task.get_path(),
        "check_mode": task.check_mode is True,
    }
