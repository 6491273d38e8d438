"""The engine tells the truth about every cell, however a run ends, and so does the launcher."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from papermill.exceptions import PapermillExecutionError

from breakglass_aws.engine.display import page
from breakglass_aws.engine.errors import Blocked
from breakglass_aws.engine.evidence import locks, manifest
from breakglass_aws.engine.evidence.journal import Journal
from breakglass_aws.engine.launcher import launch
from breakglass_aws.engine.launcher.notebook_client import Progress
from breakglass_aws.engine.notebooks.catalog import Runbook

PARAMETERS = 'who: str = "nobody"  # whom to greet\ncheck_mode: bool = True\n'


@pytest.fixture(autouse=True)
def _tools_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what Jupyter and Ansible leave in the folder of the test."""
    for name in ("ANSIBLE_HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "tools" / name))


def states(notebook: Path) -> list[str]:
    """The state of each cell with code."""
    cells = nbformat.read(notebook, as_version=4).cells
    return [cell.metadata.papermill.status for cell in cells if cell.cell_type == "code"]


@pytest.mark.parametrize(
    ("second", "timeout", "expected", "said"),
    [
        ("2", None, ["completed", "completed", "completed"], ""),
        ("raise ValueError('broken')", None, ["completed", "failed", "skipped"], "broken"),
        ("import os; os.kill(os.getpid(), 9)", None, ["completed", "failed", "skipped"], "kernel died"),
        ("import time; time.sleep(60)", 1, ["completed", "failed", "skipped"], "longer than 1 s"),
    ],
    ids=["ok", "error", "killed", "timeout"],
)
def test_every_end_is_told(
    second: str,
    timeout: int | None,
    expected: list[str],
    said: str,
    tmp_path: Path,
    write_notebook: Callable[..., Path],
) -> None:
    source = write_notebook(tmp_path / "in.ipynb", "1", second, "3")
    heard: list[Progress] = []

    def run() -> Any:
        return papermill.execute_notebook(
            str(source),
            str(tmp_path / "out.ipynb"),
            engine_name="breakglass",
            progress_bar=False,
            execution_timeout=timeout,
            on_progress=heard.append,
        )

    if said:
        with pytest.raises(PapermillExecutionError, match=said):
            run()
    else:
        run()
    assert states(tmp_path / "out.ipynb") == expected
    assert [cell.status for cell in heard if cell.status != "running"] == expected
    assert [cell.title for cell in heard if cell.status != "running"] == ["Step 1", "Step 2", "Step 3"]
    saved = (tmp_path / "out.ipynb").read_text()
    assert said in saved
    left = [path.name for path in tmp_path.iterdir() if path.name.startswith("kernel")]
    assert left == []


def start(folder: Path, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "breakglass_aws.engine", "run", *arguments]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}, **options
    )


def stop_at(process: subprocess.Popen[str], title: str) -> str:
    """Interrupt a run, which tells of itself as JSON, in a cell; return what it says about that."""
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "cell" and (event["title"], event["status"]) == (title, "running"):
            process.send_signal(signal.SIGTERM)
            break
    return process.communicate(timeout=60)[1]


def test_an_interrupted_run_leaves_a_notebook_that_shows_how_far_it_came(
    tmp_path: Path, write_notebook: Callable[..., Path]
) -> None:
    source = write_notebook(tmp_path / "wait.ipynb", "import time; time.sleep(60)", "2", parameters=PARAMETERS)
    process = start(tmp_path, str(source), "--json", "--output", "out{who}.ipynb")
    errors = stop_at(process, "Step 1")
    assert process.returncode == 130
    assert "Interrupted" in errors
    assert "out{who}.html" in errors
    assert "Traceback" not in errors
    assert states(tmp_path / "out{who}.ipynb") == ["completed", "interrupted", "skipped"]
    page = (tmp_path / "out{who}.html").read_text()
    assert "interrupted while this cell was running" in page
    assert page.index("This run was interrupted, and can be resumed") < page.index("Step 1")


def test_a_kernel_that_swallows_an_interruption_is_not_waited_for(
    tmp_path: Path, write_notebook: Callable[..., Path]
) -> None:
    """So does one that is interrupted just before the cell's code begins: it is idle then, and never answers."""
    swallow = (
        "async def lost(*_):\n    raise KeyboardInterrupt\n"
        "get_ipython().kernel.shell_handlers['execute_request'] = lost\n"
    )
    source = write_notebook(tmp_path / "lost.ipynb", swallow, "2", parameters=PARAMETERS)
    process = start(tmp_path, str(source), "--json", "--output", "out.ipynb")
    errors = stop_at(process, "Step 2")
    assert process.returncode == 130, errors
    assert states(tmp_path / "out.ipynb") == ["completed", "completed", "interrupted"]


