#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_bucket_policy_unlock
short_description: End the lockout of an S3 bucket whose policy denies its own administrators
version_added: 0.1.0
description:
  - Opens a root session in the member account that owns the bucket (task policy C(S3UnlockBucketPolicy)), finds the
    statements of the bucket policy that lock administrators out, and makes the smallest change that lets them manage
    the policy again. S3 lets the root user manage a bucket policy that denies everybody.
  - The policy is first saved to a file and read back from it. No call that writes is made before.
  - Success means that the new policy was read back.
author:
  - breakglass.aws contributors (@breakglass)
options:
  account_id:
    description:
      - The member account that owns the bucket, by ID in quotes. The management account is refused.
    type: str
    required: true
  bucket:
    description:
      - The name of the bucket. Its region is found.
    type: str
    required: true
  mode:
    description:
      - V(repair) takes out of the policy what locks and leaves the rest as it is. Administrators named in
        O(administrators) are exempted, by a condition, from each statement that locks them. With none named, statements
        that deny every action to everybody under no condition go, and other statements lose only the actions that
        manage the policy, so that a guard on objects survives. Where the policy allows somebody outside the account
        what is taken out, it stays denied to them.
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
      - The backup file to restore, for O(mode=restore). One of another bucket or account is refused, and so is one
        that was altered.
    type: path
  administrators:
    description:
      - The roles and users, by ARN, that must be able to manage the bucket policy. A role stands for all its sessions.
      - With none, it is every role and user of the account, as far as its own IAM policies let it. Statements that
        deny single roles or users by name are then no lockout; a warning names them.
    type: list
    elements: str
    default: []
  protected_buckets:
    description:
      - Buckets that are never touched, by name. C(*) stands for any run of characters.
    type: list
    elements: str
    default: []
  wait_timeout:
    description:
      - How many seconds to wait until the new policy can be read back.
    type: int
    default: 60
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - breakglass.aws.connection
  - breakglass.aws.attributes
  - breakglass.aws.attributes.changing_module
notes:
  - What cannot be known from the policy (where a request comes from, whether MFA was used, keys that the module does
    not know) counts as locking, and the reason says so.
  - Object ACLs, access points and Block Public Access cannot be seen in the root session. Should a bucket still use
    ACLs, look at them before its last Deny statement goes.
  - Directory buckets cannot be unlocked; the task policy does not cover them.
seealso:
  - module: breakglass.aws.root_access_info
"""

EXAMPLES = r"""
- name: See what locks the bucket and what would be done about it
  breakglass.aws.s3_bucket_policy_unlock:
    account_id: "333344445555"
    bucket: payments-ledger-333344445555
    backup_dir: ~/backups
  check_mode: true
  diff: true
  register: plan

- name: Repair it
  breakglass.aws.s3_bucket_policy_unlock:
    account_id: "333344445555"
    bucket: payments-ledger-333344445555
    backup_dir: ~/backups
    protected_buckets: ["*-terraform-state"]
  register: unlock

- name: Let one role in, and nobody else
  breakglass.aws.s3_bucket_policy_unlock:
    account_id: "012345678901"
    bucket: data-lake-raw-012345678901
    administrators: ["arn:aws:iam::012345678901:role/OrganizationAccountAccessRole"]
    backup_dir: ~/backups

- name: Put the policy back as it was
  breakglass.aws.s3_bucket_policy_unlock:
    account_id: "333344445555"
    bucket: payments-ledger-333344445555
    mode: restore
    backup: "{{ unlock.backup.path }}"
"""

RETURN = r"""
outcome:
  description:
    - V(changed), or in check mode would be; V(unchanged) when there is nothing to do.
    - The task fails with V(unreachable) when no root session gets in, with V(unverified) when the new policy
      could not be read back in time, else with V(failed).
  returned: always
  type: str
  sample: changed
account_id:
  description: The account that owns the bucket.
  returned: always
  type: str
  sample: "333344445555"
bucket:
  description: The bucket.
  returned: always
  type: str
  sample: payments-ledger-333344445555
region:
  description: Where the bucket is.
  returned: once the bucket was found
  type: str
  sample: eu-west-1
before:
  description: The policy as it was; null when there was none.
  returned: once the policy was read
  type: dict
  sample: {"Version": "2012-10-17", "Statement": []}
after:
  description: The policy as it is now, or in check mode would be; null when there is none.
  returned: once the policy was read
  type: dict
  sample: {"Version": "2012-10-17", "Statement": []}
