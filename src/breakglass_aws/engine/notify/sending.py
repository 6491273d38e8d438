# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages are sent with Apprise, to what its configuration file names. What goes wrong is returned, never raised.

The addresses in that file hold credentials. They are not logged or printed: a target is named by its service alone.
"""

from __future__ import annotations

import logging
import re
import stat
from pathlib import Path
from typing import Any

from breakglass_aws.engine.notify.messages import Message

VARIABLE = "BREAKGLASS_NOTIFY"
_INSTALL = 'Apprise is not installed. Install it: pip install "breakglass-aws[notify]"'


def send(message: Message, file: Path) -> list[str]:
    """Send a message to the targets of an Apprise configuration file; return a sentence for each problem.

    A target with tags gets the kinds that it is tagged with. One without tags gets all.
    """
    try:
        import apprise
    except ImportError:
        return [f"No notification was sent: {_INSTALL}"]
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it writes addresses
    targets, problem = _targets(apprise, file)
    if problem:
        return [f"No notification was sent: {problem}"]
    wanted = [target for target in targets if not target.tags or message.kind in target.tags]
    if not wanted:
        return [f"No notification was sent: no target in {file} has the tag {message.kind}, or no tag."]
    return [
        f"The notification {message.kind} did not reach {_service(target)}: check {file}, and the network."
        for target in wanted
        if not _reached(apprise, target, message)
    ]


def warning(file: Path) -> str:
    """Return a sentence about a file that others than its owner can use; nothing about another one, or none."""
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
    except OSError:
        return ""  # `send` says what is wrong with it
    if not mode & (stat.S_IRWXG | stat.S_IRWXO):
        return ""
    return (
        f"{file} has mode {mode:04o}: others can use it, and its addresses hold credentials. "
        f"Restrict it: chmod 600 {file}"
    )


def _targets(apprise: Any, file: Path) -> tuple[list[Any], str]:
    """Return the targets of a file, or what is wrong with it. A value that may be an address is never repeated."""
    if re.match(r"[a-z][a-z0-9+.-]*:/", str(file), re.IGNORECASE):
        return [], (
            "an address was given where an Apprise configuration file is expected. An address holds credentials, and a "
            "command line is no place for them: write it into a file of mode 0600, and name that."
        )
    try:
        file.read_bytes()
    except OSError as error:
        return [], f"{file} cannot be read: {error.strerror}. Expected an Apprise configuration file."
    configuration, all_targets = apprise.AppriseConfig(), apprise.Apprise()
    try:
        found = list(all_targets) if configuration.add(str(file)) and all_targets.add(configuration) else []
    except Exception as error:  # of a parser: whatever it is, the run goes on
        return [], f"{file} cannot be used: {type(error).__name__}. Expected an Apprise configuration file."
    return found, "" if found else f"{file} names no target that Apprise knows. Expected an Apprise configuration file."


def _reached(apprise: Any, target: Any, message: Message) -> bool:
    try:
        text = apprise.NotifyFormat.TEXT
        return bool(target.notify(title=message.title, body=message.text, body_format=text))
    except Exception:  # of one of the many services: the run goes on, and says so
        return False


def _service(target: Any) -> str:
    return str(getattr(target, "service_name", None) or type(target).__name__)
