"""Build what is released: the wheel, the sdist and the collection's archive."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path


def hatch(checkout: Path, target: str, output: Path) -> Path:
    """Build the wheel or the sdist of a checkout into the empty folder `output`."""
    return _built(
        [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(output)], checkout
    )


def collection(checkout: Path, output: Path) -> Path:
    """Build the collection's archive into the empty folder `output`."""
    galaxy = Path(sys.executable).with_name("ansible-galaxy")
    return _built([str(galaxy), "collection", "build", str(checkout), "--output-path", str(output)], checkout)


def unpack(archive: tarfile.TarFile, folder: Path) -> None:
    """Unpack an archive of ours, as `filter="data"` does where Python has that: 3.11 from its fourth release on."""
    archive.extraction_filter = getattr(tarfile, "data_filter", None)
    archive.extractall(folder)


def _built(command: list[str], checkout: Path) -> Path:
    output = Path(command[-1])
    environment = {**os.environ, "ANSIBLE_HOME": str(output.with_name(f"{output.name}-ansible"))}
    built = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    [archive] = output.iterdir()
    return archive
