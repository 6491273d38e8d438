"""The notebooks as they lie in git: clean, valid, and all of one build."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from papermill import inspect_notebook

from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.kernel.ansible_play import check_tasks
from breakglass_aws.engine.launcher.notebook_client import title_of
from breakglass_aws.engine.notebooks.catalog import Runbook, find, runbooks

RUNBOOKS = list(runbooks())
# The sections every runbook has, in order.
SKELETON = ["Parameters", "Start", "Preflight", "Plan", "Act", "Verify", "Hand back", "Evidence"]


def test_there_are_runbooks() -> None:
    assert {"remove_root_credentials", "unlock_s3_bucket", "unlock_sqs_queue"} <= {runbook.name for runbook in RUNBOOKS}


@pytest.fixture(params=RUNBOOKS, ids=lambda runbook: runbook.name)
def runbook(request: pytest.FixtureRequest) -> Runbook:
    return request.param


@pytest.fixture
def cells(runbook: Runbook) -> list[Any]:
    return runbook.notebook.cells


def test_notebook_is_valid_and_for_the_kernel_everybody_has(runbook: Runbook) -> None:
    nbformat.validate(runbook.notebook)
    assert (runbook.notebook.nbformat, runbook.notebook.nbformat_minor) == (4, 5)
    assert runbook.notebook.metadata.kernelspec.name == "python3"


def test_nothing_of_a_run_is_left_in_it(runbook: Runbook, cells: list[Any]) -> None:
    assert "papermill" not in runbook.notebook.metadata
    for cell in cells:
        assert set(cell.metadata) <= {"tags"}, cell.id
        if cell.cell_type == "code":
            assert not cell.outputs, cell.id
            assert cell.execution_count is None, cell.id


def test_cell_ids_are_words_and_differ(cells: list[Any]) -> None:
    ids = [cell.id for cell in cells]
    assert len(ids) == len(set(ids))
    assert [name for name in ids if not re.fullmatch(r"[a-z]+(-[a-z]+)*", name)] == []


def test_each_cell_with_code_has_a_title_of_its_own(runbook: Runbook, cells: list[Any]) -> None:
    """The terminal and the message where a run stops tell cells apart by it."""
    titles = [title_of(runbook.notebook, index) for index, cell in enumerate(cells) if cell.cell_type == "code"]
    assert len(titles) == len(set(titles))
    assert titles[0] == "Parameters"


def test_code_is_read_without_scrolling_sideways(cells: list[Any]) -> None:
    lines = [line for cell in cells if cell.cell_type == "code" for line in cell.source.splitlines()]
    assert [line for line in lines if len(line) > 100] == []


def test_somebody_explains_every_cell_with_code(cells: list[Any]) -> None:
    for before, cell in itertools.pairwise(cells):
        if cell.cell_type == "code":
            assert before.cell_type == "markdown", cell.id


def test_sections_are_those_of_the_skeleton(cells: list[Any]) -> None:
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == SKELETON


def test_parameters_are_typed_explained_and_harmless_by_default(runbook: Runbook) -> None:
    by_name = {parameter.name: parameter for parameter in runbook.parameters}
    assert by_name["check_mode"].default is True
    assert by_name["evidence_dir"].default == ""
    assert [parameter.name for parameter in by_name.values() if not parameter.help] == []


def test_papermill_finds_the_same_parameters(runbook: Runbook) -> None:
    found = inspect_notebook(str(runbook.path))
    assert {name: entry["inferred_type_name"] for name, entry in found.items()} == {
        parameter.name: parameter.type for parameter in runbook.parameters
    }
    assert {name: entry["help"] for name, entry in found.items()} == {
        parameter.name: parameter.help for parameter in runbook.parameters
    }


def test_acting_cells_are_lists_of_tasks_and_the_plan_never_acts(cells: list[Any]) -> None:
    tasks = {cell.id: cell.source for cell in cells if cell.source.startswith("%%tasks")}
    for source in tasks.values():
        check_tasks(source.partition("\n")[2])
    assert "check_mode: true" in tasks["plan"]
    assert "not check_mode" in tasks["act"]


def test_runbook_starts_under_its_own_name(runbook: Runbook, cells: list[Any]) -> None:
    [start] = [cell.source for cell in cells if cell.get("id") == "start"]
    assert f"%runbook {runbook.name}" in start


def test_permissions_are_stated_as_a_policy(cells: list[Any]) -> None:
    [policy] = re.findall(r"```json\n(.*?)```", cells[0].source, flags=re.DOTALL)
    statements = json.loads(policy)["Statement"]
    assert {"sts:AssumeRoot", "sts:AssumeRole"} & {str(statement["Action"]) for statement in statements}


def test_a_copy_made_by_hand_is_no_runbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("breakglass_aws.engine.notebooks.catalog.NOTEBOOKS", tmp_path)
    for name in ("unlock_s3_bucket.ipynb", "unlock_s3_bucket-Copy1.ipynb"):
        (tmp_path / name).touch()
    assert [runbook.name for runbook in runbooks()] == ["unlock_s3_bucket"]


def test_a_name_that_is_none_gets_the_list_of_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(RunbookError, match=r"no runbook 'unlock'.*There are: .*unlock_s3_bucket"):
        find("unlock")
    with pytest.raises(RunbookError, match="no notebook"):
        find(str(tmp_path / "nothing.ipynb"))
