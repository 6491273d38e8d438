"""The signature over a run's evidence: what was altered, and sealed again by the forger, is found all the same."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from breakglass_aws.cli.main import main
from breakglass_aws.engine.evidence import manifest
from breakglass_aws.engine.evidence.journal import Journal


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ada", "eve"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    (folder / "signers").write_text(f"ada {(folder / 'ada.pub').read_text()}")
    return folder


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    Journal(tmp_path).append("ended")
    (tmp_path / "backup.json").write_text("{}")
    manifest.seal(tmp_path)
    return tmp_path


def check(folder: Path, keys: Path, *more: str) -> int:
    return main(["verify", str(folder), "--signed-by", "ada", "--signers", str(keys / "signers"), *more])


def test_signed_evidence_is_whole(sealed: Path, keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(sealed, keys) == 1
    assert "is not signed" in capsys.readouterr().out
    assert main(["sign", str(sealed), "--key", str(keys / "ada")]) == 0
    assert check(sealed, keys) == 0
    assert main(["verify", str(sealed)]) == 0


def test_a_forger_who_seals_again_is_found(sealed: Path, keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    signature = manifest.sign(sealed, keys / "ada").read_text()
    (sealed / "backup.json").write_text("[]")
    manifest.seal(sealed)
    assert main(["verify", str(sealed)]) == 0
    assert check(sealed, keys) == 1
    (sealed / manifest.SIGNATURE).write_text(signature)
    assert check(sealed, keys) == 1
    assert "ada did not sign this evidence" in capsys.readouterr().out


def test_what_is_known_without_an_anchor_is_said(sealed: Path, keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(sealed)]) == 0
    alone = capsys.readouterr().out
    assert alone.startswith("Consistent: ")
    assert "Unaltered" not in alone
    assert main(["verify", str(sealed), "--manifest", manifest.sha256(sealed)]) == 0
    assert capsys.readouterr().out.startswith("Unaltered since this manifest was written")
    manifest.sign(sealed, keys / "ada")
    assert main(["verify", str(sealed)]) == 0
    signed = capsys.readouterr().out
    assert signed.startswith("Consistent: ")
    assert "Signed with the key SHA256:" in signed
    assert check(sealed, keys) == 0
    assert capsys.readouterr().out == "Unaltered since ada signed it.\n"


@pytest.mark.parametrize(
    "content", ["garbage", "", "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"]
)
def test_a_signature_that_is_none_is_a_problem_though_nobody_asked(
    content: str, sealed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (sealed / manifest.SIGNATURE).write_text(content)
    assert main(["verify", str(sealed)]) == 1
    assert "manifest.json.sig: is not a valid signature" in capsys.readouterr().out


def test_a_signature_of_another_manifest_is_a_problem(
    sealed: Path, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    signature = manifest.sign(sealed, keys / "ada").read_text()
    (sealed / "backup.json").write_text("[]")
    manifest.seal(sealed)
    (sealed / manifest.SIGNATURE).write_text(signature)
    assert main(["verify", str(sealed)]) == 1
    assert "is not a valid signature" in capsys.readouterr().out


@pytest.mark.parametrize("value", ["3f1b...", "x" * 64, "0" * 63])
def test_a_sum_that_is_none_is_refused(value: str, sealed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(sealed), "--manifest", value]) == 2
    assert "Invalid value for --manifest" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["verify", "approve", "resume", "trail"])
def test_a_file_as_the_folder_of_a_run_is_refused(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("{}")
    assert main([command, str(tmp_path / "file")]) == 2
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_names_of_files_are_printed_without_what_a_terminal_obeys(
    sealed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (sealed / "\x1b[2J\u202eevil").write_text("x")
    assert main(["verify", str(sealed)]) == 1
    assert "\\x1b[2J\\u202eevil: added." in capsys.readouterr().out


def test_somebody_else_did_not_sign_for_ada(sealed: Path, keys: Path) -> None:
    manifest.sign(sealed, keys / "eve")
    assert check(sealed, keys) == 1


def test_what_has_been_altered_is_not_signed(sealed: Path, keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (sealed / "backup.json").write_text("[]")
    assert main(["sign", str(sealed), "--key", str(keys / "ada")]) == 2
    assert "backup.json: changed" in capsys.readouterr().err


def test_a_signature_is_somebodys(sealed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(sealed), "--signed-by", "ada"]) == 2
    assert "go together" in capsys.readouterr().err
