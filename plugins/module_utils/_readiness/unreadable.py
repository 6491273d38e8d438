# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What could not be read: the missing permission, and the statement that grants it. No network, no Ansible."""

from __future__ import annotations

import itertools
import json
import typing as t
from dataclasses import dataclass, field

from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, is_denied

T = t.TypeVar("T")
Entry = dict[str, t.Any]


def describe(what: str, service: str, error: BreakglassError) -> Entry:
    """An entry of ``unreadable``. ``service`` is the prefix of the IAM action that botocore's operation belongs to."""
    operation = getattr(error.__cause__, "operation_name", None)
    permission = f"{service}:{operation}" if operation and is_denied(error) else None
    return {
        "what": what,
        "permission": permission,
        "statement": statement(permission) if permission else None,
        "reason": error.cause,
        "fix": error.fix,
    }


def statement(permission: str) -> str:
    """A statement of an IAM policy that grants the permission, as JSON."""
    return json.dumps({"Effect": "Allow", "Action": permission, "Resource": "*"})


def _for_sessions(task_arns: t.Sequence[str]) -> str:
    """The statement for sts:AssumeRoot with these task policies, and no others."""
    partition = task_arns[0].split(":")[1]
    return json.dumps(
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRoot",
            "Resource": f"arn:{partition}:iam::*:root",
            "Condition": {"StringEquals": {"sts:TaskPolicyArn": list(task_arns)}},
        }
    )


def for_role(what: str, reason: str, arn: str) -> Entry:
    """An entry of ``unreadable`` for roles that the caller may not assume. ``arn`` may have wildcards."""
    return {
        "what": what,
        "permission": "sts:AssumeRole",
        "statement": json.dumps({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn}),
        "reason": reason,
        "fix": f"Allow the caller sts:AssumeRole on {arn}.",
    }


@dataclass
class Readings:
    """Reads facts, and keeps what could not be read."""

    unread: list[Entry] = field(default_factory=list)

    def read(self, what: str, service: str, read: t.Callable[[], T]) -> T | Unread:
        """What ``read`` returns. An Unread, and an entry in ``unread``, when it raises a BreakglassError."""
        try:
            return read()
        except BreakglassError as error:
            self.note(describe(what, service, error))
            return Unread(error.cause, error.fix)

    def note_session(self, what: str, error: BreakglassError, task_arns: t.Sequence[str]) -> None:
        """Keep what could not be read in a session of the account: the caller's permission is seldom the cause.

        ``task_arns``: the task policies of all sessions that are opened.
        """
        entry = describe(what, "sts", error)
        if entry["permission"]:
            entry["statement"] = _for_sessions(task_arns)
        if "may not call sts:AssumeRoot" not in error.cause:  # the one cause that denials._because has no other for
            entry.update(permission=None, statement=None)
        self.note(entry)

    def note(self, entry: Entry) -> None:
        """Keep an entry, once."""
        if entry not in self.unread:
            self.unread.append(entry)


def combined(shared: t.Sequence[Entry], accounts: t.Iterable[t.Sequence[Entry]]) -> list[Entry]:
    """The entries about the organization, then those of accounts: one for each permission, or fact and other cause.

    ``what`` has all facts that are not known for want of a permission. ``accounts`` is null where one of them is about
    the whole organization.
    """
    found: dict[tuple, Entry] = {}
    facts: dict[tuple, dict[str, None]] = {}
    for number, entries in enumerate(itertools.chain([shared], accounts)):
        keys = set()
        for entry in entries:
            key = _cause(entry)
            found.setdefault(key, {**entry, "accounts": 0 if number else None})
            facts.setdefault(key, {})[entry["what"]] = None
            keys.add(key)
        for key in keys:
            if found[key]["accounts"] is not None:
                found[key]["accounts"] += 1
    return [{**entry, "what": ", ".join(facts[key])} for key, entry in found.items()]


def _cause(entry: Entry) -> tuple:
    if entry["permission"]:
        return entry["permission"], entry["statement"]
    return entry["what"], entry["fix"] or entry["reason"]
