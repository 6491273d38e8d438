"""`breakglass model` and the playbook model_organization: the file that they write, and what they say of it."""

from __future__ import annotations

import json
import os
import stat

import pytest
from support.playbooks import run_playbook

from breakglass_aws.cli import main
from breakglass_aws.sandbox.organization_file.schema import load


@pytest.fixture
def breakglass(sandbox, tmp_path, monkeypatch, capsys):
    """Run the command in this process, as the operator; returns its status, output and errors."""

    def run(*arguments, name="operator"):
        for variable in [one for one in os.environ if one.startswith("AWS_")]:
            monkeypatch.delenv(variable)
        for variable, value in sandbox.environment(name).items():
            monkeypatch.setenv(variable, value)
        monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
        monkeypatch.chdir(tmp_path)
        status = main.main(["model", *arguments])
        return (status, *capsys.readouterr())

    return run


def test_it_writes_a_file_that_the_sandbox_takes(breakglass, tmp_path):
    status, output, errors = breakglass("--output", "company.yml", "--with-tags")
    assert (status, output) == (0, "")
    assert errors.splitlines()[0] == "Wrote company.yml: 13 accounts, 8 OUs, 1 policy."
    assert "Unknown: access roles (sts:AssumeRole). It was not asked for." in errors
    file = tmp_path / "company.yml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(load(file).build().accounts) == 13
    status, _, errors = breakglass("--output", "company.yml")
    assert (status, errors) == (2, "company.yml exists, and is not overwritten. Name a new file.\n")


def test_it_prints_the_file_or_json(breakglass):
    _, output, errors = breakglass()
    assert output.startswith("# Model of organization o-breakglass1")
    assert errors.startswith("Read: 13 accounts")
    _, output, _ = breakglass("--json", "--pseudonyms", "--mapping", "mapping.json")
    result = json.loads(output)
    assert result["accounts"][0]["name"] == "account-1"
    assert "111122223333" not in output


def test_what_may_not_be_read_is_named_and_the_status_says_so(breakglass, sandbox):
    iam = sandbox.client("iam", "engineer")
    statement = {"Effect": "Deny", "Action": "organizations:DescribePolicy", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName="BreakGlassOperator", PolicyName="missing", PolicyDocument=document)
    status, output, errors = breakglass()
    assert status == 4
    assert "Unknown: documents of policies (organizations:DescribePolicy)." in errors
    assert "# The document of deny-root-user was not read" in output


def test_the_check_names_the_accounts_that_a_policy_stops(breakglass, sandbox):
    """It asks a sandbox of its own, and leaves the shell's settings as they were."""
    status, output, _ = breakglass("--check", "--with-tags")
    assert status == 0
    lines = output.splitlines()
    assert ["unlock_s3_bucket", "10", "2", "0", "1"] in [line.split() for line in lines]
    assert "deny-root-user" in output
    assert "vault (777788889999)" in output
    # What was not asked for is no permission that is missing.
    assert "Not in the model: contacts of accounts. It was not asked for." in " ".join(output.split())
    assert "--with-contacts" in output
    assert "not authorized" not in output
    assert any("audit_root_credentials" in line for line in lines)  # whole, although this is no terminal
    assert {event["account"] for event in sandbox.events()} == {"111122223333"}
    assert os.environ["AWS_ENDPOINT_URL"] == sandbox.url


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("--mapping", "m.json"), 2, "Invalid value for mapping"),
        (("--output", "missing/x.yml"), 2, "cannot be written: there is no folder missing"),
        (("--role-name", "arn:aws:iam::1:role/x"), 2, "Invalid value for role_name"),
        (("--posture", "missing.json"), 2, "it cannot be read: No such file"),
    ],
)
def test_wrong_input(breakglass, sandbox, arguments, status, words):
    found, _, errors = breakglass(*arguments)
    assert found == status
    assert words in errors
    assert "\n" not in errors.rstrip()
    assert not sandbox.events()


def test_a_caller_who_may_not_even_list_the_accounts(breakglass):
    status, output, errors = breakglass(name="nobody")
    assert (status, output) == (1, "")
    assert "organizations:DescribeOrganization" in errors or "reading the organization" in errors


def test_the_playbook_writes_the_same_file(sandbox, tmp_path):
    environment = sandbox.environment("operator")
    given = ("-e", "output=company.yml", "-e", "pseudonyms=true", "-e", "mapping=mapping.json")
    done = run_playbook("breakglass.aws.model_organization", *given, environment=environment, directory=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Read: 13 accounts, 8 OUs, 1 policies." in done.stdout
    assert "Unknown: tags of accounts · all accounts · organizations:ListTagsForResource" in done.stdout
    file = tmp_path / "company.yml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {account.name for account in load(file).build().accounts.values()} >= {"account-1", "account-13"}
