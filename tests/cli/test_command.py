"""The command `breakglass`: its help, what it does with wrong input, and how much it imports."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest

from breakglass_aws.cli import groups, main
from breakglass_aws.engine import collection, outcomes

HEAVY = ("papermill", "moto", "boto3", "botocore", "nbconvert", "ansible")


def modules_after(*arguments: str) -> set[str]:
    """The packages that a process has imported after this command line."""
    source = (
        "import sys\nfrom breakglass_aws.cli.main import main\nstatus = main(sys.argv[1:])\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, sep=' ', file=sys.stderr)\nsys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", source, *arguments], capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["describe", "unlock_s3_bucket"], ["run", "--help"]])
def test_reading_imports_nothing_heavy(arguments: list[str]) -> None:
    imported = modules_after(*arguments)
    assert "click" in imported
    assert not imported.intersection(HEAVY)
    if "--help" in arguments:  # and so for completing a command
        assert "nbformat" not in imported


def commands(group: Any, *path: str) -> Any:
    """Every command of the program, with the words that lead to it."""
    context = main.cli.make_context("breakglass", [], resilient_parsing=True)
    for name in group.list_commands(context):
        yield name, group.get_command(context, name)


def test_each_command_has_a_short_help_and_examples() -> None:
    found = dict(commands(main.cli))
    assert list(found) == list(main.COMMANDS)
    inner = [one for group in found.values() if isinstance(group, groups.Group) for one in commands(group)]
    assert inner
    for name, command in (*found.items(), *inner):
        if isinstance(command, groups.Group):
            continue
        assert isinstance(command, groups.Command), name
        assert command.examples, name
        assert all(line.removeprefix('eval "$(').startswith("breakglass ") for line, _ in command.examples), name
        short = command.get_short_help_str(100)
        assert short.endswith(".") or command.short_help, name
        assert len(short) <= 60, f"{name}: on 80 columns, this line of the help is cut: {short}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["veirfy"], "There is no command 'veirfy'. Did you mean verify? See: breakglass --help"),
        (["xyz"], "There is no command 'xyz'. There are: list, describe, run"),
        (["history", "chagnes"], "There is no command 'chagnes'. Did you mean changes? See: breakglass history --help"),
        (["run"], "Missing argument 'RUNBOOK'. See: breakglass run --help"),
        (["run", "unlock_s3_bukket"], "There is no runbook 'unlock_s3_bukket'. Did you mean unlock_s3_bucket?"),
        (["run", "x", "--jsn"], "There is no option --jsn. Did you mean --json? See: breakglass run --help"),
        (["run", "unlock_s3_bucket", "-p", "account_id"], "Expected NAME=VALUE."),
        (["run", "unlock_s3_bucket", "--timeout", "0"], "Expected a number of seconds, 1 or more."),
        (["describe", "none.ipynb"], "There is no notebook none.ipynb."),
        (["verify", "x", "--manifest", "12"], "Expected a SHA-256, 64 digits."),
        (["verify", "x", "--signed-by", "ada"], "--signed-by and --signers go together"),
        (["approve", "nowhere"], "nowhere cannot be read: No such file or directory."),
        (["approve", "nowhere", "--key", "x"], "--key and --as go together"),
        (["resume", "nowhere"], "nowhere cannot be read"),
        (["sandbox", "serv"], "There is no command 'serv'. Did you mean serve? See: breakglass sandbox --help"),
        (["sandbox", "faults", "lst"], "Did you mean list? See: breakglass sandbox faults --help"),
        (["sandbox", "serve", "--port", "x"], "'x' is not a port; accepted: 0 to 65535. See: breakglass sandbox serve"),
        (["sandbox", "faults", "add", "slow", "--sconds", "3"], "'--sconds' is not accepted. Did you mean --seconds?"),
        (["sandbox", "reset", "x"], "'x' is not accepted. See: breakglass sandbox --help"),
        (["drill", "--orgnization=x"], "'--orgnization=x' is not accepted. Did you mean --organization?"),
        (["completion", "tcsh"], "'tcsh' is not one of 'bash', 'zsh', 'fish'."),
    ],
)
def test_wrong_input_is_one_line_with_the_cure(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main.main(arguments) == outcomes.NOT_STARTED
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""
    assert list(tmp_path.iterdir()) == []


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main([]) == outcomes.NOT_STARTED
    assert "Commands:" in capsys.readouterr().err


def test_help_and_version_end_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["--help"]) == 0
    assert "Exit status: 0 finished" in capsys.readouterr().out
    assert main.main(["--version"]) == 0
    assert re.fullmatch(r"breakglass \d\S*\n", capsys.readouterr().out)
    assert main.main(["sandbox", "--help"]) == 0
    assert "usage: breakglass sandbox" in capsys.readouterr().out
    assert main.main(["drill", "--help"]) == 0
    assert "usage: breakglass drill" in capsys.readouterr().out


def test_a_defect_is_reported_as_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("breakglass_aws.engine.notebooks.catalog.runbooks", lambda: 1 / 0)
    assert main.main(["list"]) == outcomes.UNEXPECTED
    assert "Unexpected error: ZeroDivisionError" in capsys.readouterr().err


def test_documents_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    def document(*arguments: str) -> Any:
        assert main.main([*arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    names = [one["name"] for one in document("list")]
    assert "unlock_s3_bucket" in names
    assert names == sorted(names)
    described = document("describe", "unlock_s3_bucket")
    account = next(one for one in described["parameters"] if one["name"] == "account_id")
    assert account["required"] is True
    assert account["type"] == "str"
    assert "confirmed" in [gate["name"] for gate in described["gates"]]
    assert document("version")["Python"] == ".".join(map(str, sys.version_info[:3]))


def test_a_package_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main.main(["sandbox", "serve"]) == outcomes.NOT_STARTED
    assert capsys.readouterr().err == (
        "`breakglass sandbox` needs the Python package moto, which is not installed here. "
        f"Install it: {collection.requirements_command()}\n"
    )


def complete(words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What bash offers for a line whose last word is not complete."""
    parts = words.split(" ")
    monkeypatch.setenv("_BREAKGLASS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(parts) - 1))
    assert main.main([]) == 0
    return capsys.readouterr().out.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("breakglass ap", ["plain,approve"]),
        ("breakglass run unlock_", ["plain,unlock_s3_bucket", "plain,unlock_sqs_queue"]),
        ("breakglass run unlock_s3_bucket -p buc", ["plain,bucket="]),
        ("breakglass run unlock_s3_bucket -p check_mode=f", ["plain,check_mode=false"]),
        ("breakglass run unlock_s3_bucket --answer con", ["plain,confirmed="]),
        ("breakglass run lost_root_mfa --ti", ["plain,--timeout"]),
        ("breakglass verify ", ["plain,evidence/INC-2", "plain,evidence/INC-1"]),
        ("breakglass verify x", ["dir,x"]),
        ("breakglass sandbox fau", ["plain,faults"]),
        ("breakglass sandbox faults ", ["plain,kinds", "plain,list", "plain,add", "plain,clear"]),
        ("breakglass sandbox serve --tls", ["plain,--tls-front"]),
        ("breakglass drill bucket-lo", ["plain,bucket-locked"]),
        ("breakglass drill mfa-lost mfa-", ["plain,mfa-and-mailbox-lost"]),
        ("breakglass drill --runbook unlock_", ["plain,unlock_s3_bucket", "plain,unlock_sqs_queue"]),
        ("breakglass drill --surp", ["plain,--surprise"]),
        ("breakglass drill --key k", ["file,k"]),
    ],
)
def test_the_shell_completes(
    words: str,
    offered: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    for age, name in enumerate(["INC-2", "INC-1", "other"]):
        folder = tmp_path / "evidence" / name
        folder.mkdir(parents=True)
        if name != "other":
            (folder / "journal.jsonl").touch()
        os.utime(folder, (1_000_000 - age, 1_000_000 - age))
    assert complete(words, monkeypatch, capsys) == offered


BASH = """
eval "$(breakglass completion bash)"
compopt() { echo "compopt $1 $2"; }
COMP_WORDS=(breakglass run unlock_s3_bucket -p %s)
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_breakglass_completion breakglass
printf '%%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("buc", ["compopt -o nospace", "bucket="]),
        ("check_mode = f", ["false"]),  # as bash splits check_mode=f
        ("check_mode =", ["true", "false"]),
        ("account_id=1 -p check_mode = t", ["true"]),
    ],
)
def test_bash_completes_a_parameters_value(words: str, offered: list[str], tmp_path: Path) -> None:
    program = tmp_path / "breakglass"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m breakglass_aws "$@"\n')
    program.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", BASH % words], capture_output=True, text=True, timeout=60, check=True, env=environment
    )
    assert done.stdout.splitlines() == offered, done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_calls_the_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"_BREAKGLASS_COMPLETE={shell}_complete" in script


@pytest.mark.parametrize(("arguments", "told"), [(["list"], True), (["list", "--json"], False)])
def test_a_person_is_told_that_a_name_is_deprecated(arguments: list[str], told: bool) -> None:
    command = [sys.executable, "-m", "breakglass_runbooks", *arguments]
    quiet = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert quiet.stderr == ""
    terminal = pexpect.spawn(command[0], command[1:], encoding="utf-8", timeout=60)
    terminal.expect(pexpect.EOF)
    assert ("former name of the command `breakglass`" in terminal.before) is told
