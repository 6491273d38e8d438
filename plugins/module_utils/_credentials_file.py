# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A root session as a profile of an AWS credentials file, for tools that take nothing else. No AWS, no Ansible.

Only profiles written here are ever replaced or removed; everything else in the file, comments included, stays as it is.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets

from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput

MARK = "# root session written by breakglass.aws"
_FILE_MODE = 0o600
_NAME = re.compile(r"^[\w.@+-]{1,64}\Z", re.ASCII)


def check_name(name: str) -> str:
    """A profile's name that can be meant. ``default`` would make every tool on the machine act as a root user."""
    if not _NAME.match(name) or name == "default":
        raise InvalidInput("write_profile", name, "up to 64 letters, digits and . _ - @ +, and not default")
    return name


def with_profile(text: str, name: str, values: dict[str, str], remark: str) -> str:
    """The file's text with this profile in it. Raises InvalidInput when the profile is somebody else's."""
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
        elif MARK not in part:
            raise InvalidInput(
                "write_profile", name, "a new profile, or one that was written by this module", hint="This one was not"
            )
    return "".join(kept)


def read(path: str) -> str:
    """The file's text; empty when there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise BreakglassError(
            f"The credentials file {path} cannot be read: {error}.", "Name another in credentials_file."
        ) from error


def write(path: str, text: str) -> None:
    """Replace the file as a whole, readable for its owner only. What was there stays until all of it is on disk."""
    target = os.path.realpath(path)
    temporary = f"{target}.{secrets.token_hex(6)}"
    try:
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _FILE_MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, target)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise BreakglassError(
            f"The credentials file {path} cannot be written: {error.strerror}.",
            "Name a file in credentials_file that you may write.",
        ) from error
