# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of the history: it is private, it is ours, it is whole, or the command ends with the cure in one line."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from breakglass_aws.engine import times
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.history import schema

WAIT = 15.0  # seconds for another process to finish its change
_SQLITE = b"SQLite format 3\0"
_HEADER = 100  # bytes; the application ID is at 68 (https://www.sqlite.org/fileformat2.html, section 1.3)
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Empty(RunbookError):
    """The file has nothing in it yet."""


class Damaged(RunbookError):
    """The file is a history, and SQLite cannot read all of it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} is damaged: {reason}. Copy it back from a backup. Without one, "
            f"`breakglass ready --history {path}` keeps it aside and begins a new history."
        )


def check(path: Path) -> None:
    """Raise RunbookError when a run could not be added to this file, or to a new one there. It may be damaged."""
    path = _expanded(path)
    if _exists(path):
        with contextlib.suppress(Damaged, Empty), opened_to_read(path):
            pass
    elif not path.parent.is_dir():
        raise RunbookError(f"{path} cannot be written: there is no folder {path.parent}. Name another file.")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise RunbookError(f"{path} cannot be written. Have the file and its folder made writable.")


@contextmanager
def opened_to_read(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a history that is there. Raises RunbookError, with the cure, when it cannot be used."""
    path = _expanded(path)
    if not _exists(path):
        raise RunbookError(f"There is no history {path}. `breakglass ready --history {path}` begins one.")
    with _explained(path), _connected(path) as connection:
        _require_version(path, connection)
        yield connection


@contextmanager
def opened_to_change(path: Path, *, begin: bool = False) -> Iterator[sqlite3.Connection]:
    """Open a history in one transaction: all of the change is kept, or nothing. `begin` makes one that is missing.

    Raises RunbookError, with the cure, when it cannot be used; Damaged when SQLite finds it damaged.
    """
    path = _expanded(path)
    if begin and not _exists(path):
        _make(path)
    elif not _exists(path):
        raise RunbookError(f"There is no history {path}.")
    with _explained(path), _connected(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            if begin and not _has_tables(connection):
                schema.create(connection)
            _require_version(path, connection)
            _require_whole(path, connection)
            yield connection
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def shrink(path: Path) -> None:
    """Give the space of what was deleted back to the file system. What was deleted is overwritten by then."""
    path = _expanded(path)
    with _explained(path), _connected(path) as connection:
        connection.execute("VACUUM")


def keep_aside(path: Path) -> Path:
    """Rename a damaged history, so that a new one can begin. Returns its new name; nothing is overwritten."""
    path = _expanded(path)
    moment = times.text().replace(":", "")
    for number in range(100):
        aside = path.with_name(f"{path.name}.damaged-{moment}{f'-{number}' if number else ''}")
        if not aside.exists():
            break
    try:
        path.rename(aside)
        journal = path.with_name(f"{path.name}-journal")
        if journal.exists():  # it belongs to the damaged file, and would be applied to the new one
            journal.rename(aside.with_name(f"{aside.name}-journal"))
    except OSError as error:
        raise RunbookError(f"{path} is damaged, and cannot be renamed: {error.strerror}. Move it away.") from None
    return aside


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except RuntimeError as error:  # an unknown user after ~
        raise RunbookError(f"{path} cannot be used: {error}") from None


def _exists(path: Path) -> bool:
    """Whether there is a file that may be a history of this user. Raises RunbookError for one that cannot be."""
    try:
        found = path.stat()
    except FileNotFoundError:
        if path.is_symlink():
            raise RunbookError(f"{path} is a link to a file that is not there. Name a file.") from None
        return False
    except OSError as error:
        raise RunbookError(f"{path} cannot be read: {error.strerror}. Name another file.") from None
    if not stat.S_ISREG(found.st_mode):
        raise RunbookError(f"{path} is not a file. Name the file of a history.")
    if found.st_mode & _OTHERS:
        raise RunbookError(
            f"{path} has mode {stat.S_IMODE(found.st_mode):04o}: others can use it, and it shows where to attack. "
            f"Restrict it: chmod 600 {path}"
        )
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER)
    except OSError as error:
        raise RunbookError(f"{path} cannot be read: {error.strerror}. Have it made readable for you.") from None
    if header and not _is_ours(header):
        raise RunbookError(f"{path} is not a history of breakglass.aws. It was not changed. Name another file.")
    return True


def _is_ours(header: bytes) -> bool:
    return header.startswith(_SQLITE) and header[68:72] == schema.APPLICATION_ID.to_bytes(4, "big")


def _make(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY, 0o600))
    except FileExistsError:
        pass  # another process has just made it
    except OSError as error:
        raise RunbookError(f"{path} cannot be written: {error.strerror}. Name a file in a folder of yours.") from None


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    mode = "rw" if os.access(path, os.W_OK) else "ro"
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode={mode}", uri=True, timeout=WAIT, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
        connection.execute("PRAGMA temp_store = MEMORY")  # no copy of findings in another folder
        yield connection
    finally:
        connection.close()


def _has_tables(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone())


def _require_version(path: Path, connection: sqlite3.Connection) -> None:
    [version] = connection.execute("PRAGMA user_version").fetchone()
    if not _has_tables(connection):
        raise Empty(f"{path} is empty. `breakglass ready --history {path}` begins a history in it.")
    if version > schema.VERSION:
        raise RunbookError(
            f"{path} is of a newer version of breakglass.aws (schema {version}; this version reads {schema.VERSION}). "
            "It was not changed. Update breakglass.aws, or name another file."
        )
    if version != schema.VERSION:
        raise Damaged(path, f"its schema has the version {version}")


def _require_whole(path: Path, connection: sqlite3.Connection) -> None:
    """Raise Damaged when pages are. The quick check of SQLite 3.40 objects to some tables that are well; then the
    thorough one decides."""
    for check in ("quick_check", "integrity_check"):
        [answer] = connection.execute(f"PRAGMA {check}(1)").fetchone()
        if answer == "ok":
            return
    raise Damaged(path, answer)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Raise an error of SQLite as one with its cure."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the extension that says more
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise Damaged(path, str(error)) from None
        raise RunbookError(f"{path} {_CURES.get(code, _CURE).format(error=error)}") from None


_CURE = "cannot be used: {error}. Name another file, or have its folder made writable."
_CURES = {
    sqlite3.SQLITE_BUSY: "is in use by another process. Try again when that has finished.",
    sqlite3.SQLITE_LOCKED: "is in use by another process. Try again when that has finished.",
    sqlite3.SQLITE_FULL: "cannot be written: the disk is full. Nothing was added. Make room.",
    sqlite3.SQLITE_READONLY: "cannot be written. Have the file and its folder made writable.",
}
