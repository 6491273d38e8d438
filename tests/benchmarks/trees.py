"""The two codes that are compared: this checkout, and the commit from which the targets' ratios were set."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
BEFORE = "2779284"


@dataclass(frozen=True)
class Tree:
    """A code that can be run: its name in tables, its folder, and the Python package of its runbooks."""

    name: str
    folder: Path
    engine: str
    python_path: tuple[Path, ...]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make Python and Ansible use this code, in the environment that runs the benchmark."""
        path = os.pathsep.join(map(str, self.python_path))
        return {"PYTHONPATH": path, "ANSIBLE_COLLECTIONS_PATH": str(self.python_path[0])}


def present(work: Path) -> Tree:
    """This checkout as it is, uncommitted changes included."""
    return Tree("present", CHECKOUT, "breakglass_aws.engine", (_collections(work / "present", CHECKOUT),))


def before(work: Path) -> Tree | None:
    """The commit BEFORE, unpacked from this repository's history; None where the history does not reach it."""
    command = ["git", "-C", str(CHECKOUT), "archive", BEFORE]
    archive = subprocess.run(command, capture_output=True, check=False)
    if archive.returncode:
        return None
    folder = work / "before-code"
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    collections = _collections(work / "before", folder)
    # The commit has its runbooks' package in runbooks/ and the other two at the top; none is installed.
    return Tree(BEFORE, folder, "breakglass_runbooks", (collections, folder / "runbooks", folder))


def _collections(folder: Path, code: Path) -> Path:
    (folder / "ansible_collections/breakglass").mkdir(parents=True)
    (folder / "ansible_collections/breakglass/aws").symlink_to(code)
    return folder


def description() -> str:
    """This checkout's commit, with a plus sign when files differ from it."""
    git = ["git", "-C", str(CHECKOUT)]
    commit = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout
    changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=False).stdout
    return (commit.strip() or "unknown") + ("+" if changed.strip() else "")
