from __future__ import annotations

import errno
import json
import os
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils import _redaction as redaction
from ansible_collections.breakglass.aws.plugins.module_utils._files.atomic import FileError
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.journal import LARGEST, Journal, digest
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time, now
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


@pytest.mark.parametrize("failing", ["fsync", "write"])
def test_a_full_disk_is_no_failure_of_an_account_nor_of_closing(path, monkeypatch, failing):
    full = OSError(errno.ENOSPC, "No space left")
    with Journal(path, WISH, FINISHED) as journal:
        journal.note(ENTRY)
        with monkeypatch.context() as patch:
            patch.setattr(os, failing, lambda *arguments: (_ for _ in ()).throw(full))
            journal.note({**ENTRY, "account_id": "333344445555"})
        assert journal.trouble == "No space left"
        journal.note({**ENTRY, "account_id": "555566667777"})  # there is room again
    assert recalled(path)
    assert recalled(path, account_id="333344445555") is None
    assert recalled(path, account_id="555566667777")


def test_half_a_line_on_a_full_disk_leaves_no_half_a_line(path, monkeypatch):
    write = os.write

    def half(descriptor: int, data: memoryview) -> int:
        if len(data) < 100:
            raise OSError(errno.ENOSPC, "No space left")
        return write(descriptor, data[: len(data) - 50])

    with Journal(path, WISH, FINISHED) as journal:
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", half)
            journal.note(ENTRY)
        journal.note({**ENTRY, "account_id": "333344445555"})
    assert recalled(path) is None
    assert recalled(path, account_id="333344445555")


def written(path: str, *lines: bytes) -> str:
    noted(path)
    with open(path, "wb") as file:
        file.write(b"".join(line + b"\n" for line in lines))
    return path


def line_with(**changes: object) -> bytes:
    line = {
        "format": "breakglass.aws/sweep-journal/1",
        "time": format_time(now()),
        "wish": digest(WISH),
        "account_id": ENTRY["account_id"],
        "outcome": "removed",
        "entry": ENTRY,
    }
    return json.dumps({**line, **changes}, sort_keys=True).encode()


SHAPE = {"account_id": str, "name": str, "outcome": str, "changed": bool}
ALTERED = {
    "no entry": line_with(entry={}),
    "no changed": line_with(entry={key: value for key, value in ENTRY.items() if key != "changed"}),
    "a text for a boolean": line_with(entry={**ENTRY, "changed": "no"}),
    "a number for a text": line_with(entry={**ENTRY, "name": 1}),
    "something more": line_with(entry={**ENTRY, "more": 1}),
    "another account": line_with(entry={**ENTRY, "account_id": "333344445555"}),
    "another outcome": line_with(entry={**ENTRY, "outcome": "absent"}),
}
FOREIGN = {
    "an entry that is a list": line_with(entry=[]),
    "an account that is a list": line_with(account_id=["444455556666"]),
    "a time that is a number": line_with(time=1),
    "a time of another form": line_with(time="yesterday"),
    "deep": b'{"account_id": "' + b"[" * 200_000,
    "deep and whole": b"[" * 100_000 + b"]" * 100_000,
    "not UTF-8": b'{"account_id": "\xff"}',
    "a huge number": b'{"account_id": ' + b"9" * 10_000 + b"}",
    "empty": b"",
    "null": b"null",
}


@pytest.mark.parametrize("kind", ALTERED)
def test_an_altered_entry_is_refused_in_words_before_anything_is_done(path, kind):
    with (
        Journal(written(path, ALTERED[kind]), WISH, FINISHED) as journal,
        pytest.raises(FileError, match=r"was altered: line 1 .*nothing was done"),
    ):
        journal.require(SHAPE)


def test_what_is_not_altered_has_the_shape(path):
    with Journal(written(path, line_with(), line_with(wish="another", entry={})), WISH, FINISHED) as journal:
        journal.require(SHAPE)


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_line_that_is_none_is_refused_in_words(path, kind):
    with pytest.raises(FileError, match="is no journal of a sweep"):
        recalled(written(path, FOREIGN[kind]))


def test_another_version_is_named_as_such(path):
    with pytest.raises(FileError, match="another version"):
        recalled(written(path, line_with(format="breakglass.aws/sweep-journal/2")))


def test_a_fifo_and_a_huge_file_are_refused_at_once(path, tmp_path):
    os.mkfifo(tmp_path / "fifo", 0o600)
    with pytest.raises(FileError, match="not a plain file"):
        recalled(str(tmp_path / "fifo"))
    noted(path)
    os.truncate(path, LARGEST + 1)
    with pytest.raises(FileError, match="more than 512 MiB"):
        recalled(path)


def test_a_secret_that_an_entry_got_is_not_written(path):
    redaction.learn("PlantedSecret/0123456789")
    noted(path, {**ENTRY, "name": "PlantedSecret/0123456789"})
    with open(path) as file:
        assert "PlantedSecret" not in file.read()
