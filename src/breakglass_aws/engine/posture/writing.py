# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a report."""

from __future__ import annotations

from pathlib import Path

from breakglass_aws.engine import files
from breakglass_aws.engine.posture.lists import as_csv, as_json
from breakglass_aws.engine.posture.model import Posture
from breakglass_aws.engine.posture.ocsf import as_ocsf
from breakglass_aws.engine.posture.page import as_html

FILES = {"posture.html": as_html, "posture.csv": as_csv, "posture.json": as_json, "posture.ocsf.json": as_ocsf}


def write(posture: Posture, folder: Path) -> list[Path]:
    """Write page, list, JSON and OCSF events into `folder`, readable for their owner only: they show where to attack.

    Raises RunbookError when a file cannot be written.
    """
    for name, render in FILES.items():
        files.write(folder / name, render(posture))
    return [folder / name for name in FILES]
