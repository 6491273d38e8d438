"""The history keeps what runs found, says what changed since, and refuses files that it must not touch."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from support.readiness_results import (
    BLOCKED,
    DENIES_ROOT,
    KEY,
    NO_ROLE,
    PHONE,
    RECOVERIES,
    account,
    finding,
    organization,
    result,
)

from breakglass_aws.engine import history
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.history import schema

ONE, TWO, THREE = "111111111111", "222222222222", "333333333333"
DAYS = ["2026-11-01T03:00:00Z", "2026-11-02T03:00:00Z", "2026-11-03T03:00:00Z", "2026-11-04T03:00:00Z"]
BEGINNING = "2026-10-01T00:00:00Z"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


def keep(path: Path, *days: list[dict], **changes) -> None:
    """Add a run for each day, with these accounts."""
    for day, accounts in zip(DAYS, days, strict=False):
        history.add(path, history.record_of(result(*accounts, read_at=day, **changes)))


def changed(path: Path, since: str = BEGINNING) -> list[tuple[str, str, str]]:
    return [(one.kind, one.account_id, one.subject) for one in history.changes_since(path, since)]


def audit(*accounts: dict, read_at: str = DAYS[0], **changes) -> history.Record:
    document = {"organization": "o-exampleorg1", "made": read_at, "accounts": list(accounts), **changes}
    return history.record_of_audit(document)


def audited(account_id: str = ONE, status: str = "clean", *findings: dict) -> dict:
    return {"account_id": account_id, "name": "one", "ou": "Root", "status": status, "findings": list(findings)}


def test_what_was_added_is_read_back_equal(path):
    given = organization(40)
    added = history.add(path, history.record_of(given))
    found = history.result_of(path, added.run_id)
    assert {one["account_id"]: one for one in found["accounts"]} == {
        one["account_id"]: one for one in given["accounts"]
    }
    assert found["organization"] == given["organization"]
    assert found["summary"] == given["summary"]
    assert [(run.kind, run.read_at, run.accounts) for run in history.runs(path)] == [
        ("readiness", given["read_at"], 40)
    ]


def test_the_file_is_for_its_owner_only(path):
    os.umask(os.umask(0))  # whatever the umask is
    keep(path, [account(ONE)])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["history.db"]


def test_the_same_result_is_kept_once(path):
    one = history.record_of(result(account(ONE)))
    assert history.add(path, one) == history.Added(1, new=True)
    assert history.add(path, one) == history.Added(1, new=False)
    assert len(history.runs(path)) == 1


def test_what_did_not_change_is_kept_once(path):
    keep(path, *[[account(ONE), account(TWO)]] * 4)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM contents").fetchone() == (2,)
        assert connection.execute("SELECT count(*) FROM verdict_history").fetchone() == (2 * 9 * 4,)


# What changed


def test_no_change_is_reported_when_nothing_changed(path):
    keep(path, [account(ONE, lost_root_mfa=("unknown", PHONE))], [account(ONE, lost_root_mfa=("unknown", PHONE))])
    assert changed(path) == []


def test_a_new_root_credential_comes_first(path):
    keep(path, [account(ONE)], [account(ONE, findings=[KEY], unlock_s3_bucket=("fails", BLOCKED))])
    assert changed(path) == [
        ("new_root_credential", ONE, "root_access_key"),
        ("became_unready", ONE, "unlock_s3_bucket"),
    ]


def test_an_account_that_became_unready_names_the_policy_and_the_day(path):
    well, unready = [account(ONE)], [account(ONE, unlock_s3_bucket=("fails", BLOCKED))]
    keep(path, well, well, unready, unready)
    [change] = history.changes_since(path, BEGINNING)
    assert change.policies == (f"DenyRootUser ({DENIES_ROOT['id']}) at OU Production (ou-ex01-prod0001)",)
    assert (change.before, change.after) == ("works", "fails")
    assert (change.last_before, change.first_after) == (DAYS[1], DAYS[2])
    assert change.fix == BLOCKED["fix"]
    assert ONE in change.reasons[0]


def test_only_changes_since_the_given_time_are_reported(path):
    keep(path, [account(ONE)], [account(ONE, findings=[KEY])], [account(ONE, findings=[KEY])])
    assert changed(path, DAYS[0]) == [("new_root_credential", ONE, "root_access_key")]
    assert changed(path, DAYS[1]) == []


def test_another_policy_that_blocks_is_a_change(path):
    other = {**BLOCKED, "policy": {"id": "p-other0001", "name": "Other", "target": "root"}}
    keep(path, [account(ONE, unlock_s3_bucket=("fails", BLOCKED))], [account(ONE, unlock_s3_bucket=("fails", other))])
    [change] = history.changes_since(path, BEGINNING)
    assert (change.kind, change.policies) == ("fails_for_another_reason", ("Other (p-other0001) at root",))


def test_a_root_key_that_was_used_is_a_change_and_the_same_key(path):
    keep(
        path,
        [account(ONE, findings=[{**KEY, "detail": "AKIAEXAMPLEKEYID, never used"}])],
        [account(ONE, findings=[{**KEY, "detail": "AKIAEXAMPLEKEYID, last used 2026-11-02"}])],
    )
    [change] = history.changes_since(path, BEGINNING)
    assert change.kind == "root_credential_changed"
    assert "never used" in change.before
    assert "last used 2026-11-02" in change.after


def test_an_mfa_device_that_was_removed_is_a_change_of_the_same_password(path):
    with_device = finding("root_password", "high", "Root user with a password and an MFA device", "never used")
    without = finding(
        "root_password_without_mfa", "critical", "Root user with a password and no MFA device", "never used"
    )
    keep(path, [account(ONE, findings=[with_device])], [account(ONE, findings=[without])])
    assert changed(path) == [("root_credential_changed", ONE, "root_password_without_mfa")]


def test_two_keys_are_two_credentials(path):
    keys = [{**KEY, "detail": f"AKIAEXAMPLE{letter}, never used"} for letter in ("AAAAA", "BBBBB")]
    keep(path, [account(ONE, findings=keys[:1])], [account(ONE, findings=keys)])
    assert changed(path) == [("new_root_credential", ONE, "root_access_key")]


def test_a_credential_is_not_gone_because_a_run_did_not_look_for_it(path):
    keep(path, [account(ONE, findings=[KEY])])
    history.add(path, history.record_of(result(account(ONE), read_at=DAYS[1], with_root_sessions=False)))
    assert changed(path) == []
    history.add(path, history.record_of(result(account(ONE), read_at=DAYS[2])))
    assert changed(path) == [("finding_gone", ONE, "root_access_key")]


@pytest.mark.parametrize(
    ("code", "unread"),
    [
        ("root_access_key", {"unread": [{"what": "root credentials"}]}),
        ("root_access_key", {"session": None}),
        ("locked_bucket", {"unread": [{"what": "buckets"}]}),
        ("locked_queue", {"unread": [{"what": "queues in eu-west-1"}]}),
        ("access_role", {"unread": [{"what": "access role"}]}),
        ("security_contact_missing", {"unread": [{"what": "alternate contacts"}]}),
        ("phone_not_verified", {"unread": [{"what": "contact information"}]}),
    ],
)
def test_what_could_not_be_read_is_not_gone(path, code, unread):
    options = {"with_role_sessions": True}
    one = finding(code, "high", "Something")
    history.add(path, history.record_of(result(account(ONE, findings=[one]), read_at=DAYS[0], **options)))
    history.add(path, history.record_of(result(account(ONE, **unread), read_at=DAYS[1], **options)))
    assert changed(path) == []
    history.add(path, history.record_of(result(account(ONE), read_at=DAYS[2], **options)))
    assert changed(path) == [("finding_gone", ONE, code)]


def test_a_domain_is_compared_only_where_own_domains_were_given(path):
    found = account(ONE, findings=[finding("mail_domain_not_owned", "high", "Not yours", "a@gone.example")])
    history.add(path, history.record_of(result(found, read_at=DAYS[0], own_domains=["example.com"])))
    history.add(path, history.record_of(result(account(ONE), read_at=DAYS[1], own_domains=[])))
    assert changed(path) == []
    history.add(path, history.record_of(result(account(ONE), read_at=DAYS[2], own_domains=["example.com"])))
    assert changed(path) == [("finding_gone", ONE, "mail_domain_not_owned")]


def test_a_run_that_asked_less_does_not_make_recoveries_unknown(path):
    keep(path, [account(ONE)])
    less = account(ONE, lost_access_role=("unknown", NO_ROLE))
    history.add(path, history.record_of(result(less, read_at=DAYS[1], with_root_sessions=False)))
    assert changed(path) == []
    history.add(path, history.record_of(result(less, read_at=DAYS[2])))
    assert changed(path) == [("became_unknown", ONE, "lost_access_role")]


def test_audits_and_readiness_are_compared_by_what_both_read(path):
    key = {"kind": "active_access_key", "severity": "critical", "title": KEY["title"], "detail": KEY["detail"]}
    history.add(path, audit(audited(ONE, "critical", key)))
    keep_later = history.record_of(result(account(ONE, findings=[KEY]), read_at=DAYS[1]))
    history.add(path, keep_later)
    assert [one for one in changed(path) if "root_credential" in one[0]] == []
    history.add(path, audit(audited(), read_at=DAYS[2]))
    assert ("finding_gone", ONE, "root_access_key") in changed(path)


def test_an_account_that_an_audit_could_not_read_keeps_its_credentials(path):
    key = {"kind": "active_access_key", "severity": "critical", "title": KEY["title"], "detail": KEY["detail"]}
    history.add(path, audit(audited(ONE, "critical", key)))
    history.add(path, audit(audited(ONE, "unknown"), read_at=DAYS[1]))
    assert changed(path) == []


def test_an_account_that_can_no_longer_be_read_is_not_known(path):
    keep(path, [account(ONE)], [account(ONE, outcome="failed")])
    assert changed(path) == [("became_unknown", ONE, "account")]


def test_an_account_that_was_first_seen_later_is_new(path):
    keep(path, [account(ONE)], [account(ONE), account(TWO, findings=[KEY])])
    assert changed(path) == [("new_account", TWO, "account")]


def test_a_root_key_that_came_and_went_is_reported(path):
    keep(path, [account(ONE)], [account(ONE, findings=[KEY])], [account(ONE)])
    [change] = history.changes_since(path, BEGINNING)
    assert (change.kind, change.first_after) == ("root_credential_came_and_went", DAYS[1])
    assert "AKIAEXAMPLE" in change.words
    assert f"Gone at {DAYS[2]}" in change.words
    assert change.worse


def test_a_recovery_that_failed_in_between_is_reported(path):
    keep(path, [account(ONE)], [account(ONE, unlock_s3_bucket=("fails", BLOCKED))], [account(ONE)])
    [change] = history.changes_since(path, BEGINNING)
    assert (change.kind, change.subject, change.first_after) == ("failed_meanwhile", "unlock_s3_bucket", DAYS[1])


def test_another_callers_run_is_no_change_of_the_organization(path):
    caller = {**NO_ROLE, "code": "caller_not_management", "text": "The caller is a delegated administrator."}
    seen = [account(ONE, lost_access_role=("fails", caller), lost_root_mfa=("fails", caller, NO_ROLE))]
    keep(path, [account(ONE)], seen, [account(ONE)])
    assert changed(path, DAYS[1]) == [("became_ready", ONE, "lost_root_mfa")]
    history.delete_run(path, 3)
    assert changed(path) == [("became_unready", ONE, "lost_root_mfa")]


def test_a_recovery_of_a_closed_account_does_not_work_now(path):
    keep(
        path, [account(ONE, unlock_s3_bucket=("fails", BLOCKED))], [account(ONE, unlock_s3_bucket=("not_applicable",))]
    )
    assert changed(path) == [("no_longer_applies", ONE, "unlock_s3_bucket")]


def test_an_account_that_left_the_organization_is_reported(path):
    both, one = [account(ONE), account(TWO)], [account(ONE)]
    keep(path, both, both, one, one, all_accounts=True)
    [change] = history.changes_since(path, BEGINNING)
    assert (change.kind, change.account_id, change.name) == ("account_left", TWO, account(TWO)["name"])
    assert (change.last_before, change.first_after) == (DAYS[1], DAYS[2])
    assert change.worse
    assert changed(path, DAYS[1]) == [("account_left", TWO, "account")]
    assert changed(path, DAYS[2]) == []


def test_an_account_that_was_back_in_the_last_run_did_not_leave(path):
    keep(path, [account(ONE), account(TWO)], [account(ONE)], all_accounts=True)
    history.add(path, audit(audited(TWO), read_at=DAYS[2]))
    assert changed(path) == []


def test_an_account_that_left_while_a_run_read_it_is_reported(path):
    left = {"code": "account_left", "text": "It is no longer in the organization.", "fix": "", "policy": None}
    gone = account(TWO, outcome="skipped", state=None, **dict.fromkeys(RECOVERIES, ("not_applicable", left)))
    keep(path, [account(ONE), account(TWO)], [gone])
    assert changed(path) == [("account_left", TWO, "account")]


def test_a_closed_account_that_is_listed_no_longer_is_no_alarm(path):
    keep(path, [account(ONE), account(TWO, state="CLOSED")], [account(ONE)], all_accounts=True)
    [change] = history.changes_since(path, BEGINNING)
    assert (change.kind, change.before, change.worse) == ("closed_account_gone", "CLOSED", False)


def test_a_file_of_the_version_before_says_of_no_run_that_it_had_all_accounts(path):
    keep(path, [account(ONE), account(TWO)], [account(ONE)], all_accounts=True)
    with sqlite3.connect(path) as connection:  # as earlier versions made it
        connection.execute("ALTER TABLE runs DROP COLUMN all_accounts")
    assert changed(path) == []
    assert not history.result_of(path, 2)["all_accounts"]
    history.add(path, history.record_of(result(account(ONE), read_at=DAYS[2], all_accounts=True)))
    assert changed(path) == [("account_left", TWO, "account")]
    assert [history.result_of(path, run_id)["all_accounts"] for run_id in (1, 2, 3)] == [False, False, True]


def test_accounts_that_a_run_left_out_did_not_change(path):
    keep(path, [account(ONE, findings=[KEY]), account(TWO)], [account(TWO)])
    assert changed(path) == []


def test_a_recovery_that_works_again_is_a_change_for_the_better(path):
    keep(path, [account(ONE, unlock_s3_bucket=("fails", BLOCKED))], [account(ONE)])
    assert changed(path) == [("became_ready", ONE, "unlock_s3_bucket")]


@settings(max_examples=30, deadline=None)
@given(
    some.lists(
        some.tuples(some.sampled_from(["works", "fails", "unknown", "not_applicable"]), some.booleans()),
        min_size=2,
        max_size=5,
    )
)
def test_whatever_the_history_the_last_change_leads_to_what_is_so_now(tmp_path_factory, steps):
    path = tmp_path_factory.mktemp("history") / "history.db"
    for number, (verdict, with_key) in enumerate(steps):
        reasons = (BLOCKED,) if verdict in ("fails", "unknown") else ()
        one = account(ONE, unlock_s3_bucket=(verdict, *reasons), findings=[KEY] if with_key else [])
        history.add(path, history.record_of(result(one, read_at=f"2026-11-{number + 1:02d}T00:00:00Z")))
    kinds = {one.kind: one for one in history.changes_since(path, BEGINNING)}
    (first, first_key), (last, last_key) = steps[0], steps[-1]
    assert ("became_unready" in kinds) == (last == "fails" != first)
    assert ("new_root_credential" in kinds) == (last_key and not first_key)
    assert ("finding_gone" in kinds) == (first_key and not last_key)
    for change in kinds.values():
        assert change.last_before < change.first_after


# Files that cannot be used


def refuses(call, *words: str) -> None:
    with pytest.raises(RunbookError) as refused:
        call()
    message = str(refused.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_the_history_of_another_organization_is_not_mixed(path):
    keep(path, [account(ONE)])
    other = history.record_of(result(account(TWO), organization={"id": "o-other00001", "management_account_id": TWO}))
    before = path.read_bytes()
    refuses(lambda: history.add(path, other), "o-exampleorg1", "o-other00001", "Nothing was added", "another file")
    assert path.read_bytes() == before


def test_a_file_of_a_newer_version_is_left_alone(path):
    keep(path, [account(ONE)])
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    before = path.read_bytes()
    refuses(lambda: keep(path, [account(TWO)]), "newer version", "Update breakglass.aws")
    refuses(lambda: history.runs(path), "newer version")
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"account,name\n", b"SQLite format 3\0" + b"\0" * 200, os.urandom(4096)])
def test_a_file_of_another_program_is_left_alone(path, content):
    path.write_bytes(content)
    path.chmod(0o600)
    refuses(lambda: keep(path, [account(ONE)]), "not a history", "not changed")
    assert path.read_bytes() == content


def damage(path: Path) -> bytes:
    content = bytearray(path.read_bytes())
    content[4096 : 4096 * 4] = os.urandom(4096 * 3)
    path.write_bytes(bytes(content))
    return bytes(content)


def test_a_damaged_file_is_kept_aside_and_a_new_history_begins(path):
    history.add(path, history.record_of(organization(30)))
    damaged = damage(path)
    refuses(lambda: history.changes_since(path, BEGINNING), "is damaged", "keeps it aside", "backup")
    added = history.add(path, history.record_of(result(account(ONE))))
    assert added.kept_aside is not None
    assert added.kept_aside.name.startswith("history.db.damaged-")
    assert added.kept_aside.read_bytes() == damaged
    assert [run.accounts for run in history.runs(path)] == [1]


def test_a_file_is_not_damaged_because_the_quick_check_says_so(path):
    """SQLite 3.40.1 objects to a table without rowid whose key has all its columns in another order."""
    keep(path, [account(ONE)])
    table = "other (a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (b, a)) WITHOUT ROWID"
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE {table}")
        connection.execute("INSERT INTO other VALUES (1, 2)")
    added = history.add(path, history.record_of(result(account(TWO), read_at=DAYS[1])))
    assert (added.run_id, added.kept_aside) == (2, None)


def test_a_truncated_file_is_damaged(path):
    history.add(path, history.record_of(organization(30)))
    path.write_bytes(path.read_bytes()[:9000])
    assert history.add(path, history.record_of(result(account(ONE)))).kept_aside is not None


def test_a_file_that_others_can_use_is_refused_with_the_command_that_restricts_it(path):
    keep(path, [account(ONE)])
    path.chmod(0o644)
    refuses(lambda: history.runs(path), "0644", f"chmod 600 {path}")


def test_a_folder_a_missing_folder_and_a_link_to_nothing_are_refused(path, tmp_path):
    refuses(lambda: keep(tmp_path, [account(ONE)]), "is not a file")
    refuses(lambda: keep(tmp_path / "missing" / "history.db", [account(ONE)]), "No such file", "folder")
    path.symlink_to(tmp_path / "nowhere")
    refuses(lambda: keep(path, [account(ONE)]), "link")


def test_a_history_that_is_not_there_is_named_with_the_command_that_begins_it(path):
    refuses(lambda: history.runs(path), f"There is no history {path}", "breakglass ready --history")
    assert not path.exists()


def test_a_file_in_use_is_said_to_be_in_use(path, monkeypatch):
    monkeypatch.setattr("breakglass_aws.engine.history.file.WAIT", 0)
    keep(path, [account(ONE)])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    refuses(lambda: keep(path, [account(TWO)]), "in use", "Try again")
    other.close()
    assert len(history.runs(path)) == 1


def test_an_interrupted_addition_leaves_nothing(path, monkeypatch):
    keep(path, [account(ONE)])
    before = path.read_bytes()

    def stop(*_given):
        raise KeyboardInterrupt

    monkeypatch.setattr("breakglass_aws.engine.history.writing._content_id", stop)
    with pytest.raises(KeyboardInterrupt):
        history.add(path, history.record_of(result(account(TWO), read_at=DAYS[1])))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "wrong",
    [{}, {"accounts": []}, {"organization": {"id": ""}, "read_at": "x", "accounts": []}, {"organization": None}],
)
def test_other_results_cannot_be_added(wrong):
    refuses(lambda: history.record_of(wrong), "recovery_readiness_info")
    refuses(lambda: history.record_of_audit(wrong), "posture.json")


def test_no_control_character_of_aws_gets_into_the_file(path):
    name = "one\x1b[2J\u202e"
    history.add(path, history.record_of(result(account(ONE, name=name))))
    found = history.result_of(path, 1)["accounts"][0]["name"]
    assert "\x1b" not in found
    assert "\u202e" not in found


# Retention


def test_old_runs_are_deleted_with_what_only_they_found(path):
    keep(path, [account(ONE, findings=[KEY])], [account(ONE)], [account(ONE)])
    assert [run.run_id for run in history.prune(path, DAYS[1])] == [1]
    assert b"AKIAEXAMPLE" not in path.read_bytes()
    assert [run.read_at for run in history.runs(path)] == DAYS[1:3]


def test_the_newest_run_of_each_kind_stays(path):
    keep(path, [account(ONE)])
    history.add(path, audit(audited()))
    assert history.prune(path, "2027-01-01T00:00:00Z") == []
    assert len(history.runs(path)) == 2


def test_a_run_and_an_account_can_be_deleted(path):
    keep(path, [account(ONE), account(TWO)], [account(ONE), account(TWO, findings=[KEY])])
    assert history.delete_account(path, ONE) == 2
    assert ONE.encode() not in path.read_bytes()
    history.delete_run(path, 2)
    assert [run.run_id for run in history.runs(path)] == [1]
    refuses(lambda: history.delete_run(path, 9), "no run 9", "breakglass history list")
    refuses(lambda: history.delete_account(path, THREE), THREE)


def test_the_number_of_a_deleted_run_is_not_used_again(path):
    keep(path, [account(ONE)], [account(TWO)])
    history.delete_run(path, 2)
    assert history.add(path, history.record_of(result(account(TWO), read_at=DAYS[3]))).run_id == 3


# Times


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30d", "2026-10-29T12:00:00Z"),
        ("12h", "2026-11-28T00:00:00Z"),
        ("2w", "2026-11-14T12:00:00Z"),
        ("2026-11-01", "2026-11-01T00:00:00Z"),
        ("2026-11-01T10:00:00+02:00", "2026-11-01T08:00:00Z"),
    ],
)
def test_ages_and_dates(text, expected):
    assert history.moment(text, now=datetime(2026, 11, 28, 12, tzinfo=UTC)) == expected


@pytest.mark.parametrize(
    "text", ["", "30", "d", "30m", "-3d", "yesterday", "2026-13-01", "999999w", "2999-01-01", "٣d"]
)
def test_other_times_are_refused(text):
    refuses(lambda: history.moment(text, "--since"), "--since", "30d")


# Trends


def test_the_trend_counts_accounts(path):
    unready = account(TWO, unlock_s3_bucket=("fails", BLOCKED), findings=[KEY])
    unknown = account(THREE, lost_root_mfa=("unknown", PHONE))
    keep(path, [account(ONE), unready, unknown], [account(ONE)], with_root_sessions=True)
    history.add(path, history.record_of(result(account(ONE), read_at=DAYS[3], with_root_sessions=False)))
    points = history.trend(path)
    assert [dict(point.counts) for point in points] == [
        {"ready": 1, "not_ready": 1, "unknown": 1},
        {"ready": 1, "not_ready": 0, "unknown": 0},
        {"ready": 1, "not_ready": 0, "unknown": 0},
    ]
    assert [point.root_credentials for point in points] == [1, 0, None]
    assert points[0].verdicts["unlock_s3_bucket"] == {"works": 2, "fails": 1}


def test_changes_are_json(path):
    keep(path, [account(ONE)], [account(ONE, findings=[finding("other", "low", "Other")])])
    [change] = history.changes_since(path, BEGINNING)
    assert json.loads(json.dumps(change.as_dict()))["title"] == "New finding"
