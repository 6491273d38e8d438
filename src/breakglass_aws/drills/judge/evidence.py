# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence of a run, read as its documented format says (docs/guide/evidence.md), and checked against itself."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_FIRST = "0" * 64  # in the first line of a journal, in place of the SHA-256 of the line before
_SEALING = ("manifest.json", "manifest.json.sig")
BACKUP = "breakglass.aws/policy-backup/1"


@dataclass
class Evidence:
    """What a run left. `problems` has a line for each way in which it is not whole.

    Attributes:
        content: evidence.json.
        entries: The lines of the journal.
        reported: The calls in the journal, in their order.
        noted: The calls in calls.jsonl, the last line of each.
        backups: The saved policies: account_id, region, resource, policy, and `path`.
    """

    folder: Path
    content: dict[str, Any] = field(default_factory=dict)
    entries: list[dict[str, Any]] = field(default_factory=list)
    reported: list[dict[str, Any]] = field(default_factory=list)
    noted: list[dict[str, Any]] = field(default_factory=list)
    backups: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def sessions(self) -> dict[str, dict[str, Any]]:
        """The root sessions that the evidence lists, by access key ID."""
        listed = self.content.get("sessions") or []
        return {str(one.get("access_key_id")): one for one in listed if isinstance(one, dict)}

    @property
    def exists(self) -> bool:
        """Whether the run left evidence at all."""
        return bool(self.content or self.entries)


def read(folder: Path) -> Evidence:
    """Read the evidence in a folder; what is damaged or missing is in `problems`."""
    evidence = Evidence(folder)
    if not folder.is_dir():
        evidence.problems.append("There is no evidence folder.")
        return evidence
    evidence.content = _object(folder / "evidence.json", evidence.problems)
    lines = _lines(folder / "journal.jsonl", evidence.problems)
    evidence.problems += _broken_chain(lines)
    evidence.entries = [one for line in lines if isinstance(one := _parsed(line), dict)]
    evidence.reported = [call for entry in evidence.entries for call in entry.get("calls") or []]
    if (folder / "calls.jsonl").exists():
        evidence.noted = _last_of_each(_lines(folder / "calls.jsonl", evidence.problems))
    evidence.backups = list(_backups(folder))
    evidence.problems += [*_unsealed(folder), *_readable_by_others(folder)]
    return evidence


def read_all(folders: Sequence[Path]) -> Evidence:
    """Read the evidence of several runs as one: a person may plan first and then act, or begin again.

    What the last run says of its outcome counts. Each run must have its own calls and sessions.
    """
    several = [read(folder) for folder in folders]
    if len(several) == 1:
        return several[0]
    last = several[-1]
    changed = any(one.content.get("changed") for one in several)
    listed = [session for one in several for session in one.content.get("sessions") or []]
    return Evidence(
        last.folder,
        {**last.content, "changed": changed, "sessions": listed} if last.content else {},
        [entry for one in several for entry in one.entries],
        [call for one in several for call in one.reported],
        [call for one in several for call in one.noted or one.reported] if any(one.noted for one in several) else [],
        [backup for one in several for backup in one.backups],
        [f"{one.folder.name}: {problem}" for one in several for problem in one.problems],
    )


def _object(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problems.append(f"{path.name} is missing.")
    except (OSError, ValueError, RecursionError) as error:
        problems.append(f"{path.name} cannot be read: {error}")
    else:
        if isinstance(content, dict):
            return content
        problems.append(f"{path.name} is not an object.")
    return {}


def _lines(path: Path, problems: list[str]) -> list[bytes]:
    """The whole lines of a file; a part of a line at its end was never written."""
    try:
        return path.read_bytes().split(b"\n")[:-1]
    except OSError as error:
        problems.append(f"{path.name} cannot be read: {error.strerror}")
        return []


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _broken_chain(lines: list[bytes]) -> Iterator[str]:
    previous = _FIRST
    for number, line in enumerate(lines, 1):
        entry = _parsed(line)
        if not isinstance(entry, dict) or entry.get("previous") != previous:
            yield f"journal.jsonl, line {number}: does not follow the line before."
        previous = hashlib.sha256(line).hexdigest()


def _last_of_each(lines: list[bytes]) -> list[dict[str, Any]]:
    calls: dict[str, dict[str, Any]] = {}
    for line in lines:
        call = _parsed(line)
        if isinstance(call, dict) and isinstance(call.get("id"), str):
            calls[call["id"]] = call
    return list(calls.values())


def _backups(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.rglob("*.json")):
        content = _object(path, [])
        if content.get("format") == BACKUP:
            yield {**content, "path": path}


def _unsealed(folder: Path) -> Iterator[str]:
    """What the manifest does not have, or has otherwise. The files elsewhere that it names are looked at, too."""
    problems: list[str] = []
    manifest = _object(folder / "manifest.json", problems)
    yield from problems
    sealed = manifest.get("files")
    if not isinstance(sealed, dict):
        return
    for name, digest in sealed.items():
        try:
            found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        except OSError as error:
            yield f"{name}: cannot be read: {error.strerror}"
            continue
        if found != digest:
            yield f"{name}: is not as it was sealed."
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file() and name not in sealed and name not in _SEALING:
            yield f"{name}: is not sealed."


def _readable_by_others(folder: Path) -> Iterator[str]:
    for path in [folder, *sorted(folder.rglob("*"))]:
        if stat.S_IMODE(path.lstat().st_mode) & 0o077:
            yield f"{path.relative_to(folder.parent)}: others than its owner may read it."
