# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Root credentials for a model, from the results of an audit: what it read, and nothing secret."""

from __future__ import annotations

import json
import os
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._errors import InvalidInput

OPTION = "posture"
_ACCEPTED = (
    "a JSON file of breakglass audit (posture.json), or of the result of breakglass.aws.root_credentials_info, with "
    "root_credentials for each account"
)


def read_posture(path: str) -> dict[str, dict[str, t.Any]]:
    """The root credentials of accounts by ID, of a file. Raises InvalidInput when it is not such a file."""
    try:
        with open(os.path.expanduser(path), encoding="utf-8") as file:
            content = json.load(file)
    except OSError as error:
        raise InvalidInput(OPTION, path, _ACCEPTED, hint=f"it cannot be read: {error.strerror}") from None
    except ValueError:
        raise InvalidInput(OPTION, path, _ACCEPTED) from None
    accounts = content.get("accounts") if isinstance(content, dict) else None
    if not isinstance(accounts, list) or not all(isinstance(one, dict) and "account_id" in one for one in accounts):
        raise InvalidInput(OPTION, path, _ACCEPTED)
    found = {one["account_id"]: one["root_credentials"] for one in accounts if _is_read(one.get("root_credentials"))}
    if accounts and not found:
        raise InvalidInput(OPTION, path, _ACCEPTED, hint="no account in it has root_credentials that were read")
    return found


def add_posture(accounts: t.Iterable[dict[str, t.Any]], posture: dict[str, dict[str, t.Any]]) -> None:
    """Add ``root_credentials`` to the accounts that the audit read."""
    for account in accounts:
        account["root_credentials"] = posture.get(account["account_id"])


def _is_read(credentials: t.Any) -> bool:
    kinds = ("password", "access_keys", "signing_certificates", "mfa_devices")
    return isinstance(credentials, dict) and all(kind in credentials for kind in kinds)
