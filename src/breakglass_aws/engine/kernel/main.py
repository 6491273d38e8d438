# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel of a run that the launcher started: ipykernel's own, which outlives a killed launcher until its step ends.

ipykernel's default is to end at once when its parent is gone. Then nothing would record what the running task did.
This kernel lets the running step end, starts no other, records where the run stopped, and ends.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from breakglass_aws.engine.collection import module_util
from breakglass_aws.engine.kernel import ansible_play

CHECK_EVERY = 0.25  # seconds


def watch_launcher(on_end: Callable[[], None]) -> None:
    """Call `on_end` in a thread of its own once the process that started this one has ended."""
    started_by = module_util("_started_by")
    launcher = started_by.chain()[-1:]

    def wait() -> None:
        ticker = threading.Event()
        while started_by.is_running(launcher[0]):
            ticker.wait(CHECK_EVERY)
        on_end()

    if launcher:
        threading.Thread(target=wait, daemon=True).start()


def end_abandoned() -> None:
    """End this kernel, whose launcher has ended: after the running step, and with a record of where it stopped."""
    from IPython.core.interactiveshell import InteractiveShell

    magics = None
    if InteractiveShell.initialized():
        magics = InteractiveShell.instance().magics_manager.registry.get("RunbookMagics")
    try:
        if magics:
            magics.abandon()
    finally:
        os._exit(1)  # the main thread may wait for ever for a client that is gone


def main() -> None:
    """Run the kernel; the arguments are ipykernel's."""
    os.environ.pop("JPY_PARENT_PID", None)  # read by ipykernel when it is imported
    watch_launcher(end_abandoned)
    ansible_play.prepare()
    from ipykernel.kernelapp import IPKernelApp

    IPKernelApp.launch_instance()


if __name__ == "__main__":
    main()
