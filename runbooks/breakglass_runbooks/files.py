"""Read and write the files of a run: written files are complete at any moment, and readable for their owner only."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from breakglass_runbooks.errors import RunbookError

LARGEST = 256 * 1024 * 1024  # bytes; no file of a run comes near


def write(path: Path, text: str) -> None:
    """Replace the content of `path` by `text`; raise RunbookError when that is not possible."""
    unfinished = path.with_name(f".{path.name}")
    try:
        with open(
            unfinished, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW, 0o600)
        ) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise RunbookError(
            f"{path} cannot be written: {error.strerror}. Make room, or have it made writable."
        ) from None


def require_folder(folder: Path) -> None:
    """Raise RunbookError unless `folder` is a folder that can be read."""
    try:
        if not stat.S_ISDIR(folder.stat().st_mode):
            raise RunbookError(f"{folder} is not a folder. Expected the evidence folder of a run.")
        os.listdir(folder)
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise RunbookError(f"{folder} cannot be read: {reason}. Expected the evidence folder of a run.") from None


def read(path: Path, missing_ok: bool = False) -> bytes | None:
    """Return the content of a regular file; None when it is missing and that is allowed.

    Raises RunbookError for anything else: a link, a folder, a FIFO, a device, a file that is too large or unreadable.
    """
    try:
        # O_NONBLOCK: opening a FIFO must not wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise RunbookError(f"{path} is not a regular file.")
            if status.st_size > LARGEST:
                raise RunbookError(f"{path} is too large: {status.st_size} bytes.")
            return file.read()
    except FileNotFoundError:
        if missing_ok:
            return None
        raise RunbookError(f"{path} is missing.") from None
    except (OSError, ValueError) as error:
        if os.path.islink(path):
            raise RunbookError(f"{path} is a link, not a regular file.") from None
        raise RunbookError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None


def read_json(path: Path, missing_ok: bool = False) -> Any:
    """Return what a file contains as JSON; None when it is missing and that is allowed. Raises RunbookError."""
    content = read(path, missing_ok)
    if content is None:
        return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise RunbookError(f"{path} is not valid JSON: {reason}.") from None
