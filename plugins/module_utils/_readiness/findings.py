# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is not as it should be in an account, whatever the recovery. No network, no Ansible: facts in, findings out."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._access_role.diagnosis import ANSWERS, NO_SOURCE_IDENTITY
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread
from ansible_collections.breakglass.aws.plugins.module_utils._aws.account_management import CONTACT_REQUIRED
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account
from ansible_collections.breakglass.aws.plugins.module_utils._readiness import mailboxes
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.account_facts import AccountFacts
from ansible_collections.breakglass.aws.plugins.module_utils._targets import unusable

CRITICAL, HIGH, MEDIUM, LOW = SEVERITIES = ("critical", "high", "medium", "low")
_REMOVE = "Remove it: runbook remove_root_credentials."
_MOST_NAMES = 5
ACCESS_ROLE = "access_role"
LIKELY = "Most likely, not certain: "  # in the detail of a finding whose cause is not certain


@dataclass(frozen=True)
class Finding:
    """``detail`` distinguishes it from others of the same ``code``."""

    code: str
    severity: str
    title: str
    detail: str
    fix: str


Found = Iterator[Finding]


def findings(
    account: Account, facts: AccountFacts, own_domains: t.Collection[str], sharing: t.Mapping[str, t.Sequence[Account]]
) -> list[dict[str, t.Any]]:
    """The findings of an account, the worst first. ``sharing`` is what ``mailboxes.by_mailbox`` returned."""
    if account.state == "CLOSED":
        return []
    found = [
        *_state(account),
        *_root_user(facts.root_credentials),
        *_resources(facts.resources),
        *_access_role(facts),
        *_mailbox(account, own_domains, sharing),
        *_contacts(facts),
    ]
    return [asdict(one) for one in sorted(found, key=lambda one: SEVERITIES.index(one.severity))]


def _state(account: Account) -> Found:
    if problem := unusable(account):
        fix = "Ask AWS Support to make it ACTIVE again, or close it."
        yield Finding("account_not_usable", HIGH, "Account that cannot be used", problem, fix)


def _root_user(found: dict | Unread) -> Found:
    if isinstance(found, Unread):
        return
    devices, password = found[v.MFA_DEVICES], found[v.PASSWORD]
    if password["present"] and not devices:
        title = "Root user with a password and no MFA device"
        yield Finding("root_password_without_mfa", CRITICAL, title, _used(password["last_used"]), _REMOVE)
    elif password["present"]:
        title = "Root user with a password and an MFA device"
        yield Finding("root_password", HIGH, title, _used(password["last_used"]), _REMOVE)
    for key in found[v.ACCESS_KEYS]:
        active = key["status"] == "Active"
        yield Finding(
            "root_access_key" if active else "root_inactive_access_key",
            CRITICAL if active else MEDIUM,
            f"{'Active' if active else 'Inactive'} access key of a root user",
            f"{key['id']}, {_used(key['last_used']['date'])}",
            _REMOVE,
        )
    for certificate in found[v.SIGNING_CERTIFICATES]:
        title = "Signing certificate of a root user"
        yield Finding("root_signing_certificate", HIGH, title, f"{certificate['id']}, {certificate['status']}", _REMOVE)
    if devices and not password["present"]:
        title = "MFA device of a root user without a password"
        yield Finding("root_mfa_device", LOW, title, ", ".join(one["serial"] for one in devices), _REMOVE)


def _used(moment: str | None) -> str:
    return f"last used {moment[:10]}" if moment else "never used"


_KINDS = {"s3": ("bucket", "unlock_s3_bucket"), "sqs": ("queue", "unlock_sqs_queue")}


def _resources(resources: t.Sequence[dict]) -> Found:
    for one in resources:
        kind, runbook = _KINDS[one["service"]]
        certain = one["outcome"] == "locked"
        if certain or one["outcome"] == "possibly_locked":
            yield Finding(
                f"{'locked' if certain else 'possibly_locked'}_{kind}",
                HIGH if certain else LOW,
                f"{kind.capitalize()} whose policy {'locks' if certain else 'may lock'} its administrators out",
                f"{one['arn']}: {one['reason']}",
                f"Runbook {runbook}.",
            )


def _access_role(facts: AccountFacts) -> Found:
    role = facts.role
    if role and role.state not in (ANSWERS, NO_SOURCE_IDENTITY):
        title = "Access role that does not let the management account in"
        likely = "" if role.certain else LIKELY
        yield Finding(ACCESS_ROLE, HIGH, title, f"{role.arn}: {likely}{role.why}", role.fix)


def _mailbox(account: Account, own_domains: t.Collection[str], sharing: t.Mapping[str, t.Sequence[Account]]) -> Found:
    address = account.email
    if own_domains and address and not mailboxes.is_owned(address.rpartition("@")[2].lower(), own_domains):
        title = "Root mailbox in a domain that is not yours"
        fix = "Change the address to one that your people read: breakglass.aws.root_email."
        yield Finding("mail_domain_not_owned", HIGH, title, address, fix)
    others = [one for one in sharing.get(mailboxes.mailbox_of(address), ()) if one.id != account.id]
    if others:
        names = ", ".join(f"{one.name} ({one.id})" for one in others[:_MOST_NAMES])
        more = f" and {len(others) - _MOST_NAMES} more" if len(others) > _MOST_NAMES else ""
        yield Finding(
            "mailbox_shared",
            LOW,
            "Root mailbox shared with other accounts",
            f"{mailboxes.mailbox_of(address)}, with {names}{more}",
            "Who reads it can recover the root user of each. Limit who reads it, or give each account its own mailbox.",
        )


def _contacts(facts: AccountFacts) -> Found:
    contacts = facts.alternate_contacts
    if not isinstance(contacts, Unread):
        if not contacts["security"]:
            fix = "Set it: account:PutAlternateContact, AlternateContactType SECURITY."
            yield Finding("security_contact_missing", MEDIUM, "No security contact", "", fix)
        missing = [kind for kind in ("billing", "operations") if not contacts[kind]]
        if missing:
            fix = f"Set {' and '.join(missing)}: account:PutAlternateContact."
            yield Finding("alternate_contact_missing", LOW, "Alternate contact missing", ", ".join(missing), fix)
    contact = facts.contact
    if isinstance(contact, Unread):
        return
    empty = [field for field in CONTACT_REQUIRED if not contact.get(field)]
    if empty:
        fix = "Complete it: account:PutContactInformation."
        yield Finding("contact_incomplete", LOW, "Contact information not complete", ", ".join(empty), fix)
    if contact["phone_verification"] in ("UNVERIFIED", "PENDING"):
        title = "Phone number of the account not verified"
        fix = "Verify it: account:SendPhoneNumberVerification and VerifyPhoneNumber."
        yield Finding("phone_not_verified", LOW, title, str(contact["phone_verification"]), fix)
