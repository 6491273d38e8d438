# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove what an interrupted live drill left: first by the account's administrator, else by a root session."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from breakglass_aws.drills.live.aws import Aws, Unanswered
from breakglass_aws.drills.live.limits import ADMINISTRATOR, REHEARSAL, bucket_prefix
from breakglass_aws.drills.live.live_run import NOTEBOOKS
from breakglass_aws.drills.live.residue import RECOVERY, Residue
from breakglass_aws.drills.runner.run_process import RunProcess
from breakglass_aws.engine.errors import RunbookError

Say = Callable[[str], None]


def clean_up(residue: Residue, aws: Aws, reports: Path, say: Say) -> None:
    """Remove all of it. Raises RunbookError with what is left, and why."""
    problems = []
    for one in list(residue.left):
        try:
            if one["kind"] == RECOVERY:
                _close_recovery(residue.account, aws, reports, say)
            else:
                _remove_bucket(residue.account, one["name"], one["region"], aws, reports, say)
            residue.forget(**one)
        except RunbookError as error:
            problems.append(str(error))
    if problems:
        raise RunbookError(f"May still be left in {residue.account}: {residue.words()}. {' '.join(problems)}")


def _close_recovery(account: str, aws: Aws, reports: Path, say: Say) -> None:
    if aws.has_login_profile():
        given = {"account_id": account, "only_close": "true", "check_mode": "false"}
        _run(str(NOTEBOOKS[REHEARSAL]), given, {"confirmed": account}, reports)
    if aws.has_login_profile():
        raise RunbookError("The root user still has a login profile.")
    say(f"Password recovery of {account} is closed.")


def _remove_bucket(account: str, name: str, region: str, aws: Aws, reports: Path, say: Say) -> None:
    if not name.startswith(bucket_prefix(account)):  # whatever the file says: nothing else is ever deleted
        raise RunbookError(f"{name} is not a bucket of a drill in {account}.")
    aws.require_administrator()
    if aws.bucket_exists(name, region):
        try:
            aws.call(ADMINISTRATOR, "s3", "DeleteBucket", region, Bucket=name)
        except Unanswered as refusal:
            if refusal.is_missing:
                return
            given = {"account_id": account, "bucket": name, "mode": "delete", "check_mode": "false"}
            _run("unlock_s3_bucket", given, {"confirmed": account}, reports)
            aws.call(ADMINISTRATOR, "s3", "DeleteBucket", region, Bucket=name)
    if aws.bucket_exists(name, region):
        raise RunbookError(f"The bucket {name} still exists.")
    say(f"The bucket {name} is gone.")


def _run(runbook: str, parameters: dict[str, str], answers: dict[str, str], reports: Path) -> None:
    """Run a runbook, and keep its evidence."""
    folder = Path(tempfile.mkdtemp(prefix="clean-up-", dir=reports))
    process = RunProcess(folder, dict(os.environ), lambda event: None)
    arguments = ["run", runbook, "--output", str(folder / "runbook.ipynb")]
    for name, value in {**parameters, "evidence_dir": str(folder / "evidence")}.items():
        arguments += ["-p", f"{name}={value}"]
    end = process.run(arguments, answers)
    if end.exit_status:
        why = " ".join((end.failure or end.errors).split())
        raise RunbookError(f"{Path(runbook).stem} failed: {why} Its evidence is in {folder}.")
