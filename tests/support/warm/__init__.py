"""Commands of Python that start warm: forked from a server that has loaded what they import.

Half of what a test of a playbook takes is the start of Python processes that import the same. Here each is a fork of
a process that has imported it and done nothing else: with its own memory, environment, folder, streams and end, as
any process. What the start itself is tested with, and what gets a signal, is run with `subprocess`.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from support.warm import protocol

_SERVER = Path(__file__).with_name("server.py")
_CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_"))}
_INTERPRETER = """#!{python} -IS
import sys

sys.path.insert(0, {folder!r})
import protocol

protocol.become({address!r}, sys.argv[1:])
"""
_EXECUTOR = """#!{python} -IS
import sys

sys.path.insert(0, {warm!r})
import executor_start

executor_start.become({folder!r}, sys.argv[1:])
"""


class WarmPython:
    """A fork server that has imported `modules`, in an environment, until this process ends.

    Args:
        modules: What it imports.
        environment: What the imports see. Commands get an environment of their own.
        prepared: A module that commands may start in their turn, with `-P -m`: once each, it starts warm too.
    """

    def __init__(self, modules: Sequence[str], environment: Mapping[str, str], prepared: str = "") -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="warm-"))
        self._address = str(self._folder / "socket")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self._address)
            listener.listen(64)
            # It ends when its standard input does.
            self._process = subprocess.Popen(
                [sys.executable, str(_SERVER), str(listener.fileno()), prepared, *modules],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                env=dict(environment),
                pass_fds=[listener.fileno()],
            )
        self.interpreter = self._folder / "python"
        self.interpreter.write_text(
            _INTERPRETER.format(
                python=sys.executable, folder=str(Path(__file__).parent.resolve()), address=self._address
            )
        )
        self.interpreter.chmod(0o700)
        atexit.register(self._end, os.getpid())

    def _end(self, owner: int) -> None:
        if os.getpid() == owner:  # not in a fork of it
            self._process.communicate()
            shutil.rmtree(self._folder, ignore_errors=True)

    def run(
        self, command: Sequence[str], environment: Mapping[str, str], directory: Path, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """The finished run of a command of Python: `-m MODULE` or a script, and its arguments; without input."""
        with (
            tempfile.TemporaryFile("w+") as output,
            tempfile.TemporaryFile("w+") as errors,
            open(os.devnull) as nothing,
        ):
            streams = [nothing.fileno(), output.fileno(), errors.fileno()]
            status = protocol.end_of(
                protocol.start(self._address, command, environment, str(directory), streams, timeout)
            )
            output.seek(0)
            errors.seek(0)
            return subprocess.CompletedProcess(list(command), status, output.read(), errors.read())


@cache
def module_python() -> WarmPython:
    """An interpreter for Ansible's modules: the AWS SDK and Ansible's own half of a module are loaded.

    A module itself comes from the archive that Ansible sends; what it imports is this checkout's.
    """
    return WarmPython(["support.warm.module_imports"], _CLEAN)


@cache
def ansible_home() -> Path:
    """The home of all runs of `ansible_python`: its configuration, which Ansible reads as it is imported."""
    folder = Path(tempfile.mkdtemp(prefix="ansible-home-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def ansible_python(*configuration: tuple[str, str]) -> WarmPython:
    """Ansible's commands, configured by these variables and by nothing but them and `ansible_home`."""
    home = {"HOME": str(ansible_home()), "ANSIBLE_HOME": str(ansible_home() / "ansible")}
    return WarmPython(["support.warm.ansible_imports"], {**_CLEAN, **home, **dict(configuration)})


@cache
def engine_python() -> WarmPython:
    """The command that runs runbooks, with its kernel and its executor."""
    # Importing the kernel's debugger prints a warning without the second of these variables.
    own = {"BREAKGLASS_TEST_EXECUTOR": str(executor_python()), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    return WarmPython(["support.warm.engine_imports"], {**_CLEAN, **own}, prepared="breakglass_aws.engine.kernel.main")


@cache
def executor_python() -> Path:
    """The interpreter with which kernels start their executors; see `support.warm.executor_start`."""
    folder = Path(tempfile.mkdtemp(prefix="executors-"))
    os.mkfifo(folder / "alive")
    alive = os.open(folder / "alive", os.O_RDWR)
    owner = os.getpid()

    def end() -> None:
        if os.getpid() == owner:
            os.close(alive)
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    interpreter = folder / "python"
    warm = str(Path(__file__).parent.resolve())
    interpreter.write_text(_EXECUTOR.format(python=sys.executable, warm=warm, folder=str(folder)))
    interpreter.chmod(0o700)
    return interpreter
