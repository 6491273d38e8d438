"""The filter lockout_statements and the test locked_out: as functions, and once as a playbook uses them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible.errors import AnsibleError
from ansible_collections.breakglass.aws.plugins.filter import lockout_statements
from ansible_collections.breakglass.aws.plugins.test import locked_out

find = lockout_statements.FilterModule().filters()["lockout_statements"]
is_locked_out = locked_out.TestModule().tests()["locked_out"]

STATEMENT = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
LOCKED = {"Version": "2012-10-17", "Statement": [STATEMENT]}
ORGANIZATION_GUARD = {**STATEMENT, "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-ours000001"}}}
GUARDED = {"Version": "2012-10-17", "Statement": [ORGANIZATION_GUARD]}
ABOUT = {"resource": "arn:aws:s3:::ledger", "account_id": "333344445555"}


@pytest.mark.parametrize("policy", [LOCKED, json.dumps(LOCKED)])
def test_what_locks_is_found(policy):
    assert [one["index"] for one in find(policy, **ABOUT)] == [0]
    assert is_locked_out(policy, **ABOUT) is True


def test_organization_and_administrators_count():
    assert is_locked_out(GUARDED, **ABOUT) is True
    assert is_locked_out(GUARDED, **ABOUT, organization_id="o-ours000001") is False
    assert find(GUARDED, **ABOUT, organization_id="o-ours000001") == []
    assert "role/Admin" in find(LOCKED, **ABOUT, administrators=["arn:aws:iam::333344445555:role/Admin"])[0]["why"]


@pytest.mark.parametrize(
    ("policy", "about", "expected"),
    [
        ("{", {}, "not JSON"),
        ([], {}, "is a list"),
        (LOCKED, {"resource": "ledger"}, "not the ARN of a bucket"),
        (LOCKED, {"account_id": "12345678901"}, "12 digits"),
        (LOCKED, {"account_id": 333344445555}, "12 digits"),
        (LOCKED, {"administrators": ["Admin"]}, "administrator 'Admin'"),
        (LOCKED, {"administrators": "arn:aws:iam::333344445555:role/Admin"}, "administrators"),
    ],
)
@pytest.mark.parametrize("ask", [find, is_locked_out])
def test_wrong_input_names_the_cause(ask, policy, about, expected):
    with pytest.raises(AnsibleError, match=expected):
        ask(policy, **{**ABOUT, **about})


PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.assert:
        that:
          - locked is breakglass.aws.locked_out(**about)
          - guarded is not breakglass.aws.locked_out(organization_id='o-ours000001', **about)
          - (locked | breakglass.aws.lockout_statements(**about)) | map(attribute='index') == [0]
          - (guarded | breakglass.aws.lockout_statements(**about))[0].conditions | length == 1
"""


def test_a_playbook_can_ask(tmp_path):
    (tmp_path / "play.yml").write_text(PLAYBOOK)
    playbook = Path(sys.executable).parent / "ansible-playbook"
    variables = json.dumps({"locked": LOCKED, "guarded": GUARDED, "about": ABOUT})
    done = subprocess.run(
        [playbook, "-i", "localhost,", "-c", "local", "-e", variables, tmp_path / "play.yml"],
        env={**os.environ, "ANSIBLE_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
