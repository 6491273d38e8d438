"""Run ansible-playbook in a process of its own, with nothing of this machine's configuration."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def run_playbook(
    playbook: str | Path, *arguments: str, environment: Mapping[str, str], directory: Path
) -> subprocess.CompletedProcess[str]:
    """The finished run of a playbook (a file or an FQCN), working and having its home in ``directory``.

    ``environment`` is all it sees of AWS_* variables: sandbox.environment("operator"), for example.
    """
    others = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_"))}
    return subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible-playbook")),
            *("-i", "localhost,", "-c", "local", *arguments),
            str(playbook),
        ],
        env={
            **others,
            "HOME": str(directory),
            "ANSIBLE_HOME": str(directory / "ansible"),
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            **environment,
        },
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
