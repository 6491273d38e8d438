"""What is packed in a checkout that is in use, as collection, wheel and sdist: nothing that runs and people left."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from support import packages

CHECKOUT = Path(__file__).parents[2]
# Folders whose committed files are packed as a whole, and files beside them.
PACKED = ("playbooks", "plugins", "docs", "extensions", "src", "runbooks", "meta")
BESIDE = (
    *("CHANGELOG.rst", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "COPYING", "README.md", "SECURITY.md"),
    *(
        "requirements.txt",
        "bindep.txt",
        "execution-environment.yml",
        "changelogs/changelog.yaml",
        "changelogs/config.yaml",
    ),
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
    "dist/breakglass_aws-0.0.1-py3-none-any.whl",
]
# The collection in the wheel lacks these: tests, and what is in the wheel itself.
NOT_IN_THE_WHEEL = ("extensions/", "src/")
IN_THE_WHEEL = "ansible_collections/breakglass/aws/"


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
def archive(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built collection."""
    pytest.importorskip("distlib")
    return packages.collection(checkout, tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def packed(archive: Path) -> set[str]:
    """The names of the files in the built collection."""
    with tarfile.open(archive) as content:
        return {member.name for member in content if member.isfile()} - {"MANIFEST.json", "FILES.json"}


def expected() -> set[str]:
    """The committed files that are packed."""
    return {
        name
        for name in committed()
        if (name.split("/")[0] in PACKED or name in BESIDE)
        and not name.rpartition("/")[2].startswith(".")
        and not name.startswith("docs/site/")
    }


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling")
    return packages.hatch(checkout, "wheel", tmp_path_factory.mktemp("wheel"))


def names_in(wheel: Path) -> set[str]:
    return {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}


def test_nothing_that_was_left_in_the_checkout_is_packed(packed: set[str]) -> None:
    assert packed & set(LEFT) == set()


def test_what_is_packed_is_what_is_committed(packed: set[str]) -> None:
    assert packed == expected()


def test_the_wheel_has_the_packages_and_the_collection_and_nothing_else(wheel: Path) -> None:
    packages = {name.removeprefix("src/") for name in expected() if name.startswith("src/")}
    collection = {IN_THE_WHEEL + name for name in expected() if not name.startswith(NOT_IN_THE_WHEEL)}
    manifest = {f"{IN_THE_WHEEL}MANIFEST.json", f"{IN_THE_WHEEL}FILES.json"}
    assert names_in(wheel) == packages | collection | manifest


def test_the_manifest_of_the_collection_in_the_wheel_is_that_of_ansible_galaxy(wheel: Path, archive: Path) -> None:
    """Apart from the files that only the archive has."""
    with tarfile.open(archive) as content:
        files = {name: content.extractfile(name) for name in ("MANIFEST.json", "FILES.json")}
        theirs = {name: json.load(file) for name, file in files.items() if file}
    with zipfile.ZipFile(wheel) as content:
        ours = {name: json.loads(content.read(IN_THE_WHEEL + name)) for name in theirs}
    assert ours["MANIFEST.json"]["collection_info"] == theirs["MANIFEST.json"]["collection_info"]
    left_out = ("extensions", "src")
    shared = [entry for entry in theirs["FILES.json"]["files"] if entry["name"].split("/")[0] not in left_out]
    # Theirs has . twice, and the keys of an entry in another order from ansible-core 2.22 on.
    entries, expected = (
        {json.dumps(one, sort_keys=True) for one in some} for some in (ours["FILES.json"]["files"], shared)
    )
    assert entries == expected


def test_a_wheel_built_from_the_sdist_is_the_same(wheel: Path, checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "sdist").mkdir()
    with tarfile.open(packages.hatch(checkout, "sdist", tmp_path / "sdist")) as content:
        assert {name for member in content.getnames() for name in LEFT if member.endswith(f"/{name}")} == set()
        packages.unpack(content, tmp_path)
    [folder] = tmp_path.glob("breakglass_aws-*")
    (tmp_path / "wheel").mkdir()
    assert names_in(packages.hatch(folder, "wheel", tmp_path / "wheel")) == names_in(wheel)


@pytest.mark.parametrize("name", ["backups/x.json", "runbooks/evidence/x/run.json", "runbooks/a-Copy1.ipynb"])
def test_git_ignores_what_runs_produce(name: str) -> None:
    ignored = subprocess.run(["git", "check-ignore", "-q", name], cwd=CHECKOUT, check=False)
    assert ignored.returncode == 0
