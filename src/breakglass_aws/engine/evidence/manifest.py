# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seal the folder of a run with the SHA-256 of all that is in it, and report later what is different.

A manifest proves only that the files match it. A person who can write the folder can write another manifest too. So
an anchor outside of the folder decides: the SHA-256 of the manifest that the run printed, kept in a ticket, or a
signature.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from breakglass_aws.engine import files, times
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import reading, ssh_signatures
from breakglass_aws.engine.evidence.journal import Journal, digest

FILE = "manifest.json"
SIGNATURE = f"{FILE}.sig"


def seal(folder: Path, others: Iterable[Path] = ()) -> str:
    """Write the manifest of a folder and of files elsewhere; return its SHA-256, to be kept in another place.

    Raises RunbookError when the folder has something else than files and folders: it could not be verified.
    """
    paths = {name: folder / name for name in _names(folder)}
    paths |= {os.path.relpath(path, folder): path for path in others if path.exists()}
    content = {
        "written": times.text(),
        "files": {name: _sha256(path) for name, path in paths.items()},
        "modes": {name: _mode(path) for name, path in paths.items()},
        "folders": _folders(folder),
    }
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    files.write(folder / FILE, text)
    (folder / SIGNATURE).unlink(missing_ok=True)  # of the manifest before
    return digest(text.encode())


def seal_again(folder: Path) -> str:
    """Seal a folder to which a file was added; the files elsewhere are those of the manifest before."""
    _, before = _read(folder)
    return seal(folder, [folder / name for name in before["files"] if name.startswith(os.pardir)])


def sha256(folder: Path) -> str:
    """Return the SHA-256 of a folder's manifest."""
    return digest(reading.regular_file(folder / FILE))


def sign(folder: Path, key: Path) -> Path:
    """Sign the manifest, and so everything that it seals; return the file of the signature."""
    if found := problems(folder):
        raise RunbookError("\n".join([*found, "Not signed: the evidence was altered."]))
    text = reading.regular_file(folder / FILE).decode()
    files.write(folder / SIGNATURE, ssh_signatures.sign(text, key))
    return folder / SIGNATURE


def signature_problems(folder: Path, name: str, allowed_signers: Path) -> list[str]:
    """Return why the manifest is not one that `name` signed."""
    try:
        manifest, signature = (reading.regular_file(folder / file).decode() for file in (FILE, SIGNATURE))
    except FileNotFoundError as error:
        return [f"{Path(error.filename).name} is missing: this evidence, as it is now, is not signed."]
    except (reading.Damaged, UnicodeDecodeError) as error:
        return [f"{SIGNATURE}: {error}"]
    reason = ssh_signatures.refusal(manifest, signature, name, allowed_signers)
    return [f"{SIGNATURE}: {name} did not sign this evidence. {reason}"] if reason else []


def signing_key(folder: Path) -> str:
    """Return the fingerprint of the key that signed the manifest, listed or not; "" when it is not signed.

    Raises Damaged when there is a signature that is not one of this manifest.
    """
    if not reading.kind_of(folder / SIGNATURE):
        return ""
    try:
        manifest, signature = (reading.regular_file(folder / file).decode() for file in (FILE, SIGNATURE))
        key = ssh_signatures.signing_key(manifest, signature)
    except (OSError, UnicodeDecodeError):
        key = ""
    if not key:
        raise reading.Damaged(f"{SIGNATURE}: is not a valid signature of this manifest.")
    return key


def problems(folder: Path, expected: str = "") -> list[str]:
    """Return, one per line, what is not as it was sealed; `expected` is the SHA-256 of the manifest if it was kept.

    Raises RunbookError when `folder` is not a folder.
    """
    if not folder.is_dir():
        kind = "is not a folder" if reading.kind_of(folder) else "does not exist"
        raise RunbookError(f"{folder} {kind}. Expected the evidence folder of a run.")
    return [*_manifest_problems(folder, expected), *Journal(folder).problems()]


