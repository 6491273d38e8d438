# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write files that are complete at any moment, and readable for their owner only."""

from __future__ import annotations

import os
from pathlib import Path

from breakglass_aws.engine.errors import RunbookError


def write(path: Path, text: str) -> None:
    """Replace the content of `path` by `text`; raise RunbookError when that is not possible."""
    unfinished = path.with_name(f".{path.name}")
    try:
        with open(
            unfinished, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW, 0o600)
        ) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise RunbookError(
            f"{path} cannot be written: {error.strerror}. Make room, or have it made writable."
        ) from None
