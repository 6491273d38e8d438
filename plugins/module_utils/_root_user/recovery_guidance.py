# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person does with an open password recovery, and which policies may stop them, as sentences."""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import policy_in_words

_SIGN_IN = "https://console.aws.amazon.com/"


def next_steps(account: Account, entry: dict) -> list[str]:
    """What the person has to do now, in order."""
    mail = entry["mail"]["address"]
    certain = [found for found in entry["stopped_by"] or [] if found["certain"]]
    steps = [f"Have the root user exempted first. {policy_in_words(found)} {found['fix']}" for found in certain]
    if entry["policies_unread"]:
        steps.append(f"Have it checked whether a service control policy denies the root user. {_unread(entry)}")
    steps += [
        f"Make sure that the mailbox {mail or 'of the root user'} can be read. If it cannot, change the address first: "
        "breakglass.aws.root_email.",
        f'At {_SIGN_IN} choose the root user, enter {mail or "its e-mail address"}, and "Forgot password?".',
        "Follow the link in the mail (it comes from an address at verify.signin.aws) and set a password.",
        _mfa_step(entry["mfa_devices"]),
        f"When the work is done, remove the credentials again: breakglass.aws.root_credentials for {account.id}. If "
        "the recovery was not used, breakglass.aws.root_password_recovery with state=closed is enough.",
    ]
    return steps


def warnings(entries: t.Sequence[dict]) -> list[str]:
    """The policies that stop the root user, and those that could not be read, a line each."""
    found = [
        f"{entry['name']} ({entry['account_id']}): once signed in, the root user "
        f"{'is' if found['certain'] else 'may be'} stopped. {policy_in_words(found)}"
        for entry in entries
        for found in entry["stopped_by"] or []
    ]
    return found + [
        f"{entry['name']} ({entry['account_id']}): {_unread(entry)}" for entry in entries if entry["policies_unread"]
    ]


def _mfa_step(devices: list[str] | None) -> str:
    if devices is None:
        return "Sign in. If it asks for a lost MFA device, remove that device with breakglass.aws.root_credentials."
    if not devices:
        return "Sign in and register an MFA device at once, better two: the root user has none."
    return (
        f"Sign in with one of the MFA devices {', '.join(devices)}. If all of them are lost, close recovery, remove "
        "the devices with breakglass.aws.root_credentials, and open it again."
    )


def _unread(entry: dict) -> str:
    return f"The policies that may stop the root user could not be read. {entry['policies_unread']}"
