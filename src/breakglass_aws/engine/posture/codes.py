# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The codes of findings: those of recovery_readiness_info, and which of them a kind of an audit is."""

from __future__ import annotations

import re

ROOT_CREDENTIALS = (
    "root_password_without_mfa",
    "root_access_key",
    "root_signing_certificate",
    "root_password",
    "root_inactive_access_key",
    "root_mfa_device",
)
LOCKED_RESOURCES = ("locked_bucket", "locked_queue", "possibly_locked_bucket", "possibly_locked_queue")
_OF_KINDS = {
    "password_without_mfa": "root_password_without_mfa",
    "active_access_key": "root_access_key",
    "signing_certificate": "root_signing_certificate",
    "password": "root_password",
    "inactive_access_key": "root_inactive_access_key",
    "mfa_device": "root_mfa_device",
}


def code_of(kind: str) -> str:
    """Return the code of a kind of finding, as posture.json has it. A kind without another name is its code."""
    return _OF_KINDS.get(kind, kind)


# What identifies the thing that a finding is about: the rest of its text, such as the last use, may change.
_IDENTIFIER = re.compile(r"arn:\S+?(?=[:,]?(?:\s|$))|[\w.+-]+@[\w.-]+|\b[A-Z0-9]{16,}\b")
# Findings of these codes are about the same thing, in another state.
_SAME_THING = {
    "root_password_without_mfa": "root_password",
    "root_inactive_access_key": "root_access_key",
    "possibly_locked_bucket": "locked_bucket",
    "possibly_locked_queue": "locked_queue",
}


def identity_of(code: str, detail: str) -> tuple[str, ...]:
    """Return what a finding has in common with itself in another run: what it is about, whatever its state is now."""
    found = sorted(_IDENTIFIER.findall(detail))
    if not found and code_of(code) not in ROOT_CREDENTIALS:
        found = [detail]
    return (_SAME_THING.get(code_of(code), code_of(code)), *found)
