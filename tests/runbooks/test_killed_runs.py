"""The real runbooks, killed or left without credentials in the middle: they come through, and do nothing twice.

Every run is killed after one cell. `make nightly` (BREAKGLASS_EVERY_KILL) does so after each cell of each runbook;
other runs only after the cell that acts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from breakglass_runbooks import evidence, verify
from breakglass_runbooks.catalog import find
from breakglass_runbooks.journal import Journal

from sandbox import Box

RUNS = {
    "unlock_s3_bucket": (["account_id=333344445555", "bucket=payments-ledger-333344445555"], "333344445555"),
    "unlock_sqs_queue": (
        ["account_id=012345678901", "queue=arn:aws:sqs:eu-central-1:012345678901:ingest-events"],
        "012345678901",
    ),
    "remove_root_credentials": (["account_ids=444455556666,012345678901"], "2"),
}
EVERY = "BREAKGLASS_EVERY_KILL" in os.environ


def cells(runbook: str) -> list[str]:
    """The code cells after which a run can be killed: those of every run, or the one that acts."""
    return [cell.id for cell in find(runbook).notebook.cells if cell.cell_type == "code"] if EVERY else ["act"]


def command(runbook: str) -> list[str]:
    """Run it for real into the folder `run`, its gate answered."""
    given, answer = RUNS[runbook]
    parameters = [word for one in [*given, "check_mode=false", "evidence_dir=run"] for word in ("-p", one)]
    return ["breakglass_runbooks", "run", runbook, "--answer", f"confirmed={answer}", *parameters]


def run_until_killed(place: Any, runbook: str, cell: str) -> None:
    """Kill the launcher and all it started as soon as a cell is completed, as a machine that loses power does."""
    with subprocess.Popen(
        [sys.executable, "-m", *command(runbook), "--json"],
        cwd=place.folder,
        env=place.environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            event = json.loads(line)
            if (event.get("cell"), event.get("status")) == (cell, "completed"):
                everything = psutil.Process(process.pid).children(recursive=True)
                for one in [*everything, process]:
                    one.kill()
                psutil.wait_procs(everything)
                return
    raise AssertionError(f"{cell} was not completed")


def writes(box: Box) -> list[tuple[str, str]]:
    """What was really changed, and on what."""
    done = (event for event in box.events() if event["write"] and not event["error"] and event["service"] != "sts")
    return sorted((event["action"], str(event["resource"])) for event in done)


@pytest.mark.parametrize(
    ("runbook", "cell"),
    [(runbook, cell) for runbook in (RUNS if EVERY else ["unlock_s3_bucket"]) for cell in cells(runbook)],
)
def test_killed_after_a_cell_it_comes_through(
    runbook: str, cell: str, box: Box, make_workplace: Callable[..., Any], undisturbed: Callable[[str], Any]
) -> None:
    state, written = undisturbed(runbook)
    box.reset()
    place = make_workplace(box.environment("operator"))
    run_until_killed(place, runbook, cell)
    resumed = place.run("breakglass_runbooks", "resume", "run", "--answer", f"confirmed={RUNS[runbook][1]}")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert "Outcome: changed" in resumed.stdout
    assert (box.snapshot(), writes(box)) == (state, written)
    assert verify.problems(place.folder / "run") == []


@pytest.fixture(scope="module")
def undisturbed(box: Box, make_workplace: Callable[..., Any]) -> Callable[[str], Any]:
    """What the organization is like after a run that nobody killed, and what that changed."""
    known: dict[str, Any] = {}

    def run(runbook: str) -> Any:
        if runbook not in known:
            box.reset()
            place = make_workplace(box.environment("operator"))
            done = place.run(*command(runbook))
            assert done.returncode == 0, done.stdout
            known[runbook] = box.snapshot(), writes(box)
        return known[runbook]

    return run


def test_credentials_that_expire_between_two_steps(box: Box, make_workplace: Callable[..., Any]) -> None:
    """The session ends once the plan is made; with a new one the run goes on where it was."""
    box.reset()
    place = make_workplace(box.environment("operator"))
    answer = command("unlock_s3_bucket").index("--answer")
    asked = [word for number, word in enumerate(command("unlock_s3_bucket")) if number not in (answer, answer + 1)]
    assert place.run(*asked).returncode == 3
    box.add_fault("refusal", code="ExpiredToken")
    expired = place.run("breakglass_runbooks", "resume", "run", "--answer", "confirmed=333344445555")
    assert expired.returncode in (1, 5), expired.stdout + expired.stderr
    assert "expired" in expired.stdout
    assert "breakglass_runbooks resume" in expired.stdout
    box.clear_faults()
    through = place.run("breakglass_runbooks", "resume", "run", "--answer", "confirmed=333344445555")
    assert through.returncode == 0, through.stdout + through.stderr
    folder = Path(place.folder / "run")
    assert json.loads((folder / evidence.FILE).read_text())["outcome"] == "changed"
    ends = [entry["outcome"] for entry in Journal(folder).entries() if entry["event"] == "ended"]
    assert ends[0] == "waiting"
    assert ends[-1] == "changed"