@pytest.fixture
def slow(tmp_path: Path, write_notebook: Callable[..., Path]) -> subprocess.Popen[str]:
    """A run whose first task has begun, and takes a while to leave the file `ended`; the next one leaves `next`."""
    source = write_notebook(
        tmp_path / "slow.ipynb",
        "%load_ext breakglass_aws\n%runbook slow",
        "import os, pathlib\npathlib.Path(where, 'kernel').write_text(str(os.getpid()))",
        "%%tasks\n- name: Slow\n  ansible.builtin.shell: touch begun; sleep 3; touch ended\n"
        "  args: {chdir: '{{ where }}'}\n"
        "- name: Next\n  ansible.builtin.file: {path: '{{ where }}/next', state: touch}\n",
        parameters='where: str = None\ncheck_mode: bool = False\nevidence_dir: str = ""\n',
    )
    process = start(tmp_path, str(source), "-p", f"where={tmp_path}", "-p", "evidence_dir=run")
    while not (tmp_path / "begun").exists():
        time.sleep(0.05)
    return process


def test_at_an_interruption_the_task_that_runs_comes_to_its_end_and_is_written_down(
    slow: subprocess.Popen[str], tmp_path: Path
) -> None:
    """What it changes must not go unseen; what comes after it must not happen."""
    slow.send_signal(signal.SIGINT)
    _, errors = slow.communicate(timeout=60)
    assert slow.returncode == 130, errors
    assert "SOMETHING WAS CHANGED, AND THE RUN HAS NOT FINISHED" in errors
    assert f"Evidence: {tmp_path / 'run'}\nManifest: SHA-256 " in errors
    assert errors.endswith("Outcome: interrupted\n")
    assert (tmp_path / "ended").exists()
    assert not (tmp_path / "next").exists()
    entries = Journal(tmp_path / "run").entries()
    assert [(entry["task"], entry["outcome"]) for entry in entries if entry["event"] == "task"] == [("Slow", "changed")]
    assert "The running task has ended, and no other was started" in (tmp_path / "run/slow.html").read_text()
    assert manifest.problems(tmp_path / "run") == []


