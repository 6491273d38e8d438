# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the evidence with CloudTrail, call by call and session by session, in both directions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from breakglass_aws.drills.judge.calls import Call, member_account
from breakglass_aws.drills.judge.evidence import Evidence

# What the evidence says of a call's end.
_DONE, _REFUSED = "done", "refused"
# Services whose events have another source in CloudTrail than the name of their client.
_SOURCES = {"sso-admin": "sso"}


def disagreements(evidence: Evidence, made: Iterable[Call]) -> Iterator[str]:
    """Yield a line for each call or root session that only one of both has, or has otherwise.

    `made` are the runbook's calls in CloudTrail that opened a session or changed something.
    """
    made = list(made)
    where = {"journal.jsonl": evidence.reported}
    if evidence.noted:
        where["calls.jsonl"] = evidence.noted
    for name, listed in where.items():
        matched, problems = _matched(listed, made)
        yield from (f"{name}: {problem}" for problem in problems)
        missing = [call for call in made if call["request_id"] not in matched]
        yield from (f"{name} does not have a call that CloudTrail has: {_words(call)}." for call in missing)
    yield from _session_problems(evidence, made)


def _matched(listed: Iterable[Mapping[str, Any]], made: list[Call]) -> tuple[set[str], list[str]]:
    """Return the request IDs of CloudTrail's calls that the evidence accounts for, and what does not agree."""
    by_request = {call["request_id"]: call for call in made}
    matched: set[str] = set()
    problems: list[str] = []
    listed = list(listed)
    for entry in listed:
        call = by_request.get(str(entry.get("request_id")))
        if call is not None:
            matched.add(str(call["request_id"]))
            problems += [f"{_listed_words(entry)}: {problem}" for problem in _differences(entry, call)]
    for entry in listed:
        if entry.get("request_id") in matched:
            tries = int(entry.get("attempts") or 1) - 1
        else:
            tries = max(1, int(entry.get("attempts") or 1))
        # Attempts without an answer have no request ID in the evidence: they are known by what they were.
        similar = [call for call in made if call["request_id"] not in matched and _is_same(entry, call)][:tries]
        matched |= {str(call["request_id"]) for call in similar}
        known = entry.get("request_id") in matched or bool(similar)
        if not known and entry.get("status", _DONE) == _DONE:
            problems.append(f"{_listed_words(entry)}, which CloudTrail does not have.")
    return matched, problems


def _source(entry: Mapping[str, Any]) -> str:
    service = str(entry.get("service"))
    return _SOURCES.get(service, service)


def _is_same(entry: Mapping[str, Any], call: Call) -> bool:
    target = entry.get("target")
    return (
        (_source(entry), entry.get("operation")) == (call["service"], call["operation"])
        and entry.get("access_key_id") in (None, call["access_key_id"])
        and (not target or str(target) in call["parameters"])
    )


def _differences(entry: Mapping[str, Any], call: Call) -> Iterator[str]:
    """What the evidence says otherwise of a call of the same request ID."""
    if _source(entry) != call["service"]:
        yield f"service is {call['service']} in CloudTrail."
    for name in ("operation", "access_key_id"):
        if entry.get(name) != call[name]:
            yield f"{name} is {call[name]} in CloudTrail."
    if entry.get("target") and str(entry["target"]) not in call["parameters"]:
        yield f"CloudTrail has another target: {call['parameters'][:160]}"
    status = entry.get("status", _REFUSED if entry.get("error") else _DONE)
    if status == _DONE and call["error"]:
        yield f"it is called done, and AWS refused it with {call['error']}."
    if status == _REFUSED and not call["error"]:
        yield "it is called refused, and AWS carried it out."


def _session_problems(evidence: Evidence, made: Iterable[Call]) -> Iterator[str]:
    opened = {
        str(call["issued_access_key_id"]): call
        for call in made
        if call["operation"] == "AssumeRoot" and not call["error"] and call["issued_access_key_id"]
    }
    # A run that was killed between the call and its answer knows of the session, and cannot know its key.
    unanswered = {
        entry.get("target")
        for entry in (*evidence.reported, *evidence.noted)
        if entry.get("operation") == "AssumeRoot" and entry.get("status") not in (_DONE, _REFUSED)
    }
    for key, call in opened.items():
        account = member_account(call)
        if key not in evidence.sessions:
            if not unanswered & {account, f"arn:aws:iam::{account}:root"}:
                yield f"evidence.json does not have the root session {key} in account {account}."
        elif evidence.sessions[key].get("account_id") not in (None, account):
            other = evidence.sessions[key]["account_id"]
            yield f"evidence.json has the root session {key} in account {other}; it was in {account}."
    for key in evidence.sessions:
        if key not in opened:
            yield f"evidence.json has a root session that was never opened: {key}."


def _words(call: Call) -> str:
    error = f", refused with {call['error']}" if call["error"] else ""
    return f"{call['service']}:{call['operation']} in account {call['account']} by {call['access_key_id']}{error}"


def _listed_words(entry: Mapping[str, Any]) -> str:
    about = f" on {entry['target']}" if entry.get("target") else ""
    return f"{entry.get('service')}:{entry.get('operation')}{about} by {entry.get('access_key_id')}"
