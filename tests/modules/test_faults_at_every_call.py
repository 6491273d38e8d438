"""Whatever breaks at whichever call, the result says what was done, no more and no less, and shows no secret.

Each module runs once undisturbed, to learn its calls. Then each call is hit by each kind of fault, at its first, middle
and last occurrence. Afterwards the event log and the state of the sandbox are compared with the result.
BREAKGLASS_EVERY_FAULT, which `make nightly` sets, tries all trials; other runs try a part of them, always the same.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.run_module import run
from support.waiting import InstantClock
from test_every_refusal import LAKE, LEGACY, LOST, PAYMENTS, impatient
from test_every_refusal import WORK as REFUSED_WORK

from breakglass_aws.sandbox import Box

__all__ = ["impatient"]  # the fixture that removes waiting

WORK: dict[str, tuple[str, dict[str, Any]]] = {
    **REFUSED_WORK,
    "organization_access_role": ("operator", {"account_ids": [LOST], "activate_trusted_access": True}),
}
# What is done although the client does not learn it, and the rest.
UNANSWERED = ("lost_answer", "cut", "appended", "slow")
KINDS: dict[str, dict[str, Any]] = {
    "lost_answer": {},
    "cut": {},
    "reset": {},
    "appended": {"text": "\n-- Scanned by a proxy"},  # a comment would leave XML well-formed
    "server_error": {"status": 500},
    "unavailable": {"status": 503},
    "throttling": {},
    "slow": {"seconds": 1.5},
    "expiry": {},
}
# The calls that answer with credentials. Opening a session is no change, but for the module that does nothing else.
ISSUING = ("AssumeRoot", "AssumeRole", "GetSessionToken")
LASTING = ("lost_answer", "reset", "throttling")
FULL = "BREAKGLASS_EVERY_FAULT" in os.environ
# Only these leave secrets in a result, and only where they succeed.
RETURNS_CREDENTIALS = {"sts_assume_root"}
UNSURE = re.compile(r"unverified|not known whether|unknown whether|may have been|could not be verified", re.IGNORECASE)


@dataclass(frozen=True)
class Trial:
    """One fault at one occurrence of a call; `attempts` is how often botocore tries a call."""

    service: str
    operation: str
    occurrence: int
    kind: str
    lasting: bool = False
    attempts: int = 1

    def __str__(self) -> str:
        lasting = " and ever after" if self.lasting else ""
        return f"{self.kind} at {self.operation} #{self.occurrence}{lasting} ({self.attempts} attempts)"


@pytest.fixture(autouse=True)
def clock(no_waiting: InstantClock, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pause of the collection moves the sandbox's clock, so that what AWS works on gets done."""
    if "sandbox" in request.fixturenames:
        box, sleep = request.getfixturevalue("sandbox"), no_waiting.sleep
        monkeypatch.setattr(no_waiting, "sleep", lambda seconds: (sleep(seconds), box.advance(seconds)))


@pytest.fixture(autouse=True)
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))


def work(box: Box, module: str, folder: Path, attempts: int = 1, timeout: float = 60) -> tuple[dict, str]:
    """The result of a module, and all that it leaves besides: stderr, and the files in its folder."""
    caller, options = WORK[module]
    folder.mkdir(parents=True)
    more: dict[str, Any] = {}
    if module.endswith("_unlock"):
        more = {"backup_dir": str(folder), "wait_timeout": 0}
    elif module == "root_credentials":
        more = {"journal": str(folder / "journal.jsonl")}
    config = {"retries": {"total_max_attempts": attempts, "mode": "standard"}, "read_timeout": timeout}
    environment = {**box.environment(caller), "TMPDIR": str(folder)}
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors):
        result = run(
            module.split()[0],
            environment=environment,
            aws_config=config,
            debug_botocore_endpoint_logs=True,
            **options,
            **more,
        )
    result.pop("invocation", None)
    left = [file.read_text(errors="replace") for file in sorted(folder.rglob("*")) if file.is_file()]
    return result, "\n".join([errors.getvalue(), *left])


