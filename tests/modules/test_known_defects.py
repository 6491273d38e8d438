"""Defects known from other tools for root access, each with a test that we do better.

U1 to U25 are numbers of a review of one such tool. Without a counterpart here:

- U3 (a selector picks what cannot be seen): there is no selector; accounts are named.
- U22 (the manual says what the program does not do): examples run in test_examples.py, ansible-test holds documentation
  and options together.
- U23 (packaging): a collection is packed by ansible-galaxy; test_collection.py holds its metadata.
- U24 (tests with mocks only): these tests speak HTTP with the sandbox.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest
from support.run_module import run

from sandbox import Box

MANAGEMENT, SECURITY, PAYMENTS = "111122223333", "222233334444", "333344445555"
LEGACY, REPORTS, VAULT, CLOSED = "444455556666", "555566667777", "777788889999", "666677778888"
LEDGER = "payments-ledger-333344445555"
MEMBERS = 12
# Tests of single modules that cover one.
ELSEWHERE = {
    "U9, what vanished meanwhile": "test_root_credentials.test_what_somebody_else_removes_meanwhile_is_absent",
    "U14, a queue by its address": "test_sqs_queue_policy_unlock.test_an_address_names_the_region",
    "U15, a changed policy": "test_s3_bucket_policy_unlock.test_a_policy_that_changed_meanwhile_is_not_overwritten",
    "U17, open already": "test_root_password_recovery.test_the_second_run_changes_nothing_and_says_since_when",
    "U18, who sends mail": "test_root_password_recovery.test_the_person_told_what_to_do_gets_in",
    "U20, a sweep that broke off": "test_root_credentials.test_a_sweep_that_was_broken_off_goes_on_from_its_journal",
}


pytestmark = pytest.mark.usefixtures("no_waiting")


def as_operator(box: Box, name: str, **options) -> dict:
    return run(name, environment=box.environment("operator"), **options)


def writes(box: Box) -> list[str]:
    return [event["operation"] for event in box.events() if event["write"]]


def by_id(result: dict) -> dict[str, dict]:
    return {entry["account_id"]: entry for entry in result["accounts"]}


def test_u1_an_account_nobody_got_into_is_never_called_removed(sandbox):
    before = sandbox.snapshot()["root_users"][VAULT]
    result = as_operator(sandbox, "root_credentials", account_ids=[VAULT])
    assert result["failed"]
    assert by_id(result)[VAULT]["outcome"] == "unreachable"
    assert sandbox.snapshot()["root_users"][VAULT] == before


def test_u2_accounts_are_judged_by_their_state_not_the_retired_status(sandbox):
    result = as_operator(sandbox, "root_credentials_info", all_accounts=True)
    entries = by_id(result)
    assert len(entries) >= MEMBERS
    assert entries[CLOSED]["outcome"] == "skipped"
    assert "SUSPENDED" in entries[CLOSED]["reason"]
    sources = Path(__file__).parents[2].joinpath("plugins")
    assert not [file for file in sources.rglob("*.py") if '["Status"] == "ACTIVE"' in file.read_text()]


def test_u4_the_policy_that_is_changed_is_kept_whole(sandbox, tmp_path):
    locked = sandbox.snapshot()["bucket_policies"][LEDGER]
    result = unlock(sandbox, tmp_path)
    saved = json.loads(Path(result["backup"]["path"]).read_text())
    assert result["before"] == locked
    assert json.loads(saved["policy"]) == locked


def test_u5_an_option_that_does_not_exist_stops_before_anything_is_done(sandbox):
    result = as_operator(sandbox, "root_credentials", account_ids=[LEGACY], output="yaml")
    assert result["failed"]
    assert "output" in result["msg"]
    assert sandbox.events() == []


def test_u6_what_would_go_is_shown_by_name_before(sandbox):
    result = run("root_credentials", check_mode=True, environment=sandbox.environment("operator"), account_ids=[LEGACY])
    keys = sandbox.snapshot()["root_users"][LEGACY]["access_keys"]
    foretold = [item["id"] for item in by_id(result)[LEGACY]["items"] if item["kind"] == "access_keys"]
    assert len(foretold) == len(keys) == 2
    assert not {"DeleteAccessKey", "DeleteLoginProfile"} & set(writes(sandbox))


def test_u7_accounts_that_failed_stay_in_the_result(sandbox):
    result = as_operator(sandbox, "root_credentials_info", all_accounts=True)
    assert by_id(result)[VAULT]["outcome"] == "unreachable"
    assert by_id(result)[VAULT]["root_credentials"] is None
    assert result["summary"]["unreachable"] == 1


def test_u8_one_refusal_does_not_keep_back_what_can_still_be_done(sandbox):
    """A key of this account is in use and stays: the password, a later kind, is dealt with all the same."""
    entry = by_id(as_operator(sandbox, "root_credentials", account_ids=[REPORTS]))[REPORTS]
    assert [(item["kind"], item["outcome"]) for item in entry["items"]] == [
        ("access_keys", "skipped"),
        ("password", "removed"),
        ("mfa_devices", "removed"),
    ]


@pytest.mark.parametrize("name", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_it_is_covered_elsewhere(name):
    file, test = name.split(".")
    assert callable(getattr(importlib.import_module(file), test))


def test_u10_nothing_there_is_absent_and_not_removed(sandbox):
    result = as_operator(sandbox, "root_credentials", account_ids=[PAYMENTS])
    assert (by_id(result)[PAYMENTS]["outcome"], result["changed"]) == ("absent", False)


def test_u11_the_two_features_are_told_apart(sandbox):
    as_operator(sandbox, "root_access", root_credentials_management=False, **forced())
    features = as_operator(sandbox, "root_access_info")["features"]
    assert features == {"root_credentials_management": False, "root_sessions": True}


def test_u12_readiness_is_a_verdict_with_real_booleans(sandbox):
    result = as_operator(sandbox, "root_access_info", account_id=VAULT)
    assert result["ready"] is False
    assert [reason for reason in result["reasons"] if reason["blocking"] is True and reason["fix"]]


def test_u13_switching_on_can_be_foretold_and_switched_off(sandbox):
    operator = sandbox.environment("operator")
    off = {"trusted_access": False, "root_credentials_management": False, "root_sessions": False}
    assert run("root_access", environment=operator, delegated_administrator="", **off, **forced())["changed"]
    switches = sandbox.snapshot()["organization"]
    on = dict.fromkeys(off, True)
    foretold = run("root_access", check_mode=True, environment=operator, **on)
    assert foretold["changed"]
    assert sandbox.snapshot()["organization"] == switches
    assert run("root_access", environment=operator, **on)["actions"] == foretold["actions"]


def test_u14_a_bucket_in_another_region_is_found(sandbox, tmp_path):
    assert sandbox.environment("operator")["AWS_REGION"] == "us-east-1"
    assert unlock(sandbox, tmp_path)["region"] == "eu-west-1"


def test_u15_a_feature_that_is_off_is_named_with_its_fix(sandbox, tmp_path):
    as_operator(sandbox, "root_access", root_sessions=False, **forced())
    result = unlock(sandbox, tmp_path)
    assert result["failed"]
    assert result["outcome"] == "unreachable"
    assert "root_sessions" in result["msg"]


def test_u16_a_bucket_without_a_policy_is_known_by_its_error_code(sandbox, tmp_path):
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


def test_u21_no_accounts_are_an_empty_list(sandbox):
    assert (
        as_operator(sandbox, "root_credentials_info", account_ids=[PAYMENTS])["accounts"][0]["root_credentials"][
            "access_keys"
        ]
        == []
    )


def test_u25_a_key_says_when_it_was_last_used(sandbox):
    entry = by_id(as_operator(sandbox, "root_credentials_info", account_ids=[REPORTS]))[REPORTS]
    [key] = entry["root_credentials"]["access_keys"]
    assert set(key["last_used"]) == {"date", "service", "region"}


def forced() -> dict:
    """Switching off what restores root users takes `force` while accounts have no other way back."""
    return {"force": True}


def unlock(box: Box, backups: Path) -> dict:
    return as_operator(
        box, "s3_bucket_policy_unlock", account_id=PAYMENTS, bucket=LEDGER, backup_dir=str(backups), wait_timeout=0
    )
