# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JupyterLab beside the shell of a drill: it runs in the background, so that hints and approvals stay at hand."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_ADDRESS = re.compile(r"http://(?:localhost|127\.0\.0\.1):\d+/lab\?token=\w+")
_START_TIMEOUT = 120  # seconds until it serves
_END_TIMEOUT = 10  # seconds for it to end its kernels
_LOOK_EVERY = 0.2


class LabError(Exception):
    """JupyterLab cannot be opened; the text says why."""


class Lab:
    """JupyterLab with the notebooks of a folder, on this machine only.

    Args:
        environment: Of its kernels too: the operator's keys, and the commands of the shell.
        log: A file for what it prints.
    """

    def __init__(self, notebooks: Path, environment: Mapping[str, str], log: Path) -> None:
        self._notebooks = notebooks
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def has_ended(self) -> bool:
        """Whether it is not running, or not any more."""
        return self._process is None or self._process.poll() is not None

    def start(self, options: Sequence[str] = ()) -> None:
        """Start it with options of its own command line. Raises LabError when it is not installed."""
        if importlib.util.find_spec("jupyterlab") is None:
            raise LabError(
                "JupyterLab is not installed beside this command. Install it with the extra `lab` of this package, or: "
                f"{sys.executable} -m pip install jupyterlab"
            )
        as_root = ["--allow-root"] if os.geteuid() == 0 else []
        with open(self._log, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={self._notebooks}", *as_root, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self._environment),
                start_new_session=True,  # Ctrl-C in the shell is not for it
            )

    def address(self) -> str:
        """Return where it serves, in words, once it does. Raises LabError when it ends before that."""
        ends = time.monotonic() + _START_TIMEOUT
        while time.monotonic() < ends:
            text = self._log.read_text(encoding="utf-8", errors="replace")
            if found := _ADDRESS.search(text):
                return f"JupyterLab: {found[0]}\nIt ends with the drill. The runbooks' evidence is in its folder, too."
            if self.has_ended:
                raise LabError(f"JupyterLab ended. {(text.strip().splitlines() or ['It printed nothing.'])[-1]}")
            time.sleep(_LOOK_EVERY)
        raise LabError(f"JupyterLab does not serve after {_START_TIMEOUT} s. Its log: {self._log}")

    def end(self) -> None:
        """End it with its kernels."""
        if self._process is None or self.has_ended:
            return
        self._process.terminate()
        try:
            self._process.wait(_END_TIMEOUT)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
