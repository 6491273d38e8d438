"""Let ansible-test check the modules with the other supported releases of ansible-core.

Usage: python tests/gates/releases.py [RELEASE ...]

`make lint` runs all sanity tests with the release of the development environment, and `make matrix` with every release.
This takes only those tests that find what a new release refuses in a module. Each release has an environment of its own
in .cache/releases, made with an interpreter of this machine and pinned by requirements/core-RELEASE.txt. Where there is
no such interpreter, the release is skipped, in words. The exit status is 1 when a test fails.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import interpreters

CHECKOUT = Path(__file__).parents[2]
CACHE = CHECKOUT / ".cache" / "releases"
# Releases of ansible-core, and the Pythons that run them, the preferred one first.
RELEASES = {"2.20": ("3.12", "3.13"), "2.21": ("3.13", "3.12")}
TESTS = ("--test", "validate-modules")


def main(names: list[str]) -> int:
    """Check with these releases, all when none is named; return the exit status."""
    if unknown := [name for name in names if name not in RELEASES]:
        print(f"Unknown release: {', '.join(unknown)}. Known: {', '.join(RELEASES)}.", file=sys.stderr)
        return 2
    return max([_check(name) for name in names or RELEASES])


def _check(release: str) -> int:
    pythons = RELEASES[release]
    interpreter = next(filter(None, map(interpreters.find, pythons)), None)
    if interpreter is None:
        needed = " or ".join(pythons)
        print(f"SKIPPED: sanity with ansible-core {release}, because this machine has no Python {needed}.", flush=True)
        return 0
    folder = CACHE / release
    if not _environment(folder, interpreter, CHECKOUT / "requirements" / f"core-{release}.txt"):
        print(f"The environment of ansible-core {release} cannot be made in {folder}.", file=sys.stderr)
        return 1
    print(f"ansible-core {release}:", flush=True)
    environment = {
        **os.environ,
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "SANITY_HOME": str(CACHE / f"home-{release}"),
    }
    return subprocess.run([CHECKOUT / "tests/sanity/run", *TESTS], env=environment, check=False).returncode


def _environment(folder: Path, interpreter: str, requirements: Path) -> bool:
    """Make the environment unless it is there with these requirements; whether it is there then.

    Like tests/environment, pip does the work where uv cannot reach the package index.
    """
    ready, digest = folder / "ready", hashlib.sha256(requirements.read_bytes()).hexdigest()
    if ready.is_file() and ready.read_text(encoding="utf-8") == digest:
        return True
    shutil.rmtree(folder, ignore_errors=True)
    python = str(folder / "bin" / "python")
    pinned = ["--quiet", "--require-hashes", "--requirement", str(requirements)]
    if subprocess.run([interpreter, "-m", "venv", folder], check=False).returncode:
        return False
    for install in (
        ["uv", "pip", "install", "--system-certs", "--python", python, *pinned],
        [python, "-m", "pip", "install", *pinned],
    ):
        if not subprocess.run(install, check=False).returncode:
            ready.write_text(digest, encoding="utf-8")
            return True
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
