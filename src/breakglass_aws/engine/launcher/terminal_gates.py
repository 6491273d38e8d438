# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask at the gates of a run on the terminal where it was started, and resume it with each answer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import nbformat

from breakglass_aws.engine import outcomes, questions
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence.journal import Journal
from breakglass_aws.engine.evidence.redaction import safe
from breakglass_aws.engine.gates import cli_answers
from breakglass_aws.engine.gates.definition import APPROVAL, Gate, find
from breakglass_aws.engine.launcher.run_result import RunResult
from breakglass_aws.engine.notebooks.catalog import Runbook

LEAVE = "Ctrl-D leaves the run waiting."


def is_terminal() -> bool:
    """Whether a person can be asked here."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def answer(
    result: RunResult,
    runbook: Runbook,
    given: Mapping[str, str],
    show: Callable[[str, str], None],
    resume: Callable[[Mapping[str, str]], RunResult],
) -> RunResult:
    """Ask at each gate at which the run waits, and resume it; return the last result.

    `given` are the answers of the command line. Secret answers are not stored, so every resume gets them again. `show`
    prints why the run waits, and the text of the gate. The run stays waiting when the person ends the input instead of
    answering.
    """
    gates = {gate.name: gate for gate in runbook.gates}
    secrets = {name: value for name, value in given.items() if name in gates and gates[name].secret}
    while result.outcome == outcomes.WAITING and result.evidence_dir:
        entries = Journal(result.evidence_dir).entries()
        name = next((entry["gate"] for entry in reversed(entries) if entry["event"] == "waiting"), "")
        if name not in gates:
            break
        show(result.failure.partition("\n\n")[0], _text_of(result, gates[name]))
        typed = _ask(gates[name])
        if typed is None:
            break
        secrets |= {name: typed} if gates[name].secret else {}
        # Without a word, the run looks whether the approval was stored in its folder.
        result = resume(secrets | ({name: typed} if typed else {}))
    return result


def _text_of(result: RunResult, gate: Gate) -> str:
    """Return what the gate showed, as Markdown, from the executed notebook; what failed, where that has nothing."""
    cells = nbformat.read(result.notebook, as_version=4).cells
    code: Mapping[str, Any] = next((cell for cell in cells if cell.cell_type == "code" and _is(cell.source, gate)), {})
    outputs = [output.get("data", {}).get("text/markdown", "") for output in code.get("outputs", [])]
    return "\n\n".join(filter(None, outputs)) or result.failure


def _is(source: str, gate: Gate) -> bool:
    found = find(source)
    return found is not None and found.name == gate.name


def _ask(gate: Gate) -> str | None:
    """Return an answer of the form that the gate expects; None when the person left."""
    prompt = safe(f"{gate.name} ({'Enter, once it is signed' if gate.kind == APPROVAL else gate.expects}): ")
    print(LEAVE)
    while True:
        try:
            typed = questions.prompt(prompt, secret=gate.secret)
            if not typed and gate.kind == APPROVAL:
                return ""
            return cli_answers.check({gate.name: typed}, {gate.name: gate})[gate.name]
        except RunbookError as refusal:
            print(safe(str(refusal)))
        except (EOFError, KeyboardInterrupt):
            print()
            return None
