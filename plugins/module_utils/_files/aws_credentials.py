# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A root session as a profile of an AWS credentials file, for tools that take nothing else. No AWS, no Ansible.

Only profiles written here are ever replaced or removed; everything else in the file, comments included, stays as it is.
"""

from __future__ import annotations

import os
import re
import stat
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._files import atomic

MARK = "# root session written by breakglass.aws"
_NAME = re.compile(r"^[\w.@+-]{1,64}\Z", re.ASCII)


def check_name(name: str) -> str:
    """Raises InvalidInput for an invalid profile name. ``default`` would make every tool act as a root user."""
    if not _NAME.match(name) or name == "default":
        raise InvalidInput("write_profile", name, "up to 64 letters, digits and . _ - @ +, and not default")
    return name


def with_profile(text: str, name: str, values: dict[str, str], remark: str) -> str:
    """The file's text with this profile in it. Raises InvalidInput for a profile that was not written here."""
    lines = [f"[{name}]", f"{MARK}: {remark}", *(f"{key} = {value}" for key, value in values.items())]
    kept = without_profile(text, name)
    separator = "\n" if kept and not kept.endswith("\n\n") else ""
    return f"{kept}{separator}" + "\n".join(lines) + "\n"


def without_profile(text: str, name: str) -> str:
    """The file's text without this profile; the same text when it is not there."""
    parts = re.split(r"(?m)^(?=[ \t]*\[)", text)
    kept = []
    for part in parts:
        if not re.match(rf"[ \t]*\[[ \t]*{re.escape(name)}[ \t]*\]", part):
            kept.append(part)
        elif MARK in part:
            kept.append(_remarks_after(part))
        else:
            raise InvalidInput(
                "write_profile", name, "a new profile, or one that was written by this module", hint="This one was not"
            )
    return "".join(kept)


def _remarks_after(part: str) -> str:
    """The comments after the last value of a profile: they belong to what follows."""
    lines = part.splitlines(keepends=True)
    values = [number for number, line in enumerate(lines) if "=" in line and not line.lstrip().startswith(("#", ";"))]
    rest = lines[values[-1] + 1 :] if values else []
    return "".join(rest).lstrip("\r\n") if any(line.strip() for line in rest) else ""


def read(path: str) -> str:
    """The file's text, its line ends as they are; empty when there is none."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise BreakglassError(
            f"The credentials file {path} cannot be read: {error}.", "Name another in credentials_file."
        ) from error


def edit(path: str, change: t.Callable[[str], str]) -> tuple[bool, int | None]:
    """Replace the file's text by what ``change`` makes of it, as a whole and for its owner only.

    Returns whether that is another text, and the mode the file had if others could read or write it. Other tasks that
    edit a file of the same directory wait meanwhile: the hosts of a play may all write theirs at once.
    """
    target = os.path.realpath(path)
    try:
        with atomic.locked_directory(atomic.make_directory_of(target)):
            before = read(target)
            after = change(before)
            mode = stat.S_IMODE(os.stat(target).st_mode) if os.path.exists(target) else atomic.MODE
            if after != before:
                atomic.replace(target, after.encode())
    except OSError as error:
        raise BreakglassError(
            f"The credentials file {path} cannot be written: {error.strerror}.",
            "Name a file in credentials_file that you may write.",
        ) from error
    return after != before, mode if mode & 0o077 else None