def test_an_interruption_while_the_end_is_written_down_loses_nothing(
    tmp_path: Path, write_notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run has ended: nothing is left to stop, and without report and manifest its evidence counts for nothing."""
    source = write_notebook(
        tmp_path / "fails.ipynb",
        "%load_ext breakglass_aws\n%runbook fails",
        "1 / 0",
        parameters='check_mode: bool = False\nevidence_dir: str = ""\n',
    )
    to_page = page.page

    def interrupted(notebook: Path) -> str:
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(os.getpid(), number)
        return to_page(notebook)

    monkeypatch.setattr(page, "page", interrupted)
    result = launch.run(Runbook(source), {"evidence_dir": str(tmp_path / "run")})
    assert result.outcome == "failed"
    assert (tmp_path / "run/report.md").exists()
    assert manifest.problems(tmp_path / "run", result.manifest) == []


def test_an_error_of_the_page_hides_neither_outcome_nor_evidence(
    tmp_path: Path, write_notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As nbconvert 7.16 has with a newer mistune: the export fails after something was changed."""
    source = write_notebook(
        tmp_path / "acts.ipynb",
        "%load_ext breakglass_aws\n%runbook acts",
        "%%tasks\n- name: Act\n  ansible.builtin.file: {path: '{{ where }}/acted', state: touch}\n",
        parameters='where: str = None\ncheck_mode: bool = False\nevidence_dir: str = ""\n',
    )

    def broken(notebook: Path) -> str:
        raise AttributeError("module 'mistune' has no attribute <b>'x'</b>")

    monkeypatch.setattr(page, "page", broken)
    result = launch.run(Runbook(source), {"where": str(tmp_path), "evidence_dir": str(tmp_path / "run")})
    assert (result.outcome, result.changed, result.failure) == ("changed", True, "")
    assert "The HTML page could not be exported (AttributeError: module 'mistune'" in result.remarks[0]
    assert "&lt;b&gt;" in result.page.read_text()
    assert manifest.problems(tmp_path / "run", result.manifest) == []


def test_an_error_of_the_page_does_not_hide_the_outcome(
    tmp_path: Path, write_notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """nbconvert and what it needs raise errors of any kind."""
    source = write_notebook(
        tmp_path / "x.ipynb",
        "%load_ext breakglass_aws\n%runbook x",
        "%%tasks\n- name: Act\n  ansible.builtin.command: 'true'\n  register: act\n",
        "%evidence act act",
        parameters='check_mode: bool = False\nevidence_dir: str = ""\n',
    )
    monkeypatch.setattr(page, "page", lambda notebook: notebook.no_such_attribute)
    result = launch.run(Runbook(source), {"evidence_dir": str(tmp_path / "run")})
    assert (result.outcome, result.failure) == ("changed", "")
    assert "could not be exported (AttributeError" in result.remarks[0]
    assert manifest.problems(tmp_path / "run", result.manifest) == []


def test_a_secret_answer_is_in_no_environment(tmp_path: Path, write_notebook: Callable[..., Path]) -> None:
    """/proc/PID/environ has what a process was started with, whatever it does later."""
    source = write_notebook(
        tmp_path / "secret.ipynb",
        "%load_ext breakglass_aws\n%runbook secret",
        "%%gate code\nType the code.\n\nanswer: secret\n",
        "import pathlib, psutil\nfound = ''.join(pathlib.Path(f'/proc/{process.pid}/environ').read_text()"
        " for process in (psutil.Process(), psutil.Process().parent()))\n"
        "pathlib.Path(where).write_text(f'{found} {len(code)} {code in found}')\n",
        "%%tasks\n- name: Look\n  ansible.builtin.command: env\n  register: seen\n",
        "assert code not in str(seen), 'in the environment of a task'\n",
        parameters='where: str = None\ncheck_mode: bool = False\nevidence_dir: str = ""\n',
    )
    (tmp_path / "answers.json").write_text('{"code": "planted-4711"}')
    given = ["-p", f"where={tmp_path}/found", "-p", "evidence_dir=run", "--answers-file", "answers.json"]
    process = start(tmp_path, str(source), *given)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, output + errors
    found = (tmp_path / "found").read_text()
    assert found.endswith(" 12 False")
    assert "BREAKGLASS_OPTIONS_FD" in found


def test_when_the_kernel_is_killed_no_other_task_begins(slow: subprocess.Popen[str], tmp_path: Path) -> None:
    """Nobody would write down what it did. Until Ansible has ended, the lock holds off another run."""
    os.kill(int((tmp_path / "kernel").read_text()), signal.SIGKILL)
    output, _ = slow.communicate(timeout=60)
    assert "kernel died" in output
    while True:
        try:
            locks.on_target("slow", {"where": str(tmp_path)}, "").release()
            break
        except Blocked:
            time.sleep(0.1)
    assert (tmp_path / "ended").exists()
    assert not (tmp_path / "next").exists()
    assert [
        path for path in Path(tempfile.gettempdir()).glob("breakglass-*/variables.yml") if _holds(path, tmp_path)
    ] == []


def _holds(path: Path, what: Path) -> bool:
    try:
        return str(what) in path.read_text()
    except FileNotFoundError:  # of a test beside this one
        return False


def test_the_launcher_runs_shows_and_keeps(tmp_path: Path, write_notebook: Callable[..., Path]) -> None:
    source = write_notebook(
        tmp_path / "greet.ipynb",
        "%load_ext breakglass_aws\n%runbook greet",
        '%%tasks\n- name: Greet\n  ansible.builtin.fail:\n    msg: "Nobody is called {{ who }}."\n',
        parameters=PARAMETERS,
    )
    process = start(tmp_path, str(source), "-p", "who=0042", "--output", "out.ipynb")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "\x1b" not in output
    assert "[4/4] Step 2: failed in" in output
    assert output.index("Runbook FAILED. Nothing was changed. It stopped at 'Step 2'") < output.index(
        "Nobody is called 0042."
    )
    page = (tmp_path / "out.html").read_text()
    assert "Nobody is called 0042." in page
    assert page.index("This run stopped at 'Step 2'") < page.index("The run stopped here.")
    assert "xception" not in page.partition("<body")[2]
    assert "<script" not in page
    assert (tmp_path / "out.ipynb").stat().st_mode & 0o077 == 0


def test_the_list_of_signers_is_found_from_any_folder(tmp_path: Path, write_notebook: Callable[..., Path]) -> None:
    """A run may go on from another one than it began in."""
    write_notebook(tmp_path / "who.ipynb", "print(allowed_signers)", parameters='allowed_signers: str = ""\n')
    process = start(tmp_path, "who.ipynb", "-p", "allowed_signers=signers", "--output", "out.ipynb")
    assert process.wait(timeout=60) == 0
    assert nbformat.read(tmp_path / "out.ipynb", as_version=4).cells[-1].outputs[0].text == f"{tmp_path / 'signers'}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no_such_runbook"], "There are: "),
        (["greet.ipynb", "-p", "whom=x"], "Unknown parameter: whom. Did you mean who?"),
        (["greet.ipynb", "-p", "check_mode=perhaps"], "Expected true or false"),
        (["greet.ipynb", "-p", "who"], "Expected NAME=VALUE"),
        (["greet.ipynb", "--parameters-file", "none.json"], "cannot be read"),
        (["greet.ipynb", "--output", "there.ipynb"], "is not overwritten"),
        (["greet.ipynb", "--output", "/dev/null/out.ipynb"], "cannot be written"),
        (["greet.ipynb", "--output", "out.txt"], "file that ends in .ipynb"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_runs(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    write_notebook: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from breakglass_aws.cli.main import main

    monkeypatch.chdir(tmp_path)
    write_notebook(tmp_path / "greet.ipynb", "1", parameters=PARAMETERS)
    (tmp_path / "there.ipynb").write_text("evidence")
    assert main(["run", *arguments]) == 2
    output = capsys.readouterr()
    assert said in output.err
    assert "Traceback" not in output.err
    assert "completed" not in output.out
    assert (tmp_path / "there.ipynb").read_text() == "evidence"


def test_a_reader_who_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    command = f"{{ {sys.executable} -m breakglass_aws describe lost_root_mfa; echo $? > status; }} | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.stdout, done.stderr) == ("Lost root MFA\n", "")
    assert (tmp_path / "status").read_text() in ("0\n", "130\n")  # whether it had said all before the reader went
