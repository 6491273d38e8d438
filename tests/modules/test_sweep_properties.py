"""Whatever AWS and the network do to a sweep, no account is reported clean or done that was not reached.

Random faults hit random calls of accounts that are worked on in a random order by many threads. Afterwards each entry
is compared with the state of the sandbox and with its event log: each account has credentials of its own, so that a
call signed with the session of another account would show.
"""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.run_module import run

from breakglass_aws.sandbox import Box

pytestmark = pytest.mark.usefixtures("no_waiting")

EXAMPLES = min(300, int(os.environ.get("BREAKGLASS_EXAMPLES", 12)))
READS = ("GetUser", "ListAccessKeys", "ListSigningCertificates", "ListMFADevices")
OPERATIONS = (
    "AssumeRoot",
    "GetUser",
    "GetLoginProfile",
    "List*",
    "GetAccessKeyLastUsed",
    "Delete*",
    "Deactivate*",
    "*",
)
KINDS: dict[str, dict[str, Any]] = {
    "throttling": {},
    "server_error": {"status": 503},
    "refusal": {"code": "AccessDenied", "status": 403},
    "reset": {},
    "lost_answer": {},
    "cut": {},
    "appended": {"text": "\n-- Scanned by a proxy"},
}
ACCOUNTS = ("444455556666", "333344445555", "012345678901", "555566667777", "888899990000", None)


@st.composite
def faults(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(KINDS)))
    return {
        "kind": kind,
        "operation": draw(st.sampled_from(OPERATIONS)),
        "account": draw(st.sampled_from(ACCOUNTS)),
        "share": draw(st.sampled_from([0.05, 0.2, 0.5, 1.0])),
        "skip": draw(st.integers(0, 6)),
        "seed": draw(st.integers(0, 1000)),
        "times": draw(st.sampled_from([1, 3, 20])),
        **KINDS[kind],
    }


@pytest.fixture(autouse=True)
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))


def shown(credentials: dict[str, Any]) -> dict[str, Any]:
    return {
        "password": credentials["password"]["present"],
        "access_keys": sorted(key["id"] for key in credentials["access_keys"]),
        "signing_certificates": sorted(one["id"] for one in credentials["signing_certificates"]),
        "mfa_devices": sorted(device["serial"] for device in credentials["mfa_devices"]),
    }


def reached(box: Box) -> dict[str, set[str]]:
    """The operations that each account's root sessions were answered without an error."""
    found: dict[str, set[str]] = {}
    for event in box.events():
        if event["service"] == "iam" and not event.get("error"):
            found.setdefault(event["account"], set()).add(event["operation"])
    return found


def sweep(box: Box, module: str, rules: list[dict[str, Any]], workers: int, **options: Any) -> dict[str, Any]:
    box.reset()
    for rule in rules:
        box.add_fault(**rule)
    result = run(module, environment=box.environment("operator"), all_accounts=True, workers=workers, **options)
    assert "accounts" in result or result["failed"], result
    return result


RANDOM = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@RANDOM
@given(rules=st.lists(faults(), min_size=1, max_size=4), workers=st.integers(1, 16))
def test_what_an_audit_reports_was_read_and_is_true(box: Box, rules: list[dict[str, Any]], workers: int) -> None:
    result = sweep(box, "root_credentials_info", rules, workers)
    truth, answered = box.snapshot()["root_users"], reached(box)
    for entry in result.get("accounts", []):
        account_id, outcome = entry["account_id"], entry["outcome"]
        if outcome in ("unchanged", "absent"):
            assert shown(entry["root_credentials"]) == truth[account_id]
            assert answered[account_id] >= set(READS)
            assert (outcome == "absent") == (not any(truth[account_id].values()))
        else:
            assert outcome in ("skipped", "unreachable", "failed")
            assert entry["root_credentials"] is None
            assert entry["reason"]


@RANDOM
@given(rules=st.lists(faults(), min_size=1, max_size=4), workers=st.integers(1, 16))
def test_what_a_removal_reports_is_true(box: Box, rules: list[dict[str, Any]], workers: int) -> None:
    box.reset()
    before = box.snapshot()["root_users"]
    protected = {"protected_accounts": ["777788889999"]}
    result = sweep(box, "root_credentials", rules, workers, recently_used_days=0, **protected)
    truth, answered = box.snapshot()["root_users"], reached(box)
    for entry in result.get("accounts", []):
        account_id, outcome = entry["account_id"], entry["outcome"]
        if outcome in ("removed", "absent"):
            assert not any(truth[account_id].values())
            assert answered[account_id] >= set(READS)
        if entry["before"]:
            assert shown(entry["before"]) == before[account_id]
        if truth[account_id] != before[account_id]:
            assert entry["changed"] is True
        for item in entry["credentials"]:
            kind, left = item["kind"], truth[account_id][item["kind"]]
            present = left if kind == "password" else item["id"] in left
            if item["outcome"] in ("removed", "absent"):
                assert not present
            elif item["outcome"] == "skipped":
                assert present
    changed = truth != before
    assert not changed or result["changed"] is True
