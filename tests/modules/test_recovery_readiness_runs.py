"""Verdicts against reality: each recovery that is said to work or to fail is run in each account of the sandbox.

With BREAKGLASS_EVERY_VERDICT, which `make nightly` sets, all of them are run; else one that works and one that fails
of each recovery.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import readiness_organization as planted
from support.readiness_runs import Recovery, switch_off
from support.run_module import run

from breakglass_aws.sandbox import Box

FULL = "BREAKGLASS_EVERY_VERDICT" in os.environ
CERTAIN = ("works", "fails")
Verdicts = dict[str, dict[str, str]]


@pytest.fixture
def working(box: Box) -> Iterator[Box]:
    """The organization with defects, and with something to recover in each account."""
    with box.serving(planted.with_work()):
        yield box


@pytest.fixture(autouse=True)
def clock(no_waiting: Any, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pause of the collection takes no time, and moves the sandbox's clock."""
    sleep = no_waiting.sleep
    monkeypatch.setattr(no_waiting, "sleep", lambda seconds: (sleep(seconds), box.advance(seconds)))


def verdicts(box: Box, identity: str = "operator", **options: Any) -> Verdicts:
    """What is said of each account, by name, and each recovery."""
    given = {"all_accounts": True, "confirmed": planted.CONFIRMED, "own_domains": ["example.com"], **options}
    found = run("recovery_readiness_info", environment=box.environment(identity), **given)
    assert not found["failed"], found["msg"]
    return {
        entry["name"]: {recovery: one["verdict"] for recovery, one in entry["recoveries"].items()}
        for entry in found["accounts"]
    }


def as_planted(box: Box) -> Box:
    box.reset()
    planted.plant(box)
    return box


def trials(said: Verdicts) -> list[tuple[str, str, str]]:
    """The certain verdicts to try: name, recovery, verdict. Unless FULL, one of each recovery and verdict."""
    found = [
        (name, recovery, verdict)
        for name, recoveries in said.items()
        for recovery, verdict in recoveries.items()
        if verdict in CERTAIN
    ]
    return found if FULL else list({one[1:]: one for one in found}.values())


def lies(
    box: Box, said: Verdicts, folder: Path, prepare: Callable[[Box], Any], identity: str = "operator"
) -> list[str]:
    """The certain verdicts that running the recovery shows to be wrong."""
    wrong = []
    for name, recovery, verdict in trials(said):
        prepare(box)
        worked = getattr(Recovery(box, planted.IDS[name], name, folder, identity), recovery)()
        if worked != (verdict == "works"):
            wrong.append(f"{recovery} in {name}: {verdict} was said, and it {'works' if worked else 'fails'}")
    return wrong


def counts(said: Verdicts) -> dict[str, int]:
    """How many verdicts of each kind."""
    found = [verdict for recoveries in said.values() for verdict in recoveries.values()]
    return {verdict: found.count(verdict) for verdict in dict.fromkeys(found)}


def test_every_certain_verdict_is_right(working, tmp_path):
    said = verdicts(as_planted(working))
    assert lies(working, said, tmp_path, as_planted) == []
    found = counts(said)
    # Without sessions: acquired's mailbox twice, and the removals of which it matters whether root can sign in.
    assert found == {"not_applicable": 33, "works": found["works"], "fails": found["fails"], "unknown": 7}


every_verdict = pytest.mark.skipif(not FULL, reason="BREAKGLASS_EVERY_VERDICT is not set")


@every_verdict
def test_every_certain_verdict_is_right_with_sessions(working, tmp_path):
    said = verdicts(as_planted(working), with_root_sessions=True, with_role_sessions=True, regions=["us-east-1"])
    assert lies(working, said, tmp_path, as_planted) == []


@every_verdict
def test_every_certain_verdict_is_right_for_accounts_without_root_credentials(box, tmp_path):
    """Their root user must be restored before they can leave, which a root session shows to be needed."""
    with box.serving(planted.ORGANIZATION):
        sessions = {"with_root_sessions": True, "regions": ["us-east-1"]}
        said = {
            name: {"remove_account": recoveries["remove_account"]}
            for name, recoveries in verdicts(as_planted(box), **sessions).items()
        }
        assert said["payments"] == {"remove_account": "works"}
        assert said["no-recovery"] == said["no-sign-in"] == {"remove_account": "fails"}
        assert lies(box, said, tmp_path, as_planted) == []


def no_root_sessions(box: Box) -> None:
    box.client("iam", "operator").disable_organizations_root_sessions()


def no_credentials_management(box: Box) -> None:
    box.client("iam", "operator").disable_organizations_root_credentials_management()


def no_stack_sets(box: Box) -> None:
    box.client("cloudformation", "operator").deactivate_organizations_access()


def no_policies(box: Box) -> None:
    organizations = box.client("organizations", "operator")
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.disable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")


def delegated(box: Box) -> None:
    box.client("organizations", "operator").register_delegated_administrator(
        AccountId=planted.IDS["security"], ServicePrincipal="iam.amazonaws.com"
    )


def delegated_and_denied(box: Box) -> None:
    delegated(box)
    organizations = box.client("organizations", "operator")
    statement = {"Effect": "Deny", "Action": "sts:AssumeRoot", "Resource": "*"}
    content = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    kind = "SERVICE_CONTROL_POLICY"
    made = organizations.create_policy(Name="no-root-sessions", Description="", Type=kind, Content=content)
    policy = made["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=policy, TargetId=planted.IDS["security"])


@every_verdict
@pytest.mark.parametrize(
    ("change", "identity"),
    [
        (no_root_sessions, "operator"),
        (no_credentials_management, "operator"),
        (switch_off, "operator"),
        (no_stack_sets, "operator"),
        (no_policies, "operator"),
        (delegated, "security-administrator"),
        (delegated_and_denied, "security-administrator"),
    ],
    ids=lambda one: getattr(one, "__name__", one),
)
def test_every_certain_verdict_is_right_where_the_organization_is_set_up_otherwise(working, tmp_path, change, identity):
    def prepare(box: Box) -> None:
        as_planted(box)
        change(box)

    prepare(working)
    said = verdicts(working, identity)
    chosen = {name: said[name] for name in ("management", "payments", "workshop")}
    assert lies(working, chosen, tmp_path, prepare, identity) == []
