# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The second person of a drill, who approves plans with a key made for the drill."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from breakglass_aws.drills.simulated_organization import StartError


class Approver:
    """A person with an SSH key, and the list of allowed signers that names them."""

    def __init__(self, name: str, home: Path, signers: Path) -> None:
        """Make the key in `home`, and write the list of allowed signers."""
        self.name = name
        self.signers = signers
        self._key = home / "key"
        if not shutil.which("ssh-keygen"):
            raise StartError("The second person needs ssh-keygen. Install the OpenSSH client.")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", self._key], check=True)
        signers.write_text(f'{name} namespaces="breakglass.aws" {self._key.with_suffix(".pub").read_text()}')

    def approve(self, run: Path) -> int:
        """Approve what the run in this folder would do, by the command a person would type; return its status."""
        command = [sys.executable, "-m", "breakglass_aws.engine", "approve", str(run), "--key", str(self._key)]
        return subprocess.run([*command, "--as", self.name, "--yes"], check=False).returncode
