#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: root_access
short_description: Turn centralized root access on or off
version_added: 0.1.0
description:
  - Makes trusted access for IAM, the two features of centralized root access and the delegated administrator as
    declared, in the order AWS demands. What is not declared is left alone.
  - Each change is read back before the next one is made.
  - Turning anything off warns, because it may take away the only way back into member accounts that have no root
    credentials.
author:
  - breakglass.aws contributors (@breakglass)
options:
  trusted_access:
    description:
      - Whether the organization trusts IAM (C(iam.amazonaws.com)). Everything else needs it.
      - AWS refuses to turn it off while there is a delegated administrator, so declare
        O(delegated_administrator="") too.
    type: bool
  root_credentials_management:
    description:
      - Whether root credentials of member accounts can be read and deleted, and their password recovery opened.
      - The management account turns it on or off, a delegated administrator can only turn it off.
    type: bool
  root_sessions:
    description:
      - Whether bucket and queue policies of member accounts can be unlocked.
      - The management account turns it on or off, a delegated administrator can only turn it off.
    type: bool
  delegated_administrator:
    description:
      - The one account that is to be delegated administrator for IAM, by ID in quotes. Others are deregistered.
      - An empty string means none.
      - Takes the management account's credentials.
    type: str
  wait:
    description: Whether to read each change back until AWS shows it.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait for each change to show.
    type: int
    default: 180
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - breakglass.aws.connection
  - breakglass.aws.attributes
  - breakglass.aws.attributes.changing_module
notes:
  - STS follows with a delay that was observed to reach some minutes. AssumeRoot may still be refused for a while
    after turning root access on, and still be answered after turning it off.
seealso:
  - module: breakglass.aws.root_access_info
"""

EXAMPLES = r"""
- name: Turn everything on, with an account that looks after it
  breakglass.aws.root_access:
    trusted_access: true
    root_credentials_management: true
    root_sessions: true
    delegated_administrator: "222233334444"

- name: See what it would take, and change nothing
  breakglass.aws.root_access:
    trusted_access: true
    root_sessions: true
  check_mode: true
  diff: true

- name: No longer delegate root access
  breakglass.aws.root_access:
    delegated_administrator: ""
"""

RETURN = r"""
before:
  description: How it stood.
  returned: success
  type: dict
  contains: &state
    trusted_access:
      description: Whether the organization trusts IAM.
      type: bool
      sample: false
    features:
      description: The features C(root_credentials_management) and C(root_sessions). Null while trusted access is off.
      type: dict
      sample: {root_credentials_management: null, root_sessions: null}
    delegated_administrators:
      description: The accounts registered as delegated administrator for IAM.
      type: list
      elements: dict
      sample: [{account_id: "222233334444", name: security}]
after:
  description: How it stands now, read back; in check mode, how it would stand.
  returned: success
  type: dict
  contains: *state
actions:
  description: What was called, or in check mode would be, in this order.
  returned: always, once how it stands has been read
  type: list
  elements: str
  sample: ["organizations:EnableAWSServiceAccess", "iam:EnableOrganizationsRootSessions"]
"""

from ansible_collections.breakglass.aws.plugins.module_utils import _root_access_steps as steps
from ansible_collections.breakglass.aws.plugins.module_utils import _vocabulary as v
from ansible_collections.breakglass.aws.plugins.module_utils._account_id import parse_account_id
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._module import BreakglassModule

SWITCHES = ("trusted_access", *v.FEATURES)
DECLARED = (*SWITCHES, "delegated_administrator")


def desired(params: dict) -> steps.Desired:
    if params["wait_timeout"] < 0:
        raise InvalidInput("wait_timeout", params["wait_timeout"], "a number of seconds, 0 or more")
    delegate = params["delegated_administrator"]
    return steps.Desired(
        params["trusted_access"],
        {feature: params[feature] for feature in v.FEATURES if params[feature] is not None},
        parse_account_id(delegate, "delegated_administrator") if delegate else delegate,
    )


def converge(module: BreakglassModule) -> dict:
    target = desired(module.params)
    before = steps.read_state(module.organization)
    before_shown = steps.show(before, module.organization)
    steps.refuse_impossible(module.organization, before, target)
    planned = steps.plan(before, target)
    for step in planned:
        if step.warning:
            module.warn(step.warning)
    if module.check_mode:
        after = planned[-1].becomes if planned else before
        return result(before_shown, steps.show(after, module.organization), planned)

    done = []
    wait_seconds = module.params["wait_timeout"] if module.params["wait"] else None
    try:
        after = steps.converge(module.organization, before, target, wait_seconds, done)
    except BreakglassError as error:
        module.fail(error, changed=bool(done), actions=[step.action for step in done])
    return result(before_shown, steps.show(after, module.organization), done)


def result(before: dict, after: dict, taken: list) -> dict:
    return {
        "changed": bool(taken),
        "before": before,
        "after": after,
        "actions": [step.action for step in taken],
        "diff": {"before": before, "after": after},
    }


def main() -> None:
    BreakglassModule(
        argument_spec={
            **{switch: {"type": "bool"} for switch in SWITCHES},
            "delegated_administrator": {"type": "str"},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 180},
        },
        required_one_of=[DECLARED],
    ).run(converge)


if __name__ == "__main__":
    main()
