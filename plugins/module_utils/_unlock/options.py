# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that the unlock modules share, and what they ask for. No AWS, no Ansible."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass

from ansible_collections.breakglass.aws.plugins.module_utils._account_id import parse_account_id
from ansible_collections.breakglass.aws.plugins.module_utils._errors import InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._files import policy_backup
from ansible_collections.breakglass.aws.plugins.module_utils._policies.repair import EXEMPTIONS, POLICY_MANAGEMENT
from ansible_collections.breakglass.aws.plugins.module_utils._policies.wildcards import like
from ansible_collections.breakglass.aws.plugins.module_utils._unlock import plan as planning
from ansible_collections.breakglass.aws.plugins.module_utils._unlock import verifier

_REQUIRED = {
    planning.REPAIR: ["backup_dir"],
    planning.REPLACE: ["backup_dir", "policy"],
    planning.DELETE: ["backup_dir"],
    planning.RESTORE: ["backup"],
}
ARGUMENTS: dict[str, t.Any] = {
    "account_id": {"type": "str", "required": True},
    "mode": {"type": "str", "choices": list(planning.MODES), "default": planning.REPAIR},
    "policy": {"type": "json"},
    "backup_dir": {"type": "path"},
    "backup": {"type": "path"},
    "administrators": {"type": "list", "elements": "str", "default": []},
    "exempt": {"type": "str", "choices": list(EXEMPTIONS), "default": POLICY_MANAGEMENT},
    "plan_digest": {"type": "str"},
    "verify_as": verifier.ARGUMENT,
}
REQUIRED_IF = [("mode", mode, options) for mode, options in _REQUIRED.items()]


@dataclass(frozen=True)
class UnlockRequest:
    """What the options ask for, checked as far as that is possible without AWS."""

    account_id: str
    mode: str
    policy: str | None
    backup: str | None
    backup_dir: str
    administrators: tuple[str, ...]
    exempt: str
    plan_digest: str | None
    verify_as: dict[str, t.Any] | None
    wait_timeout: float

    @classmethod
    def of(cls, params: dict[str, t.Any]) -> UnlockRequest:
        """The request that a module's parameters make. Raises InvalidInput, or BackupError for backup_dir."""
        mode = params["mode"]
        account_id = parse_account_id(params["account_id"], "account_id")
        if params["wait_timeout"] < 0:
            raise InvalidInput("wait_timeout", params["wait_timeout"], "a number of seconds, 0 or more")
        for option, only in (("policy", planning.REPLACE), ("backup", planning.RESTORE)):
            if params[option] is not None and mode != only:
                raise InvalidInput(option, params[option], f"nothing with mode={mode}; it belongs to mode={only}")
        for option in _REQUIRED[mode]:
            if params[option] is None:  # given as null, which required_if lets pass
                raise InvalidInput(option, None, f"a value, with mode={mode}")
        backup_dir = params["backup_dir"] or os.path.dirname(os.path.abspath(params["backup"]))
        policy_backup.would_be_writable(backup_dir)
        return cls(
            account_id=account_id,
            mode=mode,
            policy=params["policy"],
            backup=params["backup"],
            backup_dir=backup_dir,
            administrators=tuple(params["administrators"]),
            exempt=params["exempt"],
            plan_digest=params["plan_digest"],
            verify_as=params["verify_as"],
            wait_timeout=params["wait_timeout"],
        )


def refuse_protected(noun: str, name: str, protected: t.Sequence[str]) -> None:
    """Refuse a resource whose name is protected. ``*`` in ``protected`` is any run of characters."""
    pattern = next((pattern for pattern in protected if like(name, pattern)), None)
    if pattern is not None:
        raise InvalidInput(noun, name, f"a {noun} that is not in protected_{noun}s ({pattern})")
