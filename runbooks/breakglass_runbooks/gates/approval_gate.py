"""At the gate that an approval opens: what the run asks for, where it finds the answer, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from breakglass_runbooks import results
from breakglass_runbooks.display import html
from breakglass_runbooks.display.views import registry
from breakglass_runbooks.errors import Blocked, RunbookError
from breakglass_runbooks.evidence import ssh_signatures
from breakglass_runbooks.evidence.record import Record
from breakglass_runbooks.gates import approval
from breakglass_runbooks.gates.approval import Approval, Request
from breakglass_runbooks.gates.definition import Gate
from breakglass_runbooks.results import Event

SIGNERS, REQUESTER = "allowed_signers", "requester"
NOT_CONFIGURED = "No approval was asked for, because allowed_signers is empty."
LOUD = "NO SECOND PERSON APPROVED THIS: the parameter allowed_signers is empty. Whoever runs this decides alone."

PLANNED = "Only planned. For real, nobody else would be asked, because allowed_signers is empty."


def require_signers(allowed_signers: str) -> None:
    """Raise Blocked unless the list of allowed signers can be read."""
    try:
        ssh_signatures.require_signers(allowed_signers)
    except RunbookError as error:
        raise Blocked(str(error)) from None


class ApprovalGate:
    """Where the approval of one plan is asked for."""

    def __init__(
        self, gate: Gate, words: str, variables: Mapping[str, Any], record: Record, events: Iterable[Event]
    ) -> None:
        """Leave the request in the run's folder; RunbookError when an approval cannot be asked for.

        The approver is shown the `words` of the gate, and that one of the run's finished tasks, the `events`, which has
        registered the plan.
        """
        plan = variables.get(gate.of[0])
        if SIGNERS not in variables or not isinstance(plan, Mapping):
            raise RunbookError(
                f"The gate {gate.name} takes the name of a plan that a task has registered, and its runbook takes the "
                f"parameters {SIGNERS} and {REQUESTER}."
            )
        self._gate, self._record = gate, record
        self._refused = ""  # why what lies in the folder does not count
        self.configured = bool(variables[SIGNERS])
        names = approval.names_of(record.actor, variables.get(REQUESTER, ""))
        parameters = {name: value for name, value in record.parameters.items() if name != "evidence_dir"}
        planned = [event for event in events if event["register"] == gate.of[0]]
        what = registry.view(planned[-1]) if planned else None
        shown = f"{words}\n\n{what.markdown if what else ''}"
        self.request = Request(record.runbook, results.plan_digest(plan), names, parameters, shown)
        if self.configured:
            if not names:
                raise RunbookError(f"Nobody knows who asks for this approval. Say so: {REQUESTER}=NAME.")
            self._signers = ssh_signatures.require_signers(variables[SIGNERS])
            self.request.write(record.folder)

    def check(self, answer: str) -> str:
        """What opens the gate, in words; ValueError when `answer`, empty for "look into the folder", does not."""
        answer = answer.strip()
        if not answer:
            return self._approval_in_folder()
        found = approval.emergency(answer, self.request)
        if not found:
            found = approval.check(answer, self.request, self._signers)
            approval.keep(self._record.folder, answer)
        return self._accept(found)

    def not_configured_notice(self) -> html.RichOutput:
        """That no second person is wanted here: loud, once it counts."""
        if self._record.check_mode:
            return html.notice(PLANNED, "plan only")
        return html.notice(LOUD, "failed")

    def proceed_without_approval(self) -> str:
        """Go on without an approval, because none is wanted here; the evidence says so."""
        if not self._record.check_mode:
            self._record.approve({"plan": self.request.plan, "not_configured": LOUD})
            self._record.write()
        return NOT_CONFIGURED

    def find_approval(self) -> str:
        """What opens the gate, if it lies in the run's folder already; else empty."""
        try:
            return self._approval_in_folder()
        except ValueError:
            return ""

    def _approval_in_folder(self) -> str:
        refusals = []
        for token in approval.kept(self._record.folder):
            try:
                return self._accept(approval.check(token, self.request, self._signers))
            except ValueError as refusal:
                refusals.append(str(refusal))
        self._refused = "\n".join(refusals)
        raise ValueError(self._refused or "Nobody has approved this plan yet.")

    def _accept(self, found: Approval) -> str:
        self._record.approve(
            {name: value for name, value in asdict(found).items() if value}
            | {"runbook": self.request.runbook, "requester": self.request.requester}
        )
        if not found.emergency:
            approval.keep_signers(self._record.folder, self._signers)
        if found.emergency:
            return f"{approval.EMERGENCY} {found.emergency} ({found.approver}; to be reviewed by {found.review_by})"
        return f"approved by {found.approver} until {found.expires}"

    def instructions(self) -> str:
        """What a second person types, as Markdown in lines that fit on a screen."""
        command = (
            approval.command(self._record.folder)
            .replace(" --key", " \\\n  --key")
            .replace("approve ", "approve \\\n  ")
        )
        return (
            f"They type this. It shows the plan (digest {self.request.plan}) before it signs:\n\n"
            f"```sh\n{command}\n```\n\n"
        )

    def next_steps(self) -> str:
        """What a second person must do."""
        return (
            f"{self._refused}\n\n".lstrip()
            + f"Somebody else types this. It shows the plan (digest {self.request.plan}) before it signs:\n\n"
            f"    {approval.command(self._record.folder)}\n\n"
            "KEY is the file of their private SSH key, NAME their name in the list of allowed signers. On another "
            "machine, with a copy of the run's folder, they add --token; you go on with --answer "
            f"{self._gate.name}=WORD, the word that it prints. Can nobody be reached, go on with --answer "
            f"{self._gate.name}='{approval.EMERGENCY} ...' and a reason; it is loud in the evidence, and is reviewed."
        )
