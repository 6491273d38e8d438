"""Runs a command as a process of its own and measures it: time, processor time, memory, all its children included."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_SECONDS = 0.2
CLEAN = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("AWS_", "ANSIBLE_", "BREAKGLASS_", "PYTHONPATH")) and name.lower() != "no_proxy"
}


@dataclass(frozen=True)
class Run:
    """What a process took. ``processor``: user and system seconds, with the children that were waited
    for: not those that end after their parent, as a runbook's do. ``peak``: MiB, of all at once."""

    seconds: float
    processor: float
    peak: float
    status: int
    output: str
    errors: str


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    folder: Path | None = None,
    memory: bool = False,
    timeout: float = 900,
) -> Run:
    """Run ``command`` with ``environment`` over this one's, without this one's AWS and Ansible settings.

    ``memory``: sample the memory of the process and its children, which costs some processor time of the machine.
    """
    everything = {**CLEAN, "no_proxy": "127.0.0.1,localhost", "NO_PROXY": "127.0.0.1,localhost", **environment}
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        begun = time.monotonic()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env=everything,
            cwd=folder,
            start_new_session=True,
        )
        killer = threading.Timer(timeout, lambda: os.killpg(process.pid, signal.SIGKILL))
        killer.start()
        sampler = _Sampler(process.pid) if memory else None
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:  # Ctrl-C: the process is in a session of its own, and would go on
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            killer.cancel()
            seconds = time.monotonic() - begun
            sampled = sampler.stop() if sampler else 0.0
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        return Run(
            seconds,
            usage.ru_utime + usage.ru_stime,
            max(sampled, usage.ru_maxrss / 1024),
            process.returncode,
            output.read().decode("utf-8", "replace"),
            errors.read().decode("utf-8", "replace"),
        )


class _Sampler:
    """The largest sum of the proportional memory (PSS) of a process and its descendants: shared pages count once."""

    def __init__(self, pid: int) -> None:
        self._pid, self._most = pid, 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """The most, in MiB."""
        self._ended.set()
        self._thread.join()
        return self._most

    def _sample(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            family = descendants(self._pid)
            if len(family) > 1:  # of a process alone the system itself keeps the peak
                self._most = max(self._most, sum(map(_pss, family)) / 1024)


def descendants(pid: int) -> list[int]:
    """The process, its children, and theirs."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found.extend(parents.get(one, []))
    return found


def _pss(pid: int) -> int:
    try:
        found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) if found else 0
