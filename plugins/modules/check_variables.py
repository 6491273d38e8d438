#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: check_variables
short_description: Check the variables of a playbook, and refuse unknown ones
version_added: 0.2.0
description:
  - Checks variables against a specification, as M(ansible.builtin.validate_argument_spec) does.
  - In addition it refuses extra variables, variables of the play and environment variables with the prefix
    E(BREAKGLASS_) that are not known, and names the nearest known one. A misspelled variable would otherwise be ignored
    without a message, and a playbook could work on more than was meant.
  - Extra variables with the prefixes C(ansible_), C(awx_) and C(tower_) are not checked.
  - The playbooks of this collection use it. It runs on the controller.
author:
  - breakglass.aws contributors (@breakglass)
options:
  argument_spec:
    description: The variables that the playbook takes, as in M(ansible.builtin.validate_argument_spec).
    type: dict
    required: true
attributes:
  check_mode:
    support: full
    description: Nothing is ever changed.
  diff_mode:
    support: none
    description: Nothing is ever changed.
  action:
    support: full
    description: Runs on the controller.
  platform:
    support: full
    platforms: posix
    description: Of the controller.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
"""

EXAMPLES = r"""
- name: Check the variables
  breakglass.aws.check_variables:
    argument_spec:
      account_ids: {type: list, elements: str}
      workers: {type: int}
"""

RETURN = r"""
argument_errors:
  description: What is wrong with the values.
  returned: when a value is invalid
  type: list
  elements: str
  sample: ["value of method must be one of: auto, stackset, identity_center, control_tower, got: root"]
"""
