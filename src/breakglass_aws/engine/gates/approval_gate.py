# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate that an approval opens: what the run requests, where it finds the answer, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from breakglass_aws.engine import commands, observations, results, times
from breakglass_aws.engine.display import html
from breakglass_aws.engine.display.views import registry
from breakglass_aws.engine.errors import Blocked, RunbookError
from breakglass_aws.engine.evidence import redaction, ssh_signatures
from breakglass_aws.engine.evidence.record import Record
from breakglass_aws.engine.gates import approval
from breakglass_aws.engine.gates.approval import Approval, Request
from breakglass_aws.engine.gates.definition import Gate
from breakglass_aws.engine.results import Event

SIGNERS, REQUESTER = "allowed_signers", "requester"
NOT_CONFIGURED = "No approval was requested, because allowed_signers is empty."
UNAPPROVED = (
    "NO SECOND PERSON APPROVED THIS: the parameter allowed_signers is empty. The person who runs this decides alone."
)

PLANNED = "Plan only. A run with check_mode=false would ask no second person, because allowed_signers is empty."


def require_signers(allowed_signers: str) -> None:
    """Raise Blocked unless the list of allowed signers can be read."""
    try:
        ssh_signatures.require_signers(allowed_signers)
    except RunbookError as error:
        raise Blocked(str(error)) from None


