#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: root_credentials
short_description: Remove the credentials of root users of member accounts
version_added: 0.1.0
description:
  - Removes access keys, signing certificates, the password and MFA devices of the root users of member accounts, in
    this order, each account in one root session with the task policy C(IAMDeleteRootUserCredentials), and reads back
    that they are gone.
  - AWS cannot restore what is removed. What was used recently is therefore kept unless it is named.
  - Before anything is removed, the session must have proved to be that of the account's root user.
  - An account or a credential that cannot be done does not keep the others from being done. The task fails in the
    end, and its result has all accounts.
  - In check mode the accounts are looked at in sessions that can only look.
author:
  - breakglass.aws contributors (@breakglass)
options:
  state:
    description: The credentials are to be V(absent). There is no other state, for nothing can bring them back.
    type: str
    choices: [absent]
    default: absent
  kinds:
    description:
      - The kinds of root credentials to remove. They are removed in the order of the default, however they are given.
      - The last MFA device stays as long as there is a password, so that no root user is ever left with a password
        alone.
      - A virtual MFA device is deactivated. The device itself stays in the account, unassigned, until an administrator
        of the account deletes it. RV(accounts[].leftover_mfa_devices) names it.
    type: list
    elements: str
    choices: [access_keys, signing_certificates, password, mfa_devices]
    default: [access_keys, signing_certificates, password, mfa_devices]
  mfa_serials:
    description:
      - Only these MFA devices, by serial number or ARN as M(breakglass.aws.root_credentials_info) tells them, for
        example a lost one. The others stay.
      - Needs V(mfa_devices) in O(kinds). An ARN of an account the task is not for is refused.
    type: list
    elements: str
    version_added: 0.2.0
  protected_accounts:
    description:
      - Accounts that are never touched, by ID. With O(all_accounts=true) they are V(skipped); to name one in
        O(account_ids) is refused.
    type: list
    elements: str
    default: []
  recently_used_days:
    description:
      - Keep access keys and passwords that were used within this many days, as V(skipped). V(0) keeps none.
      - AWS does not tell the last use of signing certificates. Those uploaded within this many days are kept.
    type: int
    default: 90
  allow_recently_used:
    description:
      - What may be removed although it was used recently, namely IDs of access keys and signing certificates, and
        V(password).
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - breakglass.aws.connection
  - breakglass.aws.accounts
  - breakglass.aws.sweep
  - breakglass.aws.attributes
  - breakglass.aws.attributes.changing_module
notes:
  - In CloudTrail each account gets events of its root user, and alarms on these go off.
seealso:
  - module: breakglass.aws.root_credentials_info
"""

EXAMPLES = r"""
- name: See what would be removed from the whole organization
  breakglass.aws.root_credentials:
    all_accounts: true
    protected_accounts: ["777788889999"]
  check_mode: true
  diff: true

- name: Remove everything the root user of an account has
  breakglass.aws.root_credentials:
    account_ids: ["444455556666"]

- name: Remove access keys, one of them although it was used recently
  breakglass.aws.root_credentials:
    account_ids: ["555566667777"]
    kinds: [access_keys]
    allow_recently_used: [AKIAEXAMPLEEXAMPLE00]

- name: Take away one MFA device that is lost, and nothing else
  breakglass.aws.root_credentials:
    account_ids: ["343434343434"]
    kinds: [mfa_devices]
    mfa_serials: ["arn:aws:iam::343434343434:mfa/lost-phone"]

- name: Clean all accounts but one, and go on from the journal should it be broken off
  breakglass.aws.root_credentials:
    all_accounts: true
    protected_accounts: ["777788889999"]
    journal: sweep.jsonl
