"""The messages of notifications: what they say, and that nothing secret gets into them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.notify import messages, sending

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
RUN = {"runbook": "lost_root_mfa", "folder": "/evidence/INC-1", "resume": "breakglass resume /evidence/INC-1"}
FAILS = {"verdict": "fails", "reasons": [{"text": "A policy denies it.", "fix": "Exempt root sessions."}]}
DATA: dict[str, dict[str, Any]] = {
    "waiting": {**RUN, "gate": "work_done", "accounts": ["444455556666"]},
    "recovery_open": {**RUN, "close_by": "2026-01-31T03:00:00Z", "accounts": ["444455556666"]},
    "unready": {
        "accounts": [
            {"account_id": "777788889999", "name": "vault", "recoveries": {"unlock_s3_bucket": FAILS}},
            {"account_id": "444455556666", "name": "web", "recoveries": {"unlock_s3_bucket": {"verdict": "works"}}},
            {"account_id": "333344445555", "recoveries": {"lost_root_mfa": {"verdict": "unknown"}}},
        ]
    },
    "drill_overdue": {
        "items": [
            {"name": "bucket-locked", "state": "overdue", "overdue": True, "due": "2026-01-01T00:00:00Z"},
            {"name": "mfa-lost", "state": "ok", "overdue": False, "due": "2027-01-01T00:00:00Z"},
        ]
    },
    "root_use": {"account_id": "555566667777", "events": ["e-1"], "plan": "/evidence/watch-1"},
    "account_left": {"account_id": "555566667777", "events": ["e-1"]},
}
SAID = {
    "waiting": ("work_done", "444455556666", "breakglass resume /evidence/INC-1"),
    "recovery_open": ("444455556666", "2026-01-31T03:00:00Z", "can set a password"),
    "unready": ("vault (777788889999), unlock_s3_bucket: A policy denies it. Exempt root sessions.", "Not known"),
    "drill_overdue": ("bucket-locked: overdue, was due 2026-01-01T00:00:00Z",),
    "root_use": ("e-1", "/evidence/watch-1"),
    "account_left": ("e-1", "no recovery works there", "AWS Support"),
}


@pytest.mark.parametrize("kind", messages.KINDS)
def test_each_kind_says_what_a_person_needs(kind: str) -> None:
    found = messages.message(kind, DATA[kind])
    assert found is not None
    assert found.title
    assert "\n" not in found.title
    for words in SAID[kind]:
        assert words in f"{found.title}\n{found.text}"
    assert "mfa-lost" not in found.text
    assert "web" not in found.text


@pytest.mark.parametrize("kind", ["unready", "drill_overdue"])
def test_nothing_is_sent_when_nothing_is_wrong(kind: str) -> None:
    data = {"accounts": [], "items": []}
    assert messages.message(kind, data) is None


@given(st.sampled_from(sorted(messages.KINDS)), st.data())
def test_no_secret_access_key_gets_into_a_message(kind: str, data: st.DataObject) -> None:
    """Whatever field of the data has a secret, also one that is not shown."""

    def planted(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: planted(item) for key, item in value.items()} | {"session": SECRET, "answers": SECRET}
        if isinstance(value, list):
            return [planted(item) for item in value]
        is_shown_as_it_is = value in RUN.values() or isinstance(value, bool) or value in ("fails", "works", "unknown")
        return value if is_shown_as_it_is or not data.draw(st.booleans()) else f"{value} {SECRET}"

    recoveries = DATA[kind]
    found = messages.message(kind, planted(recoveries) if kind != "unready" else _planted_reasons(planted))
    assert found is None or SECRET not in found.title + found.text


def _planted_reasons(planted: Any) -> dict[str, Any]:
    account = {"account_id": planted("777788889999"), "name": planted("vault")}
    return {"accounts": [{**account, "recoveries": {"unlock_s3_bucket": planted(FAILS)}, "session_token": SECRET}]}


def test_control_characters_of_names_are_shown_and_not_obeyed() -> None:
    account = {"account_id": "777788889999", "name": "va\x1b[31mult\nx", "recoveries": {"a": FAILS}}
    found = messages.message("unready", {"accounts": [account]})
    assert found
    assert "\x1b" not in found.text


def test_a_long_message_is_shortened() -> None:
    accounts = [
        {"account_id": f"{n:012}", "recoveries": {"a": {**FAILS, "reasons": [{"text": "x " * 300}]}}} for n in range(99)
    ]
    found = messages.message("unready", {"accounts": accounts})
    assert found
    assert len(found.text) <= messages.LONGEST
    assert found.text.endswith("(shortened)")


@pytest.mark.parametrize("data", [{}, {"accounts": "x"}, {"items": [{}]}, []])
@pytest.mark.parametrize("kind", messages.KINDS)
def test_data_of_another_kind_is_refused(kind: str, data: Any) -> None:
    with pytest.raises(RunbookError, match="Expected JSON of"):
        messages.message(kind, data)


def test_a_template_of_the_user_comes_first_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "root_use.j2").write_text("Look at {{ account_id }}\nnow\n")
    found = messages.message("root_use", DATA["root_use"], tmp_path)
    assert found == messages.Message("root_use", "Look at 555566667777", "now")
    (tmp_path / "root_use.j2").write_text("{{ acount_id }}")
    with pytest.raises(RunbookError, match=r"root_use\.j2 cannot be used: 'acount_id' is undefined"):
        messages.message("root_use", DATA["root_use"], tmp_path)


MESSAGE = messages.Message("waiting", "title", "text")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file"),
        ("", "names no target"),
        ("urls: [nonsense]\n", "names no target"),
        ("urls:\n  - json://127.0.0.1:9/TOKEN-OF-THE-USER:\n      - tag: unready\n", "has the tag waiting"),
        ("urls:\n  - json://user:TOKEN-OF-THE-USER@127.0.0.1:9/TOKEN-OF-THE-USER\n", "did not reach JSON"),
    ],
)
def test_what_cannot_be_sent_is_reported_without_the_address(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], content: str | None, said: str
) -> None:
    file = tmp_path / "apprise.yml"
    if content is not None:
        file.write_text(content)
    [problem] = sending.send(MESSAGE, file)
    assert said in problem
    assert "TOKEN-OF-THE-USER" not in json.dumps([problem, *capfd.readouterr()])


def test_an_address_in_the_place_of_the_file_is_refused_and_not_repeated() -> None:
    for address in ("json://user:TOKEN-OF-THE-USER@127.0.0.1:9/hook", "slack://TOKEN-OF-THE-USER"):
        [problem] = sending.send(MESSAGE, Path(address))
        assert "an address was given where an Apprise configuration file is expected" in problem
        assert "TOKEN" not in problem
