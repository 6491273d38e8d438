"""unlock_s3_bucket from damage to recovery, in all the ways it is run, against the simulated organization."""

from __future__ import annotations

import copy
import hashlib
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from breakglass_aws.engine.collection import NOTEBOOKS
from breakglass_aws.engine.evidence.journal import Journal
from breakglass_aws.sandbox import Box

NOTEBOOK = str(NOTEBOOKS / "unlock_s3_bucket.ipynb")
ACCOUNT, BUCKET = "333344445555", "payments-ledger-333344445555"


@dataclass
class Story:
    """What happened, one run after another, on the same locked bucket."""

    folder: Path
    secrets: list[str]
    locked: dict[str, Any]  # the organization before
    planned: subprocess.CompletedProcess[str]
    writes_of_plan: list[str]
    after_plan: dict[str, Any]
    done: subprocess.CompletedProcess[str]
    after_done: dict[str, Any]
    again: subprocess.CompletedProcess[str]
    writes_of_again: list[str]
    refused: subprocess.CompletedProcess[str]
    texts: dict[Path, str]


def writes(box: Box, since: int) -> list[str]:
    """What was changed since an event; opening a root session changes nothing."""
    return [event["action"] for event in box.events()[since:] if event["write"] and event["service"] != "sts"]


@pytest.fixture(scope="module")
def story(box: Box, make_workplace: Callable[..., Any]) -> Story:
    """Plan with plain papermill, act with the launcher, act again from the playbook, fail as somebody who may not."""
    box.reset()
    operator = box.environment("operator")
    place = make_workplace(operator)
    locked = box.snapshot()

    given = ["-r", "account_id", ACCOUNT, "-p", "bucket", BUCKET, "-p", "evidence_dir", "planned"]
    planned = place.run("papermill", NOTEBOOK, "planned.ipynb", *given)
    writes_of_plan, after_plan = writes(box, 0), box.snapshot()

    given = [
        "-p",
        f"account_id={ACCOUNT}",
        "-p",
        f"bucket={BUCKET}",
        "-p",
        "evidence_dir=done",
        "-p",
        "check_mode=false",
        "--answer",
        f"confirmed={ACCOUNT}",
    ]
    done = place.run("breakglass_aws.engine", "run", "unlock_s3_bucket", *given, cold=True)
    after_done, calls = box.snapshot(), len(box.events())

    given = ["-e", "runbook=unlock_s3_bucket", "-e", "output_dir=again", "-e", "wait_timeout=1"]
    parameters = {"account_id": ACCOUNT, "bucket": BUCKET, "check_mode": False}
    unknown = place.run("ansible", "playbook", "breakglass.aws.runbook", *given, "-e", json.dumps(parameters))
    again = place.run("ansible", "playbook", "breakglass.aws.runbook", *given[:-2], "-e", json.dumps(parameters))
    assert "Unknown parameter: wait_timeout" in unknown.stdout
    writes_of_again = writes(box, calls)

    place.environment |= box.environment("nobody")
    given = ["-p", "account_id", ACCOUNT, "-p", "bucket", BUCKET, "-p", "evidence_dir", "refused"]
    refused = place.run("papermill", NOTEBOOK, "refused.ipynb", *given)
    secrets = [
        value
        for name in ("operator", "nobody")
        for key, value in box.environment(name).items()
        if key in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN") and value
    ]
    return Story(
        place.folder,
        secrets,
        locked,
        planned,
        writes_of_plan,
        after_plan,
        done,
        after_done,
        again,
        writes_of_again,
        refused,
        place.texts(),
    )


def cells(notebook: Path) -> dict[str, Any]:
    """The cells of an executed notebook by their ids."""
    return {cell.id: cell for cell in nbformat.read(notebook, as_version=4).cells}


def shown(cell: Any) -> str:
    """All that a cell displays, as its reader sees it without HTML."""
    return "\n".join(
        output.get("data", {}).get("text/markdown", "") + "\n".join(output.get("traceback", []))
        for output in cell.outputs
    )


def test_planning_shows_the_change_and_makes_none(story: Story) -> None:
    assert story.planned.returncode == 0, story.planned.stderr
    assert (story.writes_of_plan, story.after_plan) == ([], story.locked)
    planned = cells(story.folder / "planned.ipynb")
    assert "plan only" in shown(planned["start"])
    assert "LockedByMistake" in shown(planned["plan"])
    assert '-      "Sid": "LockedByMistake"' in shown(planned["plan"])
    assert "Nothing was changed, because check_mode is true" in shown(planned["act"])
    evidence = json.loads((story.folder / "planned/evidence.json").read_text())
    assert (evidence["outcome"], evidence["changed"], evidence["check_mode"]) == ("changed", True, True)
    assert evidence["after"] == evidence["before"] != evidence["planned"]


