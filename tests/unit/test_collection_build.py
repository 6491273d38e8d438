"""What ansible-galaxy packs in a checkout that is in use: the collection, and nothing that runs and people left."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
# Folders whose committed files are packed as a whole, and files beside them.
PACKED = ("playbooks", "plugins", "docs", "extensions", "src", "runbooks", "meta")
BESIDE = (
    *("CHANGELOG.rst", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "COPYING", "README.md", "SECURITY.md"),
    *("pyproject.toml", "changelogs/changelog.yaml", "changelogs/config.yaml"),
)
# What a person who works in a checkout leaves in it.
LEFT = [
    "backups/s3-payments-ledger-333344445555.json",
    "evidence/unlock_s3_bucket-20260131T030000Z/evidence.json",
    "runbooks/evidence/lost_root_mfa-20260131T030000Z/lost_root_mfa.ipynb",
    "runbooks/evidence/lost_root_mfa-20260131T030000Z/report.md",
    "runbooks/lost_root_mfa-Copy1.ipynb",
    "runbooks/mine.ipynb",
    "runbooks/backups/queue.json",
    "runbooks/.ipynb_checkpoints/lost_root_mfa-checkpoint.ipynb",
    "playbooks/backups/bucket.json",
    "playbooks/audit.jsonl",
    "drill-reports/index.html",
    "docs/evidence/evidence.json",
    "src/breakglass_aws/sandbox/__pycache__/clock.cpython-311.pyc",
    "plugins/modules/__pycache__/root_email.cpython-311.pyc",
    "plugins/.root_email.py.swp",
    ".env",
    ".aws/credentials",
    ".venv/lib/site.py",
    "credentials",
    "audit.jsonl",
    "breakglass-aws-0.0.1.tar.gz",
]


def committed() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [name for name in listed.split("\0") if name and (CHECKOUT / name).is_file()]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the committed files, and what a person left among them."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in [*committed(), *LEFT]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if (CHECKOUT / name).is_file() and name not in LEFT:
            shutil.copy(CHECKOUT / name, folder / name)
        else:
            (folder / name).write_text("{}")
    return folder


@pytest.fixture(scope="module")
def packed(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in the built collection."""
    pytest.importorskip("distlib")
    output = tmp_path_factory.mktemp("built")
    galaxy = Path(sys.executable).with_name("ansible-galaxy")
    environment = {**os.environ, "ANSIBLE_HOME": str(output / "ansible")}
    command = [str(galaxy), "collection", "build", str(checkout), "--output-path", str(output)]
    built = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    [archive] = output.glob("*.tar.gz")
    with tarfile.open(archive) as content:
        return {member.name for member in content if member.isfile()} - {"MANIFEST.json", "FILES.json"}


def test_nothing_that_was_left_in_the_checkout_is_packed(packed: set[str]) -> None:
    assert packed & set(LEFT) == set()


def test_what_is_packed_is_what_is_committed(packed: set[str]) -> None:
    expected = {
        name
        for name in committed()
        if (name.split("/")[0] in PACKED or name in BESIDE) and not name.rpartition("/")[2].startswith(".")
    }
    assert packed == expected


@pytest.mark.parametrize("name", ["backups/x.json", "runbooks/evidence/x/run.json", "runbooks/a-Copy1.ipynb"])
def test_git_ignores_what_runs_produce(name: str) -> None:
    ignored = subprocess.run(["git", "check-ignore", "-q", name], cwd=CHECKOUT, check=False)
    assert ignored.returncode == 0
