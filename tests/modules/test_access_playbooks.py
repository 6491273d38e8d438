"""The playbooks readiness and enable, run by name."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from support.playbooks import run_playbook

from breakglass_aws.sandbox import Box


@pytest.fixture
def play(sandbox: Box, tmp_path: Path):
    def run(
        name: str, *arguments: str, identity: str = "operator", **variables: object
    ) -> subprocess.CompletedProcess[str]:
        return run_playbook(
            f"breakglass.aws.{name}",
            *arguments,
            "-e",
            json.dumps(variables),
            environment=sandbox.environment(identity),
            directory=tmp_path,
        )

    return run


@pytest.fixture
def switched_off(sandbox: Box) -> Box:
    """The default organization before anybody set centralized root access up."""
    iam, organizations = sandbox.client("iam", "operator"), sandbox.client("organizations", "operator")
    iam.disable_organizations_root_sessions()
    iam.disable_organizations_root_credentials_management()
    organizations.deregister_delegated_administrator(AccountId="222233334444", ServicePrincipal="iam.amazonaws.com")
    organizations.disable_aws_service_access(ServicePrincipal="iam.amazonaws.com")
    return sandbox


def test_readiness_tells_and_changes_nothing(play, sandbox):
    told = play("readiness", account_id="333344445555")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "Ready: arn:aws:sts::111122223333:assumed-role/BreakGlassOperator" in told.stdout
    assert "Account 333344445555 (payments) is ACTIVE." in told.stdout
    assert "The feature root_sessions is on." in told.stdout
    assert not [event for event in sandbox.events() if event["write"]]


def test_what_is_not_ready_fails_with_what_to_do(play, switched_off):
    told = play("readiness")
    assert told.returncode == 2
    assert "Problem: Trusted access for IAM is off. breakglass.aws.root_access, trusted_access=true." in (told.stdout)
    assert play("readiness", must_be_ready=False).returncode == 0


def test_enabling_is_planned_done_and_done_only_once(play, switched_off):
    before, since = switched_off.snapshot(), len(switched_off.events())
    planned = play("enable", "--check", delegated_administrator="222233334444")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert "nothing was changed" in planned.stdout
    assert "- organizations:RegisterDelegatedAdministrator 222233334444" in planned.stdout
    assert switched_off.snapshot() == before
    assert not [event for event in switched_off.events()[since:] if event["write"]]

    done = play("enable", delegated_administrator="222233334444")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Done, and read back" in done.stdout
    organization = switched_off.snapshot()["organization"]
    assert sorted(organization["features"]) == ["RootCredentialsManagement", "RootSessions"]
    assert organization["delegated_administrators"]["iam.amazonaws.com"] == ["222233334444"]

    again = play("enable")
    assert "changed=0" in again.stdout
    assert "Everything is enabled already" in again.stdout


def test_one_feature_alone_is_turned_on(play, switched_off):
    done = play("enable", features=["root_credentials_management"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert switched_off.snapshot()["organization"]["features"] == ["RootCredentialsManagement"]


def test_wrong_variables_are_refused_before_anything_is_asked(play, sandbox):
    refused = play("enable", features=["root_session"], wait_timeout="soon")
    assert refused.returncode == 2
    assert "must be one or more of: root_credentials_management, root_sessions" in refused.stdout
    assert play("readiness", must_be_ready="perhaps").returncode == 2
    assert sandbox.events() == []


def test_who_may_not_enable_is_told_who_must(play, switched_off):
    refused = play("enable", identity="nobody")
    assert refused.returncode == 2
    assert "permission" in refused.stdout
    assert "Traceback" not in refused.stdout + refused.stderr
