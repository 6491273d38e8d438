# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of sweeps from files: what a module returned, as JSON, or the journal of a sweep."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from breakglass_aws.engine.errors import RunbookError

JOURNAL = "breakglass.aws/sweep-journal/"
LARGEST = 1 << 29  # bytes; 10,000 accounts take about 30 MB
_ACCEPTED = "Expected the result of a sweep as JSON (an object with `accounts`), or the journal of a sweep."


def read(path: Path) -> list[dict[str, Any]]:
    """The results in a file. A journal may have those of several tasks: one result for each, with newest entries.

    Raises RunbookError for a file that cannot be read or is neither.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise RunbookError(f"{path} has more than {LARGEST >> 20} MiB. {_ACCEPTED}")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise RunbookError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise RunbookError(f"{path} is not a text file. {_ACCEPTED}") from None
    whole = _parse(text)
    if isinstance(whole, Mapping) and isinstance(whole.get("accounts"), list):
        return [dict(whole)]
    lines = [_parse(line) for line in text.split("\n")[:-1]]  # a line that was broken off is not an account's
    if lines and all(_is_line(line) for line in lines):
        return _tasks(lines)
    raise RunbookError(f"{path} is not what a sweep wrote. {_ACCEPTED}")


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _is_line(line: Any) -> bool:
    return (
        isinstance(line, dict)
        and str(line.get("format")).startswith(JOURNAL)
        and isinstance(line.get("entry"), dict)
        and isinstance(line.get("wish"), str)
        and isinstance(line.get("account_id"), str)
    )


def _tasks(lines: list[Any]) -> list[dict[str, Any]]:
    """The entries of each task, those of an account that was done again replaced."""
    tasks: dict[str, dict[str, Any]] = {}
    for line in lines:
        tasks.setdefault(line["wish"], {})[line["account_id"]] = line["entry"]
    return [{"accounts": list(entries.values())} for entries in tasks.values()]
