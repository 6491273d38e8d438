"""Scripts of the release: the version in its places, and what is built from a commit. Builders are stand-ins."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PLACES = ("src/breakglass_aws/version.py", "plugins/module_utils/_constants.py", "galaxy.yml")
# Each stand-in for a builder writes what it was given where the builder would write, so that a test can look at it.
BUILDERS = {
    "python": '[ "$3" = build ] && cp "$PWD/galaxy.yml" "$5/breakglass_aws-0.0.0-py3-none-any.whl"',
    "ansible-galaxy": 'cp "$5/plugins/new.py" "$4/breakglass-aws-0.0.0.tar.gz"',
    "uv": 'for last; do :; done; case "$1" in venv) mkdir -p "$last";; pip) test -e "$last";; esac',
    "cyclonedx-py": 'cp "$3" "$6"',
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the scripts and the places of the version, and nothing else."""
    for name in (*PLACES, "release/version", "release/build", "requirements/drills.txt", "pyproject.toml"):
        (tmp_path / "project" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, tmp_path / "project" / name)
    return tmp_path / "project"


def call(project: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=project, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_the_version_is_set_in_all_its_places(project: Path) -> None:
    before = call(project, "release/version").stdout.strip()
    assert call(project, "release/version", "7.8.9").returncode == 0
    assert call(project, "release/version").stdout == "7.8.9\n"
    for name in PLACES:
        text = (project / name).read_text(encoding="utf-8")
        assert "7.8.9" in text
        assert text.replace("7.8.9", before) == (CHECKOUT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("wrong", [("0.3",), ("v0.3.0",), ("0.3.0rc1",), ("0.3.0\n",), ("",), ("0.3.0", "0.4.0")])
def test_a_version_that_galaxy_or_pypi_would_refuse_is_refused(project: Path, wrong: tuple[str, ...]) -> None:
    refused = call(project, "release/version", *wrong)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "Usage: release/version [VERSION], such as 0.2.0\n"
    for name in PLACES:
        assert (project / name).read_bytes() == (CHECKOUT / name).read_bytes()


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("times", [0, 2])
def test_a_file_without_the_version_or_with_two_stops_it(project: Path, name: str, times: int) -> None:
    text = (project / name).read_text(encoding="utf-8")
    [line] = [line for line in text.splitlines() if line.startswith(("__version__ =", "VERSION =", "version:"))]
    (project / name).write_text(text.replace(line, "\n".join([line] * times)), encoding="utf-8")
    refused = call(project, "release/version", "7.8.9")
    assert (refused.returncode, refused.stderr) == (1, f"{name} has {times} versions. Expected one.\n")


@pytest.fixture
def built(project: Path, tmp_path: Path) -> Path:
    """The folder with what was built from a commit, while the checkout had changes and files that are not in it."""
    (project / "plugins/new.py").write_text("committed\n")
    (project / ".gitignore").write_text("dist/\n.cache/\n")
    git = ("git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false")
    for command in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "x")):
        assert call(project, *git, *command).returncode == 0
    (project / "plugins/new.py").write_text("not committed\n")
    (project / "dist/0.0.1").mkdir(parents=True)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, script in BUILDERS.items():
        (programs / name).write_text(f"#!/bin/sh\nset -e\n{script}\n")
        (programs / name).chmod(0o700)
    python3 = shutil.which("python3")
    assert python3
    (programs / "python3").symlink_to(python3)
    version = call(project, "release/version").stdout.strip()
    (project / "dist" / version).mkdir()
    (project / "dist" / version / "left-over.whl").touch()
    done = call(project, "release/build", PATH=f"{programs}:{os.environ['PATH']}", TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    return project / "dist" / version


def test_what_is_built_is_the_commit_and_not_what_else_is_there(built: Path) -> None:
    assert (built / "breakglass-aws-0.0.0.tar.gz").read_text() == "committed\n"
    assert not (built / "left-over.whl").exists()
    assert (built.parent / "0.0.1").is_dir()  # of an earlier release


def test_everything_has_its_checksum(built: Path) -> None:
    sums = dict(line.split()[::-1] for line in (built / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == {path.name for path in built.iterdir()} - {"SHA256SUMS"}
    assert len(sums) == 3
    for name, digest in sums.items():
        assert hashlib.sha256((built / name).read_bytes()).hexdigest() == digest


def test_the_sbom_is_of_the_version_that_is_released(built: Path) -> None:
    [sbom] = built.glob("*.cdx.json")
    assert sbom.name == f"breakglass-aws-{built.name}.cdx.json"
    assert f'\nversion = "{built.name}"\n' in sbom.read_text()
