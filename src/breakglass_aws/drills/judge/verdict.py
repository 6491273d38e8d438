# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge: looks before and after, and decides whether the runbook did what it says, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from breakglass_aws.drills.judge import artifacts, calls, evidence, ledger
from breakglass_aws.drills.judge.calls import Call
from breakglass_aws.drills.judge.comparison import MISSING, differences, is_same_policy, resolve, value_at
from breakglass_aws.drills.judge.connection import Connection
from breakglass_aws.drills.judge.expectations import ALLOWED, ANY, DENIED, Expectations, Reported
from breakglass_aws.drills.judge.observation import Answer, Observation, observe
from breakglass_aws.drills.judge.words import described
from breakglass_aws.drills.result import Change, Check, Session

_MOST_LINES = 12  # of details; more are counted
_SUCCEEDED = 0
# Outcomes of a run that finished without a change, and of one that changed something.
_WITHOUT_CHANGE = ("unchanged", "planned", "blocked", "failed", "absent")
_WITH_CHANGE = ("changed", "removed", "partial")


class Judge:
    """Judges one scenario, in the organization at `url`.

    before = judge.observe(); (the runbook runs); after = judge.observe(); judge.judge(before, after, ...)
    """

    def __init__(
        self,
        url: str | None,
        expectations: Expectations,
        identities: Mapping[str, Mapping[str, str | None]] | None = None,
    ) -> None:
        """`identities` has keys by name; those of the sandbox's organization file need not be given."""
        self._connection = Connection(url, identities)
        self._expected = expectations

    def observe(self) -> Observation:
        """Look at the organization. Faults of the sandbox must be off meanwhile. Raises Unanswered."""
        return observe(self._connection, self._expected)

    def judge(
        self, before: Observation, after: Observation, folders: Sequence[Path], artifacts: Path, reported: Reported
    ) -> list[Check]:
        """Return the findings, in the order in which a reader asks. Raises Unanswered.

        `folders` have the evidence of the run, or of several, the last one last. `artifacts` is the folder with all
        that was left: no file of it may have a secret.
        """
        found = evidence.read_all(folders)
        made = self._calls_of_runbook(before, after)
        changed = list(differences(before.state, after.state, (), {**before.unread, **after.unread}))
        checks = [
            *self._questions(before, after),
            self._nothing_else_changed(before, after),
            self._outcome_agrees(found, made, changed, reported),
            *self._evidence_checks(found, made, before, after),
            self._no_secret((artifacts, *folders)),
        ]
        by_others = not self._expected.changes or self._others_changed(before, after, made)
        failed = {one.check for one in checks if not one.passed} - ({"nothing_else_changed"} if by_others else set())
        return [_loud(checks, reported), *checks] if _claims_success(reported) and failed else checks

    def damage(self, before: Observation) -> list[Check]:
        """Return the findings about the damage alone, before anything is run."""
        return [one for one in self._questions(before, before) if one.check == "damage_was_real"]

    @staticmethod
    def _others_changed(before: Observation, after: Observation, made: list[Call]) -> bool:
        """Whether someone else than the runbook changed something meanwhile: people of the scenario, or attackers."""
        own = {call["id"] for call in made}
        return any(
            call["id"] not in own
            and call["operation"] not in calls.OPENING
            and not (call["error"] or call["by_service"])
            for call in calls.since(before.calls, after.calls)
        )

    @staticmethod
    def struck(faults: Iterable[tuple[str, int]]) -> list[Check]:
        """Return whether each fault struck, of its words and how many calls it hit; nothing without faults.

        A scenario whose fault strikes no call has shown nothing about it.
        """
        faults = list(faults)
        if not faults:
            return []
        missing = [f"The fault {fault} never struck." for fault, hits in faults if not hits]
        return [_check("faults_struck", "Did each fault strike?", missing)]

    def sessions(self, before: Observation, after: Observation, folders: Sequence[Path]) -> list[Session]:
        """Return the root sessions that were opened meanwhile, by anyone. Raises Unanswered."""
        listed = evidence.read_all(folders).sessions
        opened = [
            call
            for call in calls.since(before.calls, after.calls)
            if call["operation"] == "AssumeRoot" and call["issued_access_key_id"]
        ]
        made = self._connection.control("events") if self._connection.url and opened else []
        return [
            Session(
                time=call["time"],
                opener=call["principal"] or "",
                account=calls.member_account(call),
                access_key_id=call["issued_access_key_id"],
                task=str((listed.get(call["issued_access_key_id"]) or {}).get("task") or ""),
                calls=sum(one["access_key_id"] == call["issued_access_key_id"] for one in made),
                in_evidence=call["issued_access_key_id"] in listed,
            )
            for call in opened
        ]

    @staticmethod
    def changes(before: Observation, after: Observation) -> list[Change]:
        """Return the calls that changed something meanwhile, by any caller."""
        return [
            Change(
                time=call["time"],
                principal=call["principal"] or "AWS",
                session=call["access_key_id"] or "",
                action=f"{call['service']}:{call['operation']}",
                resource=calls.resource(call),
            )
            for call in calls.since(before.calls, after.calls)
            if call["operation"] not in calls.OPENING and not call["error"]
        ]

    def _calls_of_runbook(self, before: Observation, after: Observation) -> list[Call]:
        keys = [str(self._connection.credentials(name)["access_key"]) for name in self._expected.runs_as]
        return calls.of_runbook(calls.since(before.calls, after.calls), keys)

    # The checks

    def _questions(self, before: Observation, after: Observation) -> Iterator[Check]:
        """The probes and questions: the damage was there before, and is gone after; or it is rightly still there."""
        for probe, old, new in zip(self._expected.probes, before.answers, after.answers, strict=True):
            shown = (_shown(old), _shown(new))
            yield _check("damage_was_real", f"Before: {probe.question}", _wrong_answer(probe.before, old), shown)
            gone = "damage_is_gone" if probe.before != probe.after else "refusal_was_right"
            yield _check(gone, f"Afterwards: {probe.question}", _wrong_answer(probe.after, new), shown)
        for asked in self._expected.states:
            values = [_value(one.state, asked.path) for one in (before, after)]
            shown = (described(values[0]), described(values[1]))
            yield _check("damage_was_real", f"Before: {asked.question}", _wrong_value(asked.before, values[0]), shown)
            gone = "damage_is_gone" if asked.before != asked.after else "refusal_was_right"
            yield _check(gone, f"Afterwards: {asked.question}", _wrong_value(asked.after, values[1]), shown)

    def _nothing_else_changed(self, before: Observation, after: Observation) -> Check:
        unread = {**before.unread, **after.unread}
        found = list(differences(before.state, after.state, self._expected.changes, unread))
        found += [f"{path} could not be compared: {reason}" for path, reason in unread.items()]
        expected = len(self._expected.changes)
        things = "expected thing" if expected == 1 else f"{expected} expected things"
        question = f"Did only the {things} change?" if expected else "Did nothing change?"
        return _check("nothing_else_changed", question, found)

    def _outcome_agrees(
        self, found: evidence.Evidence, made: list[Call], changed: list[str], reported: Reported
    ) -> Check:
        wanted, problems = self._expected, []
        if wanted.exit_status is not None and reported.exit_status != wanted.exit_status:
            problems.append(f"The exit status is {reported.exit_status}, expected {wanted.exit_status}.")
        outcome = found.content.get("outcome")
        said = reported.outcome or str(outcome or "")
        if wanted.outcome and said != wanted.outcome:
            problems.append(f"The runbook's outcome is {said or 'missing'}, expected {wanted.outcome}.")
        written = [one for one in made if one["operation"] not in calls.OPENING and not one["error"]]
        acted = bool(changed or (wanted.people_act and written))  # of a transfer, people make the change
        if said in _WITH_CHANGE and not acted and said != "partial":
            problems.append(f"The runbook says {said}, and nothing has changed.")
        if said in _WITHOUT_CHANGE and changed and (written or not wanted.people_act):
            problems.append(f"The runbook says {said}, and something has changed: {changed[0]}")
        claims = found.content.get("changed")
        if claims is False and changed and (written or not wanted.people_act):
            problems.append(f"The evidence says that nothing was changed, and something has changed: {changed[0]}")
        return _check("outcome_agrees", "Is the outcome that the runbook reports the true one?", problems)

    def _evidence_checks(
        self, found: evidence.Evidence, made: list[Call], before: Observation, after: Observation
    ) -> Iterator[Check]:
        if not self._expected.evidence and not found.exists:
            unlisted = [f"{one['service']}:{one['operation']} was called without evidence." for one in made]
            yield _check(
                "cloudtrail_agrees", "Did a run without evidence call nothing that opens or changes?", unlisted
            )
            return
        question = "Is the evidence whole, sealed and private?"
        yield _check("evidence_is_whole", question, found.problems)
        question = "Do CloudTrail and the evidence have the same calls and root sessions?"
        yield _check("cloudtrail_agrees", question, ledger.disagreements(found, made))
        changed = {
            (kind, name): before.state[kind][name]
            for kind in ("bucket_policies", "queue_policies")
            for name, text in before.state.get(kind, {}).items()
            if text and after.state.get(kind, {}).get(name) != text and _touched(made, name)
        }
        if changed or found.backups:
            yield _check("backup_is_true", "Do the backups have the policies as they were?", _backups(found, changed))

    def _no_secret(self, folders: Iterable[Path]) -> Check:
        issued = self._connection.control("secrets") if self._connection.url else []
        places = list(dict.fromkeys(path for path in folders if path.is_dir()))
        places = [path for path in places if not any(other in path.parents for other in places)]
        return _check("no_secret_in_artifacts", "Is there no secret in any file?", artifacts.leaks(places, issued))