lockout_statements:
  description: The statements of the policy as it was that lock administrators out.
  returned: once the policy was read
  type: list
  elements: dict
  contains:
    index:
      description: The statement's place in the policy, from 0.
      type: int
    sid:
      description: Its Sid; null when it has none.
      type: str
    statement:
      description: The statement as it is in the policy.
      type: dict
    why:
      description: Why it locks, in one sentence.
      type: str
    actions:
      description: The actions that manage the policy which it denies.
      type: list
      elements: str
    conditions:
      description: When it denies them, in words; empty when always.
      type: list
      elements: str
backup:
  description: >-
    The file that holds the policy as it was. Null in check mode, when nothing changed, and when there was no policy.
  returned: once the policy was read
  type: dict
  contains:
    path:
      description: Where it is.
      type: str
    sha256:
      description: SHA-256 of the exact text of the policy.
      type: str
plan:
  description: What is done, or in check mode would be.
  returned: once the policy was read
  type: dict
  contains:
    mode:
      description: The mode.
      type: str
    digest:
      description: >-
        SHA-256 over account, bucket, mode and the policies before and after. The same in check mode and in the run
        that follows it, as long as nobody changes the policy in between.
      type: str
session:
  description: The root session. No secret is in it.
  returned: once the policy was read
  type: dict
  contains:
    access_key_id:
      description: CloudTrail shows it in every event of the session.
      type: str
    expiration:
      description: When the session ends.
      type: str
diff:
  description: The policies before and after as JSON text.
  returned: once the policy was read
  type: dict
"""

import os
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.breakglass.aws.plugins.module_utils import _backup
from ansible_collections.breakglass.aws.plugins.module_utils import _unlock_plan as planning
from ansible_collections.breakglass.aws.plugins.module_utils import _vocabulary as v
from ansible_collections.breakglass.aws.plugins.module_utils._account_id import parse_account_id
from ansible_collections.breakglass.aws.plugins.module_utils._bucket_policy import BucketPolicy
from ansible_collections.breakglass.aws.plugins.module_utils._errors import (
    BreakglassError,
    InvalidInput,
    Unreachable,
)
from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._policy_condition import like
from ansible_collections.breakglass.aws.plugins.module_utils._policy_document import digest, pretty
from ansible_collections.breakglass.aws.plugins.module_utils._policy_request import resource_of
from ansible_collections.breakglass.aws.plugins.module_utils._root_session import open_root_session
from ansible_collections.breakglass.aws.plugins.module_utils._targets import member_account, unusable

REQUIRED = {
    planning.REPAIR: ["backup_dir"],
    planning.REPLACE: ["backup_dir", "policy"],
    planning.DELETE: ["backup_dir"],
    planning.RESTORE: ["backup"],
}


@dataclass(frozen=True)
class Wish:
    """What the options ask for, checked as far as that is possible without AWS."""

    account_id: str
    bucket: str
    mode: str
    backup: str | None
    backup_dir: str

    @classmethod
    def of(cls, params: dict) -> Wish:
        bucket, mode = params["bucket"], params["mode"]
        account_id = parse_account_id(params["account_id"], "account_id")
        refuse_bucket(bucket, params["protected_buckets"])
        if params["wait_timeout"] < 0:
            raise InvalidInput("wait_timeout", params["wait_timeout"], "a number of seconds, 0 or more")
        for option, only in (("policy", planning.REPLACE), ("backup", planning.RESTORE)):
            if params[option] is not None and mode != only:
                raise InvalidInput(option, params[option], f"nothing with mode={mode}; it belongs to mode={only}")
        for option in REQUIRED[mode]:
            if params[option] is None:  # given as null, which required_if lets pass
                raise InvalidInput(option, None, f"a value, with mode={mode}")
        backup_dir = params["backup_dir"] or os.path.dirname(os.path.abspath(params["backup"]))
        _backup.would_be_writable(backup_dir)
        return cls(account_id, bucket, mode, params["backup"], backup_dir)


def refuse_bucket(bucket: str, protected: t.Sequence[str]) -> None:
    """Refuse what is no bucket's name, and protected buckets."""
    if not re.match(r"^[A-Za-z0-9][A-Za-z0-9._-]{2,254}\Z", bucket):
        raise InvalidInput("bucket", bucket, "the name of a bucket, for example my-bucket (no ARN, no s3:// in front)")
    if bucket.endswith("--x-s3"):
        raise InvalidInput(
            "bucket", bucket, "a general purpose bucket; the task policy does not cover directory buckets"
        )
    pattern = next((pattern for pattern in protected if like(bucket, pattern)), None)
    if pattern is not None:
        raise InvalidInput("bucket", bucket, f"a bucket that is not in protected_buckets ({pattern})")