def test_acting_takes_out_what_locks_and_nothing_else(story: Story) -> None:
    assert story.done.returncode == 0, story.done.stdout + story.done.stderr
    expected = copy.deepcopy(story.locked)
    policy = expected["bucket_policies"][BUCKET]
    policy["Statement"] = [entry for entry in policy["Statement"] if entry["Sid"] != "LockedByMistake"]
    assert story.after_done == expected
    done = cells(story.folder / "done/unlock_s3_bucket.ipynb")
    assert "Confirmed. Nothing is left to change." in shown(done["verify"])
    assert "mode: restore" in shown(done["hand-back"])


def test_evidence_proves_what_was_done(story: Story) -> None:
    folder = story.folder / "done"
    evidence = json.loads((folder / "evidence.json").read_text())
    assert (evidence["outcome"], evidence["changed"]) == ("changed", True)
    assert evidence["before"] == story.locked["bucket_policies"][BUCKET]
    assert evidence["after"] == evidence["planned"] == story.after_done["bucket_policies"][BUCKET]
    [backup] = evidence["backups"]
    assert Path(backup["path"]).parent == folder
    table = shown(cells(folder / "unlock_s3_bucket.ipynb")["evidence"])
    for path in (folder / "evidence.json", Path(backup["path"])):
        assert hashlib.sha256(path.read_bytes()).hexdigest() in table
    assert len(evidence["sessions"]) == 3  # plan, act, verify
    calls = [call for entry in Journal(folder).entries() for call in entry.get("calls", [])]
    assert [call["operation"] for call in calls] == ["AssumeRoot", "AssumeRoot", "PutBucketPolicy", "AssumeRoot"]
    assert (calls[2]["target"], calls[2]["access_key_id"]) == (BUCKET, evidence["sessions"][1]["access_key_id"])
    assert len({call["request_id"] for call in calls}) == 4
    for session in evidence["sessions"]:
        assert session["access_key_id"] in table
        assert session["account_id"] == ACCOUNT


def test_running_again_changes_nothing_and_says_so(story: Story) -> None:
    assert story.again.returncode == 0, story.again.stdout + story.again.stderr
    assert story.writes_of_again == []
    assert "changed=0" in story.again.stdout
    assert "Evidence: completed in" in story.again.stdout
    again = cells(story.folder / "again/unlock_s3_bucket.ipynb")
    assert "Nothing to change." in shown(again["act"])
    evidence = json.loads((story.folder / "again/evidence.json").read_text())
    assert (evidence["outcome"], evidence["changed"], evidence["backups"]) == ("unchanged", False, [])


def test_a_refusal_is_readable_in_the_notebook_and_on_the_terminal(story: Story) -> None:
    assert story.refused.returncode == 1
    refused = cells(story.folder / "refused.ipynb")
    message = shown(refused["preflight"])
    assert "Root sessions cannot be opened yet. Nothing was changed." in message
    assert "Traceback" not in message
    assert "\x1b" not in message
    assert refused["plan"].outputs == []
    last_words = story.refused.stderr[-1500:]
    assert "Root sessions cannot be opened yet. Nothing was changed." in last_words


def test_a_queue_is_unlocked_and_an_administrator_shows_it(sandbox: Box, make_workplace: Callable[..., Any]) -> None:
    place, keys = make_workplace(sandbox.environment("operator")), sandbox.credentials("data-lake-administrator")
    profile = place.folder / "credentials"
    profile.write_text(
        f"[lake]\naws_access_key_id={keys['access_key']}\naws_secret_access_key={keys['secret_key']}\n"
        f"aws_session_token={keys['session_token']}\n"
    )
    place.environment["AWS_SHARED_CREDENTIALS_FILE"] = str(profile)
    queue = "arn:aws:sqs:eu-central-1:012345678901:ingest-events"
    given = [f"account_id={queue.split(':')[4]}", f"queue={queue}", "verify_profile=lake", "check_mode=false"]
    parameters = [word for one in given for word in ("-p", one)]
    answer = ("--answer", f"confirmed={queue.split(':')[4]}")
    done = place.run(
        "breakglass_aws.engine", "run", "unlock_sqs_queue", *parameters, "-p", "evidence_dir=done", *answer
    )
    assert done.returncode == 0, done.stdout + done.stderr
    allow, deny = sandbox.snapshot()["queue_policies"][queue]["Statement"]
    assert (allow["Sid"], deny["Condition"]) == (
        "ProducersOfTheOrganization",
        {"StringNotEquals": {"aws:PrincipalAccount": "012345678901"}},
    )
    executed = cells(place.folder / "done/unlock_sqs_queue.ipynb")
    assert "cannot read the policy" in shown(executed["plan"])
    assert "can read the policy" in shown(executed["act"])
    assert "receive messages" in shown(executed["plan"])
    profile.unlink()
    assert not [path for path, text in place.texts().items() if str(keys["secret_key"]) in text]


def test_no_secret_is_in_any_file(story: Story) -> None:
    assert story.secrets
    assert len(story.texts) > 10
    leaks = [str(path) for path, text in story.texts.items() for secret in story.secrets if secret in text]
    assert leaks == []
