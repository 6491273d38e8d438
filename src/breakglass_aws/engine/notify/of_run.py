# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run that has ended is notified about: a gate at which it waits, and password recovery that it left open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from breakglass_aws.engine import commands, times
from breakglass_aws.engine.notify.messages import RECOVERY_OPEN, WAITING, Message, message

# How long password recovery may stay open by this project's rule. AWS has no limit.
RECOVERY_MAY_STAY_OPEN = timedelta(hours=24)


def messages(
    runbook: str,
    folder: Path,
    gate: str,
    accounts: Sequence[str],
    recovery_open_in: Sequence[str],
    templates: Path | None = None,
) -> list[Message]:
    """Return the messages about a run.

    Args:
        gate: The gate at which it waits; empty when it does not wait.
        accounts: The accounts that it is about.
        recovery_open_in: The accounts in which it left password recovery open.

    Raises:
        RunbookError: A template of the user is wrong.
    """
    common = {"runbook": runbook, "folder": str(folder), "resume": commands.resume(folder, gate)}
    found = []
    if gate:
        found.append(message(WAITING, {**common, "gate": gate, "accounts": accounts}, templates))
    if recovery_open_in:
        found.append(message(RECOVERY_OPEN, open_recovery(runbook, folder, recovery_open_in), templates))
    return [one for one in found if one]


def open_recovery(runbook: str, folder: Path, accounts: Sequence[str]) -> dict[str, Any]:
    """Return the data of the message about password recovery that a run left open in accounts."""
    return {
        "runbook": runbook,
        "folder": str(folder),
        "resume": commands.resume(folder),
        "accounts": list(accounts),
        "close_by": times.text(datetime.now(UTC) + RECOVERY_MAY_STAY_OPEN),
    }
