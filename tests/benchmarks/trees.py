"""The two codes that are compared: this checkout, and the commit from which the targets' ratios were set."""

from __future__ import annotations

import importlib.util
import io
import os
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
BEFORE = "2779284"
_WRITTEN = (":!tests/benchmarks/history.jsonl", ":!docs/reference/performance.md")


@dataclass(frozen=True)
class Tree:
    """A code that can be run: its name in tables, its folder, the Python package of its runbooks.

    ``collections``: folders with ``ansible_collections`` in them. ``packages``: folders of other Python packages.
    """

    name: str
    folder: Path
    engine: str
    collections: tuple[Path, ...]
    packages: tuple[Path, ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make Python and Ansible use this code, in the environment that runs the benchmark."""
        collections = os.pathsep.join(map(str, self.collections))
        path = os.pathsep.join(map(str, (*self.collections, *self.packages)))
        return {"PYTHONPATH": path, "ANSIBLE_COLLECTIONS_PATH": collections}


class Missing(Exception):
    """A code cannot be measured; the text says why, and what to do."""


def amazon_aws() -> Path | None:
    """The folder in whose ``ansible_collections`` the collection amazon.aws is; None where it is not installed."""
    try:
        spec = importlib.util.find_spec("ansible_collections.amazon.aws")
    except ModuleNotFoundError:
        return None
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]).parents[2] if places else None


def present(work: Path) -> Tree:
    """This checkout as it is, uncommitted changes included."""
    others = [folder for folder in (amazon_aws(),) if folder]
    collections = (_collections(work / "present", CHECKOUT), *others)
    return Tree("present", CHECKOUT, "breakglass_aws.engine", collections, (CHECKOUT / "src",))


def before(work: Path) -> Tree:
    """The commit BEFORE, unpacked from this repository's history. Raises Missing."""
    others = amazon_aws()
    if others is None:
        raise Missing(
            f"commit {BEFORE} needs the collection amazon.aws, which is not installed: install the Python package "
            "ansible, or name a folder that has ansible_collections/amazon/aws with --collections"
        )
    command = ["git", "-C", str(CHECKOUT), "archive", BEFORE]
    archive = subprocess.run(command, capture_output=True, check=False)
    if archive.returncode:
        raise Missing(f"this repository's history does not reach commit {BEFORE}: git fetch --unshallow")
    folder = work / "before-code"
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        # As filter="data", which Python 3.11 has from its fourth release on.
        files.extraction_filter = getattr(tarfile, "data_filter", None)
        files.extractall(folder)
    # The commit has its runbooks' package in runbooks/ and the other two at the top; none is installed.
    collections = (_collections(work / "before", folder), others)
    return Tree(BEFORE, folder, "breakglass_runbooks", collections, (folder / "runbooks", folder))


def _collections(folder: Path, code: Path) -> Path:
    (folder / "ansible_collections/breakglass").mkdir(parents=True)
    (folder / "ansible_collections/breakglass/aws").symlink_to(code)
    return folder


def description() -> str:
    """This checkout's commit, with a plus sign when files differ from it: others than those that a run writes."""
    commit = _git("rev-parse", "--short", "HEAD")
    changed = _git("status", "--porcelain", "--", ".", *_WRITTEN)
    return (commit or "unknown") + ("+" if changed else "")


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(CHECKOUT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
