"""Ask the person at a gate, where there is one."""

from __future__ import annotations

import getpass
from collections.abc import Callable

from IPython.core.error import StdinNotImplementedError
from IPython.display import display

from breakglass_runbooks.display import html
from breakglass_runbooks.errors import Waiting
from breakglass_runbooks.gates.definition import APPROVAL, Gate

# Where what is expected is too long to stand before a line to type into; the gate has said it above.
SHORT = {APPROVAL: "Enter, once it is signed"}


def ask(gate: Gate, judge: Callable[[str], str]) -> str:
    """Ask until the answer opens the gate, which `judge` tells; raise Waiting when nobody can be asked.

    JupyterLab shows a line to type into, for a secret one that hides it. papermill and nbclient refuse to ask.
    """
    prompt = f"{gate.name} ({SHORT.get(gate.kind, gate.expects)}): "
    while True:
        try:
            answer = getpass.getpass(prompt) if gate.secret else input(prompt)
        except (StdinNotImplementedError, EOFError):
            raise Waiting(f"The run waits for a person at the gate '{gate.name}'.") from None
        try:
            return judge(answer)
        except ValueError as refusal:
            display(html.notice(f"{refusal} Try again.", "failed"))
