# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mailboxes of root users: whose domain, and which accounts share one. No network, no Ansible.

Everyone who reads a root mailbox can reset the root user's password (aws-facts 5a).
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account
from ansible_collections.breakglass.aws.plugins.module_utils._errors import InvalidInput

_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}\Z", re.ASCII)


def check_domains(given: t.Sequence[str], option: str = "own_domains") -> tuple[str, ...]:
    """The domains in lower case. InvalidInput for what is none, such as an e-mail address; it names the ``option``."""
    for one in given:
        if not _DOMAIN.match(one.lower()):
            raise InvalidInput(option, one, "domains such as example.com, without @")
    return tuple(one.lower() for one in given)


def is_owned(domain: str, own_domains: t.Collection[str]) -> bool:
    """Whether a domain is one of these, or below one of them."""
    return any(domain == own or domain.endswith(f".{own}") for own in own_domains)


def mailbox_of(address: str) -> str:
    """The mailbox that gets the mail: what follows a plus sign is only a label of the address."""
    local, _at, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def by_mailbox(accounts: t.Iterable[Account]) -> dict[str, list[Account]]:
    """The accounts whose root users share a mailbox, by mailbox. Closed accounts have no root user to recover."""
    found: dict[str, list[Account]] = {}
    for account in accounts:
        if account.email and account.state != "CLOSED":
            found.setdefault(mailbox_of(account.email), []).append(account)
    return {mailbox: sharing for mailbox, sharing in found.items() if len(sharing) > 1}
