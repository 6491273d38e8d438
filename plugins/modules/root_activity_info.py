#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: root_activity_info
short_description: List the root sessions that were opened, their callers, and other root use
version_added: 0.2.0
description:
  - Reads CloudTrail's Event history and joins records of two accounts. The call that opened a root session is recorded
    in the management account or the delegated administrator's account, the calls of the session in the member account.
    The access key ID is in both.
  - Lists root use that belongs to no session too, for example a sign-in or a root access key.
  - An account that was not read is listed as such. It never counts as an account without root use.
author:
  - breakglass.aws contributors (@breakglass)
options:
  hours:
    description: Read the events of this many hours. Without it and O(since), 24.
    type: int
  since:
    description:
      - Read events from this time on, in ISO 8601, for example V(2026-01-31T03:00:00Z). Without an offset it is UTC.
      - Event history keeps 90 days.
    type: str
  until:
    description: Read events up to this time, in the same format. Without it, up to now. Needs O(since).
    type: str
  account_ids:
    description:
      - Member accounts to read, by ID, as strings in quotes. Sessions in others are left out.
      - Without this and O(all_accounts), the accounts in which sessions were opened are read.
    type: list
    elements: str
  all_accounts:
    description:
      - Read all accounts, the caller's own included. Only this finds all root use that belongs to no session.
      - AWS allows two such calls a second in each account, so this takes a while.
    type: bool
    default: false
  regions:
    description:
      - The regions to read. AssumeRoot is recorded in the region where STS was called, calls to S3 and SQS in the
        bucket's or queue's region. Without this, the region where STS is called.
      - The region where IAM is recorded (V(us-east-1)) is always read.
    type: list
    elements: str
  role_name:
    description: The role that reads other accounts. It must allow C(cloudtrail:LookupEvents).
    type: str
    default: OrganizationAccountAccessRole
extends_documentation_fragment:
  - breakglass.aws.connection_options.modules
  - breakglass.aws.connection
  - breakglass.aws.selection
  - breakglass.aws.attributes
  - breakglass.aws.attributes.info_module
notes:
  - The management account can read all accounts whose role trusts it. A delegated administrator can read the sessions
    that it opened itself, and needs a role in the other accounts that trusts it.
  - No root session is opened.
seealso:
  - module: breakglass.aws.organization_access_role_info
"""

EXAMPLES = r"""
- name: Read what root users did since yesterday
  breakglass.aws.root_activity_info:
    all_accounts: true
  register: activity

- name: Show the root use that belongs to no session
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
  description: From when on events were read.
  returned: success
  type: str
  sample: "2026-01-31T03:00:00Z"
until:
  description: Until when.
  returned: success
  type: str
  sample: "2026-02-01T03:00:00Z"
complete_until:
  description: Until when all events are delivered. CloudTrail takes up to 15 minutes, so later ones may be missing.
  returned: success
  type: str
  sample: "2026-02-01T02:45:00Z"
regions:
  description: The regions that were read.
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
      description: What it was for, as the modules name it, or the ARN of a task policy that is not known.
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
      description: The caller that opened it.
      type: str
      sample: arn:aws:sts::111122223333:assumed-role/BreakGlassOperator/alice
    opened_from:
      description: The caller's account.
      type: str
      sample: "111122223333"
    source_identity:
      description: The source identity of the caller's session, which names the person; null when it has none.
      type: str
      sample: alice
    source_ip:
      description: The IP address of the caller.
      type: str
      sample: 203.0.113.7
    user_agent:
      description: The tool of the caller.
      type: str
    event_id:
      description: CloudTrail's ID of the event.
      type: str
    request_id:
      description: AWS's ID of the request, which the ledger of the caller has too.
      type: str
      version_added: 0.2.0
    access_key_id:
      description: The session's access key ID, which joins it with its calls. Not secret.
      type: str
      sample: ASIAEXAMPLEEXAMPLE00
    expires:
      description: When it ends.
      type: str
      sample: "2026-01-31T03:15:00Z"
    pending:
      description: Whether events of it may not be delivered yet.
      type: bool
      sample: false
    looked_into:
      description: Whether its account was read. Otherwise RV(sessions[].calls) is not known.
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
          description: Whether it only read.
          type: bool
          sample: false
        error_code:
          description: AWS's error code when it was refused; null when it was done.
          type: str
        source_ip:
          description: The IP address of the caller.
          type: str
          sample: 203.0.113.7
        event_id:
          description: CloudTrail's ID of the event.
          type: str
refused:
  description:
    - Attempts to open a session that AWS refused, with the fields of RV(sessions) up to its request ID, and
      C(error_code) and C(error_message).
  returned: success
  type: list
  elements: dict
unexplained:
  description:
    - Root use that belongs to no session found here, oldest first, with the fields of RV(sessions[].calls), and
      C(account_id), C(name) and C(access_key_id).
    - RV(unexplained[].kind) is V(sign_in), V(password) (a reset or a new password), V(credentials) (a root access key,
      or a session in the console), or V(unknown_session) (a root session whose opening was not found).
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: What it is.
      type: str
      sample: sign_in
opened_from:
  description: The accounts that can open sessions, with C(outcome), C(reason) and C(fix) of reading them.
  returned: success
  type: list
  elements: dict
accounts:
  description: The accounts that were to be read, with C(outcome), C(reason) and C(fix).
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
      description: V(unchanged) when it was read; V(skipped), V(unreachable) or V(failed) when not.
      type: str
      sample: unchanged
    reason:
      description: Why not.
      type: str
    fix:
      description: What to do about it.
      type: str
selection:
  description: How the options selected accounts.
  returned: when options select accounts
  type: dict
  version_added: 0.2.0
  contains:
    selected:
      description: How many accounts are worked on.
      type: int
      sample: 42
    left_out:
      description: The accounts that the options select and that are not worked on.
      type: list
      elements: dict
      contains:
        account_id:
          description: The account.
          type: str
          sample: "666677778888"
        name:
          description: Its name.
          type: str
          sample: closed-shop
        reason:
          description: Why it is left out.
          type: str
          sample: "The account's state is SUSPENDED: it cannot be used."
    duplicates:
      description: The accounts that are selected more than once. Each is done once.
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
        reason:
          description: How it is selected more than once.
          type: str
          sample: It is named more than once in account_ids.
summary:
  description: How many there are of each.
  returned: success
  type: dict
  sample: {sessions: 3, pending: 0, not_looked_into: 0, refused: 1, unexplained: 0}
"""

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._root_access import activity
from ansible_collections.breakglass.aws.plugins.module_utils._selection.accounts import ARGUMENTS


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
