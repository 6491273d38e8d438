"""Where the processor time of a process goes, by function: a sampler for all its threads.

The system keeps the processor time of each thread. Every few milliseconds the sampler adds what a thread has used since
to the functions on its stack, so that a thread that waits for an answer counts for nothing.
"""

from __future__ import annotations

import collections
import sys
import threading
import time
from types import FrameType

_EVERY = 0.002
_PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"
# On every stack of a thread, and of no interest.
_PLUMBING = {
    "futures/thread.py:_worker",
    "futures/thread.py:_WorkItem.run",
    f"{_PYTHON}/threading.py:Thread.run",
    f"{_PYTHON}/threading.py:Thread._bootstrap",
    f"{_PYTHON}/threading.py:Thread._bootstrap_inner",
}
_SWITCH = 0.0002  # how soon a thread that holds the interpreter gives way to the sampler, wherever it is


class Profiler:
    """Samples from its start on, in a thread of its own."""

    def __init__(self) -> None:
        self._alone: collections.Counter[str] = collections.Counter()
        self._all: collections.Counter[str] = collections.Counter()
        self._used: dict[int, float] = {}
        self._ended = threading.Event()
        self._before = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH)
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self, most: int = 22) -> str:
        """The functions that took most, with their shares: what they call included, and alone."""
        self._ended.set()
        self._thread.join()
        sys.setswitchinterval(self._before)
        total = sum(self._alone.values()) or 1.0
        lines = [f"{total:.2f} s of processor time sampled"]
        for title, counter in (("with what they call", self._all), ("alone", self._alone)):
            lines.append(f"{title}:")
            lines += [f"  {used / total:6.1%}  {name}" for name, used in counter.most_common(most)]
        return "\n".join(lines)

    def _sample(self) -> None:
        while not self._ended.wait(_EVERY):
            own = threading.get_ident()
            for ident, frame in sys._current_frames().items():
                if ident != own:
                    self._add(ident, frame)

    def _add(self, ident: int, frame: FrameType | None) -> None:
        try:
            used = time.clock_gettime(time.pthread_getcpuclockid(ident))
        except OSError:  # it has just ended
            return
        taken = used - self._used.get(ident, used)
        self._used[ident] = used
        if taken <= 0:
            return
        names: list[str] = []
        while frame is not None:
            names.append(_name(frame))
            frame = frame.f_back
        self._alone[names[0]] += taken
        for name in set(names) - _PLUMBING:
            self._all[name] += taken


def _name(frame: FrameType) -> str:
    parts = frame.f_code.co_filename.replace("\\", "/").split("/")
    return f"{'/'.join(parts[-2:])}:{frame.f_code.co_qualname}"
