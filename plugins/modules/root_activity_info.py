#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: root_activity_info
short_description: Tell which root sessions were opened, by whom, and what root users did
version_added: 0.2.0
description:
  - Reads CloudTrail's Event history and joins what is written in two places. Who opened a root session is recorded in
    the management account or the delegated administrator's account, what the session did, in the member account. The
    access key ID is in both.
  - Tells root use that no session explains, too, for example a sign-in or a root access key.
  - What was not looked into is said to be so. It is never taken for an account where nothing happened.
author:
  - breakglass.aws contributors (@breakglass)
options:
  hours:
    description: Look back this many hours. Without it and O(since), 24.
    type: int
  since:
    description:
      - Look back to this time, in ISO 8601, for example V(2026-01-31T03:00:00Z). Without an offset it is taken as UTC.
      - Event history keeps 90 days.
    type: str
  until:
    description: Look at what was before this time, in the same form. Without it, until now. Needs O(since).
    type: str
  account_ids:
    description:
      - Member accounts to look into, by ID, as strings in quotes. Sessions in others are left out.
      - Without this and O(all_accounts), the accounts in which sessions were opened are looked into.
    type: list
    elements: str
  all_accounts:
    description:
      - Look into all accounts, the caller's own included. Only this finds all root use that no session explains.
      - AWS answers two such questions a second for each account, so this takes its time.
    type: bool
    default: false
  regions:
    description:
      - The regions to look in. AssumeRoot is recorded in the region where STS was called, calls to S3 and SQS in the
        bucket's or queue's region. Without this, the region where STS is called.
      - The region where IAM is recorded (V(us-east-1)) is always looked in.
    type: list
    elements: str
  role_name:
    description: The role to look into other accounts with. It must allow C(cloudtrail:LookupEvents).
    type: str
    default: OrganizationAccountAccessRole
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - breakglass.aws.connection
  - breakglass.aws.attributes
  - breakglass.aws.attributes.info_module
notes:
  - The management account can look into all accounts whose role trusts it. A delegated administrator sees the sessions
    it opened itself, and needs a role in the other accounts that trusts it.
  - No root session is opened.
seealso:
  - module: breakglass.aws.organization_access_role_info
"""

EXAMPLES = r"""
- name: What did root users do since yesterday?
  breakglass.aws.root_activity_info:
    all_accounts: true
  register: activity

- name: Name the use that nobody opened a session for
  ansible.builtin.debug:
    msg: "{{ activity.unexplained }}"

- name: Collect the evidence of last night's work in one account
  breakglass.aws.root_activity_info:
    account_ids: ["333344445555"]
    hours: 12
    regions: [us-east-1, eu-west-1]
"""

RETURN = r"""
since:
  description: From when on events were looked at.
  returned: success
  type: str
  sample: "2026-01-31T03:00:00Z"
until:
  description: Until when.
  returned: success
  type: str
  sample: "2026-02-01T03:00:00Z"
complete_until:
  description: Until when all events are there. CloudTrail takes up to 15 minutes, so later ones may be on their way.
  returned: success
  type: str
  sample: "2026-02-01T02:45:00Z"
regions:
  description: The regions that were looked in.
  returned: success
  type: list
  elements: str
  sample: [us-east-1, eu-west-1]
sessions:
  description: The root sessions that were opened, oldest first.
  returned: success
  type: list
  elements: dict
  contains: &attempt
    account_id:
      description: The account it was for.
      type: str
      sample: "333344445555"
    name:
      description: The account's name.
      type: str
      sample: payments
    task:
      description: What it was for, as the modules call it, or the ARN of a task policy that is not known.
      type: str
      sample: unlock_s3_bucket
    time:
      description: When it was opened.
      type: str
      sample: "2026-01-31T03:00:00Z"
    region:
      description: Where STS was called.
      type: str
      sample: us-east-1
    opened_by:
      description: Who opened it.
      type: str
      sample: arn:aws:sts::111122223333:assumed-role/BreakGlassOperator/alice
    opened_from:
      description: The account of who opened it.
      type: str
      sample: "111122223333"
    source_identity:
      description: The person, when the session of who opened it says who that is.
      type: str
      sample: alice
    source_ip:
      description: From where.
      type: str
      sample: 203.0.113.7
    user_agent:
      description: With which tool.
      type: str
    event_id:
      description: CloudTrail's ID of the event.
      type: str
    access_key_id:
      description: The session's access key ID, which joins it with its calls. Not secret.
      type: str
      sample: ASIAEXAMPLEEXAMPLE00
    expires:
      description: When it ends.
      type: str
      sample: "2026-01-31T03:15:00Z"
    pending:
      description: Whether events of it may still be on their way.
      type: bool
      sample: false
    looked_into:
      description: Whether its account was looked into. Otherwise RV(sessions[].calls) says nothing.
      type: bool
      sample: true
    reason:
      description: Why not.
      type: str
    calls:
      description: What it did, oldest first.
      type: list
      elements: dict
      contains:
        time:
          description: When.
          type: str
          sample: "2026-01-31T03:00:05Z"
        service:
          description: The service.
          type: str
          sample: s3
        operation:
          description: What was called.
          type: str
          sample: PutBucketPolicy
        region:
          description: Where.
          type: str
          sample: eu-west-1
        read_only:
          description: Whether it only looked.
          type: bool
          sample: false
        error_code:
          description: AWS's error code when it was refused; null when it was done.
          type: str
        source_ip:
          description: From where.
          type: str
          sample: 203.0.113.7
        event_id:
          description: CloudTrail's ID of the event.
          type: str
refused:
  description:
    - Attempts to open a session that AWS refused, with the fields of RV(sessions) up to its event ID, and
      C(error_code) and C(error_message).
  returned: success
  type: list
  elements: dict
unexplained:
  description:
    - Root use that came from no session found here, oldest first, with the fields of RV(sessions[].calls), and
      C(account_id), C(name) and C(access_key_id).
    - RV(unexplained[].kind) is V(sign_in), V(password) (a reset or a new password), V(credentials) (a root access key,
      or a session in the console), or V(unknown_session) (a root session that was opened where it was not looked).
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: What it is.
      type: str
      sample: sign_in
opened_from:
  description: The accounts sessions can be opened from, with C(outcome), C(reason) and C(fix) of looking into them.
  returned: success
  type: list
  elements: dict
accounts:
  description: The accounts that were to be looked into, with C(outcome), C(reason) and C(fix).
  returned: success
  type: list
  elements: dict
  contains:
    account_id:
      description: The account.
      type: str
      sample: "333344445555"
    name:
      description: Its name.
      type: str
      sample: payments
    outcome:
      description: V(unchanged) when it was looked into; V(skipped), V(unreachable) or V(failed) when not.
      type: str
      sample: unchanged
    reason:
      description: Why not.
      type: str
    fix:
      description: What to do about it.
      type: str
summary:
  description: How many there are of each.
  returned: success
  type: dict
  sample: {sessions: 3, pending: 0, not_looked_into: 0, refused: 1, unexplained: 0}
"""

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._root_access import activity
from ansible_collections.breakglass.aws.plugins.module_utils._targets import ARGUMENTS


def main() -> None:
    BreakglassModule(
        argument_spec={
            **ARGUMENTS,
            "role_name": {"type": "str", "default": v.ACCESS_ROLE},
            "hours": {"type": "int"},
            "since": {"type": "str"},
            "until": {"type": "str"},
            "regions": {"type": "list", "elements": "str"},
        },
        mutually_exclusive=[("hours", "since")],
        required_by={"until": ["since"]},
    ).run(activity.run)


if __name__ == "__main__":
    main()
