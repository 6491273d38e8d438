# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""%%gate: what a person must do or decide, and which answer lets the run continue.

The cell is Markdown for the person, a template over the parameters and earlier results. Its last lines may state the
expected answer (default: `done`), and when the gate is needed:

    %%gate confirmed
    The root user of account {{ account_id }} is about to lose its keys. Type the account ID to continue.

    answer: equals account_id
    when: plan.changed
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jinja2

from breakglass_aws.engine.collection import module_util
from breakglass_aws.engine.display import safe_text
from breakglass_aws.engine.errors import RunbookError

KINDS = {
    "text": "some text",
    "account_id": "an account ID, 12 digits",
    "equals": "the {}, typed again",
    "one of": "one of: {}",
    "secret": "a secret; it is not shown and not kept",
    "approval": "nothing (Enter), to check whether the approval is in the run's folder; the approval as one word; or "
    "'EMERGENCY because ...' with the reason",
}
ACCEPTED = "done, text, account_id, secret, 'equals NAME', 'one of WORD, WORD' or 'approval of PLAN'"
APPROVAL = "approval"
# A shorter secret would be found, and hidden, in the middle of other words.
SHORTEST_SECRET = 4

_LAST_LINE = re.compile(r"(answer|when):\s*(.*\S)\s*")


@dataclass(frozen=True)
class Gate:
    """A gate as its cell defines it."""

    name: str
    text: str  # Markdown, with {{ ... }} for parameters and results
    kind: str  # of KINDS
    of: tuple[str, ...] = ()  # the accepted words; for "equals" and "approval" the name of the variable
    when: str = ""  # an expression; empty: always

    @property
    def secret(self) -> bool:
        """Whether the answer must stay out of everything that is kept."""
        return self.kind == "secret"

    @property
    def expects(self) -> str:
        """The expected answer, in words."""
        if self.kind == "one of" and len(self.of) == 1:
            return f"the word {self.of[0]}"
        return KINDS[self.kind].format(", ".join(map(_spoken, self.of) if self.kind == "equals" else self.of))


def find(source: str) -> Gate | None:
    """Return the gate in a cell, None when the cell is not a gate."""
    first, _, body = source.partition("\n")
    magic, _, name = first.partition(" ")
    return parse(name, body) if magic == "%%gate" else None


def parse(name: str, body: str) -> Gate:
    """Return the gate in the body of a cell; raise RunbookError, with the expected form, when there is none."""
    name = name.strip()
    if not name.isidentifier() or name.startswith("_"):
        raise RunbookError(f"Invalid name of a gate: {name!r}. Expected an identifier, as in '%%gate confirmed'.")
    lines = body.rstrip().splitlines()
    last: dict[str, str] = {}
    while lines and (match := _LAST_LINE.fullmatch(lines[-1])):
        last[match[1]] = match[2]
        lines.pop()
    text = "\n".join(lines).strip()
    if not text:
        raise RunbookError(f"The gate {name} has no text. Write below %%gate, as Markdown, what the person must do.")
    return Gate(name, text, *_kind(name, last.get("answer", "done")), last.get("when", ""))


def _kind(name: str, answer: str) -> tuple[str, tuple[str, ...]]:
    if answer == "done":
        return "one of", ("done",)
    if answer in ("text", "account_id", "secret"):
        return answer, ()
    for beginning, kind in (("equals ", "equals"), ("approval of ", APPROVAL)):
        if answer.startswith(beginning) and (variable := answer.removeprefix(beginning).strip()).isidentifier():
            return kind, (variable,)
    words = tuple(word.strip() for word in answer.removeprefix("one of ").split(",") if word.strip())
    if answer.startswith("one of ") and words:
        return "one of", words
    raise RunbookError(f"Invalid answer of the gate {name}: {answer!r}. Expected {ACCEPTED}.")


def render(gate: Gate, variables: Mapping[str, Any]) -> str:
    """Return the text of a gate as the person reads it; values of `variables` stay text and are not Markdown."""
    values: list[str] = []

    def mark(value: Any) -> str:
        values.append(str(value))
        return safe_text.mark(len(values) - 1)

    marked = _template(gate, lambda environment: environment.from_string(gate.text).render(variables), mark)
    return safe_text.fill(str(marked), values)


def needed(gate: Gate, variables: Mapping[str, Any]) -> bool:
    """Return whether the gate applies."""
    if not gate.when:
        return True
    return bool(
        _template(
            gate, lambda environment: environment.compile_expression(gate.when, undefined_to_none=False)(variables)
        )
    )


def check(gate: Gate, answer: Any, variables: Mapping[str, Any] | None = None) -> str:
    """Return the normalized answer; raise ValueError, which never repeats a secret, when it does not open the gate.

    Without `variables`, what is known only during the run is not checked.
    """
    text = answer.strip() if isinstance(answer, str) else str(answer)
    if gate.secret and len(text) < SHORTEST_SECRET:
        raise ValueError(f"{gate.name} must have {SHORTEST_SECRET} characters or more.")
    if gate.kind == APPROVAL:
        return text  # it is checked against the plan, during the run
    if not text:
        raise ValueError(f"{gate.name} must be {gate.expects}.")
    if gate.kind == "account_id":
        try:
            return str(module_util("_account_id").parse_account_id(text, gate.name))
        except module_util("_errors").InvalidInput as error:
            raise ValueError(str(error)) from None
    if gate.kind == "one of" and text not in gate.of:
        raise ValueError(f"{gate.name} must be {gate.expects}; {text!r} is not.")
    if gate.kind == "equals" and variables is not None:
        expected = variables.get(gate.of[0])
        expected = expected if isinstance(expected, str) else json.dumps(expected)
        if text != expected:
            raise ValueError(f"{gate.name} must be {gate.expects}; {text!r} is not.")
    return text


def _spoken(name: str) -> str:
    """Return the name of a variable in words."""
    return re.sub(r"\bid\b", "ID", name.replace("_", " "))


def _template(
    gate: Gate, use: Callable[[jinja2.Environment], Any], finalize: Callable[[Any], Any] | None = None
) -> Any:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, finalize=finalize, keep_trailing_newline=True)
    for state in ("changed", "skipped", "failed"):  # as in a task: plan is changed
        environment.tests[state] = lambda result, state=state: bool(result.get(state))
    try:
        return use(environment)
    except (jinja2.TemplateError, TypeError, AttributeError) as error:
        raise RunbookError(f"The template of the gate {gate.name} failed: {error}.") from None
