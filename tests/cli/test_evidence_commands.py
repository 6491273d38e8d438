"""`verify`, `sign` and `approve` for programs: one JSON document on standard output, the same exit status."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from breakglass_aws.cli import main
from breakglass_aws.engine.evidence import manifest
from breakglass_aws.engine.gates import approval

FILES = Path(__file__).parents[1] / "fixtures" / "first_format"


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FILES / "finished", tmp_path / "finished"))


def document(capsys: pytest.CaptureFixture[str], status: int, *arguments: str) -> Any:
    assert main.main([*arguments, "--json"]) == status
    return json.loads(capsys.readouterr().out)


def test_evidence_without_an_anchor_is_only_consistent(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, 0, "verify", str(finished))
    assert (found["consistent"], found["anchor"], found["problems"]) == (True, None, [])
    assert found["signing_key"].startswith("SHA256:")
    assert "does not prove that the evidence is unaltered" in found["message"]


def test_an_anchor_is_named(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sha256 = manifest.sha256(finished)
    assert document(capsys, 0, "verify", str(finished), "--manifest", sha256)["anchor"] == "manifest"
    signed = ("--signed-by", "ada", "--signers", str(FILES / "signers"))
    assert document(capsys, 0, "verify", str(finished), *signed)["anchor"] == "signature"


def test_altered_evidence_has_its_problems_and_status_1(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (finished / "report.md").write_text("another story")
    found = document(capsys, 1, "verify", str(finished))
    assert found["consistent"] is False
    assert [problem for problem in found["problems"] if "report.md" in problem]


def test_a_signature_is_written(finished: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (finished / manifest.SIGNATURE).unlink()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "ada"], check=True)
    found = document(capsys, 0, "sign", str(finished), "--key", str(tmp_path / "ada"))
    assert Path(found["signature"]) == finished / manifest.SIGNATURE
    assert (finished / manifest.SIGNATURE).exists()


def test_a_request_is_shown_to_the_person_and_given_to_the_program(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(FILES / "approval", tmp_path / "approval"))
    assert main.main(["approve", str(folder), "--json"]) == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    request = approval.Request.load(folder)
    assert found["signed"] is False
    assert found["request"]["plan"] == request.plan
    assert f"Plan digest: {request.plan}" in printed.err
    assert main.main(["approve", str(folder), "--json", "--token"]) == 2
    assert main.main(["approve", str(folder)]) == 0
    plain = capsys.readouterr().out
    assert plain.startswith(f"Runbook: {request.runbook}\n")
    assert "Nothing was signed. To approve this:\n" in plain
    assert f"approve {folder} --key KEY --as NAME" in plain
