"""Run Ansible's commands as their users would, with nothing of this machine's configuration."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from support import warm

_SECONDS = 180
# The configurations of Ansible that several tests run with: it reads them while it is imported.
_SERVED: tuple[dict[str, str], ...] = ({}, {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"})


def run_ansible(
    *command: str, environment: Mapping[str, str], directory: Path, cold: bool = False, seconds: float = _SECONDS
) -> subprocess.CompletedProcess[str]:
    """The finished run of ansible-playbook, for example, and its arguments, working in ``directory``.

    It may take ``seconds``: many for a busy machine, as a run that has not ended by then fails the test.

    ``environment`` is all it sees of AWS_* and ANSIBLE_* variables: sandbox.environment("operator"), for example.
    ``cold`` has it and its modules start as from a shell, with nothing imported before; see `support.warm`.
    """
    program, *arguments = command
    path = str(Path(sys.executable).with_name(program))
    configuration = {name: value for name, value in environment.items() if name.startswith("ANSIBLE_")}
    served = not cold and configuration in _SERVED
    home = warm.ansible_home() if served else directory
    everything = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_"))},
        "HOME": str(home),
        "ANSIBLE_HOME": str(home / "ansible"),
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable if cold else str(warm.module_python().interpreter),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **environment,
    }
    if served:
        server = warm.ansible_python(*configuration.items())
        return server.run([path, *arguments], everything, directory, seconds)
    return subprocess.run(
        [path, *arguments],
        env=everything,
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def run_playbook(
    playbook: str | Path,
    *arguments: str,
    environment: Mapping[str, str],
    directory: Path,
    cold: bool = False,
    seconds: float = _SECONDS,
) -> subprocess.CompletedProcess[str]:
    """The finished run of a playbook (a file or an FQCN) on this machine; see `run_ansible`."""
    here = ("ansible-playbook", "-i", "localhost,", "-c", "local")
    command = (*here, *arguments, str(playbook))
    return run_ansible(*command, environment=environment, directory=directory, cold=cold, seconds=seconds)
