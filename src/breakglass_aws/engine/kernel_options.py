# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that the launcher gives to the kernel besides the parameters: answers to gates, whether a run is resumed.

Answers may be secret. They are passed through a pipe that the kernel inherits and reads once: neither the notebook, nor
the tasks, nor /proc/PID/environ contains them. The environment has only the number of the pipe's file descriptor.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from dataclasses import asdict, dataclass, field

VARIABLE = "BREAKGLASS_OPTIONS_FD"


@dataclass
class KernelOptions:
    """Options of one kernel."""

    answers: dict[str, str] = field(default_factory=dict)  # by gate
    resume: bool = False  # continue the run in the evidence folder
    spent: list[str] = field(default_factory=list)  # gates whose secret answers no step needs any more
    launcher: bool = False  # the launcher started the kernel, so the run can be resumed later
    engine: bool = False  # our engine runs the cells, so a dead kernel or a timeout is reported as such

    def pipe(self) -> int:
        """Return the read end of a pipe that contains these options; the caller closes it, once it is inherited."""
        reader, writer = os.pipe()
        text = json.dumps(asdict(self)).encode()
        # A pipe holds 64 KiB on Linux, and less elsewhere.
        threading.Thread(target=_write, args=(writer, text), daemon=True).start()
        return reader

    @classmethod
    def from_env(cls) -> KernelOptions:
        """Read the options of this process, once.

        Without the variable, return the defaults: JupyterLab or papermill alone started the kernel.
        """
        number = os.environ.pop(VARIABLE, "")
        if not number.isdigit():
            return cls()
        with open(int(number), "rb") as stream:
            return cls(**json.loads(stream.read()))


def _write(writer: int, text: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), open(writer, "wb") as stream:
        stream.write(text)
