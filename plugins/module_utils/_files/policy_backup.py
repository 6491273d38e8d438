# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backups of resource policies: on disk and read back before anything is changed. No network, no Ansible.

AWS keeps no history of a deleted policy (DeleteBucketPolicy answers 204 and nothing else), so this file is the only
copy. It has the exact text that AWS returned.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import stat
import typing as t
from dataclasses import asdict, dataclass, fields

from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._files import atomic
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time, now

FORMAT = "breakglass.aws/policy-backup/1"
_TAKE_ANOTHER = "Nothing was changed. Name another backup, or put the right policy back with mode=replace."


class BackupError(BreakglassError):
    """A backup that cannot be written or used."""


@dataclass(frozen=True)
class Backup:
    """What a backup file holds: whose policy it was, where, when, and its exact text with the text's SHA-256."""

    account_id: str
    region: str
    resource: str
    time: str
    sha256: str
    policy: str


def take(account_id: str, region: str, resource: str, policy: str) -> Backup:
    """A backup of the policy text as it is now."""
    return Backup(account_id, region, resource, format_time(now()), _digest(policy), policy)


def check_directory(directory: str) -> None:
    """Make the backup directory (mode 0700) if it is not there, and prove that a file can be written in it."""
    try:
        os.makedirs(directory, mode=atomic.DIRECTORY_MODE, exist_ok=True)
        probe = os.path.join(directory, f".probe-{secrets.token_hex(8)}")
        os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, atomic.MODE))
        os.unlink(probe)
    except OSError as error:
        raise _directory_error(directory, error) from error


def would_be_writable(directory: str) -> None:
    """What :func:`check_directory` would find, without making or writing anything."""
    nearest = os.path.abspath(directory)
    while not os.path.lexists(nearest):
        nearest = os.path.dirname(nearest)
    if not os.path.isdir(nearest):
        raise _directory_error(directory, NotADirectoryError(f"{nearest} is not a directory"))
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise _directory_error(directory, PermissionError(f"{nearest} is not writable"))


def write(backup: Backup, directory: str) -> str:
    """Write the backup into the directory, read it back and compare; the path of the new file.

    The name is unique and nothing is ever overwritten. The file appears under its name only when all of it is on disk.
    """
    path = os.path.join(directory, _file_name(backup))
    text = json.dumps({"format": FORMAT, **asdict(backup)}, ensure_ascii=True, indent=2) + "\n"
    try:
        os.makedirs(directory, mode=atomic.DIRECTORY_MODE, exist_ok=True)
        atomic.create(path, text.encode("ascii"))
    except OSError as error:
        raise _directory_error(directory, error) from error
    if read(path) != backup:
        raise BackupError(
            f"The backup {path} does not read back as it was written.",
            "Nothing was changed. Check the disk, or name another backup_dir.",
        )
    return path


def read(path: str) -> Backup:
    """Read a backup file and verify that it holds the policy that was saved.

    A file that other users may write is refused: the SHA-256 in it proves nothing against them.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe without a writer must not wait for one
        try:
            _require_own(path, os.fstat(descriptor))
            with os.fdopen(descriptor, encoding="utf-8", closefd=False) as file:
                content = json.load(file, object_pairs_hook=_without_repetition)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise BackupError(f"The backup {path} cannot be read: {error.strerror}.", _TAKE_ANOTHER) from error
    except (ValueError, RecursionError) as error:
        raise BackupError(f"{path} is no backup: it is not JSON ({error}).", _TAKE_ANOTHER) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BackupError(f"{path} is no backup of this format ({FORMAT}).", _TAKE_ANOTHER)
    names = [field.name for field in fields(Backup)]
    if set(content) != {"format", *names} or not all(isinstance(content[name], str) for name in names):
        expected = ", ".join(names)
        raise BackupError(f"The backup {path} is damaged: it must hold exactly {expected}, each a text.", _TAKE_ANOTHER)
    backup = Backup(**{name: content[name] for name in names})
    if _digest(backup.policy) != backup.sha256:
        raise BackupError(
            f"The backup {path} was altered: its policy does not have the SHA-256 that was written with it.",
            _TAKE_ANOTHER,
        )
    return backup


def read_for(path: str, account_id: str, resource: str) -> Backup:
    """Read a backup, and refuse one of another account or resource."""
    backup = read(path)
    if (backup.account_id, backup.resource) != (account_id, resource):
        raise BackupError(
            f"The backup {path} is of {backup.resource} in account {backup.account_id}, not of {resource} in account "
            f"{account_id}.",
            _TAKE_ANOTHER,
        )
    return backup


def _require_own(path: str, status: os.stat_result) -> None:
    """Raises BackupError unless it is a plain file of this user or root that only its owner can write."""
    mode = stat.S_IMODE(status.st_mode)
    if not stat.S_ISREG(status.st_mode):
        raise BackupError(f"The backup {path} is not a plain file.", _TAKE_ANOTHER)
    if status.st_uid not in (os.geteuid(), 0):
        raise BackupError(
            f"The backup {path} belongs to another user, who can change it.",
            "Nothing was changed. Check its content, copy it to a file of your own, and name that file in backup.",
        )
    if mode & 0o022:
        raise BackupError(
            f"The backup {path} can be changed by other users (mode {mode:04o}).",
            f"Nothing was changed. Check its content, then run: chmod 600 {path}",
        )


def _without_repetition(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    """Python keeps the last of two equal names silently; in a backup that would be guessing."""
    content = dict(pairs)
    if len(content) != len(pairs):
        names = [name for name, unused in pairs]
        raise ValueError(f"it has {next(name for name in names if names.count(name) > 1)} twice")
    return content


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _file_name(backup: Backup) -> str:
    """Sorts by resource and time; the last part tells two backups of one second apart."""
    name = re.sub(r"[^\w.-]", "_", backup.resource.rsplit(":", 1)[1])
    time = backup.time.replace("-", "").replace(":", "")
    return f"{name}-{time}-{backup.sha256[:12]}-{secrets.token_hex(3)}.json"


def _directory_error(directory: str, error: OSError) -> BackupError:
    return BackupError(
        f"No backup can be written to {directory}: {error.strerror or error}.",
        "Nothing was changed; name a directory with free space that you may write to in backup_dir.",
    )