"""

RETURN = r"""
accounts:
  description: One entry an account.
  returned: always, once the options were found valid
  type: list
  elements: dict
  contains:
    account_id:
      description: The account.
      type: str
      sample: "444455556666"
    name:
      description: Its name.
      type: str
      sample: legacy-web
    outcome:
      description:
        - The worst outcome of the account's items, V(failed), V(unverified), V(skipped), V(removed) or V(absent), the
          latter also when there was nothing to remove.
        - V(skipped) or V(unreachable) for an account that was not touched at all, with the reason.
        - In check mode what it would be.
      type: str
      sample: removed
    reason:
      description: Why the outcome is not V(removed) or V(absent).
      type: str
    fix:
      description: What to do about it; empty when the reason says it.
      type: str
    changed:
      description: Whether something in this account was removed, or in check mode would be.
      type: bool
      sample: true
    before:
      description:
        - The root credentials, in the shape that M(breakglass.aws.root_credentials_info) returns.
        - Null when the account was not looked into.
      type: dict
    after:
      description: The same, read back, or in check mode as they would be; null when that could not be read.
      type: dict
    items:
      description: What became of each root credential of the chosen kinds, in order.
      type: list
      elements: dict
      contains:
        kind:
          description: The kind, as in O(kinds).
          type: str
          sample: access_keys
        id:
          description: The access key's or certificate's ID, the MFA device's serial number, or V(password).
          type: str
          sample: AKIAEXAMPLEEXAMPLE00
        outcome:
          description:
            - V(removed), V(absent) when it was gone by itself, or V(skipped) when it was kept.
            - V(failed) when AWS refused to remove it, V(unverified) when AWS removed it but reading back did not
              confirm that.
          type: str
          sample: removed
        reason:
          description: Why, or what else to know about it.
          type: str
    leftover_mfa_devices:
      description:
        - The virtual MFA devices, by ARN, that were deactivated, or in check mode would be, and stay in the account,
          assigned to nobody. No root session can delete them. An administrator of the account can
          (C(iam:DeleteVirtualMFADevice)), and should before a new device gets the same name.
        - Devices that were left behind earlier cannot be seen from a root session.
      type: list
      elements: str
      version_added: 0.2.0
      sample: ["arn:aws:iam::444455556666:mfa/root-account-mfa-device"]
    journal_time:
      description: When the account was done, if the journal says so and this run did not look; else null.
      type: str
      version_added: 0.2.0
      sample: "2026-01-31T03:00:00Z"
    session:
      description: The root session; null when none was opened.
      type: dict
      contains:
        access_key_id:
          description: Its access key ID, which CloudTrail shows in every event of the session.
          type: str
          sample: ASIAEXAMPLEEXAMPLE00
        expiration:
          description: When it ends.
          type: str
          sample: "2026-01-31T03:15:00Z"
summary:
  description: How many accounts had each outcome.
  returned: always, once the options were found valid
  type: dict
  sample: {skipped: 2, removed: 1, absent: 4}
"""

from datetime import datetime, timezone

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import credential_sweep
from ansible_collections.breakglass.aws.plugins.module_utils._sweep import runner as sweeping
from ansible_collections.breakglass.aws.plugins.module_utils._targets import (
    ARGUMENTS,
    choose_targets,
)

# After these there is nothing left to do in an account, and it was read back.
FINISHED = (v.REMOVED, v.ABSENT)


def remove(module: BreakglassModule) -> dict:
    params, organization = module.params, module.organization
    kinds = credential_sweep.check_kinds(params["kinds"])
    guard = credential_sweep.check_guard(
        params["recently_used_days"], params["allow_recently_used"], datetime.now(timezone.utc)
    )
    targets = choose_targets(
        organization, params["account_ids"], params["all_accounts"], params["protected_accounts"], warn=module.warn
    )
    serials = credential_sweep.check_serials(params["mfa_serials"], kinds, module.connection.caller.partition, targets)
    wish = credential_sweep.Wish(kinds, guard, serials)
    with sweeping.sweep_options(module.context, params, wish.terms(organization), FINISHED) as options:
        accounts = credential_sweep.remove(module.connection, organization, targets, wish, module.check_mode, options)
    for serial in credential_sweep.unknown_serials(serials, accounts):
        module.warn(f"mfa_serials: no root user has the device {serial}.")
    result = {
        "changed": any(account["changed"] for account in accounts),
        "accounts": accounts,
        "summary": sweeping.summarize(accounts),
        "diff": credential_sweep.diff(accounts),
    }
    problems = sweeping.not_done(accounts)
    if problems:
        summary = f"{len(problems)} of {len(accounts)} accounts are not done."
        module.fail_json(msg=" ".join([summary, *problems]), **result)
    return result


def main() -> None:
    BreakglassModule(
        argument_spec={
            **ARGUMENTS,
            **sweeping.ARGUMENTS,
            "state": {"type": "str", "choices": ["absent"], "default": "absent"},
            "kinds": {"type": "list", "elements": "str", "choices": list(v.KINDS), "default": list(v.KINDS)},
            "mfa_serials": {"type": "list", "elements": "str"},
            "protected_accounts": {"type": "list", "elements": "str", "default": []},
            "recently_used_days": {"type": "int", "default": 90},
            "allow_recently_used": {"type": "list", "elements": "str", "default": []},
        },
    ).run_module(remove)


if __name__ == "__main__":
    main()
