# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that a command writes where its user says: never over another one, and readable for their owner alone."""

from __future__ import annotations

import os
from pathlib import Path

from breakglass_aws.engine.errors import RunbookError


def require_new(path: Path) -> None:
    """Raise RunbookError unless a file can be written there and is not there yet."""
    if os.path.lexists(path.expanduser()):
        raise RunbookError(f"{path} exists, and is not overwritten. Name a new file.")
    if not path.expanduser().absolute().parent.is_dir():
        raise RunbookError(f"{path} cannot be written: there is no folder {path.parent}.")


def write(path: Path, content: bytes, elsewhere: str = "") -> None:
    """Write a new file with mode 0600. Raises RunbookError; ``elsewhere`` says where the content is nevertheless."""
    try:
        descriptor = os.open(path.expanduser(), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(content)
    except OSError as error:
        raise RunbookError(f"{path} was not written: {error.strerror}. {elsewhere}".rstrip()) from None
