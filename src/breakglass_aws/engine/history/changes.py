# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changed since a time: new root credentials, recoveries that would fail now and by which policy, and the rest."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from breakglass_aws.engine.history import file
from breakglass_aws.engine.history.parts import ACCOUNT, CREDENTIALS, PARTS, part_of
from breakglass_aws.engine.history.records import Content, Found, Verdict
from breakglass_aws.engine.history.states import (
    Known,
    Place,
    accounts_that_varied,
    departed_since,
    known_at,
    load,
    not_read_now,
    steps_since,
)
from breakglass_aws.engine.posture.codes import identity_of

# Reasons that lie with the caller of a run: another caller's run of the same organization has others.
_OF_CALLER = frozenset(
    {
        "caller_is_root",
        "caller_not_known",
        "caller_not_management",
        "own_account",
        "policy_denies_caller",
        "policy_may_deny_caller",
    }
)
# Kinds of changes, the most urgent first.
NEW_ROOT_CREDENTIAL = "new_root_credential"
PASSING_ROOT_CREDENTIAL = "root_credential_came_and_went"
USED_ROOT_CREDENTIAL = "root_credential_changed"
ACCOUNT_LEFT = "account_left"
BECAME_UNREADY = "became_unready"
OTHER_REASON = "fails_for_another_reason"
FAILED_MEANWHILE = "failed_meanwhile"
NEW_FINDING = "new_finding"
CHANGED_FINDING = "finding_changed"
BECAME_UNKNOWN = "became_unknown"
NEW_ACCOUNT = "new_account"
CLOSED_ACCOUNT_GONE = "closed_account_gone"
BECAME_READY = "became_ready"
NO_LONGER_APPLIES = "no_longer_applies"
GONE_FINDING = "finding_gone"
ORDER = (
    NEW_ROOT_CREDENTIAL,
    PASSING_ROOT_CREDENTIAL,
    USED_ROOT_CREDENTIAL,
    ACCOUNT_LEFT,
    BECAME_UNREADY,
    OTHER_REASON,
    FAILED_MEANWHILE,
    NEW_FINDING,
    CHANGED_FINDING,
    BECAME_UNKNOWN,
    NEW_ACCOUNT,
    CLOSED_ACCOUNT_GONE,
    BECAME_READY,
    NO_LONGER_APPLIES,
    GONE_FINDING,
)
TITLES = {
    NEW_ROOT_CREDENTIAL: "New root credential",
    PASSING_ROOT_CREDENTIAL: "Root credential that came and went",
    USED_ROOT_CREDENTIAL: "Root credential used or changed",
    ACCOUNT_LEFT: "Account left the organization",
    BECAME_UNREADY: "Recovery would fail now",
    OTHER_REASON: "Recovery fails for another reason",
    FAILED_MEANWHILE: "Recovery failed meanwhile",
    NEW_FINDING: "New finding",
    CHANGED_FINDING: "Finding changed",
    BECAME_UNKNOWN: "Not known any more",
    NEW_ACCOUNT: "First seen account",
    CLOSED_ACCOUNT_GONE: "Closed account gone",
    BECAME_READY: "Recovery works now",
    NO_LONGER_APPLIES: "Recovery does not apply any more",
    GONE_FINDING: "Finding gone",
}
WORSE = frozenset(ORDER[: ORDER.index(BECAME_UNKNOWN)])
_CLOSED = ("CLOSED", "PENDING_CLOSURE")  # AWS deletes a closed account after 90 days
_LEFT = Found(
    "account",
    "high",
    TITLES[ACCOUNT_LEFT],
    fix="No policy of the organization applies to it now, and no recovery works there. Unless you removed it, look for "
    "AccountDepartedOrganization in CloudTrail of the management account, and contact AWS Support.",
)


@dataclass(frozen=True)
class Change:
    """One change in an account. `subject` is a recovery or the code of a finding."""

    kind: str
    account_id: str
    name: str
    organizational_unit: str
    subject: str
    before: str
    after: str
    reasons: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    fix: str = ""
    last_before: str = ""  # when it was last seen as before
    first_after: str = ""  # when it was first seen as it is now

    @property
    def title(self) -> str:
        """What kind of change it is, for people."""
        return TITLES[self.kind]

    @property
    def worse(self) -> bool:
        """Whether it is a change for the worse."""
        return self.kind in WORSE

    @property
    def words(self) -> str:
        """What changed, in words."""
        if self.kind == NEW_ACCOUNT:
            return "First seen."
        if self.reasons:
            policies = f" Policy: {', '.join(self.policies)}." if self.policies else ""
            return f"{self.subject}: {self.before}, now {self.after}. {' '.join(self.reasons)}{policies}"
        if self.before and self.after:
            return f"{self.before} \u2192 {self.after}"
        return self.after or self.before

    @property
    def when(self) -> str:
        """Between which two runs it changed, in words."""
        if not self.last_before:
            return f"First seen {self.first_after}."
        return f"Between {self.last_before} and {self.first_after}."

    def as_dict(self) -> dict[str, Any]:
        """Return the change for programs."""
        return {**vars(self), "title": self.title, "reasons": list(self.reasons), "policies": list(self.policies)}


