#!/usr/bin/python
# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: runbook
short_description: Run a recovery procedure that is a notebook
version_added: 0.1.0
description:
  - Runs a runbook of this collection, or your own notebook, with parameters, and keeps the executed notebook, an HTML
    page of it and its evidence.
  - Shows its progress on the terminal, with the plan, the results and the differences.
  - It runs on the controller, with Ansible's own interpreter, whatever host the play is for.
requirements:
  - papermill, nbformat, nbconvert, ipykernel and rich on the controller
author:
  - breakglass.aws contributors (@breakglass)
options:
  name:
    description:
      - The name of a runbook, for example V(unlock_s3_bucket), or the path of a notebook.
      - Required unless O(resume) is given.
    type: str
  resume:
    description:
      - The evidence folder of a run that waits for a person, failed or was interrupted. The run is resumed.
      - What it changed is not done again.
      - It is resumed with the runbook and the parameters it was started with. Not in check mode.
    type: path
    version_added: 0.2.0
  parameters:
    description:
      - The runbook's parameters. An unknown name, a missing or invalid value, and a value that looks like a secret are
        refused before anything runs. The message lists what the runbook takes.
      - Account IDs are strings; put them in quotes.
      - A runbook only plans unless C(check_mode) is false here. When the task runs in check mode, it only plans in any
        case.
    type: dict
    default: {}
  answers:
    description:
      - The answers to the gates of the runbook, by the name of the gate. An invalid answer is refused before anything
        runs.
      - At a gate without an answer the run ends with the outcome V(waiting). Its message says what to do, and has the
        command that resumes it.
      - Secret answers are neither shown nor stored. Put them into a vault or ask for them with C(vars_prompt).
    type: dict
    default: {}
    version_added: 0.2.0
  output_dir:
    description:
      - The folder for the executed notebook, its page and the evidence. It must not hold the evidence of another run.
      - The default is a new folder in C(evidence) in the working directory.
    type: path
  extra_vars_except:
    description:
      - When given, the extra variables of the command line are parameters too, all but the ones with these names and
        those of Ansible and AWX themselves. With O(resume) there must be no others. The playbook of the same name uses
        this.
    type: list
    elements: str
attributes:
  check_mode:
    support: full
    description: The runbook plans, and changes nothing.
  diff_mode:
    support: none
    description: The differences are shown on the terminal, and are in the executed notebook.
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
- name: Plan to unlock a bucket
  breakglass.aws.runbook:
    name: unlock_s3_bucket
    parameters:
      account_id: "333344445555"
      bucket: payments-ledger

- name: Unlock it
  breakglass.aws.runbook:
    name: unlock_s3_bucket
    parameters:
      account_id: "333344445555"
      bucket: payments-ledger
      check_mode: false
    answers:
      confirmed: "333344445555"  # the account ID again, after you have read the plan
    output_dir: evidence/INC-1234
  environment:
    AWS_PROFILE: management-operator
"""

RETURN = r"""
runbook:
  description: The name of the runbook.
  returned: when the runbook was started
  type: str
  sample: unlock_s3_bucket
outcome:
  description:
    - How the run ended.
    - V(changed), V(unchanged) and V(planned) finished. V(planned) is check mode with something to change.
    - V(waiting) needs a person at a gate. V(partial) changed something, but could not do everything. V(blocked) was
      stopped by its preflight or its plan before it changed anything.
    - The task fails on V(waiting), V(partial), V(blocked) and V(failed).
  returned: when the runbook was started
  type: str
  sample: changed
  version_added: 0.2.0
changed:
  description: Whether the runbook changed anything, or in check mode would.
  returned: always
  type: bool
notebook:
  description: The executed notebook.
  returned: when the runbook was started
  type: str
  sample: /home/alice/evidence/unlock_s3_bucket-20260131T030000Z/unlock_s3_bucket.ipynb
html:
  description: The same as an HTML page that needs no network.
  returned: when the runbook was started
  type: str
  sample: /home/alice/evidence/unlock_s3_bucket-20260131T030000Z/unlock_s3_bucket.html
evidence_dir:
  description: The folder with backups and evidence; null when the notebook has no such parameter.
  returned: when the runbook was started
  type: str
  sample: /home/alice/evidence/unlock_s3_bucket-20260131T030000Z
cells:
  description: The cells with code, in order.
  returned: when the runbook was started
  type: list
  elements: dict
  contains:
    cell:
      description: The cell's ID.
      type: str
      sample: plan
    title:
      description: The heading above it.
      type: str
      sample: Plan
    status:
      description: V(completed), V(failed), V(waiting) for an unanswered gate, or V(skipped) for what was not reached.
      type: str
      sample: completed
    seconds:
      description: How long it took.
      type: float
      sample: 2.4
failed_cell:
  description: The title of the cell in which the run stopped.
  returned: when the run did not finish
  type: str
  sample: Preflight
"""