def trials(events: list[dict[str, Any]]) -> Iterator[Trial]:
    """The trials of a module, by the calls it made undisturbed."""
    events = [event for event in events if event["access_key_id"]]
    counts = Counter((event["service"], event["operation"]) for event in events)
    writing = {event["operation"] for event in events if event["write"]}
    kinds = list(KINDS)
    for number, ((service, operation), count) in enumerate(counts.items()):
        places = sorted({1, (count + 1) // 2, count})
        if FULL:
            yield from (Trial(service, operation, place, kind) for kind in kinds for place in places)
            yield from (Trial(service, operation, 1, kind, lasting=True) for kind in LASTING)
            if operation in writing or operation in ISSUING:
                again = [(place, kind) for place in places for kind in UNANSWERED]
                yield from (Trial(service, operation, place, kind, attempts=2) for place, kind in again)
            continue
        if operation in ISSUING:
            yield Trial(service, operation, places[0], "cut")
            yield Trial(service, operation, places[-1], "appended")
        elif operation in writing:
            yield Trial(service, operation, places[0], kinds[number % 4])
            yield Trial(service, operation, places[-1], "lost_answer", lasting=True)
            yield Trial(service, operation, places[0], "lost_answer", attempts=2)
        elif number % 3 == 0:
            yield Trial(service, operation, places[number % len(places)], kinds[number % 7])


def inject(box: Box, trial: Trial) -> None:
    kind, more = trial.kind, dict(KINDS[trial.kind])
    if kind == "expiry":
        more["calls"] = trial.occurrence - 1
    else:
        more["skip"] = trial.occurrence - 1
        more |= {} if trial.lasting else {"times": 1}
    kind = "server_error" if kind == "unavailable" else kind
    box.add_fault(kind, service=trial.service, operation=trial.operation, **more)


def planted(box: Box) -> set[str]:
    """What must never be seen: the secrets of all sessions that the sandbox opened, and of all root users."""
    state = box._state
    found = {secret for one in state.sessions.values() for secret in (one.secret_key, one.token)}
    for account in state.accounts():
        found |= {key.secret for key in account.root.access_keys.values()}
        found |= {certificate.body.splitlines()[1] for certificate in account.root.signing_certificates.values()}
        found |= {account.root.password.secret} if account.root.password and account.root.password.secret else set()
    return found


def shown_secrets(box: Box, text: str) -> list[str]:
    """Secrets in a text, whole or the greater part of one: an answer may have been broken off in the middle."""
    flat = text.replace("\\n", "\n").replace("\\/", "/")
    # All session tokens of AWS begin alike.
    parts = {secret.removeprefix("IQoJb3JpZ2luX2Vj")[:20] for secret in planted(box)}
    return sorted(f"{part[:6]}..." for part in parts if part in flat)


def disagreements(
    box: Box, module: str, before: dict[str, Any], result: dict, left: str, attempts: int = 1
) -> Iterator[str]:
    """Where the result says something else than what the sandbox knows."""
    text = json.dumps(result)
    if "exception" in result or "Traceback" in text:
        yield f"traceback: {result.get('exception', '')[-200:]} {result.get('msg', '')[:200]}"
    done = [event for event in box.events() if is_done(event, module)]
    sure = [event for event in done if event["fault"] not in UNANSWERED]
    unanswered = [event for event in done if event["fault"] in UNANSWERED]
    unknown = [call["operation"] for call in result.get("aws_calls", []) if call["status"] == "unknown"]
    unsure = bool(unknown) or UNSURE.search(text) is not None
    changed = bool(result.get("changed"))
    names = [event["operation"] for event in sure + unanswered]
    if sure and not changed:
        yield f"was done, but changed is false: {names}"
    if unanswered and not sure and not changed and module not in RETURNS_CREDENTIALS:
        yield f"was done without an answer, but changed is false: {names}"
    if changed and not sure and not unanswered and not unsure:
        yield "nothing was done, but changed is true"
    yield from wrong_calls(result, Counter(names), attempts)
    yield from wrong_items(box, module, before, result)
    visible = left if module in RETURNS_CREDENTIALS and not result["failed"] else text + left
    if secrets := shown_secrets(box, visible):
        yield f"secrets are shown: {secrets}"


def is_done(event: dict[str, Any], module: str) -> bool:
    """Whether a call of the module changed something. What a service of AWS does by itself has no access key."""
    if event["access_key_id"] is None:
        return False
    opens = module in RETURNS_CREDENTIALS and event["operation"] in ISSUING
    return event["error"] is None and (opens or (event["write"] and event["service"] != "sts"))


def wrong_calls(result: dict, done: Counter[str], attempts: int) -> Iterator[str]:
    """The calls the result lists are those that were made: each that was done is there as done, or as unknown.

    A call that botocore sends again is one call in the result, and two events.
    """
    calls = [call for call in result.get("aws_calls", []) if call["operation"] in done or call["service"] != "sts"]
    possible = Counter(call["operation"] for call in calls if call["status"] != "refused")
    if missing := done - Counter({operation: count * attempts for operation, count in possible.items()}):
        yield f"was done, and aws_calls does not say so: {dict(missing)}"
    claimed = Counter(call["operation"] for call in calls if call["status"] == "done")
    if invented := claimed - done:
        yield f"is in aws_calls as done, and was not: {dict(invented)}"
    if open_ := [call["operation"] for call in calls if call["status"] == "intended"]:
        yield f"is in aws_calls without an end: {open_}"


def wrong_items(box: Box, module: str, before: dict[str, Any], result: dict) -> Iterator[str]:
    """Of root users: what is gone is an item that was removed, and what was removed is gone."""
    if module.split()[0] not in ("root_credentials", "root_password_recovery"):
        return
    for account in result.get("accounts") or []:
        identifier = account["account_id"]
        was, now = before["root_users"][identifier], box.snapshot()["root_users"][identifier]
        if module == "root_credentials":
            gone, claimed, doubted = things(was) - things(now), set(), set()
            for item in account.get("credentials") or []:
                thing = "password" if item["kind"] == "password" else item["id"]
                (claimed if item["outcome"] == "removed" else doubted).add(thing)
            sure_doubt = {
                "password" if item["kind"] == "password" else item["id"]
                for item in account.get("credentials") or []
                if item["outcome"] == "unverified"
            }
            if unsaid := gone - claimed - sure_doubt:
                yield f"{sorted(unsaid)} of {identifier} are gone and no item says so"
            if still := claimed & things(now):
                yield f"{sorted(still)} of {identifier} are said to be removed and are there"
        elif was["password"] != now["password"] and not account["changed"] and account["outcome"] != "unverified":
            yield f"the password of {identifier} changed, and the account says it did not: {account['outcome']}"
        elif was["password"] == now["password"] and account["changed"] and account["outcome"] != "unverified":
            yield f"the password of {identifier} did not change, and the account says it did: {account['outcome']}"


def things(root_user: dict[str, Any]) -> set[str]:
    """What a root user has, by ID."""
    password = {"password"} if root_user["password"] else set()
    return password | {thing for kind in root_user if kind != "password" for thing in root_user[kind]}


@pytest.mark.parametrize("module", WORK)
def test_results_tell_what_was_done(sandbox: Box, tmp_path: Path, module: str) -> None:
    undisturbed, left = work(sandbox, module, tmp_path / "undisturbed")
    assert not undisturbed["failed"], undisturbed["msg"]
    sandbox.reset()
    before = sandbox.snapshot()
    undisturbed, left = work(sandbox, module, tmp_path / "again")
    assert list(disagreements(sandbox, module, before, undisturbed, left)) == []
    wrong, count = [], 0
    for trial in trials(sandbox.events()):
        sandbox.reset()
        inject(sandbox, trial)
        timeout = 0.5 if trial.kind == "slow" else 60
        result, left = work(sandbox, module, tmp_path / str(count), trial.attempts, timeout)
        found = disagreements(sandbox, module, before, result, left, trial.attempts)
        wrong += [f"{trial}: {problem}" for problem in found]
        count += 1
    print(f"{module}: {count} trials, {len(wrong)} disagreements")
    assert not wrong, "\n".join([f"{len(wrong)} disagreements in {count} trials of {module}", *wrong])


def test_the_work_reaches_the_accounts_that_have_something_to_lose() -> None:
    """The accounts whose root users the comparison looks at are those the work is about."""
    assert WORK["root_credentials"][1]["account_ids"] == [LEGACY]
    assert {LAKE, PAYMENTS} <= {account for _, options in WORK.values() for account in options.get("account_ids", [])}
