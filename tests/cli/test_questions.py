"""Before people are asked, what they typed earlier is thrown away: it cannot answer what they have not yet read."""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import os
import pty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from breakglass_aws.cli import approve, audit, kept, ready
from breakglass_aws.drills.live import allow_list
from breakglass_aws.drills.live import command as live
from breakglass_aws.engine import questions
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.gates.definition import Gate
from breakglass_aws.engine.launcher import terminal_gates

SOURCES = Path(__file__).parents[2] / "src"
ACCOUNT, DIGEST = "333344445555", "0a1b2c3d"
ENTRY = allow_list.Entry(ACCOUNT, "payments", "ada", "2026-12-31")
GATE = Gate("way", "Which way?", "one of", ("root", "role"))


class Person:
    """A terminal, and a person who answers as soon as a question is printed."""

    def __init__(self, keyboard: int) -> None:
        self.answers: list[str] = []
        self.asked = ""
        self._keyboard = keyboard

    def type(self, line: str) -> None:
        os.write(self._keyboard, f"{line}\n".encode())

    def write(self, text: str) -> int:
        """Take what is printed for the terminal."""
        self.asked += text
        if text.endswith(": "):
            self.type(self.answers.pop(0))
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""

    def isatty(self) -> bool:
        return True


@contextlib.contextmanager
def at_a_terminal() -> Iterator[Person]:
    """A person at the terminal of this process. A fixture comes too early: pytest captures again before the test."""
    keyboard, terminal = pty.openpty()
    person = Person(keyboard)
    with pytest.MonkeyPatch.context() as patch, open(terminal, encoding="utf-8") as stream:
        patch.setattr("sys.stdin", stream)
        patch.setattr("sys.stderr", person)
        patch.setattr("sys.stdout", person)
        yield person
    os.close(keyboard)


QUESTIONS: dict[str, tuple[Callable[[], object], str]] = {
    "audit": (lambda: audit._confirm({}), "yes"),
    "ready": (lambda: ready._confirm({"with_root_sessions": True}), "yes"),
    "history": (lambda: kept.confirm("One run will be deleted.", False), "yes"),
    "approve": (lambda: approve._confirm("ada", [DIGEST, ACCOUNT]), ACCOUNT),
    "live drill": (lambda: live._confirm(argparse.Namespace(yes=False), ENTRY, []), ACCOUNT),
}


@pytest.mark.parametrize(("ask", "answer"), QUESTIONS.values(), ids=QUESTIONS)
def test_only_what_is_typed_after_the_question_answers_it(ask, answer):
    with at_a_terminal() as person:
        person.type(answer)
        person.type(answer)
        person.answers = ["no", answer]
        with pytest.raises(RunbookError):
            ask()
        person.type("no")
        ask()
        assert person.answers == []


def test_only_what_is_typed_after_its_prompt_opens_a_gate():
    with at_a_terminal() as person:
        person.type("root")
        person.answers = ["rot\nroot", "role"]
        assert terminal_gates._ask(GATE) == "role"


def test_questions_are_asked_in_one_place_only():
    """Another place would forget what was typed before: `input`, `getpass`, a line of standard input."""
    allowed = {"engine/questions.py", "drills/runner/prepared.py"}  # the latter reads a pipe
    found = set()
    for file in (SOURCES / "breakglass_aws").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                "input",
                "sys.stdin.readline",
                "getpass.getpass",
                "click.confirm",
                "click.prompt",
            ):
                found.add(str(file.relative_to(SOURCES / "breakglass_aws")))
    assert found == allowed


def test_where_there_is_no_terminal_nothing_is_thrown_away(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    assert questions.ask("Go on? ") == "yes"
