#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sqs_queue_policy_unlock
short_description: End the lockout of an SQS queue whose policy denies its own administrators
version_added: 0.2.0
description:
  - Opens a root session in the member account that owns the queue (task policy C(SQSUnlockQueuePolicy)), finds the
    statements of the queue policy that lock administrators out, and makes the smallest change that lets them manage
    the policy again.
  - Sends no attribute of the queue but C(Policy). Others can delete messages.
  - The policy is first saved to a file and read back from it. No call that writes is made before that.
  - Success means that the new policy was read back.
author:
  - breakglass.aws contributors (@breakglass)
options:
  queue:
    description:
      - The queue, by URL or ARN, which have its region, or by name.
      - A name alone is searched for in O(region), or with no region set in all regions. It is refused when there is not
        exactly one such queue; the failure lists the regions that have one.
    type: str
    required: true
  protected_queues:
    description:
      - Queues that are never touched, by name. C(*) is any run of characters.
    type: list
    elements: str
    default: []
  wait_timeout:
    description:
      - How many seconds to wait until the new policy can be read back. SQS takes up to 60 seconds.
    type: int
    default: 90
extends_documentation_fragment:
  - breakglass.aws.connection_options.modules
  - breakglass.aws.connection
  - breakglass.aws.unlock
  - breakglass.aws.attributes
  - breakglass.aws.attributes.changing_module
notes:
  - What is not known (where a request comes from, whether MFA was used, condition keys the module does not know) counts
    as possibly locking. RV(lockout_statements[].certain) is then false, and the reason has what is not known.
  - The clock, the region, the account and the organization are known. A statement that will lock from a later date on
    is a warning.
  - Nothing can be written on condition that the policy is unchanged, see RV(write_window).
  - An encrypted queue needs no permission for its KMS key here.
seealso:
  - module: breakglass.aws.s3_bucket_policy_unlock
  - module: breakglass.aws.root_access_info
"""

EXAMPLES = r"""
- name: Show what locks the queue and what would be done about it
  breakglass.aws.sqs_queue_policy_unlock:
    account_id: "012345678901"
    queue: arn:aws:sqs:eu-central-1:012345678901:ingest-events
    backup_dir: ~/backups
  check_mode: true
  diff: true
  register: plan

- name: Do what was planned, and nothing else
  breakglass.aws.sqs_queue_policy_unlock:
    account_id: "012345678901"
    queue: arn:aws:sqs:eu-central-1:012345678901:ingest-events
    backup_dir: ~/backups
    plan_digest: "{{ plan.plan.digest }}"
    verify_as:
      profile: data-lake-administrator
  register: unlock

- name: Put the policy back as it was
  breakglass.aws.sqs_queue_policy_unlock:
    account_id: "012345678901"
    queue: ingest-events
    region: eu-central-1
    mode: restore
    backup: "{{ unlock.backup.path }}"
"""

RETURN = r"""
outcome:
  description:
    - V(changed), or in check mode would be; V(unchanged) when there is nothing to do.
    - The task fails with V(unreachable) when no root session can be opened, with V(unverified) when the new policy
      could not be read back in time or the administrator of O(verify_as) has no access, else with V(failed).
  returned: always
  type: str
  sample: changed
account_id:
  description: The account that owns the queue.
  returned: always
  type: str
  sample: "012345678901"
queue:
  description: The queue's ARN once its region is known, before that what O(queue) says.
  returned: always
  type: str
  sample: arn:aws:sqs:eu-central-1:012345678901:ingest-events
region:
  description: Where the queue is.
  returned: once the policy was read
  type: str
  sample: eu-central-1
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
    certain:
      description: Whether it is certain that it locks. If not, RV(lockout_statements[].why) has what is not known.
      type: bool
      version_added: 0.2.0
effects:
  description:
    - What it means, before and after, for those who must be able to manage the policy, and for the rest of the account.
    - Actions with a name have rows where the change concerns them.
    - Empty when a policy could not be analysed.
  returned: once the policy was read
  type: list
  elements: dict
  contains:
    who:
      description: The principal, by ARN, or everybody (else) of the account.
      type: str
    what:
      description: What they do, for example V(manage the policy).
      type: str
    before:
      description:
        - V(denied), V(denied_some) for some objects of a bucket, V(denied_when) under conditions, or V(not_denied).
        - Where it is not denied, their own IAM policies decide.
      type: str
    after:
      description: The same afterwards.
      type: str
    objects:
      description:
        - The objects of a V(denied_some) before and after, in the lists C(before) and C(after), as patterns of their
          names. A pattern that names other buckets too is an ARN.
        - Empty lists for a queue.
      type: dict
      sample: {"before": ["secret/*"], "after": []}
    denied_when:
      description: The conditions under which it is denied afterwards, or more of it where V(denied_some).
      type: list
      elements: str
stopped_by:
  description:
    - The service and resource control policies of the organization that deny the root session to write the new policy,
      or may. The task does not stop because of them; a warning names each.
    - Empty when nothing would change. Null when they could not be read; a warning says why.
  returned: in check mode, once the policy was read
  type: list
  elements: dict
  version_added: 0.2.0
  contains:
    policy_id:
      description: The policy. Null where no service control policy allows the action.
      type: str
    policy_name:
      description: Its name.
      type: str
    policy_type:
      description: V(SERVICE_CONTROL_POLICY) or V(RESOURCE_CONTROL_POLICY).
      type: str
    attached_to:
      description: What it is attached to, by C(id), C(name) and C(type).
      type: dict
    sid:
      description: The statement.
      type: str
    actions:
      description: The action it denies.
      type: list
      elements: str
    why:
      description: Why it denies it.
      type: str
    known_as:
      description: The product whose guardrail it is, when its shape shows that; else null.
      type: str
    certain:
      description: Whether it denies it in any case.
      type: bool
    fix:
      description: What to do about it.
      type: str
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
verified_as:
  description: >-
    What the administrator of O(verify_as) could do, after the change when there was one. Null when none was named.
  returned: once the policy was read
  type: dict
  contains:
    arn:
      description: Who it is.
      type: str
    able:
      description: Whether the policy could be read. Null when that is not known.
      type: bool
    reason:
      description: The error of AWS otherwise.
      type: str
write_window:
  description:
    - The time between the last read of the policy before the write, and AWS's answer to the write. Null when nothing
      was written.
    - AWS cannot write a policy on condition that it is still the one that was read, and does not return the policy that
      was replaced. A policy that was written by someone else in this time is in no backup; CloudTrail has it
      (C(PutBucketPolicy), C(SetQueueAttributes)).
  returned: once the policy was read
  type: dict
  version_added: 0.2.0
  contains:
    from:
      description: When the last read before the write began, in UTC.
      type: str
      sample: "2026-01-31T03:00:00.120000Z"
    to:
      description: When the write was answered, or failed.
      type: str
      sample: "2026-01-31T03:00:00.310000Z"
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
        SHA-256 over account, queue, mode and the policies before and after. The same in check mode and in the run
        that follows it, as long as the policies mean the same.
      type: str
session:
  description: The root session. No secret is in it.
  returned: once it was opened, also when the task fails
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

from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._unlock import options
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.unlock_queue import unlock_queue


def main() -> None:
    BreakglassModule(
        argument_spec={
            **options.ARGUMENTS,
            "queue": {"type": "str", "required": True},
            "protected_queues": {"type": "list", "elements": "str", "default": []},
            "wait_timeout": {"type": "int", "default": 90},
        },
        required_if=options.REQUIRED_IF,
    ).run(unlock_queue)


if __name__ == "__main__":
    main()
