# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: posture
short_description: Make a report of what sweeps found in the accounts of an organization
version_added: 0.2.0
author: breakglass.aws contributors (@breakglass)
description:
  - Returns the text of a report. As V(html) it is one page that needs no network, with the findings first, the most
    severe first, and then the accounts by OU. As V(csv) it has a line for each account, as V(json) it is for programs.
    As V(ocsf) it is a JSON array of Compliance Findings of the Open Cybersecurity Schema Framework 1.5.0.
  - With a result of M(breakglass.aws.recovery_readiness_info), it shows first why recoveries would fail, and a
    picture of accounts and recoveries.
  - Accounts that could not be read are listed as unknown, never as clean.
options:
  _input:
    description:
      - A list of results of M(breakglass.aws.root_credentials_info), M(breakglass.aws.organization_access_role_info),
        M(breakglass.aws.resource_policy_lockout_info) and M(breakglass.aws.recovery_readiness_info).
      - A result of M(breakglass.aws.organization_account_info) adds the OU of each account.
    type: list
    elements: dict
    required: true
  format:
    description: What to return.
    type: str
    choices: [html, csv, json, ocsf]
    default: html
  made:
    description: When the sweeps were made, as text for the report.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Write the report of an audit
  ansible.builtin.copy:
    content: "{{ [audit, accounts] | breakglass.aws.posture('html', made=now(utc=true) | string) }}"
    dest: posture.html
    mode: "0600"
  delegate_to: localhost
"""

RETURN = r"""
_value:
  description: The report.
  type: str
"""

import importlib
import os
import sys
import typing as t

from ansible.errors import AnsibleFilterError

# In a checkout and in an installed collection, the engine is in src/; a wheel has it on Python's path.
SOURCES = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))), "src")
FORMATS = {"html": "posture.html", "csv": "posture.csv", "json": "posture.json", "ocsf": "posture.ocsf.json"}


def report(results: t.Sequence[t.Mapping[str, t.Any]], format: str = "html", made: str = "") -> str:
    """The text of the report. AnsibleFilterError for another format, and for what no sweep returned."""
    if format not in FORMATS:
        raise AnsibleFilterError(f"Invalid format: {format!r}. Expected one of {', '.join(FORMATS)}.")
    if not isinstance(results, list):
        raise AnsibleFilterError("Invalid input of posture. Expected a list of results of modules that sweep.")
    if os.path.isdir(SOURCES) and SOURCES not in sys.path:
        sys.path.append(SOURCES)
    posture = importlib.import_module("breakglass_aws.engine.posture")
    try:
        assessed = posture.assess(results, made=made)
    except ValueError as error:
        raise AnsibleFilterError(f"Invalid input of posture. {error}") from error
    text: str = posture.FILES[FORMATS[format]](assessed)
    return text


class FilterModule:
    def filters(self) -> dict[str, t.Callable]:
        return {"posture": report}