class ApprovalGate:
    """The place where the approval of one plan is requested."""

    def __init__(
        self, gate: Gate, words: str, variables: Mapping[str, Any], record: Record, events: Iterable[Event]
    ) -> None:
        """Make the request; raise RunbookError when an approval cannot be requested.

        The approver is shown the `words` of the gate, and the one of the run's finished tasks, the `events`, that
        registered the plan.
        """
        plan = variables.get(gate.of[0])
        if SIGNERS not in variables or not isinstance(plan, Mapping):
            raise RunbookError(
                f"The gate {gate.name} takes the name of a plan that a task registered, and its runbook has the "
                f"parameters {SIGNERS} and {REQUESTER}."
            )
        self._gate, self._record = gate, record
        self._refused = ""  # why the approvals in the folder are not valid
        self.configured = bool(variables[SIGNERS])
        requester = str(variables.get(REQUESTER) or "")
        names = approval.names_of(record.actor, requester)
        if self.configured:
            if not names:
                raise Blocked(f"The requester of this approval is not known. Start a new run with {REQUESTER}=NAME.")
            self._signers = ssh_signatures.require_signers(variables[SIGNERS])
        parameters = {name: value for name, value in record.parameters.items() if name != "evidence_dir"}
        self.request = Request(
            runbook=record.runbook,
            plan=results.plan_digest(plan),
            run=record.run_id,
            **redaction.visible_data(
                redaction.ENGINE.data(
                    {
                        "requester": names,
                        "parameters": parameters,
                        "what": f"{words}\n\n{_plan_as_shown(gate.of[0], events)}",
                        "items": results.plan_items(plan),
                        "observed": observations.of(plan),
                    }
                )
            ),
        )

    def publish(self) -> None:
        """Write the request into the run's folder; raise Blocked when the requester is not named.

        A run that only plans is not approved, so its requester need not be named.
        """
        if not self._record.check_mode:
            requester = str(self._record.parameters.get(REQUESTER) or "")
            approval.require_named(self._record.actor, requester, self._signers)
        self.request = replace(self.request, requested=self._requested())
        self.request.write(self._record.folder)

    def _requested(self) -> str:
        """Return when this was first requested: a resumed run requests the same again, and keeps its approvals.

        What was observed since then is added to the journal.
        """
        known = replace(self.request, requested="", observed=[]).shown
        earlier = self._earlier_requests()
        requested = str(earlier[0].get("requested")) if earlier else times.text()
        observed = observations.digest(self.request.observed)
        if observed not in map(_observed, earlier):
            self._record.journal(
                "approval_requested",
                gate=self._gate.name,
                plan=self.request.plan,
                request=known,
                requested=requested,
                **({"observed": observed} if self.request.observed else {}),
            )
        return requested

    def _earlier_requests(self) -> list[Mapping[str, Any]]:
        """Return the journal's entries of this request, whatever was observed at the time."""
        known = replace(self.request, requested="", observed=[]).shown
        entries = self._record.entries()
        return [one for one in entries if one["event"] == "approval_requested" and one.get("request") == known]

    def check(self, answer: str) -> str:
        """Return what opens the gate, in words; raise ValueError when `answer` does not. "" looks into the folder."""
        answer = answer.strip()
        if not answer:
            return self._approval_in_folder()
        found = approval.emergency(answer, self.request)
        if not found:
            found = self._check(answer)
            approval.save(self._record.folder, answer)
        return self._accept(found)

    def not_configured_notice(self) -> html.RichOutput:
        """Return the notice that no second person is asked; in a run that acts it is shown as a failure."""
        if self._record.check_mode:
            return html.notice(PLANNED, "plan only")
        return html.notice(UNAPPROVED, "failed")

    def proceed_without_approval(self) -> str:
        """Continue without an approval, because none is configured; the evidence contains a warning."""
        if not self._record.check_mode:
            self._record.approve({"plan": self.request.plan, "not_configured": UNAPPROVED})
            self._record.write()
        return NOT_CONFIGURED

    def find_approval(self) -> str:
        """Return what opens the gate, if it is in the run's folder already, else ""."""
        try:
            return self._approval_in_folder()
        except ValueError:
            return ""

    def _approval_in_folder(self) -> str:
        refusals = []
        for token in approval.saved_tokens(self._record.folder):
            try:
                return self._accept(self._check(token))
            except ValueError as refusal:
                refusals.append(str(refusal))
        self._refused = "\n".join(refusals)
        raise ValueError(self._refused or "This plan is not approved yet.")

    def _check(self, token: str) -> Approval:
        """Return the approval in a token; raise ValueError when it is none of this request."""
        observed = {_observed(entry) for entry in self._earlier_requests()}
        return approval.check(token, self.request, self._signers, observed)

    def _accept(self, found: Approval) -> str:
        self._record.approve(
            {name: value for name, value in asdict(found).items() if value and name != "observed"}
            | {"runbook": self.request.runbook, "run": self.request.run, "requester": self.request.requester},
            observations.since(found.observed, self.request.observed),
        )
        if not found.emergency:
            approval.save_signers(self._record.folder, self._signers)
        if found.emergency:
            return f"{approval.EMERGENCY} {found.emergency} ({found.approver}; to be reviewed by {found.review_by})"
        return f"approved by {found.approver} until {found.expires}"

    def instructions(self) -> str:
        """Return what a second person types, as Markdown in lines that fit on a screen."""
        command = (
            commands.approve(self._record.folder)
            .replace(" --key", " \\\n  --key")
            .replace("approve ", "approve \\\n  ")
        )
        return (
            f"The approver runs this command. It shows the plan (digest {self.request.plan}) before it signs:\n\n"
            f"```sh\n{command}\n```\n\n"
        )

    def next_steps(self) -> str:
        """Return what a second person must do."""
        if self._record.check_mode:
            return f"{approval.ONLY_PLANS} To finish this plan, resume it without an answer to this gate."
        emergency = commands.answer(self._gate.name, f"{approval.EMERGENCY} ...")
        return (
            f"{self._refused}\n\n".lstrip()
            + f"The approver runs this command. It shows the plan (digest {self.request.plan}) before it signs:\n\n"
            f"    {commands.approve(self._record.folder)}\n\n"
            "KEY is the file of their private SSH key, NAME their name in the list of allowed signers. On another "
            "machine, with a copy of the run's folder, they add --token, and you resume with "
            f"{commands.answer(self._gate.name, 'WORD')}, the word that it prints. If no approver can be reached, "
            f"resume with {emergency} and a reason. The evidence shows it as a failure, and it is reviewed."
        )


def _observed(entry: Mapping[str, Any]) -> str:
    """Return the digest of what a run observed when it requested an approval, from its journal."""
    return str(entry.get("observed") or observations.digest([]))


def _plan_as_shown(name: str, events: Iterable[Event]) -> str:
    """Return the plan that was registered as `name` in Markdown, without what differs each time it is made."""
    planned = [event for event in events if event["register"] == name]
    if not planned:
        return ""
    event = {**planned[-1], "result": results.same_each_time(planned[-1]["result"]), "warnings": []}
    shown = registry.view(redaction.visible_data(redaction.ENGINE.data(event)))
    return shown.markdown if shown else ""
