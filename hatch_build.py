# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the wheel and the sdist contain: the files that galaxy.yml lists, so that they are those of the collection.

In the wheel the Python packages are on top, and the collection is where ansible-core looks for collections of Python
packages: in ansible_collections/. It has a manifest, as one that ansible-galaxy installs.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from distlib.manifest import Manifest
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COLLECTION = "ansible_collections/breakglass/aws"
SOURCES = "src/"
TESTS = "extensions/"  # scenarios of molecule, which only the collection's own archive has
_FORMAT = 1  # of both files of a manifest


class CustomBuildHook(BuildHookInterface):
    """Adds the files to a build."""

    _generated = ""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files that galaxy.yml lists. An editable installation uses the checkout, and gets none."""
        if version == "editable":
            return
        root = Path(self.root)
        galaxy = yaml.safe_load((root / "galaxy.yml").read_text(encoding="utf-8"))
        files = listed(root, galaxy)
        included: dict[str, str] = build_data["force_include"]
        if self.target_name == "sdist":
            included |= {str(root / name): name for name in files}
            return
        included |= {str(root / name): name.removeprefix(SOURCES) for name in files if name.startswith(SOURCES)}
        content = [name for name in files if not name.startswith((SOURCES, TESTS))]
        included |= {str(root / name): f"{COLLECTION}/{name}" for name in content}
        self._generated = tempfile.mkdtemp()
        for path in write_manifest(Path(self._generated), root, content, galaxy):
            included[str(path)] = f"{COLLECTION}/{path.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the generated manifest."""
        if self._generated:
            shutil.rmtree(self._generated)


def listed(root: Path, galaxy: Mapping[str, Any]) -> list[str]:
    """Return the files that the directives of galaxy.yml choose, relative to `root` and sorted."""
    manifest = Manifest(str(root))
    for directive in galaxy["manifest"]["directives"]:
        manifest.process_directive(directive)
    return sorted(str(PurePosixPath(Path(name).relative_to(root))) for name in manifest.files)


def write_manifest(folder: Path, root: Path, files: list[str], galaxy: Mapping[str, Any]) -> Iterator[Path]:
    """Write FILES.json and MANIFEST.json into `folder`, and yield their paths.

    The format is that of the archives that ansible-galaxy builds, which `ansible-galaxy collection verify` reads.
    """
    folders = sorted({str(parent) for name in files for parent in PurePosixPath(name).parents})
    entries = [_entry(name) for name in folders] + [_entry(name, _sha256(root / name)) for name in files]
    content = folder / "FILES.json"
    content.write_text(json.dumps({"files": entries, "format": _FORMAT}, indent=1), encoding="utf-8")
    yield content
    keys = ("namespace", "name", "version", "authors", "readme", "tags", "description", "license_file", "dependencies")
    information = {key: galaxy[key] for key in (*keys, "repository", "documentation", "issues")}
    manifest = folder / "MANIFEST.json"
    whole = {
        "collection_info": {**information, "license": [], "homepage": None},
        "file_manifest_file": _entry(content.name, _sha256(content)),
        "format": _FORMAT,
    }
    manifest.write_text(json.dumps(whole, indent=1), encoding="utf-8")
    yield manifest


def _entry(name: str, sha256: str | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "ftype": "file" if sha256 else "dir",
        "chksum_type": "sha256" if sha256 else None,
        "chksum_sha256": sha256,
        "format": _FORMAT,
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
