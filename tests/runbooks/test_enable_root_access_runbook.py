"""enable_root_access after somebody switched centralized root access off."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from support.executed import cells, denials, opened, recorded_sessions, run, writes
from support.least_privilege import operator_of

from breakglass_aws.sandbox import Box

SECURITY, PAYMENTS = "222233334444", "333344445555"


@pytest.fixture
def switched_off(sandbox: Box) -> dict[str, Any]:
    """The organization as it was, before somebody switched everything off."""
    was = sandbox.snapshot()
    organizations, iam = sandbox.client("organizations", "engineer"), sandbox.client("iam", "engineer")
    organizations.deregister_delegated_administrator(AccountId=SECURITY, ServicePrincipal="iam.amazonaws.com")
    iam.disable_organizations_root_sessions()
    iam.disable_organizations_root_credentials_management()
    organizations.disable_aws_service_access(ServicePrincipal="iam.amazonaws.com")
    assert sandbox.snapshot() != was
    return was


def test_it_is_turned_on_again_by_an_operator_who_may_just_that(
    switched_off: dict[str, Any], sandbox: Box, make_workplace: Callable[..., Any]
) -> None:
    place, since = make_workplace(operator_of(sandbox, "enable_root_access")), len(sandbox.events())
    given = {"canary_account_id": PAYMENTS, "delegate_account_id": SECURITY, "check_mode": "false"}
    done = run(place, "enable_root_access", "done", **given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sandbox.snapshot() == switched_off
    assert writes(sandbox, since) == [
        "organizations:EnableAWSServiceAccess",
        "iam:EnableOrganizationsRootCredentialsManagement",
        "iam:EnableOrganizationsRootSessions",
        "organizations:RegisterDelegatedAdministrator",
    ]
    assert denials(sandbox, since) == []
    shown = cells(place.folder / "done/enable_root_access.ipynb")
    assert "`not ready`" in shown["preflight"]
    assert "Confirmed. A root session was opened in the canary account." in shown["verify"]
    assert "trusted access for IAM: off" in shown["hand-back"]
    evidence = json.loads((place.folder / "done/evidence.json").read_text())
    assert (evidence["before"]["trusted_access"], evidence["after"]["trusted_access"]) == (False, True)
    assert recorded_sessions(place.folder / "done") == opened(sandbox)


def test_nobody_is_replaced_by_mistake_and_others_are_told_who_must(
    sandbox: Box, make_workplace: Callable[..., Any]
) -> None:
    place = make_workplace(sandbox.environment("operator"))
    replacing = run(place, "enable_root_access", "replacing", delegate_account_id=PAYMENTS, check_mode="false")
    assert replacing.returncode == 5
    assert f"security ({SECURITY})" in replacing.stdout
    assert "-p replace_delegates=true" in replacing.stdout
    place.environment |= sandbox.environment("delegate")
    delegate = run(place, "enable_root_access", "delegate", check_mode="false")
    assert delegate.returncode == 5
    assert "Only the management account can turn it on" in delegate.stdout
    assert writes(sandbox) == []
