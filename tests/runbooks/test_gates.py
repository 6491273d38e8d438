"""%%gate: what may be answered, who is asked and when, and that a secret is nowhere."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example
from hypothesis import given as for_all
from hypothesis import strategies as st
from nbconvert.filters import markdown2html

from breakglass_aws.engine.display import terminal
from breakglass_aws.engine.errors import RunbookError, Waiting
from breakglass_aws.engine.gates import definition as gates
from breakglass_aws.engine.gates.cli_answers import given
from breakglass_aws.engine.notebooks.catalog import runbooks

SECRET = "planted-answer-4711"


@pytest.mark.parametrize(
    ("answer", "right", "wrong"),
    [
        ("", ["done", " done "], ["", "yes", "Done"]),
        ("answer: text", ["anything at all"], ["", "  "]),
        ("answer: account_id", ["012345678901"], ["12345678901", "0123", "twelve", ""]),
        ("answer: one of opened, refused", ["opened", "refused"], ["open", "opened, refused", ""]),
        ("answer: equals account_id", ["333344445555"], ["333344445556", "account_id", ""]),
        ("answer: equals accounts", ['["333344445555"]'], ["333344445555"]),
        ("answer: secret", [SECRET], ["", "123"]),
    ],
)
def test_answers_are_typed(answer: str, right: list[str], wrong: list[str]) -> None:
    gate = gates.parse("x", f"Do it.\n\n{answer}\n")
    variables = {"account_id": "333344445555", "accounts": ["333344445555"]}
    for words in right:
        assert gates.check(gate, words, variables) == words.strip()
    for words in wrong:
        with pytest.raises(ValueError, match=r"^(x(:| must)|Invalid value for x: )") as refusal:
            gates.check(gate, words, variables)
        assert not (gate.secret and words) or words not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("", "Do it.", "Invalid name of a gate"),
        ("two words", "Do it.", "Invalid name of a gate"),
        ("_own", "Do it.", "Invalid name of a gate"),
        ("x", "\nanswer: text\n", "has no text"),
        ("x", "Do it.\nanswer: yes or no", "Expected done, text"),
        ("x", "Do it.\nanswer: one of ,", "Expected done, text"),
        ("x", "Do it.\nanswer: equals two words", "Expected done, text"),
    ],
)
def test_what_is_no_gate_is_refused(name: str, body: str, said: str) -> None:
    with pytest.raises(RunbookError, match=said):
        gates.parse(name, body)


def test_what_is_expected_is_said_as_people_say_it() -> None:
    said = {answer: gates.parse("x", f"Do it.\n\nanswer: {answer}").expects for answer in ("done", "equals account_id")}
    assert said == {"done": "the word done", "equals account_id": "the account ID, typed again"}


@for_all(st.text())
@example("__0__")
@example("a__b _c_ __d")
def test_values_from_elsewhere_stay_text(name: str) -> None:
    gate = gates.parse("x", "Account {{ name }}.")
    shown = gates.render(gate, {"name": f"{name}<script>[a](b)`{{{{ 1 }}}}"})
    assert "<" not in shown
    assert shown.count("\n") == 0
    assert "{{ 1 }}" in shown
    assert set(re.findall(r"<(\w+)", str(markdown2html(shown)))) <= {"p"}


@pytest.mark.parametrize("name", ["**bold**", "https://evil.example", "[x](https://evil.example)", "a_b_c `d`"])
def test_a_value_is_the_same_text_wherever_it_stands(name: str) -> None:
    text = "{{ name }} **{{ name }}** `{{ name }}`\n\n```sh\naws {{ name }}\n```\n\n    aws {{ name }}"
    gate = gates.parse("x", text)
    html = str(markdown2html(gates.render(gate, {"name": name})))
    assert unescape(re.sub("<[^>]+>", "", html)).count(f"aws {name}") == 2
    assert "<a " not in html
    assert html.count("<strong>") == 1
    plain = terminal.text(gates.render(gate, {"name": name}))
    assert plain.splitlines()[0] == f"{name} {name} `{name.replace('`', chr(39))}`"


def test_an_indented_line_of_a_paragraph_is_no_code() -> None:
    gate = gates.parse("x", "Words:\n    {{ name }}")
    assert "<strong>" not in str(markdown2html(gates.render(gate, {"name": "**bold**"})))


def test_what_a_terminal_would_obey_is_shown_as_escapes() -> None:
    gate = gates.parse("x", "Account {{ name }}.")
    shown = gates.render(gate, {"name": "a\x1b[2Jb\u202ec\u2028d"})
    assert terminal.text(shown) == r"Account a\x1b[2Jb\u202ec\u2028d."


def test_a_gate_is_needed_when_it_says_so() -> None:
    gate = gates.parse("x", "Do it.\n\nwhen: plan is changed and way == 'root'\nanswer: text")
    assert gates.needed(gate, {"plan": {"changed": True}, "way": "root"})
    assert not gates.needed(gate, {"plan": {"changed": False}, "way": "root"})
    with pytest.raises(RunbookError, match="'way' is undefined"):
        gates.needed(gate, {"plan": {"changed": True}})


def test_answers_given_beforehand_are_checked_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known = [
        gates.parse("way", "Choose.\n\nanswer: one of root, role"),
        gates.parse("code", "Read the mail.\n\nanswer: secret"),
    ]
    monkeypatch.setattr("getpass.getpass", lambda prompt: SECRET)
    assert given(["way=root", "code"], None, known) == {"way": "root", "code": SECRET}
    with pytest.raises(RunbookError, match=r"(?s)way must be one of.*Unknown gate: wy.*: way, code"):
        given(["way=rot", "wy=root"], None, known)
    with pytest.raises(RunbookError, match="code is secret") as refusal:
        given([f"code={SECRET}"], None, known)
    assert SECRET not in str(refusal.value)
    (tmp_path / "answers.json").write_text(json.dumps({"code": SECRET}))
    assert given([], str(tmp_path / "answers.json"), known) == {"code": SECRET}


GATE = "%%gate way\nHow do you get into {{ account_id }}?\n\nanswer: one of root, role\n"
CODE = "%%gate code\nType the code.\n\nanswer: secret\n"


def test_a_person_is_asked_until_the_answer_fits(notebook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["rot", "root"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(typed))
    notebook.cell(GATE)
    assert "How do you get into 012345678901?" in notebook.shown
    assert "'rot' is not" in notebook.shown
    assert notebook["way"] == "root"
    notebook.cell(
        "%%tasks\n- name: Use it\n  ansible.builtin.debug:\n    msg: by {{ way }}\n  register: used\n"
        "- name: Second\n  ansible.builtin.debug:\n  when: way == 'role'\n"
    )
    assert notebook["used"]["msg"] == "by root"
    evidence = json.loads(Path(notebook["evidence_dir"], "evidence.json").read_text())
    assert [(answer["gate"], answer["answer"]) for answer in evidence["answers"]] == [("way", ""), ("way", "root")]
    assert "'rot' is not" in evidence["answers"][0]["refused"]


def test_an_answer_that_turned_out_wrong_can_be_given_anew(notebook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["root", "role"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(typed))
    use = (
        "%%tasks\n- name: Only the role\n  ansible.builtin.assert:\n    that: way == 'role'\n    fail_msg: Not root.\n"
    )
    notebook.cell(GATE)
    assert "Continue with the next cell" in notebook.shown
    assert "Not root." in notebook.failure(use)
    notebook.cell(GATE)
    notebook.cell(use)


def test_in_check_mode_nobody_is_asked(notebook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda prompt: pytest.fail("asked"))
    notebook.cell("check_mode = True")
    notebook.cell(GATE)
    assert notebook["way"] == ""
    assert "How do you get into 012345678901?" in notebook.shown
    assert "no answer is needed" in notebook.shown


def test_where_nobody_can_be_asked_the_run_waits(notebook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    with pytest.raises(Waiting, match=r"(?s)waits for a person at the gate 'way'.*How do you get into 012345678901"):
        notebook.cell(GATE)
    assert "an earlier step failed" in notebook.failure("%%tasks\n- name: x\n  ansible.builtin.debug:\n")
    monkeypatch.setattr("builtins.input", lambda prompt: "role")
    notebook.cell(GATE)
    notebook.cell("%%tasks\n- name: x\n  ansible.builtin.debug:\n")


def test_a_gate_that_is_not_needed_asks_nobody(notebook: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda prompt: pytest.fail("asked"))
    notebook.cell(f"{GATE}when: account_id == '333344445555'\n")
    assert notebook["way"] == ""
    assert "needed only when" in notebook.shown


def test_a_gate_has_a_name_of_its_own(notebook: Any) -> None:
    assert "name of a parameter" in notebook.failure("%%gate account_id\nDo it.\n")


def test_a_secret_answer_is_used_and_is_nowhere(notebook: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: SECRET)
    notebook.cell(CODE)
    notebook.cell(
        "%%tasks\n- name: Use it\n  ansible.builtin.debug:\n    msg: it is {{ code }}\n  register: used\n"
        "- name: It is really there\n  ansible.builtin.assert:\n    that: code | length == 19\n"
    )
    failed = notebook.failure("%%tasks\n- name: Say {{ code }}\n  ansible.builtin.fail:\n    msg: not {{ code }}\n")
    assert "not [hidden]" in failed
    assert SECRET not in failed
    assert SECRET not in notebook.shown
    texts = [path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()]
    assert texts
    assert not any(SECRET in text for text in texts)


@pytest.fixture(scope="module")
def waited(make_workplace: Callable[..., Any], write_notebook: Callable[..., Path]) -> Any:
    """A runbook with two gates, run without answers, and with them."""
    place = make_workplace({})
    write_notebook(
        place.folder / "gated.ipynb",
        "%reload_ext breakglass_aws\n%runbook gated",
        GATE,
        CODE,
        "print(way, code); raise ValueError(code)",
        parameters='account_id: str = None\ncheck_mode: bool = True\nevidence_dir: str = ""\n',
    )
    given = ["-p", "account_id=012345678901", "-p", "check_mode=false"]
    place.waiting = place.run("breakglass_aws.engine", "run", "gated.ipynb", *given, "-p", "evidence_dir=waiting")
    (place.folder / "answers.json").write_text(json.dumps({"way": "role", "code": SECRET}))
    more = ["--answers-file", "answers.json", "-p", "evidence_dir=answered"]
    place.answered = place.run("breakglass_aws.engine", "run", "gated.ipynb", *given, *more)
    (place.folder / "answers.json").unlink()
    return place


def test_a_headless_run_ends_waiting_and_says_how_to_go_on(waited: Any) -> None:
    assert waited.waiting.returncode == 3, waited.waiting.stderr
    assert "How do you get into 012345678901?" in waited.waiting.stdout
    assert re.search("breakglass(_aws)? resume", waited.waiting.stdout)
    assert "--answer way=..." in waited.waiting.stdout
    assert waited.waiting.stdout.splitlines()[-1] == "Outcome: waiting"
    notebook = json.loads((waited.folder / "waiting/gated.ipynb").read_text())
    assert "waits for a person, at 'Step 2'" in "".join(notebook["cells"][0]["source"])
    assert "Exception" not in (waited.folder / "waiting/gated.html").read_text()
    states = [cell["metadata"]["papermill"]["status"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert states[-4:] == ["completed", "waiting", "skipped", "skipped"]


def test_with_answers_it_goes_through_and_hides_the_secret_one(waited: Any) -> None:
    assert waited.answered.returncode == 1, waited.answered.stdout
    assert "role [hidden]" in (waited.folder / "answered/gated.ipynb").read_text()
    assert SECRET not in waited.answered.stdout + waited.answered.stderr
    assert not [path for path, text in waited.texts().items() if SECRET in text]


GATES = [
    pytest.param(gate, id=f"{runbook.name}-{gate.name}")
    for runbook in runbooks()
    for cell in runbook.notebook.cells
    if cell.cell_type == "code" and (gate := gates.find(cell.source)) and gate.kind != gates.APPROVAL
]


@pytest.mark.parametrize("gate", GATES)
def test_no_gate_of_a_runbook_opens_for_an_absent_minded_answer(gate: gates.Gate) -> None:
    """Approvals apart, which are judged by what they approve: test_approving.py."""
    variables = dict.fromkeys(gate.of, "333344445555")
    for words in ("", "y", "yes", "ok", "no", "333344445556", "0", "true"):
        if gate.secret and len(words) >= gates.SHORTEST_SECRET:
            continue  # AWS judges it
        with pytest.raises(ValueError, match=gate.name):
            gates.check(gate, words, variables)