def changes_since(path: Path, time: str) -> list[Change]:
    """Return what changed since a time ("2026-01-31T00:00:00Z"), the most urgent first.

    What was not read is not compared: a credential is gone only if a later run looked for it. Raises RunbookError when
    the file cannot be read.
    """
    with file.opened_to_read(path) as connection:
        found = [change for part in PARTS for change in _changes(connection, part, time)]
    return sorted(found, key=lambda one: (ORDER.index(one.kind), one.organizational_unit, one.name, one.account_id))


def _changes(connection: sqlite3.Connection, part: str, time: str) -> Iterator[Change]:
    before, after = known_at(connection, part, time), known_at(connection, part)
    varying = accounts_that_varied(connection, part, time)
    changed = {
        account_id: place
        for account_id, place in before.items()
        if after[account_id].content_id != place.content_id or account_id in varying
    }
    for _account_id, steps in steps_since(connection, part, changed):
        if part == ACCOUNT:
            yield from _verdicts(steps)
        yield from _findings(steps, part)
    if part == ACCOUNT:
        yield from _accounts(connection, time, before, after)


def _accounts(
    connection: sqlite3.Connection, time: str, before: Mapping[str, Place], after: Mapping[str, Place]
) -> Iterator[Change]:
    """Accounts that were first seen since then, could not be read any more, or left the organization."""
    [first] = connection.execute("SELECT min(read_at) FROM runs WHERE kind = 'readiness'").fetchone()
    new = [place for place in before.values() if place.read_at > max(time, first)]
    for known in load(connection, new):
        yield _change(NEW_ACCOUNT, [known], "account", "", "", _always)
    gone = [place for place in not_read_now(connection) if place.account_id in before]
    earlier = load(connection, [after[place.account_id] for place in gone])
    for steps in zip(earlier, load(connection, gone), strict=True):
        yield _change(BECAME_UNKNOWN, list(steps), "account", "read", "not read", lambda content: not content.parts)
    left = departed_since(connection, time)
    for known, (_place, absent_at) in zip(load(connection, [place for place, _ in left]), left, strict=True):
        state = known.content.state
        kind, why = (CLOSED_ACCOUNT_GONE, None) if state in _CLOSED else (ACCOUNT_LEFT, _LEFT)
        seen = [known, Known(absent_at, known.content)]
        yield _change(
            kind, seen, "account", state or "a member", "not in the organization", lambda _content: False, why
        )


def _verdicts(steps: list[Known]) -> Iterator[Change]:
    """Compare the verdicts of an account."""
    old, new = _by_recovery(steps[0].content), _by_recovery(steps[-1].content)
    for recovery, verdict in new.items():
        earlier = old.get(recovery)
        if earlier is None:
            continue
        if meanwhile := _failing_between(steps, recovery):
            yield _change(FAILED_MEANWHILE, meanwhile, recovery, earlier.verdict, "would fail", _fails(recovery))
        if earlier == verdict or _only_the_caller_differs(earlier, verdict):
            continue
        kind = _kind_of(earlier, verdict)
        asked_less = not set(steps[0].content.parts) <= set(steps[-1].content.parts)
        if kind and not (kind == BECAME_UNKNOWN and asked_less):
            yield _change(
                kind, steps, recovery, earlier.verdict, verdict.verdict, _same_verdict(recovery, verdict), verdict
            )


def _by_recovery(content: Content) -> dict[str, Verdict]:
    return {one.recovery: one for one in content.verdicts}


def _kind_of(earlier: Verdict, verdict: Verdict) -> str:
    if verdict.verdict == "fails":
        if earlier.verdict != "fails":
            return BECAME_UNREADY
        return OTHER_REASON if _causes(earlier) != _causes(verdict) else ""
    if verdict.verdict == "unknown" and earlier.verdict in ("works", "fails"):
        return BECAME_UNKNOWN
    if earlier.verdict != "fails":
        return ""
    return BECAME_READY if verdict.verdict == "works" else NO_LONGER_APPLIES


def _only_the_caller_differs(earlier: Verdict, verdict: Verdict) -> bool:
    """Whether they differ in no more than who asked, as where a delegated administrator made one of the runs."""
    of_caller = any(reason.code in _OF_CALLER for one in (earlier, verdict) for reason in one.reasons)
    other = [{cause for cause in _causes(one) if cause[0] not in _OF_CALLER} for one in (earlier, verdict)]
    return of_caller and other[0] == other[1]


