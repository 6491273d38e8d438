"""The commands that a run prints are right for how it was started."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from breakglass_aws.engine import commands
from breakglass_aws.engine.collection import NOTEBOOKS, SOURCES

FOLDER = Path("/home/alice/evidence/INC-1")
ODD = Path("/home/alice/it's $HOME {{ x }}")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The command, as pip installs it beside a Python."""
    installed = tmp_path / "bin" / "breakglass"
    installed.parent.mkdir()
    installed.touch(mode=0o755)
    return installed


@pytest.fixture(autouse=True)
def started_plainly(monkeypatch: pytest.MonkeyPatch, script: Path) -> None:
    monkeypatch.delenv(commands.STARTED_WITH, raising=False)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setattr(sys, "executable", str(script.with_name("python")))
    monkeypatch.setenv("PATH", str(script.parent))


@pytest.fixture
def by_ansible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(commands.STARTED_WITH, commands.ANSIBLE)
    monkeypatch.setenv("PYTHONPATH", str(SOURCES))


def test_the_launchers_own_commands() -> None:
    assert commands.resume(FOLDER) == f"breakglass resume {FOLDER}"
    assert commands.resume(FOLDER, "way") == f"breakglass resume {FOLDER} --answer way=..."
    assert commands.resume(FOLDER, "code", secret=True).endswith("--answer code")
    assert commands.answer("approval", "WORD") == "--answer approval=WORD"
    assert commands.answer("approval", "EMERGENCY because ...") == "--answer approval='EMERGENCY because ...'"
    run = commands.run(str(NOTEBOOKS / "unlock_s3_bucket.ipynb"), {"account_id": "012345678901", "check_mode": False})
    assert run == "breakglass run unlock_s3_bucket -p account_id=012345678901 -p check_mode=false"


def test_a_command_that_the_shell_does_not_find_is_named_by_its_path(
    monkeypatch: pytest.MonkeyPatch, script: Path, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert commands.program() == str(script)
    other = tmp_path / "other" / "breakglass"  # of another installation
    other.parent.mkdir()
    other.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(other.parent))
    assert commands.program() == str(script)
    other.unlink()
    other.symlink_to(script)  # as pipx links it
    assert commands.program() == "breakglass"


def test_without_the_command_the_module_is_named(script: Path) -> None:
    script.unlink()
    assert commands.program() == f"{sys.executable} -m breakglass_aws"


def test_an_installed_collection_names_the_python_and_the_path_that_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(SOURCES))
    assert commands.approve(FOLDER) == (
        f"PYTHONPATH={SOURCES} {sys.executable} -m breakglass_aws approve {FOLDER} --key KEY --as NAME"
    )


@pytest.mark.usefixtures("by_ansible")
def test_a_run_of_ansible_playbook_is_resumed_with_it() -> None:
    assert commands.resume(FOLDER) == f"ansible-playbook breakglass.aws.runbook -e resume={FOLDER}"
    words = shlex.split(commands.resume(ODD, "way"))
    assert words[:2] == ["ansible-playbook", "breakglass.aws.runbook"]
    assert json.loads(words[3]) == {"resume": str(ODD)}
    assert json.loads(words[5]) == {"answers": {"way": "..."}}
    assert shlex.split(commands.answer("approval", "WORD")) == ["-e", '{"answers": {"approval": "WORD"}}']
    words = shlex.split(commands.run(str(NOTEBOOKS / "unlock_s3_bucket.ipynb"), {"account_id": "012345678901"}))
    assert words[2:4] == ["-e", "runbook=unlock_s3_bucket"]
    assert json.loads(words[5]) == {"parameters": {"account_id": "012345678901"}}


@pytest.mark.usefixtures("by_ansible")
def test_a_secret_answer_is_never_part_of_a_command() -> None:
    """Other users can read a command line; the launcher asks for it."""
    assert commands.resume(FOLDER, "code", secret=True) == (
        f"PYTHONPATH={SOURCES} {sys.executable} -m breakglass_aws resume {FOLDER} --answer code"
    )


def test_a_job_of_awx_is_resumed_with_extra_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no command line: a person launches the job template again, with a survey for secrets."""
    monkeypatch.setenv(commands.STARTED_WITH, commands.AWX)
    template, _colon, variables = commands.resume(ODD, "code", secret=True).partition(": ")
    assert template == "Launch the job template of breakglass.aws.runbook with these extra variables"
    assert json.loads(variables) == {"resume": str(ODD), "answers": {"code": "..."}}
    assert json.loads(commands.resume(FOLDER).partition(": ")[2]) == {"resume": str(FOLDER)}
    assert commands.answer("approval", "WORD") == 'the extra variable {"answers": {"approval": "WORD"}}'
    run = commands.run(str(NOTEBOOKS / "unlock_s3_bucket.ipynb"), {"account_id": "012345678901"})
    assert json.loads(run.partition(": ")[2]) == {
        "runbook": "unlock_s3_bucket",
        "parameters": {"account_id": "012345678901"},
    }
