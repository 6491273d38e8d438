"""Locks that keep two runs of a runbook from acting on the same target at the same time.

The operating system holds a lock and releases it when its holder ends, however it ends. A lock file that was left over
blocks no other run.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from breakglass_runbooks import times
from breakglass_runbooks.errors import Blocked

# File descriptors of the locks of this process. Processes that it starts to act inherit them: if the kernel is killed,
# the lock is held until its tasks have ended.
HELD: set[int] = set()


class Lock:
    """A lock that is held until it is released or this process ends."""

    def __init__(self, path: Path, what: str, **details: Any) -> None:
        """Take the lock; raise Blocked, with its holder and since when it is held, when it is taken."""
        self._file: IO[str] = open(  # noqa: SIM115 - held for as long as this object is
            path, "a+", encoding="utf-8", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW, 0o600)
        )
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder = _holder(self._file.read())
            self._file.close()
            raise Blocked(
                f"{what} is already running{holder}.\n"
                "Wait until that run ends, or stop it, then try again. Nothing was done here."
            ) from None
        self._file.truncate(0)  # what an earlier holder wrote
        json.dump({"pid": os.getpid(), "since": times.text(), **details}, self._file)
        self._file.flush()
        HELD.add(self._file.fileno())

    def release(self) -> None:
        """Release the lock. Its file stays, for the next holder."""
        HELD.discard(self._file.fileno())
        fcntl.flock(self._file, fcntl.LOCK_UN)  # also where a process that was started still has the file
        self._file.close()


def on_target(runbook: str, target: Mapping[str, Any], folder: str = "") -> Lock:
    """Lock the `target` that a runbook acts on: the parameters that name accounts and resources, with their values."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")  # a simulated organization has the same accounts as another one
    name = hashlib.sha256(json.dumps([endpoint, runbook, target], sort_keys=True).encode()).hexdigest()
    words = ", ".join(
        f"{key} {value if isinstance(value, str) else json.dumps(value)}" for key, value in target.items()
    )
    return Lock(_folder() / name, f"{runbook} for {words}" if words else runbook, folder=folder)


def on_run(folder: Path) -> Lock:
    """Lock a run itself, so that it is not resumed twice at the same time."""
    name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()
    return Lock(_folder() / name, f"The run in {folder}", folder=str(folder))


def _folder() -> Path:
    """Return the folder of this user's locks, which no other user can write."""
    folder = Path(tempfile.gettempdir()) / f".breakglass-locks-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise Blocked(
            f"The lock folder {folder} belongs to another user, so it is not known whether another run is active.\n"
            "Remove it, or set TMPDIR to a folder of your own, then try again."
        )
    return folder


def _holder(text: str) -> str:
    try:
        holder = json.loads(text)
        return f" in process {holder['pid']}, since {holder['since']} (evidence in {holder.get('folder')})"
    except (ValueError, KeyError, TypeError):
        return " in another run"  # which takes the lock at this moment
