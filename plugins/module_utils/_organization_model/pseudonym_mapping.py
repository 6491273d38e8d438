# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pseudonyms: which stands for what, consistently, and a private file of them. No AWS, no Ansible.

Pseudonyms of IDs are random and have AWS's form, so nothing leads back without the file.
"""

from __future__ import annotations

import json
import os
import secrets
import string
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._files import atomic

FORMAT = "breakglass.aws/pseudonyms/1"
_HEX, _LETTERS = string.digits + "abcdef", string.ascii_uppercase + "234567"

ORGANIZATION, ROOT, UNIT, POLICY, ACCOUNT = "organization_id", "root_id", "unit_id", "policy_id", "account_id"
RESOURCE, PRINCIPAL, UUID = "resource_id", "principal_id", "uuid"
ACCOUNT_NAME, UNIT_NAME, POLICY_NAME, NAME = "account", "ou", "policy", "name"
MAILBOX, DOMAIN, TEXT, SID = "mailbox", "domain", "text", "sid"


def _random(letters: str, count: int) -> str:
    return "".join(secrets.choice(letters) for unused in range(count))


_MAKE: dict[str, t.Callable[[str, int], str]] = {
    ORGANIZATION: lambda real, number: f"o-{_random(_HEX, 10)}",
    ROOT: lambda real, number: _random(_HEX, 4),  # what follows r-, and is in the IDs of OUs
    UNIT: lambda real, number: _random(_HEX, 8),  # what follows ou-ROOT-
    POLICY: lambda real, number: f"p-{_random(_HEX, 8)}",
    ACCOUNT: lambda real, number: _random(string.digits, 12),
    RESOURCE: lambda real, number: f"{real.partition('-')[0]}-{_random(_HEX, 17)}",
    PRINCIPAL: lambda real, number: real[:4] + _random(_LETTERS, max(len(real) - 4, 12)),
    UUID: lambda real, number: "-".join(_random(_HEX, length) for length in (8, 4, 4, 4, 12)),
    POLICY_NAME: lambda real, number: f"{'aws-guardrails-' * real.startswith('aws-guardrails-')}policy-{number}",
    DOMAIN: lambda real, number: f"domain-{number}.example",
    SID: lambda real, number: f"Statement{number}",
}


class Mapping:
    """Pseudonyms by kind. One that was not asked for yet is made then."""

    def __init__(self, known: dict[str, dict[str, str]] | None = None) -> None:
        self._known = known or {}
        self._taken = {fake for kind in self._known.values() for fake in kind.values()}

    @classmethod
    def of(cls, path: str | None) -> Mapping:
        """The mapping in a private file, to go on with it; a new one when there is no such file yet."""
        if not path or not os.path.lexists(path):
            return cls()
        try:
            atomic.require_private(path, os.lstat(path), "The mapping")
            with open(path, encoding="utf-8") as file:
                content = json.load(file)
            if content["format"] != FORMAT:
                raise ValueError
            return cls({kind: dict(pairs) for kind, pairs in content["pseudonyms"].items()})
        except OSError as error:
            raise BreakglassError(f"mapping: {path} cannot be read: {error.strerror}.", "Name another file.") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            fix = "Name a file that this module wrote, or one that does not exist."
            raise BreakglassError(f"mapping: {path} is not a mapping of pseudonyms.", fix) from None

    def get(self, kind: str, real: str, unfit: t.Callable[[str], bool] = lambda fake: False) -> str:
        """The pseudonym of a name or ID. ``unfit`` refuses pseudonyms that must not be used."""
        known = self._known.setdefault(kind, {})
        if real not in known:
            make = _MAKE.get(kind, lambda real, number: f"{kind}-{number}")
            number = len(known) + 1
            fake = make(real, number)
            while fake in self._taken or fake in known or unfit(fake):
                number += 1
                fake = make(real, number)
            known[real] = fake
            self._taken.add(fake)
        return known[real]

    def known_name(self, real: str) -> str | None:
        """The pseudonym of the name of a policy, an OU or an account; None for any other text."""
        found = (self._known.get(kind, {}).get(real) for kind in (POLICY_NAME, UNIT_NAME, ACCOUNT_NAME))
        return next((fake for fake in found if fake), None)

    def save(self, path: str) -> None:
        """Write the file for its owner alone; a BreakglassError when it cannot be written."""
        content = json.dumps({"format": FORMAT, "pseudonyms": self._known}, indent=1, ensure_ascii=False)
        try:
            atomic.make_directory_of(path)
            atomic.replace(path, f"{content}\n".encode())
        except OSError as error:
            cause = f"mapping: {path} cannot be written: {error.strerror}."
            raise BreakglassError(cause, "Name a file in a folder of your own.") from None
