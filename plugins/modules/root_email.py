#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: root_email
short_description: Read and change the e-mail address of the root user of a member account
version_added: 0.2.0
description:
  - Without O(email) it reads the address, and the state of its last change.
  - With O(email) it changes the address, in two runs. In the first, AWS sends a one-time code to the new address, which
    a person reads there. The second gets the code in O(otp).
  - The old mailbox is not needed, so this helps when its owner has left. Password and MFA devices do not change.
  - When AWS does not answer a call, the state of the change is read back. The outcome is V(unverified), and the task
    fails with C(changed) true, when that does not show what happened.
author:
  - breakglass.aws contributors (@breakglass)
options:
  account_id:
    description:
      - The member account, by ID, as a string in quotes. The management account is refused; only its own root user can
        change its address.
    type: str
    required: true
  state:
    description: V(present) is the only state, because every root user has an address.
    type: str
    choices: [present]
    default: present
  email:
    description:
      - The new address, of 5 to 64 characters. No other AWS account may have it, not even a closed one.
      - Upper and lower case are the same.
    type: str
  expected_email:
    description:
      - The present address, as in the approved plan. When the address is another one, nothing is changed and the task
        fails. The new address itself is accepted too, so that a second run changes nothing.
    type: str
  otp:
    description:
      - The one-time code that AWS sent to O(email), in quotes. It works once, for 24 hours.
      - Not needed once the address is O(email).
    type: str
  resend:
    description:
      - Start again although a change is pending, so that AWS sends another code. AWS does not report to which address
        it sent the pending one. Use this too when that was a wrong address.
      - Each run with it sends a code, until the address is O(email). Not together with O(otp).
    type: bool
    default: false
  activate_trusted_access:
    description:
      - Turn on trusted access for Account Management (C(account.amazonaws.com)) if it is off. It stays on.
      - Needs credentials of the management account.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds to wait, after the code is accepted, until the address is the new one. V(0) does not wait.
      - AWS may take up to four hours. A change that is still in progress then is a warning, not a failure.
    type: int
    default: 60
extends_documentation_fragment:
  - breakglass.aws.connection_options.modules
  - breakglass.aws.connection
  - breakglass.aws.attributes
  - breakglass.aws.attributes.changing_module
notes:
  - This needs credentials of the management account or of the delegated administrator for C(account.amazonaws.com),
    which need not be the one for IAM, and trusted access for that service. No root session is opened.
  - Sending a code counts as changed. A run that finds the code sent, or the address reached, changes nothing.
seealso:
  - module: breakglass.aws.root_password_recovery
"""

EXAMPLES = r"""
- name: Send a code to the new address
  breakglass.aws.root_email:
    account_id: "888899990000"
    email: aws+invited-root@example.com
    activate_trusted_access: true

- name: Change the address with the code from the mail (-e otp=...)
  breakglass.aws.root_email:
    account_id: "888899990000"
    email: aws+invited-root@example.com
    expected_email: aws+invited@example.com
    otp: "{{ otp }}"

- name: Read the address
  breakglass.aws.root_email:
    account_id: "888899990000"
  register: root
"""

RETURN = r"""
account_id:
  description: The account.
  returned: always, once the options were found valid
  type: str
  sample: "888899990000"
outcome:
  description:
    - V(changed) when a code was sent or accepted, or in check mode would be.
    - V(unchanged) when the address is O(email), or the change is waiting for its code or for AWS.
    - V(unverified) when a call may have succeeded but reading back does not confirm it. The task fails then.
  returned: success, or when unverified
  type: str
  sample: changed
msg:
  description: The state, in a sentence.
  returned: always
  type: str
email:
  description: The address now.
  returned: success
  type: str
  sample: root@invited.example.com
email_update:
  description: The last change of the address. Null when there was none, or botocore is too old to read it.
  returned: success
  type: dict
  contains:
    status:
      description: V(PENDING) until the code is given, V(ACCEPTED) until AWS made the change, V(COMPLETED) or V(FAILED).
      type: str
      sample: PENDING
    since:
      description: Since when.
      type: str
      sample: "2026-01-31T03:00:00Z"
next_steps:
  description: What a person has to do next, in order.
  returned: success
  type: list
  elements: str
undo:
  description: The options that restore the old address, with a code sent to it. Null when no code was accepted.
  returned: success
  type: dict
  sample: {account_id: "888899990000", email: root@invited.example.com}
actions:
  description: What was called, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: ["account:StartPrimaryEmailUpdate"]
"""

from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import email_change


def main() -> None:
    BreakglassModule(
        argument_spec={
            "account_id": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present"], "default": "present"},
            "email": {"type": "str"},
            "expected_email": {"type": "str"},
            "otp": {"type": "str", "no_log": True},
            "resend": {"type": "bool", "default": False},
            "activate_trusted_access": {"type": "bool", "default": False},
            "wait_timeout": {"type": "int", "default": 60},
        },
    ).run(email_change.run)


if __name__ == "__main__":
    main()
