"""workers and journal of the modules that read many accounts: what is read again, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.run_module import run

from breakglass_aws.sandbox import Box

LAKE, PAYMENTS, LEGACY = "012345678901", "333344445555", "444455556666"
# Each module with what it needs, and an option that makes its entries answers to another question.
MODULES = {
    "organization_access_role_info": ({}, {"role_name": "AnotherRole"}),
    "resource_policy_lockout_info": ({"regions": ["eu-central-1"]}, {"services": ["sqs"]}),
    "organization_account_info": ({"include": ["tags"]}, {"include": []}),
    "root_credentials_info": ({}, None),
}
ACCOUNTS = [LAKE, PAYMENTS, LEGACY]


def read(box: Box, name: str, journal: Path, **options) -> dict:
    needed, _other = MODULES[name]
    given = {"account_ids": ACCOUNTS, "journal": str(journal), **needed, **options}
    return run(name, environment=box.environment("engineer"), **given)


def from_journal(result: dict) -> list[str]:
    assert not result["failed"], result["msg"]
    return [entry["account_id"] for entry in result["accounts"] if entry["journal_time"]]


def without_time(result: dict) -> list[dict]:
    return [{key: value for key, value in entry.items() if key != "journal_time"} for entry in result["accounts"]]


@pytest.mark.parametrize("name", MODULES)
def test_what_the_journal_has_is_not_read_again(sandbox, tmp_path, name):
    first = read(sandbox, name, tmp_path / "journal")
    assert from_journal(first) == []
    since = len(sandbox.events())
    again = read(sandbox, name, tmp_path / "journal")
    done = [entry["account_id"] for entry in first["accounts"] if entry["outcome"] in ("unchanged", "absent")]
    assert from_journal(again) == done
    assert done
    assert without_time(again) == without_time(first)
    assumed = [event for event in sandbox.events()[since:] if event["operation"].startswith("Assume")]
    assert len(assumed) <= len(ACCOUNTS) - len(done)
    assert (tmp_path / "journal").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", [name for name, (_needed, other) in MODULES.items() if other is not None])
def test_the_journal_of_another_question_counts_for_nothing(sandbox, tmp_path, name):
    read(sandbox, name, tmp_path / "journal")
    assert from_journal(read(sandbox, name, tmp_path / "journal", **MODULES[name][1])) == []


def test_the_journal_of_another_module_counts_for_nothing(sandbox, tmp_path):
    for name in MODULES:
        assert from_journal(read(sandbox, name, tmp_path / "journal")) == []


def test_a_scan_that_is_not_complete_is_made_again(sandbox, tmp_path):
    """Nothing of a journal may hide that a Region was not searched, or a policy not read."""
    sandbox.add_fault("server_error", operation="ListQueues")
    first = read(sandbox, "resource_policy_lockout_info", tmp_path / "journal")
    assert all(entry["unlisted"] for entry in first["accounts"] if entry["outcome"] == "unchanged")
    sandbox.clear_faults()
    again = read(sandbox, "resource_policy_lockout_info", tmp_path / "journal")
    assert from_journal(again) == []
    assert not any(entry["unlisted"] for entry in again["accounts"])


def test_an_account_that_is_not_fully_read_is_read_again(sandbox, tmp_path):
    sandbox.add_fault("server_error", operation="ListTagsForResource")
    read(sandbox, "organization_account_info", tmp_path / "journal")
    sandbox.clear_faults()
    again = read(sandbox, "organization_account_info", tmp_path / "journal")
    assert from_journal(again) == []
    assert all(entry["tags"] is not None for entry in again["accounts"])


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("workers", [0, -1, 65])
def test_workers_out_of_range_are_refused(sandbox, tmp_path, name, workers):
    result = read(sandbox, name, tmp_path / "journal", workers=workers)
    assert result["failed"]
    assert "Invalid value for workers" in result["cause"]
    assert not [event for event in sandbox.events() if event["operation"].startswith("Assume")]


@pytest.mark.parametrize("name", MODULES)
def test_an_altered_journal_is_refused(sandbox, tmp_path, name):
    journal = tmp_path / "journal"
    read(sandbox, name, journal)
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    for line in lines:
        line["entry"]["hidden"] = True
    journal.write_text("".join(json.dumps(line, sort_keys=True) + "\n" for line in lines))
    result = read(sandbox, name, journal)
    assert result["failed"]
    assert "was altered" in result["cause"]


@pytest.mark.parametrize("workers", [1, 20])
@pytest.mark.parametrize("name", MODULES)
def test_workers_change_nothing_but_the_pace(sandbox, tmp_path, name, workers):
    needed, _other = MODULES[name]
    some = run(name, environment=sandbox.environment("engineer"), all_accounts=True, **needed)
    others = run(name, environment=sandbox.environment("engineer"), all_accounts=True, workers=workers, **needed)
    for result in (some, others):
        for entry in result["accounts"]:
            entry.pop("session", None)
    assert others["accounts"] == some["accounts"]