def _failing_between(steps: list[Known], recovery: str) -> list[Known]:
    """The steps up to the last one in which the recovery failed, where it fails at neither end; else none."""
    fails = [index for index, step in enumerate(steps) if _fails(recovery)(step.content)]
    return steps[: fails[-1] + 1] if fails and fails[0] > 0 and fails[-1] < len(steps) - 1 else []


def _fails(recovery: str) -> Callable[[Content], bool]:
    def is_so(content: Content) -> bool:
        found = _by_recovery(content).get(recovery)
        of_caller = found is not None and all(reason.code in _OF_CALLER for reason in found.reasons if reason.certain)
        return found is not None and found.verdict == "fails" and not of_caller

    return is_so


def _causes(verdict: Verdict) -> set[tuple[str, str | None]]:
    return {(reason.code, reason.policy_id) for reason in verdict.reasons}


def _findings(steps: list[Known], part: str) -> Iterator[Change]:
    """Compare the findings of one part of an account."""
    old, new = _by_identity(steps[0].content, part), _by_identity(steps[-1].content, part)
    for identity, found in new.items():
        earlier = old.get(identity)
        if earlier is None:
            kind = NEW_ROOT_CREDENTIAL if part == CREDENTIALS else NEW_FINDING
            yield _change(kind, steps, found.code, "", _words(found), _has(identity, part), found)
        elif _words(earlier) != _words(found):
            kind = USED_ROOT_CREDENTIAL if part == CREDENTIALS else CHANGED_FINDING
            same = _has(identity, part, _words(found))
            yield _change(kind, steps, found.code, _words(earlier), _words(found), same, found)
    for identity, found in old.items():
        if identity not in new:
            yield _change(GONE_FINDING, steps, found.code, _words(found), "", _has_not(identity, part))
    if part == CREDENTIALS:
        for identity, (index, found) in _between(steps, part).items():
            if identity not in old and identity not in new:
                words = f"{_words(found)}. Gone at {steps[index + 1].read_at}."
                yield _change(PASSING_ROOT_CREDENTIAL, steps[: index + 1], found.code, "", words, _has(identity, part))


def _between(steps: list[Known], part: str) -> dict[tuple[str, ...], tuple[int, Found]]:
    """The findings of the steps between the first and the last, each with the last step that has it."""
    return {
        identity: (index, found)
        for index, step in enumerate(steps[1:-1], 1)
        for identity, found in _by_identity(step.content, part).items()
    }


def _by_identity(content: Content, part: str) -> dict[tuple[str, ...], Found]:
    return {identity_of(found.code, found.detail): found for found in content.findings if part_of(found.code) == part}


def _words(found: Found) -> str:
    return f"{found.title}: {found.detail}" if found.detail else found.title


def _change(
    kind: str,
    steps: list[Known],
    subject: str,
    before: str,
    after: str,
    is_so: Callable[[Content], bool],
    source: Verdict | Found | None = None,
) -> Change:
    """Make a change of the account that these steps are of; `is_so` says whether a step is as the last one."""
    content = steps[-1].content
    first = len(steps) - 1
    while first > 0 and is_so(steps[first - 1].content):
        first -= 1
    reasons = source.reasons if isinstance(source, Verdict) else ()
    fixes = [source.fix] if isinstance(source, Found) else [reason.fix for reason in reasons]
    return Change(
        kind=kind,
        account_id=content.account_id,
        name=content.name,
        organizational_unit=content.organizational_unit,
        subject=subject,
        before=before,
        after=after,
        reasons=tuple(reason.text for reason in reasons),
        policies=tuple(dict.fromkeys(_policy(vars(reason)) for reason in reasons if reason.policy_id)),
        fix=" ".join(dict.fromkeys(filter(None, fixes))),
        last_before=steps[first - 1].read_at if first else "",
        first_after=steps[first].read_at,
    )


def _policy(reason: Mapping[str, Any]) -> str:
    name = f"{reason['policy_name']} ({reason['policy_id']})" if reason["policy_name"] else str(reason["policy_id"])
    return f"{name} at {reason['policy_target']}" if reason["policy_target"] else name


def _same_verdict(recovery: str, verdict: Verdict) -> Callable[[Content], bool]:
    def is_so(content: Content) -> bool:
        found = _by_recovery(content).get(recovery)
        return found is not None and found.verdict == verdict.verdict and _causes(found) == _causes(verdict)

    return is_so


def _has(identity: tuple[str, ...], part: str, words: str | None = None) -> Callable[[Content], bool]:
    def is_so(content: Content) -> bool:
        found = _by_identity(content, part).get(identity)
        return found is not None and words in (None, _words(found))

    return is_so


def _has_not(identity: tuple[str, ...], part: str) -> Callable[[Content], bool]:
    return lambda content: identity not in _by_identity(content, part)


def _always(content: Content) -> bool:
    return True
