"""What version 0.1 wrote is still verified, read and resumed: evidence folders, sweep journals and policy backups."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.run_module import run as run_module

from breakglass_aws.engine import observations, results
from breakglass_aws.engine.display.views import registry
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import manifest
from breakglass_aws.engine.evidence.journal import Journal
from breakglass_aws.engine.gates import approval
from breakglass_aws.engine.launcher.resume import runbook_of
from breakglass_aws.sandbox import Box

FILES = Path(__file__).parents[1] / "fixtures" / "first_format"
SEALED = ["finished", "waiting", "approval"]
KEPT = {"kind": "access_keys", "id": "AKIA1", "outcome": "skipped", "reason": "Used."}
MANIFEST_OF_FINISHED = "8301f69df8b6d28b4df98b865b6f67eb74505bbb3904188ef1cc6470dfdcb35a"


@pytest.mark.parametrize("name", SEALED)
def test_a_sealed_folder_is_unaltered(name: str, make_workplace: Callable[..., Any]) -> None:
    expected = [] if name == "finished" else ["--manifest", manifest.sha256(FILES / name)]
    verified = make_workplace({}).run("breakglass_aws.engine", "verify", str(FILES / name), *expected)
    # Whoever approved since the run was sealed has added to its folder.
    assert verified.returncode == (1 if name == "approval" else 0), verified.stdout + verified.stderr
    assert manifest.sha256(FILES / "finished") == MANIFEST_OF_FINISHED


def test_its_signature_is_valid(make_workplace: Callable[..., Any]) -> None:
    signed = ["--signed-by", "ada", "--signers", str(FILES / "signers")]
    verified = make_workplace({}).run("breakglass_aws.engine", "verify", str(FILES / "finished"), *signed)
    assert verified.returncode == 0, verified.stdout + verified.stderr


@pytest.mark.parametrize("name", [*SEALED, "killed"])
def test_its_journal_is_whole(name: str) -> None:
    journal = Journal(FILES / name)
    assert [*journal.problems()] == []
    assert {"started", "step", "task"} <= {entry["event"] for entry in journal.entries()}


def moved(name: str, place: Any, notebook: str) -> Path:
    """A copy of a run, with its paths as they would be had it begun in `place`."""
    folder = place.folder / name
    shutil.copytree(FILES / name, folder)
    shutil.copy(FILES / notebook, place.folder)
    text = (folder / "run.json").read_text(encoding="utf-8").replace("/home/alice/work", str(place.folder))
    (folder / "run.json").write_text(text, encoding="utf-8")
    if (folder / manifest.FILE).exists():
        manifest.seal(folder)
    place.environment["PWD"] = str(place.folder)
    return folder


@pytest.mark.parametrize(
    ("name", "notebook", "arguments", "done"),
    [("waiting", "waits.ipynb", ["--answer", "way=root"], "two root\n"), ("killed", "killed.ipynb", [], "two\n")],
)
def test_it_is_resumed_and_nothing_is_done_twice(
    name: str, notebook: str, arguments: list[str], done: str, make_workplace: Callable[..., Any]
) -> None:
    place = make_workplace({})
    folder = moved(name, place, notebook)
    resumed = place.run("breakglass_aws.engine", "resume", name, *arguments)
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert resumed.stdout.splitlines()[-1] == "Outcome: changed"
    assert (place.folder / "done.txt").read_text() == done
    assert manifest.problems(folder) == []
    ends = [entry["outcome"] for entry in Journal(folder).entries() if entry["event"] == "ended"]
    assert ends[-1] == "changed"
    assert "Write one" in (folder / "report.md").read_text(encoding="utf-8")


def test_it_is_not_resumed_with_another_notebook(make_workplace: Callable[..., Any]) -> None:
    place = make_workplace({})
    folder = moved("waiting", place, "waits.ipynb")
    notebook = place.folder / "waits.ipynb"
    notebook.write_text(notebook.read_text().replace("two", "three"))
    with pytest.raises(RunbookError, match="since this run began"):
        runbook_of(folder)


def test_its_request_for_an_approval_is_shown(make_workplace: Callable[..., Any]) -> None:
    place = make_workplace({})
    moved("approval", place, "approval.ipynb")
    shown = place.run("breakglass_aws.engine", "approve", "approval")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "To be done in 012345678901: two." in shown.stdout
    assert approval.Request.load(FILES / "approval").requester == ["alice"]


def test_a_sweep_continues_from_its_journal(sandbox: Box, tmp_path: Path) -> None:
    """The sandbox's accounts still have their credentials, but the journal says that they were removed."""
    journal = Path(shutil.copyfile(FILES / "sweep.jsonl", tmp_path / "sweep.jsonl"))
    journal.chmod(0o600)  # which git does not keep
    accounts = ["444455556666", "012345678901"]
    since = len(sandbox.events())
    result = run_module(
        "root_credentials",
        account_ids=["333344445555", *accounts],
        state="absent",
        journal=str(journal),
        environment=sandbox.environment("operator"),
    )
    found = {account["account_id"]: account for account in result["accounts"]}
    assert [found[one]["journal_time"] for one in accounts] == ["2026-11-28T08:04:58Z"] * 2
    assert [found[one]["outcome"] for one in accounts] == ["removed"] * 2
    removed = [(item["kind"], item["id"]) for item in found["012345678901"]["credentials"]]
    assert (removed, "items" in found["012345678901"]) == ([("password", "password")], False)
    assert not [event for event in sandbox.events()[since:] if event["write"] and event["service"] == "iam"]


