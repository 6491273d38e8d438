"""What counts as a session of a run: what its ledger and its evidence say that it opened, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible.errors import AnsibleError
from ansible_collections.breakglass.aws.plugins.lookup.recorded_sessions import LookupModule


def looked_up(*folders: Path) -> list[str]:
    return LookupModule().run([str(folder) for folder in folders], {})


def call(**more: object) -> str:
    return json.dumps({"operation": "AssumeRoot", "status": "done", "request_id": "r-1", **more})


def test_a_session_is_known_by_its_key_and_by_the_request_that_opened_it(tmp_path: Path) -> None:
    (tmp_path / "deep/run").mkdir(parents=True)
    (tmp_path / "deep/run/calls.jsonl").write_text(
        f"{call(issued_access_key_id='ASIA1', access_key_id='ASIACALLER')}\n"
    )
    (tmp_path / "old").mkdir()
    (tmp_path / "old/evidence.json").write_text(json.dumps({"sessions": [{"access_key_id": "ASIA2"}]}))
    assert sorted(looked_up(tmp_path)) == ["ASIA1", "ASIA2", "r-1"]


def test_what_was_refused_or_is_of_others_explains_nothing(tmp_path: Path) -> None:
    lines = [
        call(status="refused"),
        call(status="intended"),
        call(operation="DeleteAccessKey", access_key_id="ASIA3"),
        json.dumps(["AssumeRoot"]),
        call()[:20],  # cut off by a kill
    ]
    (tmp_path / "calls.jsonl").write_text("\n".join(lines))
    attackers = [{"access_key_id": "AKIAATTACKER", "event_id": "e-1"}]
    evidence = {"sessions": [None, {}], "planned": {"unexplained": attackers, "sessions": attackers}}
    (tmp_path / "evidence.json").write_text(json.dumps(evidence))
    (tmp_path / "state.json").write_text(json.dumps({"sessions": attackers}))
    assert looked_up(tmp_path) == []


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[" * 100_000, b"3"])
def test_a_damaged_file_is_skipped(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "evidence.json").write_bytes(content)
    (tmp_path / "calls.jsonl").write_text(call())
    assert looked_up(tmp_path) == ["r-1"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AnsibleError, match="There is no folder"):
        looked_up(tmp_path / "mistyped")
