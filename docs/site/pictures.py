# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of the runbooks' pages: each runbook plans in a simulated organization, and a browser shows its page."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from breakglass_aws.drills.runner.simulation import Simulation

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Which account of the default organization has the bad day of each runbook.
PARAMETERS: dict[str, dict[str, str]] = {
    "audit_root_credentials": {"account_ids": "444455556666,012345678901,333344445555"},
    "compromised_root_user": {"account_id": "444455556666"},
    "enable_root_access": {"canary_account_id": "333344445555"},
    "lost_access_role": {"account_id": "999900001111", "trust_stacksets": "true"},
    "lost_root_mfa": {"account_id": "444455556666"},
    "remove_account": {"account_id": "121212121212", "purpose": "close"},
    "remove_root_credentials": {"account_ids": "444455556666,012345678901"},
    "unlock_s3_bucket": {"account_id": "333344445555", "bucket": "payments-ledger-333344445555"},
    "unlock_sqs_queue": {"account_id": "012345678901", "queue": "arn:aws:sqs:eu-central-1:012345678901:ingest-events"},
}
WIDTH, HEIGHT = 1100, 1300
# The picture begins at the plan: what is above it on a run's page is on the site's page too.
FROM_THE_PLAN = '<style>.jp-Cell:has(~ .jp-Cell h2[id="Plan"]) { display: none }</style></head>'


def take(folder: Path) -> dict[str, str]:
    """Write a picture of each runbook's page into `folder`; return the files by runbook; without a browser, none."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print(f"No pictures: none of {', '.join(BROWSERS)} is installed.")
        return {}
    taken = {}
    with Simulation() as simulation, tempfile.TemporaryDirectory() as runs:
        simulation.wait_until_ready()
        environment = simulation.environment("operator")
        for name, parameters in PARAMETERS.items():
            page = _run(name, parameters, environment, Path(runs))
            _photograph(browser, page, folder / f"{name}.png", Path(runs))
            taken[name] = f"{name}.png"
            print(f"{name}: {taken[name]}", flush=True)
    return taken


def _run(name: str, parameters: dict[str, str], environment: dict[str, str], runs: Path) -> Path:
    """Plan a runbook and return the path of its page. Raises RuntimeError when it failed."""
    given = [word for key, value in parameters.items() for word in ("-p", f"{key}={value}")]
    command = [sys.executable, "-m", "breakglass_aws.engine", "run", name, *given, "-p", f"evidence_dir={runs / name}"]
    ran = subprocess.run([*command, "--json"], env=environment, cwd=runs, capture_output=True, text=True, check=False)
    events = [json.loads(line) for line in ran.stdout.splitlines()]
    if not events or events[-1]["outcome"] not in ("planned", "unchanged", "waiting"):
        raise RuntimeError(f"{name} ended with status {ran.returncode}: {ran.stdout[-500:]}{ran.stderr}")
    return Path(events[-1]["page"])


def _photograph(browser: str, page: Path, picture: Path, runs: Path) -> None:
    plan = runs / "plan.html"
    plan.write_text(page.read_text(encoding="utf-8").replace("</head>", FROM_THE_PLAN, 1), encoding="utf-8")
    command = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--disable-background-networking",
    ]
    command += [f"--user-data-dir={runs / 'browser'}", f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={picture}"]
    subprocess.run([*command, plan.as_uri()], check=True, capture_output=True, timeout=120)
