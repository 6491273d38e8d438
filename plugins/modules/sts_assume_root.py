#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sts_assume_root
short_description: Open a root session in a member account, for other modules and tools
version_added: 0.2.0
description:
  - Opens a root session for one task (C(sts:AssumeRoot)) and returns its credentials. They expire after at most 15
    minutes and cannot be revoked before.
  - The result is hidden. No callback, log or event shows it, with or without C(no_log), while C(register) keeps it for
    later tasks. A failure is shown, with the access key ID of a session that was opened.
  - The other modules of this collection open their own sessions and do not need this one.
author:
  - breakglass.aws contributors (@breakglass)
options:
  account_id:
    description:
      - The member account, by ID in quotes. The management account is refused.
      - Needed unless O(state=absent).
    type: str
  task:
    description:
      - What the session is for. It can do nothing else.
      - Needed unless O(state=absent).
    type: str
    choices:
      - audit_root_credentials
      - delete_root_credentials
      - open_password_recovery
      - unlock_s3_bucket
      - unlock_sqs_queue
  duration_seconds:
    description:
      - How long the session lives, from 1 to 900 seconds. As short as the work allows.
      - Without it, 180 for tasks that read or open password recovery, else 600.
    type: int
  write_profile:
    description:
      - Also write the credentials to O(credentials_file) as a profile of this name, for tools that accept nothing else.
      - A profile that this module did not write is never changed, and V(default) is refused.
    type: str
  credentials_file:
    description:
      - The AWS credentials file for O(write_profile). It gets mode 0600, with a warning when others could read it.
      - Everything else in it stays, comments included.
    type: path
  state:
    description:
      - V(present) opens a session.
      - V(absent) removes the profile O(write_profile) from O(credentials_file). AWS is not called.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - breakglass.aws.connection_options.modules
  - breakglass.aws.connection
  - breakglass.aws.attributes
  - breakglass.aws.attributes.changing_module
attributes:
  idempotent:
    support: partial
    details:
      - With O(state=present) every run opens a new session and is changed.
  diff_mode:
    support: none
    details:
      - The change is secret.
notes:
  - Needs credentials of the management account, or of the delegated administrator for IAM.
  - Refused in Ansible's debug mode (E(ANSIBLE_DEBUG)), which prints what modules return. Verbosity shows no secrets.
  - In check mode no session is opened, because that is an event in CloudTrail, and no credentials are returned.
seealso:
  - module: amazon.aws.sts_assume_role
"""

EXAMPLES = r"""
- name: Open a session that can read the root user's credentials
  breakglass.aws.sts_assume_root:
    account_id: "444455556666"
    task: audit_root_credentials
    duration_seconds: 300
  register: session

- name: List the root user's MFA devices with a module of amazon.aws, in that session
  amazon.aws.iam_mfa_device_info:
    access_key: "{{ session.sts_creds.access_key }}"
    secret_key: "{{ session.sts_creds.secret_key }}"
    session_token: "{{ session.sts_creds.session_token }}"
  register: devices

- name: Show which events of CloudTrail belong to it
  ansible.builtin.debug:
    msg: "{{ session.access_key_id }} until {{ session.expiration }}"

- name: Open a session for a tool that reads credentials files
  breakglass.aws.sts_assume_root:
    account_id: "333344445555"
    task: unlock_s3_bucket
    write_profile: payments-root
    credentials_file: ~/.breakglass/credentials

- name: Remove its profile
  breakglass.aws.sts_assume_root:
    write_profile: payments-root
    credentials_file: ~/.breakglass/credentials
    state: absent
"""

RETURN = r"""
sts_creds:
  description: >-
    The credentials, in the form of M(amazon.aws.sts_assume_role). Hidden from all output. Null in check mode.
  returned: with O(state=present)
  type: dict
  contains:
    access_key:
      description: The access key ID.
      type: str
    secret_key:
      description: The secret access key.
      type: str
    session_token:
      description: The session token.
      type: str
    expiration:
      description: When they expire.
      type: str
access_key_id:
  description: CloudTrail shows it in every event of the session. May be logged.
  returned: with O(state=present), not in check mode; also on failure, when a session was opened
  type: str
  sample: ASIAEXAMPLEEXAMPLE00
expiration:
  description: When the session expires. May be logged.
  returned: with O(state=present), not in check mode; also on failure, when a session was opened
  type: str
  sample: "2026-11-24T10:15:00Z"
source_identity:
  description: The source identity of the caller's session, which the root session inherits. May be logged.
  returned: with O(state=present), not in check mode
  type: str
account_id:
  description: The account.
  returned: with O(state=present)
  type: str
  sample: "444455556666"
task:
  description: What the session is for.
  returned: with O(state=present)
  type: str
  sample: audit_root_credentials
"""

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._root_access import credentials_handover


def main() -> None:
    BreakglassModule(
        reveals=("sts_creds",),
        argument_spec={
            "account_id": {"type": "str"},
            "task": {"type": "str", "choices": list(v.TASKS)},
            "duration_seconds": {"type": "int"},
            "write_profile": {"type": "str"},
            "credentials_file": {"type": "path"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[
            ("state", "present", ["account_id", "task"]),
            ("state", "absent", ["write_profile", "credentials_file"]),
        ],
        required_together=[("write_profile", "credentials_file")],
    ).run(credentials_handover.run)


if __name__ == "__main__":
    main()
