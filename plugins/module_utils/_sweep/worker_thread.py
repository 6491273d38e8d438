# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A thread whose end is waited for again after Ctrl-C. No AWS, no Ansible."""

from __future__ import annotations

import threading
import typing as t


class WorkerThread(threading.Thread):
    """A thread to wait for with ``wait``, as often as something interrupts that.

    ``join`` of Python 3.11 and 3.12 cannot be repeated: once a KeyboardInterrupt has ended it, it takes the thread for
    one that has ended, while that goes on with its work.
    """

    def __init__(self, target: t.Callable[[], None], name: str) -> None:
        super().__init__(target=target, name=name)
        self._has_ended = threading.Event()

    def run(self) -> None:
        try:
            super().run()
        finally:
            self._has_ended.set()

    def wait(self) -> None:
        """Until its work has ended; at once if it was not started."""
        if self.ident is not None:
            self._has_ended.wait()
            self.join()