def _manifest_problems(folder: Path, expected: str) -> Iterator[str]:
    try:
        text, sealed = _read(folder)
    except FileNotFoundError:
        yield f"{FILE} is missing: it was removed, or the run has not ended, or was killed."
        return
    except reading.Damaged as error:
        yield str(error)
        return
    if expected and digest(text) != expected.strip().lower():
        yield (
            f"{FILE}: changed; its SHA-256 is {digest(text)}. If `trail` ran since, compare with the SHA-256 that it "
            "printed."
        )
    for name, sum_of_file in sealed["files"].items():
        if problem := _file_problem(folder / name, sum_of_file, sealed["modes"].get(name)):
            yield f"{name}: {problem}"
    for name in _all_names(folder):
        if name not in sealed["files"]:
            yield f"{name}: added."
    if sealed["folders"] is not None:
        found = set(_folders(folder))
        yield from (f"{name}{os.sep}: added." for name in sorted(found - set(sealed["folders"])))
        yield from (f"{name}{os.sep}: removed." for name in sorted(set(sealed["folders"]) - found))


def _file_problem(path: Path, sum_of_file: str, mode: str | None) -> str:
    kind = reading.kind_of(path)
    if not kind:
        return "removed."
    if kind != "a file":
        return f"replaced by {kind}."
    try:
        if _sha256(path) != sum_of_file:
            return "changed."
    except (OSError, RunbookError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}."
    if mode is not None and _mode(path) != mode:
        return f"its mode is {_mode(path)}, and was {mode} when it was sealed."
    return ""


def _read(folder: Path) -> tuple[bytes, dict[str, Any]]:
    """Return the manifest as text and as content: files, modes and folders; None where version 0.1 noted none.

    Raises FileNotFoundError or Damaged.
    """
    text = reading.regular_file(folder / FILE)
    content = reading.json_of(text, FILE)
    if not isinstance(content, dict) or not _is_mapping_of_text(content.get("files")):
        raise reading.Damaged(f"{FILE}: is not a manifest.")
    modes, folders = content.get("modes", {}), content.get("folders")
    if not _is_mapping_of_text(modes) or not (folders is None or _is_list_of_text(folders)):
        raise reading.Damaged(f"{FILE}: is not a manifest.")
    names = [*content["files"], *(folders or [])]
    if any("\0" in name or os.path.isabs(name) for name in names):
        raise reading.Damaged(f"{FILE}: is not a manifest.")
    return text, {"files": content["files"], "modes": modes, "folders": folders}


def _is_mapping_of_text(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def _is_list_of_text(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _names(folder: Path) -> list[str]:
    """Return the files in a folder but the manifest and its signature; raise RunbookError for anything else."""
    names = _all_names(folder)
    for name in names:
        if (kind := reading.kind_of(folder / name)) not in ("a file", ""):
            raise RunbookError(f"The folder {folder} cannot be sealed: {name} is {kind}. Remove it, then resume.")
    return names


def _all_names(folder: Path) -> list[str]:
    """Return whatever is in a folder and is no folder, but the manifest and its signature."""
    paths = (path for path in sorted(folder.rglob("*")) if reading.kind_of(path) not in ("a folder", ""))
    return [name for path in paths if (name := str(path.relative_to(folder))) not in (FILE, SIGNATURE)]


def _folders(folder: Path) -> list[str]:
    paths = (path for path in sorted(folder.rglob("*")) if reading.kind_of(path) == "a folder")
    return [str(path.relative_to(folder)) for path in paths]


def _sha256(path: Path) -> str:
    """Return the SHA-256 of a regular file, which may be too large to be read as a whole."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise RunbookError(f"{path} is not a file.")
        return hashlib.file_digest(file, "sha256").hexdigest()


def _mode(path: Path) -> str:
    return f"{stat.S_IMODE(path.lstat().st_mode):04o}"
