"""What CloudTrail has of a run's root sessions, joined to its evidence."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakglass_aws.engine import times
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import manifest
from breakglass_aws.engine.evidence.journal import Journal
from breakglass_aws.engine.launcher import cloudtrail_join
from breakglass_aws.sandbox import Box

OURS = [{"access_key_id": "ASIA1", "account_id": "012345678901"}]


def found(**changes: Any) -> dict[str, Any]:
    """What the module says of a session."""
    calls = [{"service": "s3", "operation": "PutBucketPolicy"}]
    known = {"access_key_id": "ASIA1", "looked_into": True, "pending": False, "reason": None, "calls": calls}
    return {"sessions": [{**known, **changes}, {**known, "access_key_id": "ASIA2"}]}


@pytest.mark.parametrize(
    ("activity", "pending", "reason"),
    [
        ({}, True, "does not have it yet"),
        (found(access_key_id="ASIA3"), True, "does not have it yet"),
        (found(pending=True), True, "may still be on their way"),
        (found(looked_into=False, reason="The role is not there."), True, "The role is not there."),
        (found(), False, None),
    ],
)
def test_what_is_not_known_to_be_complete_is_pending(
    activity: dict[str, Any], pending: bool, reason: str | None
) -> None:
    [session] = cloudtrail_join.joined(OURS, activity)
    assert session["pending"] is pending
    assert session["reason"] == reason or reason in session["reason"]
    assert [call["operation"] for call in session.get("calls", [])] == (
        ["PutBucketPolicy"] if "ASIA1" in str(activity) else []
    )


def test_a_session_that_was_opened_where_nobody_may_look_does_not_come_by_waiting() -> None:
    unread = {"account_id": "111122223333", "outcome": "unreachable", "reason": "No way in."}
    activity = {"sessions": [], "opened_from": [unread, {"account_id": "222233334444", "outcome": "unchanged"}]}
    [session] = cloudtrail_join.joined(OURS, activity, "111122223333")
    assert (session["looked_into"], session["reason"]) == (False, "No way in.")
    [session] = cloudtrail_join.joined(OURS, activity, "222233334444")
    assert session["looked_into"]


KNOWN = st.fixed_dictionaries(
    {
        "access_key_id": st.sampled_from(["ASIA1", "ASIA2", "ASIA3"]),
        "pending": st.booleans(),
        "calls": st.lists(st.just({"operation": "GetBucketPolicy"}), max_size=3) | st.none(),
    }
)
LISTS = st.lists(KNOWN, unique_by=lambda session: session["access_key_id"])


@given(LISTS, LISTS)
def test_what_was_joined_is_not_lost_by_asking_again(earlier: list[dict[str, Any]], now: list[dict[str, Any]]) -> None:
    """Whoever may read less asks, or CloudTrail has forgotten it after 90 days."""
    kept = {session["access_key_id"]: session for session in cloudtrail_join.nothing_lost(earlier, now)}
    assert kept.keys() == {session["access_key_id"] for session in (*earlier, *now)}
    for session in (*earlier, *now):
        best = kept[session["access_key_id"]]
        assert best["pending"] <= session["pending"]
        assert not session["pending"] or not best["pending"] or len(best["calls"] or []) >= len(session["calls"] or [])


def test_what_waits_is_told_once_for_all_that_wait_for_the_same() -> None:
    sessions = [
        {"access_key_id": f"ASIA{number}", "account_id": "012345678901", "pending": number < 3, "reason": "Not yet."}
        for number in range(4)
    ]
    waiting = cloudtrail_join.JoinedSessions(sessions, needs="", barred=False).waiting
    assert waiting == {("012345678901", "Not yet."): ["ASIA0", "ASIA1", "ASIA2"]}


def test_a_session_that_the_evidence_does_not_have_is_named() -> None:
    """A step that was killed has opened it; by the IDs that the evidence has, it would never be found."""
    ours = {"opened_by": "me", "time": "2026-01-31T03:01:00Z", "account_id": "012345678901", "expires": None}
    session = {**ours, "looked_into": True, "pending": False, "reason": "", "calls": []}
    activity = {
        "sessions": [
            {**session, "access_key_id": "ASIA1"},
            {**session, "access_key_id": "ASIA2"},
            {**session, "access_key_id": "ASIA3", "opened_by": "somebody else"},
            {**session, "access_key_id": "ASIA4", "time": "2026-01-31T05:00:00Z"},
        ]
    }
    run = {"actor": "me", "started": "2026-01-31T03:00:00Z", "written": "2026-01-31T04:00:00Z", "sessions": OURS}
    [session] = cloudtrail_join.unlisted(run, activity)
    assert (session["access_key_id"], session["reason"]) == ("ASIA2", cloudtrail_join.UNLISTED)


def test_a_run_is_joined_with_its_calls_and_sealed_again(box: Box, make_workplace: Callable[..., Any]) -> None:
    box.reset()
    place = make_workplace(box.environment("operator"))
    values = ["account_id=333344445555", "bucket=payments-ledger-333344445555", "evidence_dir=run"]
    ran = place.run(
        "breakglass_aws.engine", "run", "unlock_s3_bucket", *(word for one in values for word in ("-p", one))
    )
    assert ran.returncode == 0, ran.stdout
    opened = json.loads((place.folder / "run/evidence.json").read_text())
    assert "eu-west-1" in opened["regions"]

    sealed = manifest.sha256(place.folder / "run")
    barred = place.run("breakglass_aws.engine", "trail", "run")
    assert barred.returncode == 4, barred.stdout + barred.stderr
    assert "does not allow sts:SetSourceIdentity" in barred.stdout  # so the operator cannot look into the account
    assert "credentials of account 111122223333" in barred.stdout
    assert "assume a role that allows it in 333344445555: OrganizationAccountAccessRole" in barred.stdout
    assert "Ask again" not in barred.stdout  # which would not help

    assert "Nothing new: the evidence is unchanged." in barred.stdout
    assert manifest.sha256(place.folder / "run") == sealed

    place.environment |= box.environment("auditor")
    refused = place.run("breakglass_aws.engine", "trail", "run")
    assert refused.returncode == 2
    assert "credentials of account 111122223333" in refused.stderr
    assert manifest.sha256(place.folder / "run") == sealed

    # The other account that opens root sessions looks into the target, but not where this run opened its own.
    place.environment |= box.environment("delegate")
    elsewhere = place.run("breakglass_aws.engine", "trail", "run")
    assert "credentials of account 111122223333" in elsewhere.stdout, elsewhere.stdout + elsewhere.stderr
    assert "Ask again" not in elsewhere.stdout

    key = place.folder / "ada"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    assert place.run("breakglass_aws.engine", "sign", "run", "--key", "ada").returncode == 0
    place.environment |= box.environment("engineer")
    asked = place.run("breakglass_aws.engine", "trail", "run")
    assert asked.returncode == 4, asked.stdout + asked.stderr
    sessions = json.loads((place.folder / "run/cloudtrail.json").read_text())
    # A session may act until it ends, and CloudTrail tells it a quarter of an hour later.
    ends = max(datetime.fromisoformat(one["expiration"]) for one in opened["sessions"])
    assert f"Ask again after {ends + timedelta(minutes=15):%Y-%m-%dT%H:%M:%SZ}" in asked.stdout
    assert [session["access_key_id"] for session in sessions] == [one["access_key_id"] for one in opened["sessions"]]
    assert "The signature was removed, because it is for the earlier manifest. Sign again: " in asked.stdout
    report = (place.folder / "run/report.md").read_text()
    assert "GetBucketPolicy" in report
    assert sessions[0]["calls"][0]["event_id"] in report
    assert "GetBucketPolicy" in [call["operation"] for call in sessions[0]["calls"]]
    assert sessions[0]["opened_by"].endswith("/operator")
    assert f"Calls joined so far: {sum(len(one['calls']) for one in sessions)}, in " in asked.stdout
    assert manifest.problems(place.folder / "run") == []
    assert Journal(place.folder / "run").entries()[-1]["event"] == "cloudtrail"
    assert manifest.sha256(place.folder / "run") in asked.stdout  # the one that the ticket has is of before
    place.environment |= box.environment("operator")  # who may read less
    less = place.run("breakglass_aws.engine", "trail", "run")
    assert "does not allow sts:SetSourceIdentity" in less.stdout or "may still be on their way" in less.stdout
    assert json.loads((place.folder / "run/cloudtrail.json").read_text()) == sessions
    again = place.run("breakglass_aws.engine", "resume", "run")
    assert again.returncode == 2
    assert "has finished" in again.stderr

    (place.folder / "run/evidence.json").write_text("{}")
    refused = place.run("breakglass_aws.engine", "trail", "run")
    assert refused.returncode == 2
    assert "evidence.json: changed." in refused.stderr


def test_the_time_to_ask_again_is_in_the_future() -> None:
    past = {"access_key_id": "ASIA1", "account_id": "1", "pending": True, "reason": "", "complete_at": times.text()}
    for complete_at in (None, "2020-01-01T00:00:00Z", times.text()):
        found = cloudtrail_join.JoinedSessions([{**past, "complete_at": complete_at}], needs="", barred=False)
        assert found.ask_again_after > times.text()
    later = cloudtrail_join.JoinedSessions([{**past, "complete_at": "2999-01-01T00:00:00Z"}], needs="", barred=False)
    assert later.ask_again_after == "2999-01-01T00:00:00Z"


def test_a_run_without_root_sessions_has_nothing_to_join(tmp_path: Path) -> None:
    (tmp_path / "evidence.json").write_text(json.dumps({"sessions": []}))
    (tmp_path / "elsewhere.ipynb").write_text("x")
    folder = tmp_path / "run"
    folder.mkdir()
    (tmp_path / "evidence.json").rename(folder / "evidence.json")
    manifest.seal(folder, [tmp_path / "elsewhere.ipynb"])
    assert cloudtrail_join.collect(folder).sessions == []
    assert manifest.problems(folder) == []
    (tmp_path / "elsewhere.ipynb").unlink()
    with pytest.raises(RunbookError, match=r"elsewhere\.ipynb: removed"):
        cloudtrail_join.collect(folder)
