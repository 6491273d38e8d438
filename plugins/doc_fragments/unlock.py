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
      - V(repair) removes from the policy what locks and leaves the rest as it is. Statements that lock lose only the
        actions that manage the policy; patterns such as C(s3:Put*) are spelled out. Guards on other actions, objects
        and messages remain.
      - V(repair) keeps the management of the policy denied to everyone but the administrators named in
        O(administrators). With none named, it remains denied to principals outside of the account whom the policy
        allows it, and a statement that denies every action to everyone under no condition is removed.
      - V(replace) puts O(policy) in its place.
      - V(delete) deletes the whole policy, guards and grants to others included.
      - V(restore) puts back the policy that is saved in O(backup), which may lock again. The region and the resource of
        the backup must be those of the bucket or queue.
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
      - The backup file to restore, for O(mode=restore). A backup of another resource, account or region is refused, and
        so is one that was altered or that other users can change.
    type: path
  administrators:
    description:
      - The roles and users, by ARN, that must be able to manage the policy. A role stands for all its sessions.
      - With none, it is every role and user of the account, as far as its own IAM policies let it. Statements that
        deny single roles or users by name are then no lockout; a warning names them.
    type: list
    elements: str
    default: []
  exempt:
    description:
      - What O(mode=repair) exempts the administrators named in O(administrators) from.
      - V(policy_management) exempts them from the denial of reading, putting and deleting the policy, and of nothing
        else. With that they can put the intended policy in place.
      - V(everything) exempts them from the whole statements that lock them, objects and messages included.
    type: str
    choices: [policy_management, everything]
    default: policy_management
    version_added: 0.2.0
  plan_digest:
    description:
      - The digest of the plan that was approved, RV(plan.digest) of a run in check mode. When the plan is another one
        by now, nothing is changed and the task fails. Policies that mean the same have the same digest.
    type: str
    version_added: 0.2.0
  verify_as:
    description:
      - Credentials of a normal administrator of the account, to prove the access after the change. A root session
        proves nothing, no lockout stops it. With them the policy, and the bucket's settings of S3 Block Public Access,
        are read, and nothing else is done. Not used with O(mode=restore).
      - When the administrator has no access, also when there was nothing to change, the task fails and the outcome is
        V(unverified). In check mode, RV(verified_as) is whether they have access now.
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
