# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What someone needs who recovers the organization of a scenario: the runner by itself, or a person in a shell."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from breakglass_aws.drills.result import Hint
from breakglass_aws.drills.runner.people import People
from breakglass_aws.drills.runner.simulation import Simulation
from breakglass_aws.drills.runner.timeline import Timeline
from breakglass_aws.drills.scenario_file.model import Scenario


@dataclass
class RunEnd:
    """How a run ended, or a part of it.

    Attributes:
        exit_status: Of the command; negative when a signal ended it, None when no runbook was run.
        outcome: As the command reported it; empty when it was killed.
        text: What it printed, as a person reads it.
    """

    exit_status: int | None
    outcome: str = ""
    failure: str = ""
    text: str = ""
    errors: str = ""


@dataclass
class Scene:
    """One scenario that has begun: its sandbox, its people, where things are written.

    Attributes:
        folder: Of the scenario: evidence, executed notebook and log go there.
        home: A folder that is removed after the drill, for files with keys.
        add_faults: Adds the faults that begin at a gate.
        say: Called with a line of text for each step.
        prepared: A process that has loaded what a run needs; see `prepared`.
    """

    scenario: Scenario
    simulation: Simulation
    people: People
    timeline: Timeline
    folder: Path
    home: Path
    add_faults: Callable[[str], None]
    say: Callable[[str], None]
    prepared: subprocess.Popen[str] | None = None

    @cached_property
    def environment(self) -> dict[str, str]:
        """The environment of who runs the runbook, with the AWS profiles that the scenario names."""
        environment = self.simulation.environment(self.scenario.runs_as)
        if not self.scenario.profiles:
            return environment
        file = self.home / "aws-config"
        sections = []
        for name, identity in self.scenario.profiles.items():
            keys = self.simulation.credentials(identity)
            lines = [f"[profile {name}]", f"aws_access_key_id = {keys['access_key']}"]
            lines += [f"aws_secret_access_key = {keys['secret_key']}", "region = us-east-1"]
            lines += [f"aws_session_token = {keys['session_token']}"] if keys["session_token"] else []
            sections.append("\n".join(lines))
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as stream:
            stream.write("\n\n".join(sections) + "\n")
        return environment | {"AWS_CONFIG_FILE": str(file)}


class Recovery(Protocol):
    """Recovers the organization.

    Attributes:
        hints: Those that a person asked for.
        meets_faults: Whether each fault of the scenario must strike. A person may go another way.
    """

    hints: list[Hint]
    meets_faults: bool

    @property
    def evidence(self) -> Path:
        """The folder of the evidence; with several runs, of the last one."""
        ...

    @property
    def runs(self) -> list[Path]:
        """The folders of all runs, the last one last."""
        ...

    def run(self) -> RunEnd:
        """Recover it."""
        ...

    def stop(self) -> None:
        """End the recovery as Ctrl-C does. For another thread."""
        ...
