# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks that keep two runs of a runbook from acting on the same account or resource at the same time.

The operating system holds a lock and releases it when its holder ends, however it ends. A lock file that was left over
blocks no other run. All runs of a runbook on the same resource, such as a bucket, share one file, in which each locks
the byte at the offset of each of its account IDs: so runs on overlapping lists of accounts exclude each other, also
for ten thousand accounts. A run on all accounts locks the whole file.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import struct
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from breakglass_aws.engine import times
from breakglass_aws.engine.collection import module_util
from breakglass_aws.engine.errors import Blocked

# File descriptors of the locks of this process. Processes that it starts to act inherit them: if the kernel is killed,
# the lock is held until its tasks have ended.
HELD: set[int] = set()
ACCOUNTS = ("account_id", "account_ids")
# Linux's locks of an open file description, which child processes inherit. Elsewhere a run locks the whole file.
_SET_LOCK = getattr(fcntl, "F_OFD_SETLK", None)


class Lock:
    """A lock that is held until it is released or this process ends."""

    def __init__(self, path: Path, what: str, folder: str = "", accounts: Sequence[str] = ()) -> None:
        """Lock the accounts in a lock file; without accounts, all of it.

        `what` is what cannot be done twice, `folder` the evidence of its holder. Raises Blocked, with the holder and
        since when it holds the lock, when another process has it.
        """
        self._file: IO[str] = open(  # noqa: SIM115 - held for as long as this object is
            path, "a+", encoding="utf-8", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW, 0o600)
        )
        for account in accounts or (None,):
            if not self._take(account):
                holder = self._holder(account)
                self._file.close()
                place = f" in account {account}" if account else ""
                raise Blocked(
                    f"{what}{place} is already running{holder}.\n"
                    "Wait until that run ends, or stop it, then try again. Nothing was done here. If it ran in a "
                    "JupyterLab tab that is closed, its kernel still runs: shut it down under Running Terminals and "
                    "Kernels."
                )
        with self._alone():
            others = [holder for holder in self._holders() if _is_running(holder)]
            self._file.truncate(0)
            self._file.writelines(json.dumps(each) + "\n" for each in [*others, _own(folder, accounts)])
            self._file.flush()
        HELD.add(self._file.fileno())

    def release(self) -> None:
        """Release the lock. Its file stays, for the next holder."""
        HELD.discard(self._file.fileno())
        # Explicitly, because a process that was started may still have the file.
        if _SET_LOCK:
            fcntl.fcntl(self._file, _SET_LOCK, _range(fcntl.F_UNLCK, None))
        else:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._file.close()

    def _take(self, account: str | None) -> bool:
        """Lock an account, or everything; return whether that was possible."""
        try:
            if _SET_LOCK:
                fcntl.fcntl(self._file, _SET_LOCK, _range(fcntl.F_WRLCK, account))
            else:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # EAGAIN or EACCES, by POSIX
            return False
        return True

    def _holders(self) -> list[dict[str, Any]]:
        """Return the holders in the file: of the present locks, and of earlier ones."""
        self._file.seek(0)
        found = []
        for line in self._file:
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
        return [holder for holder in found if isinstance(holder, dict) and _OWN.keys() <= holder.keys()]

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other holders from changing the list; `flock` and record locks do not see each other."""
        if not _SET_LOCK:
            yield  # the whole file is locked
            return
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _holder(self, account: str | None) -> str:
        """Return who has the lock of an account, in words."""
        held = [
            holder
            for holder in self._holders()
            if not (account and holder["accounts"]) or account in holder["accounts"]
        ]
        # A killed holder's tasks may still run, and have its lock.
        for holder in sorted(held, key=_is_running, reverse=True):
            return f" in process {holder['pid']}, since {holder['since']} (evidence in {holder['folder']})"
        return " in another run"  # which has just started


_OWN = {"pid": 0, "process": "", "since": "", "folder": "", "accounts": []}


def _own(folder: str, accounts: Sequence[str]) -> dict[str, Any]:
    process = module_util("_started_by").identify(os.getpid())
    return {**_OWN, "pid": os.getpid(), "process": process, "since": times.text(), "folder": folder} | {
        "accounts": [*accounts]
    }


def _is_running(holder: Mapping[str, Any]) -> bool:
    return bool(module_util("_started_by").is_running(str(holder["process"])))


def on_target(runbook: str, target: Mapping[str, Any], folder: str = "") -> Lock:
    """Lock the `target` that a runbook acts on: the parameters that name accounts and resources, with their values.

    Raises Blocked when another run of the runbook acts on one of the accounts, and on the same resource there.
    """
    accounts = [account for name in ACCOUNTS if name in target for account in _listed(target[name])]
    others = {name: value for name, value in target.items() if name not in ACCOUNTS}
    endpoint = os.environ.get("AWS_ENDPOINT_URL")  # a simulated organization has the same accounts as another one
    name = hashlib.sha256(json.dumps([endpoint, runbook, others], sort_keys=True).encode()).hexdigest()
    words = ", ".join(
        f"{key} {value if isinstance(value, str) else json.dumps(value)}" for key, value in others.items()
    )
    what = f"{runbook} for {words}" if words else runbook
    return Lock(_folder() / name, what, folder, sorted({account for account in accounts if account}))


def on_run(folder: Path) -> Lock:
    """Lock a run itself, so that it is not resumed twice at the same time."""
    name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()
    return Lock(_folder() / name, f"The run in {folder}", str(folder))


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [*value]


def _range(kind: int, account: str | None) -> bytes:
    """Return a struct flock for an account's byte, or for the whole file (length 0). Source: fcntl_locking(2)."""
    start, length = (int(account), 1) if account else (0, 0)
    return struct.pack("hhqqi0q", kind, os.SEEK_SET, start, length, 0)


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