def named_as_now(entry: dict[str, Any]) -> dict[str, Any]:
    return {{"items": "credentials"}.get(key, key): value for key, value in entry.items()}


def test_results_of_a_removal_are_read_as_those_of_today() -> None:
    """They are in the state of a run, from which a resumed run shows, compares and reports what was done."""
    entries = [json.loads(line)["entry"] for line in (FILES / "sweep.jsonl").read_text().splitlines()]
    event = {"event": "changed", "action": "breakglass.aws.root_credentials", "check_mode": False, "warnings": []}
    before, now = ({**event, "result": {"accounts": accounts}} for accounts in (entries, [*map(named_as_now, entries)]))
    assert "access key" in registry.view(before).markdown
    assert registry.view(before) == registry.view(now)
    assert "access key AKIA" in results.message(before)
    assert results.message(before) == results.message(now)
    for read in (results.plan_items, observations.of):
        assert read(before["result"]) == read(now["result"]), read
    assert [one["seen"] for one in observations.of({"accounts": [{"account_id": "1", "items": [KEPT]}]})] == ["Used"]
    assert {item["kind"] for item in results.plan_items(before["result"])} >= {"access_keys", "password"}


def test_the_state_of_password_recovery_and_of_an_address_is_read_as_that_of_today() -> None:
    unanswered = {"kind": "login_profile", "id": "none", "outcome": "unverified"}
    account = {"account_id": "012345678901", "outcome": "unverified", "after": None, "items": [unanswered]}
    assert results.recovery_open_in([], {"accounts": [account]}) == ["012345678901"]
    update = {"status": "PENDING", "since": "2026-11-28T08:04:58Z"}
    result = {"outcome": "unchanged", "email": "root@example.com", "update": update}
    event = {"event": "ok", "action": "breakglass.aws.root_email", "check_mode": False, "warnings": []}
    assert "PENDING, since" in registry.view({**event, "result": result}).markdown


@pytest.mark.parametrize("name", ["bucket", "queue"])
def test_a_policy_backup_is_read(name: str) -> None:
    from ansible_collections.breakglass.aws.plugins.module_utils._files import policy_backup

    kept = json.loads((FILES / "backups" / f"{name}.json").read_text())
    backup = policy_backup.read(str(FILES / "backups" / f"{name}.json"))
    assert (backup.account_id, backup.policy) == (kept["account_id"], kept["policy"])
