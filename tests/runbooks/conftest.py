"""What the tests of the runbooks share: a place to run them from, and notebooks made for a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from support import warm

from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.executor import client

# State of tools that a test must not leave in anybody's home.
TOOL_FOLDERS = ("ANSIBLE_HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")


@dataclass
class Workplace:
    """A folder of one's own to run commands in, with the environment of an identity."""

    folder: Path
    environment: dict[str, str]

    def run(self, *command: str, cold: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a command of this Python: its module and arguments.

        What it imports is loaded already, see `support.warm`; not if it is to start `cold`, as from a shell.
        """
        if not cold and command[0] in ("breakglass_aws", "breakglass_aws.engine"):
            return warm.engine_python().run(("-m", *command), self.environment, self.folder, 180)
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def start(self, *command: str) -> subprocess.Popen[str]:
        """The same, without waiting for its end."""
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def texts(self) -> dict[Path, str]:
        """Everything that lies in the folder by now."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return {path: path.read_text(encoding="utf-8", errors="replace") for path in files}


@pytest.fixture(scope="session")
def make_workplace(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Mapping[str, str]], Workplace]:
    """Make a workplace, given the environment variables of an identity."""

    def make(identity: Mapping[str, str]) -> Workplace:
        folder = tmp_path_factory.mktemp("workplace")
        tools = tmp_path_factory.mktemp("tools")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        own = {name: str(tools / name.lower()) for name in TOOL_FOLDERS}
        own["ANSIBLE_HOME"] = str(warm.ansible_home() / "ansible")  # of all, because executors are loaded with it
        # Without an identity there is no AWS; and tests beside each other do not act on the same organization.
        own["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:9{folder}"
        return Workplace(folder, {**inherited, **own, **identity})

    return make


@pytest.fixture(scope="session")
def write_notebook() -> Callable[..., Path]:
    """Write a notebook of code cells, each under a heading of its own; return its path."""

    def write(path: Path, *sources: str, parameters: str = "") -> Path:
        notebook = new_notebook(metadata={"kernelspec": {"name": "python3", "language": "python", "display_name": "x"}})
        if parameters:
            notebook.cells = [
                new_markdown_cell("# A runbook"),
                new_code_cell(parameters, metadata={"tags": ["parameters"]}),
            ]
        for number, source in enumerate(sources, 1):
            notebook.cells += [new_markdown_cell(f"## Step {number}"), new_code_cell(source)]
        nbformat.write(notebook, path)
        return path

    return write


class Notebook:
    """A kernel's shell in which cells are run one by one."""

    def __init__(self) -> None:
        self.shell = InteractiveShell.instance()
        self.shown = ""

    def cell(self, source: str) -> None:
        """Run a cell and raise what it raises; what it displays is in `shown`."""
        with capture_output() as captured:
            result = self.shell.run_cell(textwrap.dedent(source), store_history=True)
        self.shown = "\n".join(
            [captured.stdout, captured.stderr, *(json.dumps(output.data) for output in captured.outputs)]
        )
        result.raise_error()

    def failure(self, source: str) -> str:
        """Run a cell that must fail; return all that its reader sees of that."""
        with pytest.raises(RunbookError) as failure:
            self.cell(source)
        return str(failure.value)

    def __getitem__(self, name: str) -> Any:
        return self.shell.user_ns[name]


@pytest.fixture
def new_notebook_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Notebook]]:
    """Start a shell, with nothing of the one before; nobody sits in front of it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("ANSIBLE_HOME", str(warm.ansible_home() / "ansible"))
    monkeypatch.setattr(client, "PYTHON", str(warm.executor_python()))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    def nobody(prompt: str) -> str:
        raise EOFError(f"asked {prompt}")

    monkeypatch.setattr("builtins.input", nobody)
    monkeypatch.setattr("getpass.getpass", nobody)

    def end() -> None:
        if InteractiveShell.initialized():
            shell = InteractiveShell.instance()
            if magics := shell.magics_manager.registry.get("RunbookMagics"):
                magics.end()
            shell.history_manager.end_session()
            InteractiveShell.clear_instance()

    def start() -> Notebook:
        end()
        return Notebook()

    yield start
    end()


@pytest.fixture
def notebook(new_notebook_shell: Callable[[], Notebook]) -> Notebook:
    """A notebook in which a run has been started, for real."""
    notebook = new_notebook_shell()
    notebook.cell('account_id: str = None\ncheck_mode: bool = True\nevidence_dir: str = ""')
    notebook.cell('account_id = "012345678901"\ncheck_mode = False')
    notebook.cell("%reload_ext breakglass_aws\n%runbook test")
    return notebook
