# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that start, resume and approve a run, as they work for the person who started this one.

A run may have been started with `breakglass`, which is installed with the package; with PYTHONPATH and
`python -m breakglass_aws`, where the collection is installed and the package is not; or by ansible-playbook or a job of
AWX, for which the module breakglass.aws.runbook sets BREAKGLASS_STARTED_WITH.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from breakglass_aws.engine.collection import NOTEBOOKS, SOURCES

STARTED_WITH = "BREAKGLASS_STARTED_WITH"
PROGRAM_OF_LAUNCHER = "BREAKGLASS_PROGRAM"
ANSIBLE = "ansible-playbook"
AWX = "awx"
PROGRAM = "breakglass"
_PLAYBOOK = f"{ANSIBLE} breakglass.aws.runbook"
_TEMPLATE = "Launch the job template of breakglass.aws.runbook with these extra variables:"
_PLAIN = re.compile(r"[\w./:@%+,-]+", re.ASCII)  # what -e NAME=VALUE takes as it is


def program() -> str:
    """Return the command that runs this program here: as short as it works in the shell of this person.

    `breakglass` where the shell finds the one of this Python, its path where not, and the module where only PYTHONPATH
    leads to the package.
    """
    if launcher := os.environ.get(PROGRAM_OF_LAUNCHER):  # which puts the package on the path of its kernel
        return launcher
    module = f"{shlex.quote(sys.executable)} -m breakglass_aws"
    if str(SOURCES) in os.environ.get("PYTHONPATH", "").split(os.pathsep):
        return f"PYTHONPATH={shlex.quote(str(SOURCES))} {module}"
    script = Path(sys.executable).with_name(PROGRAM)
    if not script.is_file():
        return module
    found = shutil.which(PROGRAM)  # pipx links it into a folder of its own
    return PROGRAM if found and os.path.realpath(found) == os.path.realpath(script) else shlex.quote(str(script))


def resume(folder: Path, gate: str = "", *, secret: bool = False) -> str:
    """Return the command that resumes a run; with a gate, with a place for its answer.

    A secret answer is never part of a command: the launcher asks for it. A job of AWX has no command line; a survey
    asks for its secrets.
    """
    if _by(AWX):
        return _job({"resume": str(folder), **({"answers": {gate: "..."}} if gate else {})})
    if not _by(ANSIBLE) or (gate and secret):
        return " ".join(
            [program(), "resume", shlex.quote(str(folder)), *([_launcher_answer(gate, secret)] if gate else [])]
        )
    answers = [f"-e {shlex.quote(json.dumps({'answers': {gate: '...'}}))}"] if gate else []
    return " ".join([_PLAYBOOK, _extra_variable("resume", str(folder)), *answers])


def answer(gate: str, value: str) -> str:
    """Return the option that answers a gate when a run is resumed; ``value`` is what to write there, such as WORD."""
    if _by(AWX):
        return f"the extra variable {json.dumps({'answers': {gate: value}}, ensure_ascii=False)}"
    if _by(ANSIBLE):
        return f"-e '{json.dumps({'answers': {gate: value}}, ensure_ascii=False)}'"
    return f"--answer {gate}={value if value.isalnum() else repr(value)}"


def run(notebook: str, parameters: Mapping[str, Any]) -> str:
    """Return the command that starts a new run of a notebook with `parameters`."""
    path = Path(notebook)
    name = path.stem if path.parent == NOTEBOOKS else notebook
    if _by(AWX):
        return _job({"runbook": name, "parameters": dict(parameters)})
    if _by(ANSIBLE):
        given = shlex.quote(json.dumps({"parameters": dict(parameters)}, ensure_ascii=False))
        return f"{_PLAYBOOK} {_extra_variable('runbook', name)} -e {given}"
    options = (f"-p {shlex.quote(f'{key}={_as_argument(value)}')}" for key, value in parameters.items())
    return " ".join([program(), "run", shlex.quote(name), *options])


def approve(folder: Path) -> str:
    """Return the command that the approver runs. It is the launcher's, however the run was started."""
    return f"{program()} approve {shlex.quote(str(folder))} --key KEY --as NAME"


def _by(program: str) -> bool:
    return os.environ.get(STARTED_WITH) == program


def _job(variables: Mapping[str, Any]) -> str:
    return f"{_TEMPLATE} {json.dumps(variables, ensure_ascii=False)}"


def _launcher_answer(gate: str, secret: bool) -> str:
    return f"--answer {gate}" if secret else f"--answer {gate}=..."


def _extra_variable(name: str, value: str) -> str:
    if _PLAIN.fullmatch(value):
        return f"-e {name}={value}"
    return f"-e {shlex.quote(json.dumps({name: value}, ensure_ascii=False))}"


def _as_argument(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
