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

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._account_id import parse_account_id
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import email as addresses
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time

LONGEST_WAIT = 14_400  # four hours


def declare(module: BreakglassModule) -> dict:
    params = module.params
    account_id = parse_account_id(params["account_id"], "account_id")
    email, otp = check(module)
    account = addresses.member(module.organization, account_id)
    root = addresses.RootEmail(module.connection, module.organization, account_id)
    actions = []
    if params["activate_trusted_access"] and not addresses.trusts(module.organization):
        actions.append(f"organizations:EnableAWSServiceAccess {v.ACCOUNT_SERVICE_PRINCIPAL}")
        if not module.check_mode:
            root.trust()
    if actions and module.check_mode:
        current, update = account.email, None  # Account Management does not answer yet
    else:
        current = root.read_once_trusted() if actions else root.read()
        update = root.last_update()
    step = addresses.next_step(current, email, update, bool(otp), params["resend"], module.organization.now())
    result = {
        "account_id": account_id,
        "outcome": v.CHANGED if actions else v.UNCHANGED,
        "email": current,
        "update": shown(update),
        "next_steps": [],
        "undo": None,
        "actions": actions,
    }
    take(module, root, step, result)
    result["changed"] = result["outcome"] == v.CHANGED
    after = {"email": result["email"]} if step != addresses.START else {"email": current, "code_sent_to": email}
    result["diff"] = (
        {"before": {"email": current}, "after": after} if result["changed"] else {"before": {}, "after": {}}
    )
    return result


def check(module: BreakglassModule) -> tuple:
    """The address and the code, as far as they can be judged without AWS."""
    email, otp, resend = (module.params[name] for name in ("email", "otp", "resend"))
    if email is not None:
        addresses.check_email(email)
    if otp is not None:
        otp = addresses.check_otp(otp)
        module.no_log_values.add(otp)  # AWS may repeat it in a refusal
    if resend and otp is not None:
        raise InvalidInput("resend", True, "false, with otp: another code makes this one worthless")
    for option, given in (("otp", otp is not None), ("resend", resend)):
        if given and email is None:
            raise InvalidInput("email", None, f"the new address, with {option}")
    if not 0 <= module.params["wait_timeout"] <= LONGEST_WAIT:
        raise InvalidInput("wait_timeout", module.params["wait_timeout"], f"seconds from 0 to {LONGEST_WAIT}")
    return email, otp


def take(module: BreakglassModule, root: addresses.RootEmail, step: str, result: dict) -> None:
    """Do what is to be done now, and put into the result how it stands then."""
    email, current = module.params["email"], result["email"]
    if step == addresses.NOTHING:
        result["msg"] = f"The address is {current}."
    elif step == addresses.START:
        start(module, root, result)
    elif step == addresses.AWAIT_CODE:
        result["msg"] = f"A change is pending since {result['update']['since']}, and waits for its code."
        result["next_steps"] = code_steps(email)
        result["next_steps"].append("If no code came there, it was sent to another address: run it with resend=true.")
    elif step == addresses.ACCEPT:
        accept(module, root, result)
    else:
        result["msg"] = f"AWS is at work on a change since {result['update']['since']}. It may take four hours."
        if not module.check_mode:
            arrive(module, root, result)


def start(module: BreakglassModule, root: addresses.RootEmail, result: dict) -> None:
    email = module.params["email"]
    result["actions"].append("account:StartPrimaryEmailUpdate")
    result.update(outcome=v.CHANGED, next_steps=code_steps(email))
    if module.check_mode:
        result["msg"] = f"A code would be sent to {email}. The address is {result['email']} until it is given back."
        return
    root.start(email)
    result["msg"] = f"AWS sent a code to {email}. The address is {result['email']} until it is given back."
    confirm(module, root, result, (addresses.PENDING,))


def accept(module: BreakglassModule, root: addresses.RootEmail, result: dict) -> None:
    email, current = module.params["email"], result["email"]
    result["actions"].append("account:AcceptPrimaryEmailUpdate")
    result["outcome"] = v.CHANGED
    if module.check_mode:
        result.update(email=email, msg=f"The address would become {email}, if the code is right.")
        return
    root.accept(email, addresses.check_otp(module.params["otp"]))
    result["undo"] = {"account_id": result["account_id"], "email": current}
    result["msg"] = f"AWS has accepted the code. The address becomes {email} within four hours."
    confirm(module, root, result, (addresses.ACCEPTED, addresses.COMPLETED))
    arrive(module, root, result)


def confirm(module: BreakglassModule, root: addresses.RootEmail, result: dict, expected: tuple) -> None:
    """Read back how the change stands; a failed task when it is not as expected."""
    try:
        update = root.last_update()
    except BreakglassError as error:
        unverified(module, result, f"It was done, but reading back failed. {error.cause}", error.fix)
    if update is not None and update.status not in expected:
        cause = f"It was done, but AWS shows the change as {update.status}."
        unverified(module, result, cause, "Wait a minute and run it again.")
    result["update"] = shown(update)


def arrive(module: BreakglassModule, root: addresses.RootEmail, result: dict) -> None:
    """Wait until the address is the new one; a warning when it is not yet."""
    email = module.params["email"]
    try:
        there = root.wait(email, module.params["wait_timeout"])
    except BreakglassError as error:
        unverified(
            module, result, f"AWS has accepted the code, but {error.cause[0].lower()}{error.cause[1:]}", error.fix
        )
    if not there:
        module.warn(f"root_email: AWS does not show {email} yet. Run it again later to see whether it does.")
        return
    confirm(module, root, result, (addresses.COMPLETED, addresses.ACCEPTED))
    result.update(email=email, msg=f"The address is {email}.")


def unverified(module: BreakglassModule, result: dict, cause: str, fix: str) -> t.NoReturn:
    known = {name: value for name, value in result.items() if name not in ("msg", "outcome")}
    changed = result["outcome"] == v.CHANGED
    module.fail(BreakglassError(cause, fix), outcome=v.UNVERIFIED, changed=changed, **known)


def code_steps(email: str) -> list[str]:
    return [
        f"Read AWS's mail to {email}, within 24 hours.",
        "Run it again with the same options and the code in otp.",
    ]


def shown(update: addresses.Update | None) -> dict | None:
    return {"status": update.status, "since": format_time(update.since)} if update else None


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
    ).run_module(declare)


if __name__ == "__main__":
    main()
