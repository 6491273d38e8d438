"""Defects known from other tools for root access, each with a test that this collection does not have it.

U1 to U25 are the numbers in a review of one such tool. Not tested here:

- U3 (an interactive selector hides part of the list): there is no selector; accounts are named.
- U22 (the manual describes options that do not exist): test_examples.py runs the examples, and ansible-test compares
  documentation and options.
- U23 (packaging): ansible-galaxy builds the collection, and test_collection.py checks its metadata.
- U24 (tests with mocks only): these tests call the sandbox over HTTP.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest
from support.run_module import run

from breakglass_aws.sandbox import Box

MANAGEMENT, SECURITY, PAYMENTS = "111122223333", "222233334444", "333344445555"
LEGACY, REPORTS, VAULT, CLOSED = "444455556666", "555566667777", "777788889999", "666677778888"
LEDGER = "payments-ledger-333344445555"
MEMBERS = 12
# Defects that a test of a single module covers.
ELSEWHERE = {
    "U9, deleted meanwhile": "test_root_credentials.test_what_somebody_else_removes_meanwhile_is_absent",
    "U14, a queue by its URL": "test_sqs_queue_policy_unlock.test_an_address_names_the_region",
    "U15, changed meanwhile": "test_s3_bucket_policy_unlock.test_a_policy_that_changed_meanwhile_is_not_overwritten",
    "U17, open already": "test_root_password_recovery.test_the_second_run_changes_nothing_and_says_since_when",
    "U18, the mail": "test_root_password_recovery.test_the_person_told_what_to_do_gets_in",
    "U20, an interrupted sweep": "test_root_credentials.test_a_sweep_that_was_broken_off_goes_on_from_its_journal",
}


pytestmark = pytest.mark.usefixtures("no_waiting")


def as_operator(box: Box, name: str, **options) -> dict:
    return run(name, environment=box.environment("operator"), **options)


def writes(box: Box) -> list[str]:
    return [event["operation"] for event in box.events() if event["write"]]


def by_id(result: dict) -> dict[str, dict]:
    return {entry["account_id"]: entry for entry in result["accounts"]}


def test_u1_an_unreachable_account_is_never_reported_as_removed(sandbox):
    before = sandbox.snapshot()["root_users"][VAULT]
    result = as_operator(sandbox, "root_credentials", account_ids=[VAULT])
    assert result["failed"]
    assert by_id(result)[VAULT]["outcome"] == "unreachable"
    assert sandbox.snapshot()["root_users"][VAULT] == before


def test_u2_the_state_of_an_account_counts_and_not_the_retired_status(sandbox):
    result = as_operator(sandbox, "root_credentials_info", all_accounts=True)
    entries = by_id(result)
    assert len(entries) >= MEMBERS
    assert entries[CLOSED]["outcome"] == "skipped"
    assert "SUSPENDED" in entries[CLOSED]["reason"]
    sources = Path(__file__).parents[2].joinpath("plugins")
    assert not [file for file in sources.rglob("*.py") if '["Status"] == "ACTIVE"' in file.read_text()]


def test_u4_the_backup_contains_the_whole_policy(sandbox, tmp_path):
    locked = sandbox.snapshot()["bucket_policies"][LEDGER]
    result = unlock(sandbox, tmp_path)
    saved = json.loads(Path(result["backup"]["path"]).read_text())
    assert result["before"] == locked
    assert json.loads(saved["policy"]) == locked


def test_u5_an_unknown_option_is_refused_before_any_call(sandbox):
    result = as_operator(sandbox, "root_credentials", account_ids=[LEGACY], output="yaml")
    assert result["failed"]
    assert "output" in result["msg"]
    assert sandbox.events() == []


def test_u6_check_mode_lists_each_item_that_would_be_removed(sandbox):
    result = run("root_credentials", check_mode=True, environment=sandbox.environment("operator"), account_ids=[LEGACY])
    keys = sandbox.snapshot()["root_users"][LEGACY]["access_keys"]
    planned = [item["id"] for item in by_id(result)[LEGACY]["credentials"] if item["kind"] == "access_keys"]
    assert len(planned) == len(keys) == 2
    assert not {"DeleteAccessKey", "DeleteLoginProfile"} & set(writes(sandbox))


def test_u7_an_account_that_failed_stays_in_the_result(sandbox):
    result = as_operator(sandbox, "root_credentials_info", all_accounts=True)
    assert by_id(result)[VAULT]["outcome"] == "unreachable"
    assert by_id(result)[VAULT]["root_credentials"] is None
    assert result["summary"]["unreachable"] == 1


def test_u8_one_refusal_does_not_stop_the_other_items(sandbox):
    """A key of this account is in use and stays. The password, a later kind, is removed."""
    entry = by_id(as_operator(sandbox, "root_credentials", account_ids=[REPORTS]))[REPORTS]
    assert [(item["kind"], item["outcome"]) for item in entry["credentials"]] == [
        ("access_keys", "skipped"),
        ("password", "removed"),
        ("mfa_devices", "removed"),
    ]


@pytest.mark.parametrize("name", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_a_test_of_a_module_covers_it(name):
    file, test = name.split(".")
    assert callable(getattr(importlib.import_module(file), test))


def test_u10_an_account_without_credentials_is_absent_and_not_removed(sandbox):
    result = as_operator(sandbox, "root_credentials", account_ids=[PAYMENTS])
    assert (by_id(result)[PAYMENTS]["outcome"], result["changed"]) == ("absent", False)


def test_u11_the_two_features_are_reported_separately(sandbox):
    as_operator(sandbox, "root_access", root_credentials_management=False, **forced())
    features = as_operator(sandbox, "root_access_info")["features"]
    assert features == {"root_credentials_management": False, "root_sessions": True}


def test_u12_readiness_is_a_verdict_with_real_booleans(sandbox):
    result = as_operator(sandbox, "root_access_info", account_id=VAULT)
    assert result["ready"] is False
    assert [reason for reason in result["reasons"] if reason["blocking"] is True and reason["fix"]]


def test_u13_switching_on_has_a_check_mode_and_can_be_undone(sandbox):
    operator = sandbox.environment("operator")
    off = {"trusted_access": False, "root_credentials_management": False, "root_sessions": False}
    assert run("root_access", environment=operator, delegated_administrator="", **off, **forced())["changed"]
    switches = sandbox.snapshot()["organization"]
    on = dict.fromkeys(off, True)
    planned = run("root_access", check_mode=True, environment=operator, **on)
    assert planned["changed"]
    assert sandbox.snapshot()["organization"] == switches
    assert run("root_access", environment=operator, **on)["actions"] == planned["actions"]


def test_u14_a_bucket_in_another_region_is_found(sandbox, tmp_path):
    assert sandbox.environment("operator")["AWS_REGION"] == "us-east-1"
    assert unlock(sandbox, tmp_path)["region"] == "eu-west-1"


def test_u15_a_feature_that_is_off_is_named_with_its_fix(sandbox, tmp_path):
    as_operator(sandbox, "root_access", root_sessions=False, **forced())
    result = unlock(sandbox, tmp_path)
    assert result["failed"]
    assert result["outcome"] == "unreachable"
    assert "root_sessions" in result["msg"]


def test_u16_a_bucket_without_a_policy_is_recognized_by_the_error_code(sandbox, tmp_path):
    options = {"account_id": REPORTS, "bucket": "reports-555566667777", "backup_dir": str(tmp_path)}
    result = as_operator(sandbox, "s3_bucket_policy_unlock", **options)
    assert (result["outcome"], result["before"]) == ("unchanged", None)


@pytest.mark.parametrize("account_id", ["all", "44445555666", MANAGEMENT, "999999999999"])
def test_u19_every_account_is_checked_for_form_membership_and_management(sandbox, account_id):
    result = as_operator(sandbox, "root_credentials", account_ids=[LEGACY, account_id])
    assert result["failed"]
    assert account_id in result["msg"]
    assert "AssumeRoot" not in writes(sandbox)


def test_u17_password_recovery_is_not_opened_everywhere_at_once(sandbox):
    result = as_operator(sandbox, "root_password_recovery", state="open", account_ids=[PAYMENTS, SECURITY])
    assert result["failed"]
    assert "allow_bulk" in result["msg"]
    assert "CreateLoginProfile" not in writes(sandbox)


def test_u21_no_credentials_are_an_empty_list(sandbox):
    assert (
        as_operator(sandbox, "root_credentials_info", account_ids=[PAYMENTS])["accounts"][0]["root_credentials"][
            "access_keys"
        ]
        == []
    )


def test_u25_the_last_use_of_a_key_is_reported(sandbox):
    entry = by_id(as_operator(sandbox, "root_credentials_info", account_ids=[REPORTS]))[REPORTS]
    [key] = entry["root_credentials"]["access_keys"]
    assert set(key["last_used"]) == {"date", "service", "region"}


def forced() -> dict:
    """Switching off what restores root users needs `force` while accounts have no other recovery."""
    return {"force": True}


def unlock(box: Box, backups: Path) -> dict:
    return as_operator(
        box, "s3_bucket_policy_unlock", account_id=PAYMENTS, bucket=LEDGER, backup_dir=str(backups), wait_timeout=0
    )