def _check(check: str, question: str, problems: Iterable[str], shown: tuple[str, str] | None = None) -> Check:
    problems = list(problems)
    more = [f"... and {len(problems) - _MOST_LINES} more"] if len(problems) > _MOST_LINES else []
    before, after = shown or (None, None)
    details = "\n".join([*problems[:_MOST_LINES], *more])
    return Check(check, question, not problems, details, before, after)


def _claims_success(reported: Reported) -> bool:
    return reported.exit_status == _SUCCEEDED


def _loud(checks: Iterable[Check], reported: Reported) -> Check:
    failed = dict.fromkeys(one.check for one in checks if not one.passed)
    claim = f"THE RUNBOOK REPORTS SUCCESS (exit status {reported.exit_status})"
    details = f"{claim}, AND THE JUDGE DISAGREES: {', '.join(failed)}."
    return Check("success_is_true", "Is the success that the runbook reports true?", False, details)


def _shown(answer: Answer) -> str:
    return answer.details


def _wrong_answer(expected: str, answer: Answer) -> Iterator[str]:
    if expected == ANY:
        return
    if expected == ALLOWED:
        right = answer.allowed
    elif expected == DENIED:
        right = not answer.allowed
    else:
        right = answer.code == expected
    if not right:
        yield f"Expected {expected}; {answer.details}"


