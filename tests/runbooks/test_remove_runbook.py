"""remove_root_credentials over a whole organization: what can be done is done, what cannot is named."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from breakglass_aws.engine.collection import NOTEBOOKS
from breakglass_aws.sandbox import Box

CLEAN = {"password": False, "access_keys": [], "signing_certificates": [], "mfa_devices": []}
MANAGEMENT, LEGACY, DATA_LAKE = "111122223333", "444455556666", "012345678901"
REPORTS, VAULT, INVITED = "555566667777", "777788889999", "888899990000"


@dataclass
class Story:
    """What happened, one run after another, in the same organization."""

    folder: Path
    before: dict[str, Any]
    planned: subprocess.CompletedProcess[str]
    after_plan: dict[str, Any]
    swept: subprocess.CompletedProcess[str]
    after_sweep: dict[str, Any]
    again: subprocess.CompletedProcess[str]
    after_again: dict[str, Any]
    lost_zero: subprocess.CompletedProcess[str]
    secrets: list[str]
    texts: dict[Path, str]


@pytest.fixture(scope="module")
def story(box: Box, make_workplace: Callable[..., Any]) -> Story:
    """Plan for one account, sweep the organization, do one account again, and spell one wrong."""
    box.reset()
    operator = box.environment("operator")
    place = make_workplace(operator)
    before = box.snapshot()
    command = ["breakglass_aws.engine", "run", "remove_root_credentials"]

    planned = place.run(*command, "-p", f"account_ids={LEGACY}", "-p", "evidence_dir=planned")
    after_plan = box.snapshot()
    swept = place.run(*command, "-p", "check_mode=false", "-p", "evidence_dir=swept", "--answer", "confirmed=4")
    after_sweep = box.snapshot()
    accounts = f"account_ids={LEGACY},{DATA_LAKE}"
    again = place.run(*command, "-p", accounts, "-p", "check_mode=false", "-p", "evidence_dir=again")
    after_again = box.snapshot()
    notebook = str(NOTEBOOKS / "remove_root_credentials.ipynb")
    lost_zero = place.run("papermill", notebook, "lost.ipynb", "-y", f"account_ids: [{int(DATA_LAKE)}]")
    secrets = [operator[name] for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN") if operator[name]]
    return Story(
        place.folder,
        before,
        planned,
        after_plan,
        swept,
        after_sweep,
        again,
        after_again,
        lost_zero,
        secrets,
        place.texts(),
    )


def evidence(story: Story, run: str) -> dict[str, Any]:
    return json.loads((story.folder / run / "evidence.json").read_text())


def test_planning_changes_nothing_and_shows_what_would_go(story: Story) -> None:
    assert story.planned.returncode == 0, story.planned.stdout
    assert story.after_plan == story.before
    page = (story.folder / "planned/remove_root_credentials.html").read_text()
    assert "would be removed" in page
    assert (evidence(story, "planned")["outcome"], evidence(story, "planned")["changed"]) == ("removed", True)


def test_a_sweep_does_what_can_be_done(story: Story) -> None:
    roots = story.after_sweep["root_users"]
    assert [roots[account] for account in (LEGACY, DATA_LAKE, INVITED)] == [CLEAN] * 3
    assert roots[MANAGEMENT] == story.before["root_users"][MANAGEMENT]
    assert roots[REPORTS]["access_keys"] == story.before["root_users"][REPORTS]["access_keys"]  # used 3 days ago
    assert {**story.after_sweep, "root_users": None} == {**story.before, "root_users": None}


def test_a_sweep_that_could_not_do_everything_fails_and_names_what_is_left(story: Story) -> None:
    assert story.swept.returncode == 4
    message = story.swept.stdout.partition("It stopped at 'Evidence'.")[2]
    assert f"vault ({VAULT}): unreachable." in message
    assert "service control policy" in message
    written = evidence(story, "swept")
    assert written["outcome"] == "unreachable"
    assert written["changed"] is True
    assert written["after"][LEGACY]["password"]["present"] is False
    assert written["after"][VAULT] is None


def test_running_again_changes_nothing_and_says_so(story: Story) -> None:
    assert story.again.returncode == 0, story.again.stdout
    assert story.after_again == story.after_sweep
    page = (story.folder / "again/remove_root_credentials.html").read_text()
    assert "Nothing to change." in page
    assert (evidence(story, "again")["outcome"], evidence(story, "again")["changed"]) == ("absent", False)


def test_an_account_id_that_lost_its_zero_is_refused_in_the_first_cell(story: Story) -> None:
    assert story.lost_zero.returncode == 1
    cells = nbformat.read(story.folder / "lost.ipynb", as_version=4).cells
    [failed] = [cell for cell in cells if any(output.output_type == "error" for output in cell.get("outputs", []))]
    assert failed.id == "start"
    assert f'"{DATA_LAKE}"' in "\n".join(failed.outputs[-1].traceback)


def test_no_secret_is_in_any_file(story: Story) -> None:
    leaks = [str(path) for path, text in story.texts.items() for secret in story.secrets if secret in text]
    assert story.secrets
    assert leaks == []
