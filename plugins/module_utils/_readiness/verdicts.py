# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words of readiness: the recoveries, their verdicts, and the reasons for a verdict. No network, no Ansible."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError

# The recoveries, by the names of their runbooks.
AUDIT = "audit_root_credentials"
COMPROMISED = "compromised_root_user"
ENABLE = "enable_root_access"
ACCESS_ROLE = "lost_access_role"
LOST_MFA = "lost_root_mfa"
REMOVE_ACCOUNT = "remove_account"
REMOVE_CREDENTIALS = "remove_root_credentials"
UNLOCK_BUCKET = "unlock_s3_bucket"
UNLOCK_QUEUE = "unlock_sqs_queue"
RECOVERIES = (
    AUDIT,
    COMPROMISED,
    ENABLE,
    ACCESS_ROLE,
    LOST_MFA,
    REMOVE_ACCOUNT,
    REMOVE_CREDENTIALS,
    UNLOCK_BUCKET,
    UNLOCK_QUEUE,
)

WORKS, FAILS, UNKNOWN, NOT_APPLICABLE = VERDICTS = ("works", "fails", "unknown", "not_applicable")

_HOLDERS = {"ROOT": "the organization's root", "ORGANIZATIONAL_UNIT": "OU {name}", "ACCOUNT": "account {name}"}


@dataclass(frozen=True)
class Reason:
    """Why a recovery fails (``certain``), or why it is not known whether it works."""

    code: str
    text: str
    fix: str = ""
    certain: bool = True
    policy: dict[str, t.Any] | None = None

    def as_dict(self) -> dict[str, t.Any]:
        """The reason as results have it."""
        return {
            "code": self.code,
            "certain": self.certain,
            "text": self.text,
            "fix": self.fix,
            "policy": self.policy,
        }


def unknown(code: str, text: str, fix: str = "") -> Reason:
    """A reason because of which it is not known whether the recovery works."""
    return Reason(code, text, fix, certain=False)


def of_error(code: str, error: BreakglassError, certain: bool = True) -> Reason:
    """A reason with the cause and the fix of an error."""
    return Reason(code, error.cause, error.fix, certain)


def policy_of(found: dict[str, t.Any]) -> dict[str, t.Any] | None:
    """The policy in a finding of ServiceControlPolicies; None where no policy is the reason, but a missing one."""
    if found["policy_id"] is None:
        return None
    holder = found["attached_to"]
    return {
        "id": found["policy_id"],
        "name": found["policy_name"],
        "type": found["policy_type"],
        "target": f"{_HOLDERS[holder['type']].format(name=holder['name'])} ({holder['id']})",
        "target_id": holder["id"],
    }


def verdict(reasons: t.Iterable[Reason]) -> dict[str, t.Any]:
    """The verdict that the reasons make, as results have it. The same reason twice counts once."""
    found = sorted(dict.fromkeys(map(_Hashable, reasons)), key=lambda one: not one.reason.certain)
    listed = [one.reason for one in found]
    word = WORKS if not listed else FAILS if listed[0].certain else UNKNOWN
    return {"verdict": word, "reasons": [reason.as_dict() for reason in listed]}


def not_applicable(code: str, text: str) -> dict[str, t.Any]:
    """The verdict on a recovery that there is nothing to say of in this account."""
    return {"verdict": NOT_APPLICABLE, "reasons": [Reason(code, text).as_dict()]}


def not_known(reason: Reason) -> dict[str, dict[str, t.Any]]:
    """All recoveries unknown, for one reason."""
    return {name: verdict([reason]) for name in RECOVERIES}


@dataclass(frozen=True)
class _Hashable:
    """A reason as a key: its policy is a dict."""

    reason: Reason

    def __hash__(self) -> int:
        return hash((self.reason.code, self.reason.text))
