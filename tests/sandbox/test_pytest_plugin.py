"""The fixtures others use, in a run of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest

SMALLEST = """\
organization: o-example1234
management_account: "111122223333"
accounts: [{id: "111122223333", name: management, roles: [{name: Op, policies: [AdministratorAccess]}]}]
identities: {op: {account: "111122223333", role: Op}}
"""
CONFTEST = 'pytest_plugins = ["breakglass_aws.sandbox.pytest_plugin"]\n'
OVERRIDE = """\
import pytest
@pytest.fixture(scope="session")
def sandbox_organization():
    return "organization.yml"
"""
TESTS = """\
def test_one(sandbox):
    sandbox.client("iam", "op").create_user(UserName="one")
    sandbox.add_fault("throttling")
    sandbox.advance("1 day")
def test_other(sandbox):
    assert sandbox.client("iam", "op").list_users()["Users"] == []
"""


@pytest.mark.parametrize(
    ("ini", "conftest"),
    [("[pytest]\nsandbox_organization = organization.yml\n", CONFTEST), ("[pytest]\n", CONFTEST + OVERRIDE)],
    ids=["ini option", "fixture"],
)
def test_the_organization_is_chosen_and_reset(tmp_path, ini, conftest):
    for name, text in {
        "organization.yml": SMALLEST,
        "pytest.ini": ini,
        "conftest.py": conftest,
        "test_it.py": TESTS,
    }.items():
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert "2 passed" in done.stdout, done.stdout + done.stderr
