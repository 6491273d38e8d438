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
  - Without O(email) it reads the address, and how the last change of it stands.
  - With O(email) it makes this the address, in two runs. The first has AWS send a one-time code to the new address,
    which a person reads there. The second gives the code back in O(otp).
  - The old mailbox plays no part, so this helps when its owner has left. Password and MFA devices stay as they are.
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
    description: The root user has this address. There is no root user without one.
    type: str
    choices: [present]
    default: present
  email:
    description:
      - The address as it is to be, of 5 to 64 characters. No other AWS account may have it, not even a closed one.
      - Capitals make no difference.
    type: str
  otp:
    description:
      - The one-time code that AWS sent to O(email), in quotes. It works once, for 24 hours.
      - A task whose O(email) is reached already needs none.
    type: str
  resend:
    description:
      - Start anew although a change is pending, which has AWS send another code. AWS does not tell to which address the
        pending one was sent, so do this too when it was a wrong one.
      - Each run with it sends a code, until O(email) is reached. Not together with O(otp).
    type: bool
    default: false
  activate_trusted_access:
    description:
      - Let the organization trust Account Management (C(account.amazonaws.com)), when it does not yet. It stays so.
        Takes credentials of the management account.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds to wait, once the code is accepted, until the address is the new one. V(0) does not wait.
      - AWS may take up to four hours. A change that is still under way then is no failure but a warning.
    type: int
    default: 60
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - breakglass.aws.connection
  - breakglass.aws.attributes
  - breakglass.aws.attributes.changing_module
notes:
  - This takes the management account or the delegated administrator for C(account.amazonaws.com), which need not be the
    one for IAM, and trusted access for that service. No root session is opened.
  - Sending a code counts as changed. While it is waited for, and once the address is reached, nothing changes.
seealso:
  - module: breakglass.aws.root_password_recovery
"""

EXAMPLES = r"""
- name: Have AWS send a code to the new address
  breakglass.aws.root_email:
    account_id: "888899990000"
    email: aws+invited-root@example.com
    activate_trusted_access: true

- name: Change the address with the code of the mail (-e otp=...)
  breakglass.aws.root_email:
    account_id: "888899990000"
    email: aws+invited-root@example.com
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
    - V(unchanged) when the address is as wished, or a code or AWS is waited for.
    - V(unverified) when AWS accepted the code but reading back does not confirm it; the task fails then.
  returned: success, or when unverified
  type: str
  sample: changed
msg:
  description: How it stands, in a sentence.
  returned: always
  type: str
email:
  description: The address now.
  returned: success
  type: str
  sample: root@invited.example.com
update:
  description: How the last change of the address stands. Null when there was none, or botocore is too old to ask.
  returned: success
  type: dict
  contains:
    status:
      description: V(PENDING) for the code, V(ACCEPTED) while AWS is at work, V(COMPLETED) or V(FAILED).
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
  description: The options that bring the old address back, by a code sent to it. Null when no code was accepted.
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
            "otp": {"type": "str", "no_log": True},
            "resend": {"type": "bool", "default": False},
            "activate_trusted_access": {"type": "bool", "default": False},
            "wait_timeout": {"type": "int", "default": 60},
        },
    ).run(email_change.run)


if __name__ == "__main__":
    main()
