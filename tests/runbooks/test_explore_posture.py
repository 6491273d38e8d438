"""The notebook explore_posture runs over any history, changes nothing in it, and its pictures survive an export."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import nbformat
import pytest
from support.readiness_results import BLOCKED, KEY, account, organization, result

from breakglass_aws.engine import history
from breakglass_aws.engine.collection import NOTEBOOKS
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.notebooks import catalog

pytest.importorskip("pandas", reason="The extra explore (pandas, matplotlib) is not installed.")
matplotlib = pytest.importorskip("matplotlib", reason="The extra explore (pandas, matplotlib) is not installed.")

NOTEBOOK = NOTEBOOKS / "explore_posture.ipynb"
ONE = "111111111111"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


def execute(path: Path, **parameters: Any) -> tuple[dict[str, Any], str]:
    """Execute the code cells here, as a kernel does; return their variables and what they printed."""
    matplotlib.use("Agg")  # no window
    names: dict[str, Any] = {}
    printed = io.StringIO()
    with redirect_stdout(printed):
        for cell in nbformat.read(NOTEBOOK, 4).cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, cell.id, "exec"), names)
                if "parameters" in cell.metadata.get("tags", []):
                    names.update({"history_file": str(path), **parameters})
    names["plt"].close("all")
    return names, printed.getvalue()


def test_the_notebook_is_executed_as_its_text_says(path, tmp_path):
    import papermill

    for day in ("2026-11-01", "2026-11-02"):
        history.add(path, history.record_of(organization(12, read_at=day)))
    before = path.read_bytes()
    made = tmp_path / "posture.ipynb"
    papermill.execute_notebook(
        str(NOTEBOOK), str(made), {"history_file": str(path)}, progress_bar=False, kernel_name="python3"
    )
    outputs = [output for cell in nbformat.read(made, 4).cells for output in cell.get("outputs", [])]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 4
    assert path.read_bytes() == before


def test_a_change_and_its_policy_are_shown(path):
    history.add(path, history.record_of(result(account(ONE, "bad"), read_at="2026-11-01")))
    bad = account(ONE, "bad", findings=[KEY], unlock_s3_bucket=("fails", BLOCKED))
    history.add(path, history.record_of(result(bad, read_at="2026-11-02")))
    names, printed = execute(path, since="2026-10-01")
    assert "2 changes since 2026-10-01." in printed
    assert list(names["changes"]["change"]) == ["New root credential", "Recovery would fail now"]
    assert list(names["causes"]["policy_name"]) == ["DenyRootUser"]
    assert names["chosen"] == ONE


@pytest.mark.parametrize("runs", [1, 2])
def test_a_history_of_audits_alone_is_shown(path, runs):
    finding = {"kind": "password", "severity": "high", "title": "Root user with a password", "detail": "never used"}
    entry = {"account_id": ONE, "name": "one", "ou": "Root", "status": "high", "findings": [finding]}
    for day in range(1, 1 + runs):
        document = {"organization": "o-exampleorg1", "made": f"2026-11-0{day}", "accounts": [entry]}
        history.add(path, history.record_of_audit(document))
    names, printed = execute(path)
    assert "No run of `breakglass ready` is in this history." in printed
    assert names["credentials"].tolist() == [1] * runs


def test_an_organization_without_findings_is_shown(path):
    history.add(path, history.record_of(result(account(ONE), read_at="2026-11-01", with_root_sessions=False)))
    names, printed = execute(path)
    assert "No finding is in this history." in printed
    assert names["causes"].empty
    assert names["changes"].empty


def test_a_missing_history_is_one_line_with_the_cure(path):
    with pytest.raises(RunbookError, match="There is no history"):
        execute(path)


def test_it_is_not_a_runbook():
    assert NOTEBOOK.stem not in [runbook.name for runbook in catalog.runbooks()]
    with pytest.raises(RunbookError, match="There is no runbook 'explore_posture'"):
        catalog.find("explore_posture")
