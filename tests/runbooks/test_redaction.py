"""Secrets planted in every channel of a run are in nothing that it leaves or shows."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breakglass_aws.engine.evidence import checkpoints, redaction
from breakglass_aws.engine.evidence.redaction import HIDDEN, Redactor, visible

ENVIRONMENT = {
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYplantedKEY",
    "AWS_SESSION_TOKEN": "FwoGZXIvYXdzplanted+//token==",
}
ANSWER = 'planted "<answer>" & more'
PASSWORD = "planted:p@ss"
# Credentials of root sessions: in a result under their names, and in an error that quotes an answer of AWS.
RESULT = {"secret_access_key": "planted/result/secret/key/0123456789abcd", "session_token": "planted//result//token=="}
QUOTED = "planted/quoted/secret/key/0123456789abcd"
SECRETS = [*ENVIRONMENT.values(), ANSWER, PASSWORD, *RESULT.values(), QUOTED]

CELLS = [
    "%reload_ext breakglass_aws\n%runbook leaky",
    "%%gate code\nType the code.\n\nanswer: secret\n",
    """\
%%tasks
- name: A result with secrets of the environment
  ansible.builtin.command: printenv AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
  register: printed

- name: A result, a name and a fact with {{ code }}
  ansible.builtin.set_fact:
    known: "{{ code }}"

- name: A result with credentials of a session
  ansible.builtin.set_fact:
    session: "{{ lookup('env', 'PLANTED') | from_json }}"

- name: A result that repeats them
  ansible.builtin.debug:
    msg: "{{ session.session_token }} at {{ lookup('env', 'AWS_ENDPOINT_URL_S3') }}"

- name: An error that quotes an answer
  ansible.builtin.fail:
    msg: "unable to parse <SecretAccessKey>{{ lookup('env', 'QUOTED') }}</SecretAccessKey>"
  ignore_errors: true

- name: A difference
  ansible.builtin.copy:
    content: "{{ code }}\\n"
    dest: "{{ evidence_dir }}/../written"
    mode: "0600"
  no_log: false

- name: An error with secrets
  ansible.builtin.fail:
    msg: "{{ code }} {{ printed.stdout }}"
  ignore_errors: true
""",
    "import os\nprint(code, os.environ['AWS_SESSION_TOKEN'])\ncode",
    "from IPython.display import HTML, display\ndisplay(HTML(f'<b>{code}</b>'), {'x': code})",
    "%%tasks\n- name: Fail\n  ansible.builtin.fail:\n    msg: '{{ code }} {{ known }}'\n  when: false\n",
    "def deep(secret):\n    raise ValueError(secret + os.environ['AWS_SECRET_ACCESS_KEY'])\ndeep(code)",
]


@pytest.fixture(scope="module")
def leaky(make_workplace: Callable[..., Any], write_notebook: Callable[..., Path]) -> Any:
    """A runbook that tells all it knows, run with secrets."""
    address = f"https://user:{quote(PASSWORD, safe='')}@s3.example.com"
    planted = {"PLANTED": json.dumps(RESULT), "QUOTED": QUOTED}
    place = make_workplace({**ENVIRONMENT, **planted, "AWS_ENDPOINT_URL_S3": address})
    write_notebook(place.folder / "leaky.ipynb", *CELLS, parameters='check_mode: bool = True\nevidence_dir: str = ""\n')
    answers = place.folder / "answers.json"
    answers.write_text(json.dumps({"code": ANSWER}))
    given = ["-p", "check_mode=false", "-p", "evidence_dir=run", "--answers-file", "answers.json"]
    place.ended = place.run("breakglass_aws.engine", "run", "leaky.ipynb", *given)
    answers.unlink()
    place.planted = (place.folder / "written").read_text()
    (place.folder / "written").unlink()
    return place


def test_the_secrets_were_really_there(leaky: Any) -> None:
    assert leaky.planted == f"{ANSWER}\n"
    assert "ValueError" in leaky.ended.stdout
    assert HIDDEN in leaky.ended.stdout
    assert (leaky.folder / "run/leaky.ipynb").read_text().count(HIDDEN) > 10
    assert leaky.ended.returncode == 4


def test_no_secret_is_in_anything_the_run_left_or_said(leaky: Any) -> None:
    texts = {**leaky.texts(), Path("terminal"): leaky.ended.stdout + leaky.ended.stderr}
    assert {"journal.jsonl", "evidence.json", "leaky.html", "state.json"} <= {path.name for path in texts}
    for secret in SECRETS:
        in_html = secret.replace("&", "&amp;").replace("<", "&lt;")
        for spelling in (secret, json.dumps(secret)[1:-1], in_html, quote(secret, safe="")):
            assert [str(path) for path, text in texts.items() if spelling in text] == []


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.text(min_size=4), st.text(), st.text())
def test_no_spelling_survives(secret: str, before: str, behind: str) -> None:
    redactor = Redactor([secret])
    if secret.isascii() and secret.isdigit():  # a code that is part of a longer number is another number
        before, behind = f"{before} ", f" {behind}"
    clean = redactor.data({"a": [before + secret + behind], secret: {"b": (secret,)}, "n": 1, "t": True})
    assert [part for value in (*clean["a"], *clean) for part in value.split(HIDDEN) if secret in part] == []
    assert (clean["n"], clean["t"]) == (1, True)


def test_a_short_password_in_an_address_hides_no_other_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://a:e@localhost")
    assert Redactor().text("everything else") == "everything else"


@pytest.mark.parametrize(
    "sign", ["\x1b", "\x00", "\r", "\x85", "\u2028", "\u2029", "\u202e", "\u2066", "\u200b", "\ufeff", "\U000e0041"]
)
def test_what_a_person_cannot_see_is_shown_as_an_escape(sign: str) -> None:
    shown = visible(f"a{sign}b")
    assert shown.isprintable()
    assert shown.startswith("a\\")
    assert f"{ord(sign):x}b" in shown


@given(st.text())
def test_visible_text_has_nothing_hidden_and_stays(text: str) -> None:
    shown = visible(text)
    hidden = {sign for sign in shown if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert hidden <= {"\n", "\t"}
    assert visible(shown) == shown


def test_a_code_of_digits_hides_no_part_of_an_account_id() -> None:
    """Evidence whose account IDs were cut to pieces would prove nothing, and no approval would fit."""
    redactor = Redactor(["123456"])
    kept = {"account_id": "123456789012", "arn": "arn:aws:iam::123456789012:root", "n": 1234567}
    assert redactor.data(kept) == kept
    assert redactor.data({"code": "123456", "n": 123456, "words": "code 123456, then x123456\n123456"}) == {
        "code": HIDDEN,
        "n": HIDDEN,
        "words": f"code {HIDDEN}, then x{HIDDEN}\n{HIDDEN}",
    }


def test_a_step_with_what_turned_out_to_be_a_secret_is_done_again(tmp_path: Path) -> None:
    """A resumed run must not go on with `[hidden]` in place of a value."""
    state = checkpoints.State(tmp_path)
    state.add(checkpoints.Step(checkpoints.TASKS, "a", [], {"x": "planted-that-is-known-later"}))
    state.add(checkpoints.Step(checkpoints.TASKS, "b", [], {"y": "plain"}, once=True))
    redaction.ENGINE.add("planted-that-is-known-later")
    state.add(checkpoints.Step(checkpoints.TASKS, "c", [], {"z": "plain"}, once=True))
    assert [step.key for step in checkpoints.State.load(tmp_path).earlier] == ["b", "c"]
    assert "planted" not in (tmp_path / checkpoints.FILE).read_text()
