"""Seal the folder of a run with the SHA-256 of all that is in it, and tell later whether anything is different."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from breakglass_runbooks import files, times
from breakglass_runbooks.errors import RunbookError
from breakglass_runbooks.evidence import ssh_signatures
from breakglass_runbooks.evidence.journal import Journal, digest

FILE = "manifest.json"
SIGNATURE = f"{FILE}.sig"


def seal(folder: Path, others: Iterable[Path] = ()) -> str:
    """Write the manifest of a folder and of files elsewhere; return its SHA-256, for keeping in another place."""
    sealed = {name: digest((folder / name).read_bytes()) for name in _names(folder)}
    sealed |= {os.path.relpath(path, folder): digest(path.read_bytes()) for path in others if path.exists()}
    content = {"written": times.text(), "files": sealed}
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    files.write(folder / FILE, text)
    (folder / SIGNATURE).unlink(missing_ok=True)  # of the one before
    return digest(text.encode())


def seal_again(folder: Path) -> str:
    """The same, where something was added to what is sealed; files elsewhere are those of before."""
    before = json.loads((folder / FILE).read_bytes())["files"]
    return seal(folder, [folder / name for name in before if name.startswith(os.pardir)])


def sha256(folder: Path) -> str:
    """What a folder's manifest is known by, wherever somebody notes it."""
    return digest((folder / FILE).read_bytes())


def sign(folder: Path, key: Path) -> Path:
    """Sign the manifest, and so everything that is sealed; return the signature's file."""
    if found := problems(folder):
        raise RunbookError("\n".join([*found, "Nothing is signed that has been altered."]))
    files.write(folder / SIGNATURE, ssh_signatures.sign((folder / FILE).read_text(encoding="utf-8"), key))
    return folder / SIGNATURE


def signature_problems(folder: Path, name: str, allowed_signers: Path) -> list[str]:
    """Say why the manifest is not one that `name` signed."""
    try:
        manifest, signature = ((folder / file).read_text(encoding="utf-8") for file in (FILE, SIGNATURE))
    except FileNotFoundError as error:
        return [f"{Path(error.filename).name} is missing: nobody signed this evidence, or not as it is now."]
    why = ssh_signatures.refusal(manifest, signature, name, allowed_signers)
    return [f"{SIGNATURE}: {name} did not sign this evidence. {why}"] if why else []


def problems(folder: Path, expected: str = "") -> list[str]:
    """Say, a line each, what is not as it was sealed; `expected` is the manifest's SHA-256, where somebody kept it."""
    return [*_manifest_problems(folder, expected), *Journal(folder).problems()]


def _manifest_problems(folder: Path, expected: str) -> Iterator[str]:
    try:
        text = (folder / FILE).read_bytes()
        sealed = json.loads(text)["files"]
    except FileNotFoundError:
        if not folder.is_dir():
            raise RunbookError(f"There is no folder {folder}.") from None
        yield f"{FILE} is missing: it was removed, or the run is not over, or was killed."
        return
    except (ValueError, KeyError, TypeError):
        yield f"{FILE}: is no manifest."
        return
    if expected and digest(text) != expected.lower():
        yield f"{FILE}: changed; its SHA-256 is {digest(text)}. If `trail` ran since, it must be the one it printed."
    for name, sha256 in sealed.items():
        path = folder / name
        if not path.is_file():
            yield f"{name}: removed."
        elif digest(path.read_bytes()) != sha256:
            yield f"{name}: changed."
    for name in _names(folder):
        if name not in sealed:
            yield f"{name}: added."


def _names(folder: Path) -> list[str]:
    """All files in a folder but the manifest and its signature."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() or path.is_symlink())
    return [name for path in paths if (name := str(path.relative_to(folder))) not in (FILE, SIGNATURE)]
