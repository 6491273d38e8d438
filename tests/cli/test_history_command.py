"""`breakglass history`: what it prints, writes and deletes, and that it asks before it deletes."""

from __future__ import annotations

import csv
import io
import json
import stat
from pathlib import Path

import pytest
from support.readiness_results import BLOCKED, KEY, account, result

from breakglass_aws.cli import kept, main
from breakglass_aws.engine import history

ONE, TWO = "111111111111", "222222222222"
DAYS = ["2026-11-01T03:00:00Z", "2026-11-02T03:00:00Z"]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A history of two runs: a root key is new, and a policy blocks a recovery."""
    monkeypatch.chdir(tmp_path)
    path = Path("history.db")
    bad = account(ONE, "bad", findings=[KEY], unlock_s3_bucket=("fails", BLOCKED))
    for day, one in zip(DAYS, (account(ONE, "bad"), bad), strict=True):
        history.add(path, history.record_of(result(one, account(TWO, "=good"), read_at=day)))
    return path


def run(*words: str) -> int:
    return main.main(["history", *words])


def test_the_runs_are_listed(path, capsys):
    assert run("list", str(path)) == 0
    printed = capsys.readouterr().out
    assert [line.split()[:3] for line in printed.splitlines() if line[:1].isdigit()] == [
        ["1", DAYS[0], "ready"],
        ["2", DAYS[1], "ready"],
    ]
    assert run("list", str(path), "--json") == 0
    assert [one["accounts"] for one in json.loads(capsys.readouterr().out)] == [2, 2]


def test_changes_name_the_credential_the_policy_and_the_fix(path, capsys):
    assert run("changes", str(path), "--since", "2026-10-01") == 0
    printed = capsys.readouterr().out
    assert printed.index("New root credential (1)") < printed.index("Recovery would fail now (1)")
    assert "DenyRootUser (p-denyroot1)" in printed
    assert BLOCKED["fix"] in printed
    assert run("changes", str(path), "--since", DAYS[1], "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_of_many_changes_the_first_are_printed(path, capsys):
    for day, findings in (("03", []), ("04", [KEY])):
        accounts = [account(f"{number:012}", findings=findings) for number in range(30)]
        history.add(path, history.record_of(result(*accounts, read_at=f"2026-11-{day}")))
    assert run("changes", str(path), "--since", "2026-11-03T12:00:00") == 0
    printed = capsys.readouterr().out
    assert "New root credential (30)" in printed
    assert printed.count("Active access key of a root user") == 20
    assert "and 10 more: --json has all" in printed


def test_a_report_has_trends_and_changes_and_is_private(path, capsys):
    assert run("report", str(path), "--since", "2026-10-01", "--html", "page.html", "--ocsf", "events.json") == 0
    page = Path("page.html")
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    text = page.read_text()
    for words in ('id="changes"', 'id="trend"', "New root credential", "Accounts by readiness", "o-exampleorg1"):
        assert words in text
    assert {event["class_uid"] for event in json.loads(Path("events.json").read_text())} == {2003, 2004}
    assert run("report", str(path), "--html", "page.html") == 2
    assert "exists, and is not overwritten" in capsys.readouterr().err


def test_a_report_without_a_file_is_refused(path, capsys):
    assert run("report", str(path)) == 2
    assert "Name a file with --html" in capsys.readouterr().err


def test_an_export_has_every_account_of_every_run(path, capsys):
    assert run("export", str(path)) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(one["run_id"], len(one["accounts"])) for one in found["runs"]] == [(1, 2), (2, 2)]
    assert run("export", str(path), "--run", "2", "--csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["account_id"], row["unlock_s3_bucket"]) for row in rows] == [(ONE, "fails"), (TWO, "works")]
    assert rows[1]["name"] == "'=good"


def test_nothing_is_deleted_that_no_one_has_confirmed(path, capsys):
    for words in (("prune", "--keep", "2026-11-02"), ("delete", "--run", "1"), ("delete", "--account", ONE)):
        assert run(words[0], str(path), *words[1:]) == 2
        assert "Nothing was deleted" in capsys.readouterr().err
    assert len(history.runs(path)) == 2


def test_runs_and_accounts_are_deleted(path, capsys):
    assert run("delete", str(path), "--account", ONE, "--yes") == 0
    assert run("prune", str(path), "--keep", "2026-11-02", "--yes") == 0
    assert "from 2 runs" in (printed := capsys.readouterr().out)
    assert "Deleted 1 run." in printed
    assert [one["account_id"] for one in history.result_of(path, 2)["accounts"]] == [TWO]
    assert run("prune", str(path), "--keep", "2026-11-02") == 0  # nothing to ask about


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["changes", "history.db", "--since", "soon"], "Invalid value for --since: 'soon'. Expected an age"),
        (["prune", "history.db", "--keep", "x"], "Invalid value for --keep"),
        (["delete", "history.db"], "either --run NUMBER or --account ID"),
        (["delete", "history.db", "--run", "9", "--yes"], "There is no run 9"),
        (["list", "missing.db"], "There is no history"),
        (["report", "history.db", "--run", "7", "--html", "page.html"], "There is no run 7"),
        (["changes", "history.db"], "Missing option '--since'"),
    ],
)
def test_wrong_input_is_answered_in_one_line(path, capsys, words, expected):
    assert run(*words) == 2
    message = capsys.readouterr().err.strip()
    assert expected in message
    assert "\n" not in message


@pytest.mark.parametrize("words", [["--since", "30d"], ["--retain", "30d"]])
def test_audit_wants_a_history_for_these(path, capsys, words):
    assert main.main(["audit", "--yes", *words]) == 2
    assert "Add --history FILE" in capsys.readouterr().err


def test_audit_reads_nothing_when_its_history_cannot_be_used(path, capsys):
    path.chmod(0o644)
    assert main.main(["audit", "--yes", "--history", str(path)]) == 2
    assert "chmod 600" in capsys.readouterr().err
    assert not Path("evidence").exists()


def test_a_result_that_cannot_be_added_is_not_lost(path, capsys):
    """The sweep has taken an hour by then: the command goes on, and ends with status 1."""
    keeping = kept.Keeping(path, "2026-10-01", None)
    other = {"id": "o-other00001", "management_account_id": TWO}
    assert keeping.add(lambda: history.record_of(result(account(ONE), organization=other))) == ()
    assert keeping.failed
    keeping.print(())
    printed = capsys.readouterr()
    assert printed.out == ""  # nothing was compared
    assert (keeping.path, keeping.document({}, ())) == (None, {})
    message = printed.err
    assert "was not added to the history" in message
    assert "Name another file" in message


def test_a_result_is_added_and_old_runs_are_deleted(path, capsys):
    keeping = kept.Keeping(path, "2026-10-01", "2026-11-02")
    changes = keeping.add(lambda: history.record_of(result(account(ONE), read_at="2026-11-05")))
    assert [run.read_at for run in history.runs(path)] == [DAYS[1], "2026-11-05T00:00:00Z"]
    assert "finding_gone" in [one.kind for one in changes]
    assert not keeping.failed
    assert "Deleted 1 runs" not in (printed := capsys.readouterr().err)
    assert "Added run 3" in printed
