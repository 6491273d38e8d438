"""What every playbook does with its variables: unknown ones are refused, so that none widens what it works on."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from support.playbooks import run_playbook

from breakglass_aws.sandbox import Box

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
LEGACY, PAYMENTS = "444455556666", "333344445555"


def play(box: Box, folder: Path, name: str, *arguments: str, given: dict | None = None, **environment: str):
    variables = ("-e", json.dumps(given)) if given else ()
    return run_playbook(
        name, *arguments, *variables, environment={**box.environment("operator"), **environment}, directory=folder
    )


def said(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize(
    ("name", "given", "nearest"),
    [
        ("audit", {"account_id": LEGACY}, "account_ids"),
        ("readiness", {"account_ids": [LEGACY]}, "account_id"),
        ("remove_root_credentials", {"all_accounts": True, "protected_account": [LEGACY]}, "protected_accounts"),
        ("access_role", {"account_ids": [LEGACY], "activate_trusted_acces": True}, "activate_trusted_access"),
        ("enable", {"feature": ["root_sessions"]}, "features"),
        ("password_recovery", {"account_id": PAYMENTS, "state": "open", "protected": [PAYMENTS]}, "protected_accounts"),
        ("unlock_bucket", {"account_id": PAYMENTS, "bucket": "x", "backup_folder": "x"}, "backup_dir"),
        ("unlock_queue", {"account_id": PAYMENTS, "queue": "x", "regions": "x"}, "region"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_known_one(sandbox, tmp_path, name, given, nearest):
    refused = play(sandbox, tmp_path, f"breakglass.aws.{name}", given=given)
    assert refused.returncode == 2
    assert f"Did you mean {nearest}?" in said(refused)
    assert "This playbook takes: " in said(refused)
    assert sandbox.events() == []


def test_variables_of_an_import_are_checked_too(sandbox, tmp_path):
    book = [{"ansible.builtin.import_playbook": "breakglass.aws.audit", "vars": {"account_id": LEGACY}}]
    (tmp_path / "mine.yml").write_text(yaml.safe_dump(book))
    refused = play(sandbox, tmp_path, "mine.yml")
    assert refused.returncode == 2
    assert "Unknown variable 'account_id'. Did you mean account_ids?" in said(refused)
    assert sandbox.events() == []


def test_environment_variables_of_ours_are_checked_and_those_of_ansible_and_awx_are_not(sandbox, tmp_path):
    refused = play(sandbox, tmp_path, "breakglass.aws.readiness", BREAKGLASS_EVENT="events.jsonl")
    assert refused.returncode == 2
    assert "Unknown environment variable 'BREAKGLASS_EVENT'. Did you mean BREAKGLASS_EVENTS?" in said(refused)
    assert sandbox.events() == []
    taken = play(
        sandbox, tmp_path, "breakglass.aws.readiness", given={"awx_job_id": 7, "ansible_check_mode_is": "no matter"}
    )
    assert taken.returncode == 0, taken.stdout


def test_a_name_of_a_variable_shows_no_control_characters(sandbox, tmp_path):
    refused = play(sandbox, tmp_path, "breakglass.aws.audit", given={"account\x1b[2J\u202e_id": LEGACY})
    assert "\x1b[2J" not in refused.stdout + refused.stderr
    assert "\u202e" not in refused.stdout + refused.stderr


def test_become_in_the_users_configuration_changes_nothing(sandbox, tmp_path):
    """Without sudo, a task would end with 'sudo: not found'; with it, AWS's configuration would be root's."""
    for name in ("breakglass.aws.readiness", "breakglass.aws.audit"):
        given = {"account_ids": [PAYMENTS]} if name.endswith("audit") else None
        # Root becomes root too, or the setting would have no effect where the tests run as root.
        become = {"ANSIBLE_BECOME": "true", "ANSIBLE_BECOME_ALLOW_SAME_USER": "true"}
        done = play(sandbox, tmp_path, name, given=given, **become, ANSIBLE_BECOME_EXE="/no/such/sudo")
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", sorted(PLAYBOOKS.glob("*.yml")), ids=lambda file: file.stem)
def test_every_play_checks_its_variables_and_becomes_no_other_user(file):
    for one in yaml.safe_load(file.read_text()):
        assert one["become"] is False
        first = one["tasks"][0]
        assert "breakglass.aws.check_variables" in first or file.stem == "runbook"  # its parameters are the notebook's


def test_control_characters_of_names_reach_no_terminal(sandbox, tmp_path):
    organizations = sandbox.client("organizations", "operator")
    policy = organizations.create_policy(
        Name="guard\x1b[2J\u202e\nWithout credentials: all",
        Description="",
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
        ),
    )["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=policy, TargetId=PAYMENTS)
    for name, given in (("audit", {"account_ids": [PAYMENTS]}), ("readiness", {"account_id": PAYMENTS})):
        events = {"ANSIBLE_CALLBACKS_ENABLED": "breakglass.aws.events", "BREAKGLASS_EVENTS": str(tmp_path / "events")}
        shown = play(sandbox, tmp_path, f"breakglass.aws.{name}", given=given, **events)
        assert shown.returncode == 2
        written = (tmp_path / "events").read_text()
        assert "guard" in written
        assert written.replace("\n", "").isprintable()
        assert written.isascii()
        assert "guard" in shown.stdout
        assert "\x1b[2J" not in shown.stdout + shown.stderr
        assert "\u202e" not in shown.stdout + shown.stderr
        assert not [
            line for line in shown.stdout.splitlines() if line.strip(' ",').startswith("Without credentials: all")
        ]