def unlock(module: BreakglassModule) -> dict:
    params = module.params
    known = {"outcome": v.FAILED, "account_id": params["account_id"], "bucket": params["bucket"]}
    try:
        wish = Wish.of(params)
        known["account_id"] = wish.account_id
        return carry_out(module, wish, known)
    except BreakglassError as error:
        module.fail(error, **{**known, "outcome": known["outcome"] if "plan" in known else error.outcome})


def carry_out(module: BreakglassModule, wish: Wish, known: dict) -> dict:
    """Look, plan, act, look again. ``known`` collects the result, which a failure shows as far as it got."""
    arn = f"arn:{module.connection.caller.partition}:s3:::{wish.bucket}"
    administrators = planning.named(resource_of(arn, wish.account_id), module.params["administrators"])
    wanted = module.params["policy"]
    if wish.mode == planning.REPLACE:
        planning.replacement(wanted, "s3")
    if wish.mode == planning.RESTORE:
        wanted = _backup.read_for(wish.backup, wish.account_id, arn).policy
    account = member_account(module.organization, wish.account_id, "account_id")
    if unusable(account):
        raise Unreachable(unusable(account), "Wait until AWS makes the account ACTIVE again.")
    resource = resource_of(arn, wish.account_id, module.organization.describe()["id"])

    session = open_root_session(module.connection, module.organization, wish.account_id, v.UNLOCK_S3_BUCKET)
    policy = BucketPolicy.find(session, wish.bucket)
    plan = planning.make(wish.mode, resource, administrators, policy.read(), wanted)
    for warning in plan.warnings:
        module.warn(warning)
    known.update(shown(wish, plan, policy.region, session.public))
    known["outcome"] = v.CHANGED if plan.changes else v.UNCHANGED
    if plan.changes and not module.check_mode:
        act(module, wish, plan, policy, arn, known)
    summary = f"Bucket {wish.bucket}: {plan.summary(module.check_mode)}"
    return {**known, "changed": plan.changes, "msg": summary}


def act(module: BreakglassModule, wish: Wish, plan: planning.Plan, policy: BucketPolicy, arn: str, known: dict) -> None:
    """Save the policy, make sure it is still the one the plan is for, write the new one and read it back."""
    known["outcome"] = v.FAILED
    if plan.before_text is not None:
        saved = _backup.take(wish.account_id, policy.region, arn, plan.before_text)
        known["backup"] = {"path": _backup.write(saved, wish.backup_dir), "sha256": saved.sha256}
    if policy.read() != plan.before_text:
        raise BreakglassError(
            "Somebody changed the policy after it was read and analysed.", "Nothing was changed: run it again."
        )
    try:
        policy.write(plan.after_text)
    except BreakglassError as error:
        if error.code is None:  # AWS did not answer: it may have heard all the same
            known["outcome"] = v.UNVERIFIED
        raise
    known.update(changed=True, outcome=v.UNVERIFIED)
    if not policy.read_until(plan.is_reached, module.params["wait_timeout"]):
        raise BreakglassError(
            f"The new policy was written, but could not be read back within {module.params['wait_timeout']} seconds.",
            "Run it again to see how the policy is now, with a longer wait_timeout.",
        )
    known["outcome"] = v.CHANGED


def shown(wish: Wish, plan: planning.Plan, region: str, session: dict) -> dict:
    identity = {"account_id": wish.account_id, "bucket": wish.bucket, "mode": wish.mode}
    return {
        "region": region,
        "before": plan.before,
        "after": plan.after,
        "lockout_statements": [lockout.as_dict() for lockout in plan.lockouts],
        "backup": None,
        "plan": {"mode": wish.mode, "digest": digest({**identity, "before": plan.before, "after": plan.after})},
        "session": session,
        "diff": {
            "before": pretty(plan.before),
            "after": pretty(plan.after),
            "before_header": f"policy of {wish.bucket}",
            "after_header": f"policy of {wish.bucket}",
        },
    }


def main() -> None:
    BreakglassModule(
        argument_spec={
            "account_id": {"type": "str", "required": True},
            "bucket": {"type": "str", "required": True},
            "mode": {"type": "str", "choices": list(planning.MODES), "default": planning.REPAIR},
            "policy": {"type": "json"},
            "backup_dir": {"type": "path"},
            "backup": {"type": "path"},
            "administrators": {"type": "list", "elements": "str", "default": []},
            "protected_buckets": {"type": "list", "elements": "str", "default": []},
            "wait_timeout": {"type": "int", "default": 60},
        },
        required_if=[("mode", mode, options) for mode, options in REQUIRED.items()],
    ).run(unlock)


if __name__ == "__main__":
    main()
