# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of an account that a run reads, each by itself, and to which part a finding belongs.

A run without root sessions does not read root credentials, and an audit reads nothing else. So the parts are compared
one by one: a root key is not gone because the last run did not look for it, or could not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from breakglass_aws.engine.posture import codes

ACCOUNT = "account"  # verdicts, and the findings of no other part
CREDENTIALS = "root_credentials"
RESOURCES = "resources"
ACCESS_ROLE = "access_role"
MAIL_DOMAIN = "mail_domain"
ALTERNATE_CONTACTS = "alternate_contacts"
CONTACT = "contact_information"
PARTS = (ACCOUNT, CREDENTIALS, RESOURCES, ACCESS_ROLE, MAIL_DOMAIN, ALTERNATE_CONTACTS, CONTACT)
_OF_CODES = {
    **dict.fromkeys(codes.ROOT_CREDENTIALS, CREDENTIALS),
    **dict.fromkeys(codes.LOCKED_RESOURCES, RESOURCES),
    "access_role": ACCESS_ROLE,
    "mail_domain_not_owned": MAIL_DOMAIN,
    "security_contact_missing": ALTERNATE_CONTACTS,
    "alternate_contact_missing": ALTERNATE_CONTACTS,
    "contact_incomplete": CONTACT,
    "phone_not_verified": CONTACT,
}
# Statuses of an audit for accounts that it did not read.
_NOT_READ = ("unknown", "skipped")


def part_of(code: str) -> str:
    """Return the part that a finding belongs to."""
    return _OF_CODES.get(code, ACCOUNT)


def parts_of_readiness(result: Mapping[str, Any], entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the parts of an account that a result of recovery_readiness_info has read."""
    return tuple(_read(result, entry)) if entry["outcome"] == "unchanged" else ()


def _read(result: Mapping[str, Any], entry: Mapping[str, Any]) -> Iterator[str]:
    unread = {str(one["what"]) for one in entry.get("unread") or ()}
    in_session = result["with_root_sessions"] and entry.get("session", True) is not None
    yield ACCOUNT
    if in_session and "root credentials" not in unread:
        yield CREDENTIALS
    if in_session and not any(what.startswith(("buckets", "queues")) for what in unread):
        yield RESOURCES
    if result.get("with_role_sessions") and "access role" not in unread:
        yield ACCESS_ROLE
    if result.get("own_domains"):
        yield MAIL_DOMAIN
    if "alternate contacts" not in unread:
        yield ALTERNATE_CONTACTS
    if "contact information" not in unread:
        yield CONTACT


def parts_of_audit(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the parts of an account that an audit has read; `entry` is one of posture.json."""
    return () if entry["status"] in _NOT_READ else (CREDENTIALS,)
