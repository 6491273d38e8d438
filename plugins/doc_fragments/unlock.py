# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options of the modules that end the lockout of a resource."""

    DOCUMENTATION = r"""
options:
  account_id:
    description:
      - The member account that owns the bucket or queue, by ID in quotes. The management account is refused.
    type: str
    required: true
  mode:
    description:
      - V(repair) takes out of the policy what locks and leaves the rest as it is. Administrators named in
        O(administrators) are exempted, by a condition, from each statement that locks them. With none named, statements
        that deny every action to everybody under no condition go, and other statements lose only the actions that
        manage the policy, so that a guard on objects or messages survives. Where the policy allows somebody outside
        the account what is taken out, it stays denied to them.
      - V(replace) puts O(policy) in its place.
      - V(delete) deletes the whole policy, guards and grants to others included.
      - V(restore) puts back the policy that is saved in O(backup), which may lock again.
    type: str
    choices: [repair, replace, delete, restore]
    default: repair
  policy:
    description:
      - The new policy, for O(mode=replace), as a dictionary or as JSON text.
      - Refused when it would itself lock administrators out.
    type: json
  backup_dir:
    description:
      - The directory the present policy is saved in before it is changed. Made with mode 0700 when it is not there.
      - Needed unless O(mode=restore), where the directory of O(backup) serves when this is not set.
    type: path
  backup:
    description:
      - The backup file to restore, for O(mode=restore). One of another resource or account is refused, and so is one
        that was altered.
    type: path
  administrators:
    description:
      - The roles and users, by ARN, that must be able to manage the policy. A role stands for all its sessions.
      - With none, it is every role and user of the account, as far as its own IAM policies let it. Statements that
        deny single roles or users by name are then no lockout; a warning names them.
    type: list
    elements: str
    default: []
  plan_digest:
    description:
      - The digest of the plan that was approved, as RV(plan.digest) of a run in check mode says. When the plan is
        another one by now, nothing is changed and the task fails.
    type: str
    version_added: 0.2.0
  verify_as:
    description:
      - Credentials of a normal administrator of the account, who is shown to get in again after the change. A root
        session cannot show that, no lockout stops it. The administrator reads the policy and nothing
        else. Not done with O(mode=restore).
      - When the administrator does not get in, also when there was nothing to change, the task fails and the outcome
        is V(unverified). In check mode, RV(verified_as) only says whether they get in now.
    type: dict
    version_added: 0.2.0
    suboptions:
      profile:
        description:
          - A profile of the AWS configuration.
        type: str
      access_key:
        description:
          - An access key ID. Needs O(verify_as.secret_key).
        type: str
      secret_key:
        description:
          - The secret access key.
        type: str
      session_token:
        description:
          - The session token, for temporary credentials.
        type: str
      role_arn:
        description:
          - A role of the account that is assumed, with the credentials given beside it, else with the caller's own.
        type: str
"""
