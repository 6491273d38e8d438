# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: recorded_sessions
short_description: The root sessions that runs of this collection recorded
version_added: 0.2.0
description:
  - Reads the evidence of runs, and the ledgers of calls that E(BREAKGLASS_CALL_LEDGER) names, in all folders under the
    given ones.
  - Returns for each root session the access key ID that AWS issued and the request ID of C(sts:AssumeRoot), by which
    CloudTrail's events are joined. A session that is not among them was opened by something else.
  - A session is recorded as soon as AWS has answered, while the run that opened it is still working.
author:
  - breakglass.aws contributors (@breakglass)
options:
  _terms:
    description: Folders with evidence. One that does not exist is an error, because nothing would be explained.
    type: list
    elements: path
    required: true
notes:
  - Only what a run itself opened counts. Sessions and keys of others, which evidence reports too, do not.
  - A damaged file is skipped with a warning.
"""

EXAMPLES = r"""
- name: Show the root sessions of the last day that no run explains
  ansible.builtin.debug:
    msg: "{{ activity.sessions | rejectattr('access_key_id', 'in', recorded) }}"
  vars:
    recorded: "{{ query('breakglass.aws.recorded_sessions', '/evidence') }}"
"""

RETURN = r"""
_raw:
  description: Access key IDs and request IDs.
  type: list
  elements: str
"""

import json
import os
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display
from ansible_collections.breakglass.aws.plugins.module_utils._redaction import visible

_LEDGER = "calls.jsonl"
_EVIDENCE = "evidence.json"


class LookupModule(LookupBase):
    """Reads calls.jsonl and evidence.json in folders."""

    def run(self, terms: t.Any, variables: t.Any = None, **kwargs: t.Any) -> list[str]:
        self.set_options(var_options=variables, direct=kwargs)
        found: dict[str, None] = {}
        for folder in terms:
            if not os.path.isdir(folder):
                raise AnsibleError(f"There is no folder '{visible(str(folder))}'. Name the folder with the evidence.")
            for path in _files(folder):
                found.update(dict.fromkeys(_ids(path)))
        return list(found)


def _files(folder: str) -> t.Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        yield from (os.path.join(parent, name) for name in (_LEDGER, _EVIDENCE) if name in names)


def _ids(path: str) -> list[str]:
    """What a file has recorded; a warning and nothing when it cannot be read."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        values = _of_ledger(text) if path.endswith(_LEDGER) else _of_evidence(json.loads(text))
        return [value for value in values if isinstance(value, str) and value]
    except (OSError, ValueError, RecursionError) as error:
        Display().warning(f"{visible(path)} could not be read, so it explains no session: {visible(str(error))}")
        return []


def _of_ledger(text: str) -> t.Iterator[t.Any]:
    """The sessions of a ledger; the last line of a process that was killed may be cut."""
    for line in text.splitlines():
        try:
            call = json.loads(line)
        except ValueError:
            continue
        if isinstance(call, dict) and call.get("operation") == "AssumeRoot" and call.get("status") == "done":
            yield from (call.get("request_id"), call.get("issued_access_key_id"))


def _of_evidence(evidence: t.Any) -> t.Iterator[t.Any]:
    sessions = evidence.get("sessions") if isinstance(evidence, dict) else None
    for session in sessions if isinstance(sessions, list) else []:
        if isinstance(session, dict):
            yield session.get("access_key_id")
