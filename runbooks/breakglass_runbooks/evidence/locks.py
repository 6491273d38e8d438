"""Two runs of a runbook may not act on the same target at once: the second is told of the first.

The operating system holds the lock and lets go of it when its holder ends, however it ends; so a lock file that was
left behind stands in nobody's way.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from breakglass_runbooks import times
from breakglass_runbooks.errors import Blocked
from breakglass_runbooks.notebooks.parameters import Parameter

# The files of the locks of this process. What it starts to act gets them too: should the kernel be killed, the lock
# holds until its tasks have ended as well.
HELD: set[int] = set()


class Lock:
    """A lock that is held, until it is released or this process ends."""

    def __init__(self, path: Path, what: str, **details: Any) -> None:
        """Take the lock; raise Blocked, naming who holds it and since when, when somebody does."""
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
                f"{what} is being done already{holder}.\n"
                "Let that run end, or stop it, then try again. Nothing was done here."
            ) from None
        self._file.truncate(0)  # what a run that is gone has left
        json.dump({"pid": os.getpid(), "since": times.text(), **details}, self._file)
        self._file.flush()
        HELD.add(self._file.fileno())

    def release(self) -> None:
        """Let go; the file stays, for whoever comes next."""
        HELD.discard(self._file.fileno())
        fcntl.flock(self._file, fcntl.LOCK_UN)  # also where something that was started still has the file
        self._file.close()


def on_target(runbook: str, parameters: Iterable[Parameter], values: dict[str, Any]) -> Lock:
    """Lock what a run acts on: the accounts, and all else that must be given, such as the bucket."""
    target = {
        parameter.name: values[parameter.name]
        for parameter in parameters
        if parameter.required or parameter.name in ("account_id", "account_ids")
    }
    where = os.environ.get("AWS_ENDPOINT_URL")  # a simulated organization has the same accounts as another one
    name = hashlib.sha256(json.dumps([where, runbook, target], sort_keys=True).encode()).hexdigest()
    words = ", ".join(
        f"{key} {value if isinstance(value, str) else json.dumps(value)}" for key, value in target.items()
    )
    return Lock(_folder() / name, f"{runbook} for {words}" if words else runbook, folder=values.get("evidence_dir"))


def on_run(folder: Path) -> Lock:
    """Lock a run itself: it may not go on twice at once."""
    name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()
    return Lock(_folder() / name, f"The run in {folder}", folder=str(folder))


def _folder() -> Path:
    """Where this user's locks are; nobody else may put anything there."""
    folder = Path(tempfile.gettempdir()) / f".breakglass-locks-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise Blocked(f"{folder} belongs to somebody else, so nobody can tell whether another run is going on.")
    return folder


def _holder(text: str) -> str:
    try:
        holder = json.loads(text)
        return f" by process {holder['pid']}, since {holder['since']} (evidence in {holder.get('folder')})"
    except (ValueError, KeyError, TypeError):
        return " by another run"  # which takes the lock at this moment
