"""A gate asks where the front end lets people type, as JupyterLab does. Where it does not, no run that acts begins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

PARAMETERS = 'check_mode: bool = False\nevidence_dir: str = ""\n'
START = "%reload_ext breakglass_aws\n%runbook gated"
WAY = "%%gate way\nWhich way?\n\nanswer: one of root, role\n"
CODE = "%%gate code\nType the code.\n\nanswer: secret\n"
USE = "print(way, len(code))"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tools").mkdir()
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "tools" / name))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def test_a_person_types_the_answers() -> None:
    manager, client = start_new_kernel(kernel_name="python3")
    typed = iter(["rot", "root", "planted-4711"])
    asked: list[tuple[str, bool]] = []
    said: list[str] = []

    def person(message: dict[str, Any]) -> None:
        asked.append((message["content"]["prompt"].split(" ")[0], message["content"]["password"]))
        client.input(next(typed))

    def hear(message: dict[str, Any]) -> None:
        said.append(str(message["content"]))

    try:
        for cell in (PARAMETERS, START, WAY, CODE, USE):
            reply = client.execute_interactive(cell, allow_stdin=True, stdin_hook=person, output_hook=hear, timeout=60)
            assert reply["content"]["status"] == "ok", reply["content"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert asked == [("way", False), ("way", False), ("code", True)]
    shown = "\n".join(said)
    assert "'rot' is not" in shown
    assert "root 12" in shown
    assert "planted-4711" not in shown


def test_a_gate_that_was_just_answered_does_not_ask_again() -> None:
    """JupyterLab returns to the cell of a gate while a person types, so Shift+Enter runs it again."""
    manager, client = start_new_kernel(kernel_name="python3")
    typed = iter(["root", "role"])
    said: list[str] = []

    def run(cell: str) -> str:
        said.clear()
        reply = client.execute_interactive(
            cell,
            allow_stdin=True,
            stdin_hook=lambda message: client.input(next(typed)),
            output_hook=lambda message: said.append(str(message["content"])),
            timeout=60,
        )
        assert reply["content"]["status"] == "ok", reply["content"]
        return "\n".join(said)

    try:
        for cell in (PARAMETERS, START, WAY):
            run(cell)
        again = run(WAY)
        assert "Already answered: root. Run the next cell." in again
        run("%%tasks\n- ansible.builtin.debug:\n")
        assert "Answered: role." in run(WAY)  # a person went back to it: another answer counts
        assert next(typed, "no more") == "no more"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_nbclient_alone_begins_no_run_that_acts(write_notebook: Callable[..., Path], tmp_path: Path) -> None:
    """No person could answer its gates, and it would report a killed kernel as a completed run."""
    notebook = nbformat.read(write_notebook(tmp_path / "x.ipynb", START, WAY, USE, parameters=PARAMETERS), as_version=4)
    with pytest.raises(CellExecutionError, match=r"(?s)Nothing was changed.*papermill --engine breakglass"):
        NotebookClient(notebook).execute()
