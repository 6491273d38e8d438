# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of findings, the worst first: how severe each is, what it is called, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

CRITICAL, HIGH, MEDIUM, LOW, UNKNOWN = "critical", "high", "medium", "low", "unknown"
SEVERITIES = (
    CRITICAL,
    HIGH,
    UNKNOWN,
    MEDIUM,
    LOW,
)  # what is not known may be anything: before what is known to be minor


@dataclass(frozen=True)
class Kind:
    """A kind of finding."""

    name: str
    severity: str
    title: str
    advice: str


_REMOVE = "Remove it with the runbook remove_root_credentials."

PASSWORD_WITHOUT_MFA = Kind(
    "password_without_mfa", CRITICAL, "Root user with a password and no MFA device", f"Begin here. {_REMOVE}"
)
ACTIVE_KEY = Kind(
    "active_access_key",
    CRITICAL,
    "Active access key of a root user",
    "Find out what uses a key that was used recently, and give that a role. Then remove the key with "
    "remove_root_credentials.",
)
LOCKED = Kind(
    "locked_resource",
    CRITICAL,
    "Bucket or queue that locks its administrators out",
    "Unlock it with the runbook unlock_s3_bucket or unlock_sqs_queue.",
)
CERTIFICATE = Kind("signing_certificate", HIGH, "Signing certificate of a root user", _REMOVE)
PASSWORD = Kind("password", HIGH, "Root user with a password and an MFA device", _REMOVE)
ACCESS_ROLE = Kind(
    "access_role",
    HIGH,
    "Access role that does not let the management account in",
    "Restore it with the runbook lost_access_role.",
)
NOT_READ = Kind(
    "not_read",
    UNKNOWN,
    "Account that could not be read",
    "Nothing is known about these accounts. Remove the cause, then run the sweep again for them.",
)
PARTLY_READ = Kind(
    "partly_read",
    UNKNOWN,
    "Account in which something could not be read",
    "Allow the sweep to read it, then run it again for these accounts.",
)
INACTIVE_KEY = Kind("inactive_access_key", MEDIUM, "Inactive access key of a root user", _REMOVE)
POSSIBLY_LOCKED = Kind(
    "possibly_locked_resource",
    MEDIUM,
    "Bucket or queue that may lock its administrators out",
    "Read the reason: whether it locks them out depends on where requests come from.",
)
MFA_DEVICE = Kind(
    "mfa_device", LOW, "Root user with an MFA device and nothing else", "No one can sign in. The device can be removed."
)

KINDS = (
    PASSWORD_WITHOUT_MFA,
    ACTIVE_KEY,
    LOCKED,
    CERTIFICATE,
    PASSWORD,
    ACCESS_ROLE,
    NOT_READ,
    PARTLY_READ,
    INACTIVE_KEY,
    POSSIBLY_LOCKED,
    MFA_DEVICE,
)


def rank(kind: Kind) -> tuple[int, int, str]:
    """The place of a kind: the worst severity first, then the order of KINDS, then the name."""
    known = KINDS.index(kind) if kind in KINDS else len(KINDS)
    return SEVERITIES.index(kind.severity), known, kind.name
