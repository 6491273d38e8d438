"""The module on an organization with defects that were written down before: it names all of them and nothing else."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from support import readiness_organization as planted
from support.run_module import run

from breakglass_aws.sandbox import Box, in_process


@pytest.fixture(scope="module")
def organization() -> Iterator[Box]:
    with in_process(planted.ORGANIZATION) as box:
        planted.plant(box)
        yield box


def look(box: Box, identity: str = "operator", **options: Any) -> dict[str, Any]:
    given = {"all_accounts": True, "own_domains": ["example.com"], "confirmed": planted.CONFIRMED}
    if "account_ids" in options:
        del given["all_accounts"]
    return run("recovery_readiness_info", environment=box.environment(identity), **{**given, **options})


@functools.cache
def judged(box: Box) -> dict[str, Any]:
    found = look(box)
    assert not found["failed"], found["msg"]
    return found


def by_name(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in result["accounts"]}


def test_it_names_every_planted_defect_and_nothing_else(organization):
    found = by_name(judged(organization))
    assert list(found) == list(planted.NAMES)
    said = {
        name: (
            {
                recovery: (one["verdict"], one["reasons"][0]["code"])
                for recovery, one in entry["recoveries"].items()
                if one["verdict"] in ("fails", "unknown")
            },
            [finding["code"] for finding in entry["findings"]],
        )
        for name, entry in found.items()
    }
    assert said == {name: planted.expected(name) for name in planted.NAMES}
    assert len(planted.DEFECTS) == 20
    assert judged(organization)["unreadable"] == []


@pytest.mark.parametrize("defect", planted.DEFECTS, ids=lambda defect: defect.accounts[0])
def test_each_defect_has_its_reason_and_fix(organization, defect):
    for account in defect.accounts:
        entry = by_name(judged(organization))[account]
        reasons = [one for name in defect.recoveries for one in entry["recoveries"][name]["reasons"]]
        assert all(one["text"] and one["fix"] for one in (*reasons, *map(as_reason, entry["findings"])))
        assert defect.named in json.dumps([reasons, entry["findings"]])
        if defect.named and "policy" in str(defect.recoveries):
            assert {reason["policy"]["name"] for reason in reasons} == {defect.named}
            assert all(reason["policy"]["target"] and reason["policy"]["target_id"] for reason in reasons)


def as_reason(finding: dict[str, Any]) -> dict[str, Any]:
    return {"text": finding["title"], "fix": finding["fix"]}


def test_every_root_session_that_was_opened_is_in_the_result(organization):
    """Three an account: for the root user, for buckets, for queues. Evidence takes them from here."""
    since = len(organization.events())
    [entry] = look(organization, account_ids=[planted.IDS[planted.WELL[0]]], with_root_sessions=True)["accounts"]
    opened = [one["issued_access_key_id"] for one in organization.events()[since:] if one["operation"] == "AssumeRoot"]
    reported = [one["access_key_id"] for one in (entry["session"], *entry["sessions"]) if one]
    assert sorted(reported) == sorted(key for key in opened if key)
    assert len(reported) == 3
