"""Find a Python interpreter by its version, wherever this machine keeps it. Nothing is downloaded.

Looked at, in this order: the running interpreter, ``PATH``, the versions that pyenv installed, and what uv finds. Each
candidate is asked for its version: pyenv has shims on ``PATH`` for versions that are not active, and they fail.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


def find(version: str) -> str | None:
    """The path of an interpreter of this version, such as 3.12; None where there is none."""
    return next((path for path in _candidates(version) if _version_of(path) == version), None)


def _candidates(version: str) -> Iterator[str]:
    yield str(Path(sys.base_prefix) / "bin" / f"python{version}")  # of this environment, not the environment itself
    for folder in os.get_exec_path():
        if found := shutil.which(f"python{version}", path=folder):
            yield found
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for path in sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True):
        yield str(path)
    yield from _found_by_uv(version)


def _found_by_uv(version: str) -> Iterator[str]:
    if uv := shutil.which("uv"):
        command = [uv, "python", "find", "--system", "--no-project", "--no-python-downloads", version]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        if not found.returncode:
            yield found.stdout.strip()


def _version_of(path: str) -> str | None:
    """Major and minor version; None where the interpreter does not start, or is a virtual environment's."""
    code = "import sys; print('%d.%d' % sys.version_info[:2] if sys.prefix == sys.base_prefix else '')"
    try:
        asked = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return asked.stdout.strip() or None