def _value(state: Mapping[str, Any], path: str) -> Any:
    value = value_at(state, resolve(state, path))
    return None if value is MISSING else value


def _wrong_value(expected: Any, found: Any) -> Iterator[str]:
    if expected != ANY and (type(expected) is not type(found) or expected != found):
        yield f"Expected {described(expected)}; it is {described(found)}"


def _touched(made: Iterable[Call], resource: str) -> bool:
    """Whether one of these calls is about a bucket or queue: people of the scenario may change some, too."""
    name = resource.rpartition(":")[2]
    return any(name in one["parameters"] for one in made if one["operation"] not in calls.OPENING and not one["error"])


def _backups(found: evidence.Evidence, changed: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """Yield what is wrong with the backups of the policies that changed: kind and name -> the text before."""
    for (_kind, resource), text in changed.items():
        name = resource.rpartition(":")[2]
        saved = [one for one in found.backups if str(one.get("resource", "")).rpartition(":")[2] == name]
        if not saved:
            yield f"The policy of {name} was changed, and there is no backup of it."
        elif not any(is_same_policy(str(one.get("policy")), text) for one in saved):
            yield f"The backup of the policy of {name} is not the policy as it was."
    for backup in found.backups:
        if hashed(str(backup.get("policy"))) != backup.get("sha256"):
            yield f"{Path(backup['path']).name}: its SHA-256 is not that of its policy."


def hashed(text: str) -> str:
    """The SHA-256 of a text."""
    import hashlib

    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
