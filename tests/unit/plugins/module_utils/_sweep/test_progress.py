"""What a sweep reports while it runs: true counts, in a file that is not needed."""

from __future__ import annotations

import json

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.progress import Progress, in_words, newest
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import SweepOptions, sweep
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.waves import Waves, check_waves, sweep_in_waves
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def lines(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "progress"
    path.touch()
    return path


def targets(number: int, skipped: int = 0) -> list[Target]:
    return [
        *(Target(Account(str(n).zfill(12), "", "ACTIVE")) for n in range(number)),
        *(Target(Account(f"9{n:011}", "", "CLOSED"), "closed") for n in range(skipped)),
    ]


def test_the_last_line_has_every_account(file):
    def work(account_id: str, entry: dict) -> None:
        if account_id.endswith("3"):
            raise ValueError("no")
        entry["outcome"] = "unchanged"

    sweep(targets(25, 2), work, {}, options=SweepOptions(workers=5, progress=Progress(str(file))))
    last = lines(file)[-1]
    assert (last["total"], last["done"], last["in_flight"]) == (27, 27, 0)
    assert last["outcomes"] == {"unchanged": 22, "failed": 3, "skipped": 2}
    assert lines(file)[0]["done"] == 0


def test_waves_count_all_their_accounts_from_the_beginning(file):
    def work(account_id: str, entry: dict) -> None:
        entry.update(outcome="removed", changed=True)

    waves: Waves = check_waves({"waves": ["1", "3"], "max_failures": None, "max_accounts": 6})
    options = SweepOptions(workers=3, progress=Progress(str(file)))
    sweep_in_waves(targets(10, 2), work, {"changed": False}, waves, options)
    assert {line["total"] for line in lines(file)} == {12}
    assert lines(file)[-1]["outcomes"] == {"removed": 6, "skipped": 2, "not_reached": 4}


def test_lines_are_no_closer_than_they_should_be(file):
    clock = Clock()
    progress = Progress(str(file), clock)
    progress.expect(1000)
    for _ in range(900):
        progress.begin()
        progress.end("absent")
        clock.now += 0.0625
    assert len(lines(file)) == 1 + 900 // 8  # a line each half second


def test_the_time_left_follows_from_the_accounts_that_were_worked_on(file):
    clock = Clock()
    progress = Progress(str(file), clock)
    progress.expect(100)
    for _ in range(40):
        progress.count("absent")  # from the journal, at once
    assert progress.state["left"] is None
    clock.now = 20.0
    for _ in range(10):
        progress.begin()
        progress.end("removed")
    assert progress.state["left"] == 100.0


@pytest.mark.parametrize("path", ["", "/nowhere/at/all", "/"])
def test_without_a_file_the_sweep_goes_on(path):
    progress = Progress(path)
    progress.expect(1)
    progress.begin()
    progress.end("absent")
    assert progress.state["done"] == 1


def test_the_newest_complete_line_counts(file):
    progress = Progress(str(file))
    progress.expect(3)
    whole = file.read_bytes()
    assert newest(whole)["total"] == 3
    assert newest(whole + b'{"total": 4') == newest(whole)
    assert newest(b"") is None
    assert newest(b'{"total": 4') is None
    assert newest(b"[]\n") is None
    assert newest(b"not json\n") is None


def test_words_for_a_person():
    state = {
        "total": 1200,
        "done": 312,
        "in_flight": 20,
        "throttled": 3,
        "outcomes": {"removed": 300, "not_reached": 12},
        "elapsed": 60.0,
        "left": 170.0,
    }
    assert in_words(state) == (
        "312 of 1,200 accounts; 300 removed, 12 not reached; 20 in work; throttled 3 times; about 3 min left"
    )
    assert in_words({**state, "left": None, "in_flight": 0, "throttled": 0, "outcomes": {}}) == "312 of 1,200 accounts"
    assert in_words({**state, "left": 12.4}).endswith("about 12 s left")
    assert in_words({**state, "left": 8000.0}).endswith("about 2.2 h left")
