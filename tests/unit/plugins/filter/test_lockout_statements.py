"""The filter lockout_statements and the test locked_out, as a playbook uses them.

In a process of their own: importing a plugin here would turn this process into an Ansible controller, in which modules
report warnings in another way.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

STATEMENT = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
LOCKED = {"Version": "2012-10-17", "Statement": [STATEMENT]}
ORGANIZATION_GUARD = {**STATEMENT, "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-ours000001"}}}
ABOUT = {"resource": "arn:aws:s3:::ledger", "account_id": "333344445555"}
VARIABLES = {
    "locked": LOCKED,
    "locked_text": json.dumps(LOCKED, indent=1),
    "guarded": {"Version": "2012-10-17", "Statement": [ORGANIZATION_GUARD]},
    "about": ABOUT,
    "ours": {**ABOUT, "organization_id": "o-ours000001"},
    "admin": {**ABOUT, "administrators": ["arn:aws:iam::333344445555:role/Admin"]},
}

TRUE = [
    "locked is breakglass.aws.locked_out(**about)",
    "locked_text is breakglass.aws.locked_out(**about)",
    "guarded is breakglass.aws.locked_out(**about)",
    "guarded is not breakglass.aws.locked_out(**ours)",
    "(locked | breakglass.aws.lockout_statements(**about)) | map(attribute='index') == [0]",
    "(locked_text | breakglass.aws.lockout_statements(**about))[0].statement == locked.Statement[0]",
    "(guarded | breakglass.aws.lockout_statements(**about))[0].conditions | length == 1",
    "(guarded | breakglass.aws.lockout_statements(**ours)) == []",
    "'role/Admin' in (locked | breakglass.aws.lockout_statements(**admin))[0].why",
]

# policy, arguments that are wrong, what the error says of them
WRONG = [
    ("{", {}, "not JSON"),
    (LOCKED, {"account_id": None}, "Required option missing: account_id."),
    (LOCKED, {"account_id": None, "resource": None}, "Required option missing: resource and account_id."),
    ([], {}, "is a list"),
    (LOCKED, {"resource": "ledger"}, "not the ARN of a bucket"),
    (LOCKED, {"account_id": "12345678901"}, "12 digits"),
    (LOCKED, {"account_id": 333344445555}, "12 digits"),
    (LOCKED, {"administrators": ["Admin"]}, "The administrator 'Admin'"),
    (LOCKED, {"administrators": "arn:aws:iam::333344445555:role/Admin"}, "not a list of ARNs"),
]


def wrong_tasks() -> list[dict]:
    tasks = []
    for policy, about, expected in WRONG:
        for expression in (
            "policy | breakglass.aws.lockout_statements(**wrong)",
            "policy is breakglass.aws.locked_out(**wrong)",
        ):
            fails = {
                "ansible.builtin.debug": {"msg": "{{ " + expression + " }}"},
                "vars": {"policy": policy, "wrong": {**ABOUT, **about}},
                "register": "result",
                "ignore_errors": True,
            }
            says = {"that": ["result is failed", "expected in result.msg"], "fail_msg": "{{ result.msg }}"}
            tasks += [fails, {"ansible.builtin.assert": says, "vars": {"expected": expected}}]
    return tasks


def test_a_playbook_asks_whether_a_policy_locks_and_wrong_input_names_the_cause(tmp_path):
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": VARIABLES,
        "tasks": [{"ansible.builtin.assert": {"that": TRUE}}, *wrong_tasks()],
    }
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    done = subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", "-i", "localhost,", "-c", "local", tmp_path / "play.yml"],
        env={**os.environ, "ANSIBLE_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
