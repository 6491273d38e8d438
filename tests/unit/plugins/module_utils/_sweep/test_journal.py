from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._files.atomic import FileError
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.journal import Journal
from hypothesis import given, settings
from hypothesis import strategies as st

WISH = {"do": "something"}
FINISHED = ("removed", "absent")
ENTRY = {"account_id": "444455556666", "name": "legacy-web", "outcome": "removed", "changed": True}


@pytest.fixture
def path(tmp_path) -> str:
    return str(tmp_path / "folder" / "journal")


def noted(path: str, *entries: dict, wish: dict = WISH) -> None:
    with Journal(path, wish, FINISHED) as journal:
        for entry in entries:
            journal.note(entry)


def recalled(path: str, wish: dict = WISH, account_id: str = "444455556666") -> dict | None:
    with Journal(path, wish, FINISHED) as journal:
        return journal.recall(account_id)


def aged(path: str, age: timedelta) -> None:
    with open(path) as file:
        line = json.load(file)
    line["time"] = (datetime.now(UTC) - age).strftime("%Y-%m-%dT%H:%M:%SZ")
    with open(path, "w") as file:
        file.write(json.dumps(line, sort_keys=True) + "\n")


def test_what_is_finished_is_recalled_with_its_time_and_as_no_change_of_this_run(path):
    noted(path, ENTRY)
    entry = recalled(path)
    assert entry.pop("journal_time").endswith("Z")
    assert entry == {**ENTRY, "changed": False}
    assert os.stat(path).st_mode & 0o777 == 0o600


@settings(deadline=None, max_examples=30)  # it writes to the disk
@given(st.lists(st.sampled_from(["removed", "absent", "failed", "unverified", "unreachable", "skipped"]), min_size=1))
def test_the_newest_entry_counts_and_only_if_it_is_finished(tmp_path_factory, outcomes):
    path = str(tmp_path_factory.mktemp("journal") / "j")
    noted(path, *({**ENTRY, "outcome": outcome} for outcome in outcomes))
    assert (recalled(path) is not None) is (outcomes[-1] in FINISHED)


@pytest.mark.parametrize("options", [{"wish": {"do": "something else"}}, {"account_id": "333344445555"}])
def test_another_wish_or_account_is_another_matter(path, options):
    noted(path, ENTRY)
    assert recalled(path, **options) is None


@pytest.mark.parametrize(
    ("age", "counts"), [(timedelta(hours=23), True), (timedelta(hours=25), False), (timedelta(minutes=-5), False)]
)
def test_an_entry_counts_for_a_day_and_never_from_the_future(path, age, counts):
    noted(path, ENTRY)
    aged(path, age)
    assert (recalled(path) is not None) is counts


@pytest.mark.parametrize("cut", [1, 9, 30])
def test_a_line_that_was_broken_off_is_not_believed_and_spoils_nothing(path, cut):
    other = {**ENTRY, "account_id": "333344445555"}
    noted(path, ENTRY, other)
    with open(path, "rb+") as file:
        file.truncate(os.path.getsize(path) - cut)
    assert recalled(path, account_id="333344445555") is None
    noted(path, other)
    assert recalled(path)
    assert recalled(path, account_id="333344445555")


@pytest.mark.parametrize("content", ["[default]\naws_access_key_id = x\n", '{"other": "json"}\n', "{", "words"])
def test_a_file_of_another_kind_is_refused_and_stays_as_it_is(path, content):
    noted(path)
    with open(path, "w") as file:
        file.write(content)
    if content == "{":  # as far as it goes, this is how a line of ours begins
        assert recalled(path) is None
        return
    with pytest.raises(FileError, match="is no journal"):
        recalled(path)
    with open(path) as file:
        assert file.read() == content


def test_a_file_that_others_can_read_is_refused(path):
    noted(path, ENTRY)
    os.chmod(path, 0o640)
    with pytest.raises(FileError, match="chmod 600"):
        recalled(path)


def test_a_journal_in_use_a_link_and_a_directory_are_refused(path, tmp_path):
    with Journal(path, WISH, FINISHED), pytest.raises(FileError, match="in use"):
        recalled(path)
    link = tmp_path / "link"
    link.symlink_to(path)
    for other in (link, tmp_path):
        with pytest.raises(FileError, match="cannot be used"):
            recalled(str(other))


def test_a_full_disk_is_no_failure_of_an_account(path, monkeypatch):
    with Journal(path, WISH, FINISHED) as journal:
        monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError(28, "No space left")))
        journal.note(ENTRY)
        assert journal.trouble == "No space left"
