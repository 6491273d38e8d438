"""Parts of two versions are refused before anything is done, in one line that has the command to correct it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.playbooks import run_playbook

from breakglass_aws.cli import main
from breakglass_aws.engine import collection, outcomes
from breakglass_aws.version import __version__


@pytest.fixture
def other_version(tmp_path: Path) -> Path:
    """A folder for Python's path with another version of the package, as pip would leave it there."""
    metadata = tmp_path / "site" / "breakglass_aws-9.9.9.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.4\nName: breakglass-aws\nVersion: 9.9.9\n")
    (tmp_path / "site" / "breakglass_aws").mkdir()
    return tmp_path / "site"


def test_the_command_refuses_a_second_version_on_the_path(
    other_version: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(other_version))
    assert main.main(["list"]) == outcomes.NOT_STARTED
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        f"Two versions of breakglass-aws are on Python's path: {__version__} in {collection.SOURCES}, and the "
        f"installed 9.9.9. Install the same version ({sys.executable} -m pip install breakglass-aws=={__version__}), "
        f"or remove the installed one ({sys.executable} -m pip uninstall breakglass-aws).\n"
    )
    assert main.main(["version"]) == 0  # which helps to see what is there


def test_old_metadata_beside_this_package_is_no_other_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An earlier editable installation of a checkout has left them in src/."""
    old = tmp_path / "breakglass_aws-0.0.1.dist-info"
    old.mkdir()
    (old / "METADATA").write_text("Metadata-Version: 2.1\nName: breakglass-aws\nVersion: 0.0.1\n")
    (tmp_path / "breakglass_aws").symlink_to(collection.SOURCES / "breakglass_aws")
    monkeypatch.syspath_prepend(str(tmp_path))
    collection.check_installation()
    ended = run_playbook(
        "breakglass.aws.runbook",
        *("-e", "runbook=unlock_s3_bucket"),
        environment={"PYTHONPATH": str(tmp_path)},
        directory=tmp_path,
        cold=True,
    )
    assert "account_id is missing." in ended.stdout + ended.stderr  # the engine was started


def test_a_playbook_refuses_an_installed_package_of_another_version(other_version: Path, tmp_path: Path) -> None:
    ended = run_playbook(
        "breakglass.aws.runbook",
        *("-e", "runbook=unlock_s3_bucket"),
        environment={"PYTHONPATH": str(other_version)},
        directory=tmp_path,
        cold=True,
    )
    assert ended.returncode != 0
    printed = " ".join((ended.stdout + ended.stderr).split())
    assert f"is version {__version__}, but the installed Python package breakglass-aws is version 9.9.9." in printed
    assert f"-m pip install breakglass-aws=={__version__}" in printed
    assert "Traceback" not in printed


def test_the_command_refuses_a_collection_of_another_version(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As after `ansible-galaxy collection install -p` into the folder of the wheel's."""
    monkeypatch.setattr(collection, "__version__", "9.9.9")
    assert main.main(["list"]) == outcomes.NOT_STARTED
    printed = capsys.readouterr().err
    assert (
        f"is version 9.9.9, but the collection breakglass.aws in {collection.ROOT} is version {__version__}" in printed
    )
    assert "-m pip install --force-reinstall breakglass-aws==9.9.9" in printed


def test_a_package_without_its_collection_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "breakglass_aws").symlink_to(collection.SOURCES / "breakglass_aws")
    code = (
        "import pathlib; from breakglass_aws.engine import collection as c; "
        "c.ROOT = pathlib.Path('/nowhere/breakglass/aws'); c.module_util('_constants')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ}, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "incomplete: the collection breakglass.aws is not in /nowhere/breakglass/aws" in ended.stderr
    assert "Traceback" not in ended.stderr
