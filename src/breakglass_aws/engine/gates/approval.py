# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second person's approval: an SSH signature over what a run is about to do, valid for some hours.

A run that needs an approval writes a request. The approver sees the whole request and signs a statement that repeats
it: the run, who asked and when, the plan with its accounts and items, the parameters, and a SHA-256 of everything that
was shown. At the gate, the run makes the request anew from its plan and compares. When a credential was last used is
shown and signed, too; a later use does not void the approval, because the act does not depend on it. A list of allowed
signers, in OpenSSH's own format, decides whose signature is valid. Statement and signature are two files that plain
`ssh-keygen -Y verify` can check years later; as one word, the token, they are an answer to a gate.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from breakglass_aws.engine import files, observations, times
from breakglass_aws.engine.display import terminal
from breakglass_aws.engine.errors import Blocked, RunbookError
from breakglass_aws.engine.evidence import reading, redaction, ssh_signatures
from breakglass_aws.engine.observations import Observation

REQUEST = "request.json"
FOLDER = "approvals"
SIGNERS = "allowed_signers"
HOURS, MOST_HOURS = 24, 7 * 24
# Two clocks never agree.
SKEW = timedelta(minutes=5)
EMERGENCY = "EMERGENCY because"
REVIEW_AFTER = timedelta(days=3)
SHORTEST_REASON, FEWEST_WORDS = 20, 3  # characters, words
LARGEST_TOKEN = 64 * 1024 * 1024  # characters; a plan may have the items of 10,000 accounts
TYPED = 8  # characters of the digest that an approver types

ONLY_PLANS = (
    "This run only plans (check_mode is true), and an approval is for one run. Start the run with check_mode=false: "
    "it waits for the approval before it changes anything."
)

_NAME = re.compile(r"[^\s\"*?!,\x00]{1,256}")  # of a signer, as `ssh-keygen -I` takes it
# Where the evidence is differs between machines, and decides nothing.
_NOT_BOUND = {"evidence_dir"}
_AGAIN = "The approval must be for what will be done, so it must be approved again."


@dataclass(frozen=True)
class Request:
    """What a run asks a second person to approve."""

    runbook: str
    plan: str  # its digest
    requester: list[str]  # all names by which the person who asks is known
    parameters: dict[str, Any]
    what: str = ""  # the text of the gate and what the plan would do, in Markdown, as the run shows it
    run: str = ""  # the ID of the run; empty in requests of the first format
    requested: str = ""  # when the run asked first
    items: list[dict[str, str]] = field(default_factory=list)  # see results.plan_items
    observed: list[Observation] = field(default_factory=list)  # when the run asked; see observations.of

    def write(self, folder: Path) -> None:
        """Write it into the folder of the run, for the approver."""
        files.write(folder / REQUEST, json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n")

    @property
    def bound(self) -> dict[str, Any]:
        """The parameters that an approval is for: what the run does beyond its plan depends on them."""
        return {name: value for name, value in self.parameters.items() if name not in _NOT_BOUND}

    @property
    def shown(self) -> str:
        """The SHA-256 of everything that the approver is shown."""
        content = {**asdict(self), "parameters": self.bound}
        if not self.observed:  # as in versions without observations
            del content["observed"]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def statement(self) -> dict[str, Any]:
        """What an approver signs, without who approves and until when."""
        return {
            "runbook": self.runbook,
            "run": self.run,
            "plan": self.plan,
            "items": self.items,
            "parameters": self.bound,
            "requester": self.requester,
            "requested": self.requested,
            "shown_sha256": self.shown,
        } | ({"observed": self.observed} if self.observed else {})

    def described(self) -> str:
        """Return the request as text for a person."""
        return f"{self.facts()}\n\n{terminal.text(redaction.visible(self.what))}"

    def facts(self) -> str:
        """Return what is asked, by whom, with which parameters and items, without the text of the run."""
        lines = [
            f"Runbook: {self.runbook}",
            f"Run: {self.run or 'not named, because this request is of an earlier version'}",
            f"Plan digest: {self.plan}",
            f"Requested by: {', '.join(self.requester)}" + (f", at {self.requested}" if self.requested else ""),
            "Parameters:",
            *(f"  {name}: {json.dumps(value)}" for name, value in self.bound.items()),
        ]
        if self.items:
            lines += [f"Items ({len(self.items)}):"]
            lines += [f"  {_item_words(item)}" for item in self.items]
        if self.observed:
            lines += [f"Seen in AWS ({len(self.observed)}); a later use alone does not void the approval:"]
            lines += [f"  {observations.words(one)}" for one in self.observed]
        return redaction.visible("\n".join(lines))

    @property
    def proofs(self) -> list[str]:
        """What an approver may type to show that they have read the request: start of the digest, account ID."""
        account = self.parameters.get("account_id")
        return [self.plan[:TYPED], *([account] if isinstance(account, str) and account else [])]

    @classmethod
    def load(cls, folder: Path) -> Request:
        """Read the request of the run in `folder`; raise RunbookError when there is none, or it is damaged."""
        path = folder / REQUEST
        try:
            content = reading.json_file(path)
        except (FileNotFoundError, NotADirectoryError):
            raise RunbookError(f"No run in {folder} waits for an approval.") from None
        problem = _request_problem(content)
        if problem:
            raise reading.Damaged(f"{path} cannot be read: {problem}.")
        return cls(**content)


def _request_problem(content: Mapping[str, Any]) -> str:
    """Return why `content` is no request, "" when it is one."""
    kinds = {"runbook": str, "plan": str, "requester": list, "parameters": dict, "what": str, "run": str}
    kinds |= {"requested": str, "items": list, "observed": list}
    if unknown := content.keys() - kinds.keys():
        return f"it has {', '.join(sorted(map(str, unknown)))}, which this version does not know"
    if missing := {"runbook", "plan", "requester", "parameters"} - content.keys():
        return f"{', '.join(sorted(missing))} is missing"
    for name, value in content.items():
        if not isinstance(value, kinds[name]):
            return f"{name} is not {'text' if kinds[name] is str else 'a list' if kinds[name] is list else 'an object'}"
    if not all(isinstance(name, str) for name in content["requester"]):
        return "requester is not a list of names"
    if not all(_is_item(item) for item in content.get("items", [])):
        return "items is not a list of accounts, kinds and IDs"
    if not observations.are_valid(content.get("observed", [])):
        return "observed is not a list of accounts, kinds, IDs and what was seen"
    return ""


def _item_words(item: Mapping[str, str]) -> str:
    created = f", created {item['created']}" if item.get("created") else ""
    return f"{item['account_id']} {item['kind']} {item['id']}{created}"


def _is_item(item: Any) -> bool:
    required = {"account_id", "kind", "id"}
    return (
        isinstance(item, dict)
        and required <= item.keys() <= {*required, "created"}
        and all(isinstance(value, str) for value in item.values())
    )


@dataclass(frozen=True)
class Approval:
    """A permission to continue: signed by a second person, or taken in an emergency."""

    plan: str
    approver: str
    approved: str
    expires: str = ""
    emergency: str = ""  # the reason, when no approver could be reached
    review_by: str = ""  # the day by which that is reviewed
    observed: list[Observation] = field(default_factory=list)  # what the approver was shown of the past


def names_of(arn: str, requester: str = "") -> list[str]:
    """Return the names of the person who asks: the one they gave, their ARN, and the name at its end.

    With IAM Identity Center and most federations, the ARN of a session ends in the user name or e-mail address.
    """
    return [name for name in dict.fromkeys((requester, arn, arn.rpartition("/")[2])) if name]


def require_named(arn: str, requester: str, allowed_signers: Path) -> None:
    """Raise Blocked unless the list of signers, or the parameter `requester`, names the person who asks.

    The name in an ARN may be that of a role or a session. When no line of the list is for it, the keys of the person
    are not known, so the approver must see, and sign, who it is.
    """
    listed = ssh_signatures.signers(allowed_signers)
    if requester or any(signer.is_for(name) for name in names_of(arn) for signer in listed):
        return
    caller = f"The caller {arn}" if arn else "The caller"
    raise Blocked(
        f"{caller} is not in the list of allowed signers {allowed_signers}, so it is not known who asks for this "
        "approval.\nStart a new run with requester=NAME, the name of the person who runs it. The approver sees and "
        "signs that name."
    )


def sign(request: Request, key: Path, approver: str, hours: int = HOURS) -> str:
    """Sign with the SSH key, or through the agent with a public key; return the token.

    Raises RunbookError when the request cannot be approved, or not by this person.
    """
    if not 1 <= hours <= MOST_HOURS:
        raise RunbookError(f"Invalid value for --hours: {hours}. Expected 1 to {MOST_HOURS}.")
    if not _NAME.fullmatch(approver):
        raise RunbookError(f"Invalid value for --as: {approver!r}. Expected a name from the list of allowed signers.")
    if not request.run:
        raise RunbookError(
            "This request was written by an earlier version, and does not name its run. Resume the run with this "
            "version; it writes a new request."
        )
    if request.parameters.get("check_mode") is True:
        raise RunbookError(ONLY_PLANS)
    if _is_requester(approver, request.requester):
        raise RunbookError(f"{approver} asked for this approval. Another person must approve.")
    now = datetime.now(UTC)
    statement = {
        **request.statement,
        "approver": approver,
        "approved": times.text(now),
        "expires": times.text(now + timedelta(hours=hours)),
    }
    text = json.dumps(statement, indent=2, ensure_ascii=False)
    return _token(text, ssh_signatures.sign(text, key))


def check_from_here(token: str, request: Request) -> None:
    """Raise RunbookError when the run would refuse the token. On another machine the list of signers may be missing."""
    signers = Path(str(request.parameters.get("allowed_signers") or "")).expanduser()
    if not signers.is_file():
        return
    try:
        check(token, request, signers)
    except ValueError as refusal:
        raise RunbookError(f"{refusal}\nNothing was kept. Correct this, then approve again.") from None


def save(folder: Path, token: str) -> Path:
    """Write statement and signature of a checked token into the folder of a run; return the statement's file."""
    statement, signature = _parts(token)
    words = json.loads(statement)
    # A second approval, after the first one has expired, leaves alone what the run has sealed.
    mark = hashlib.sha256(token.encode()).hexdigest()[:8]
    name = re.sub(r"[^\w.@+-]", "_", f"{words['approver']}-{words['plan'][:12]}-{mark}.json")
    kept = folder / FOLDER
    kept.mkdir(mode=0o700, exist_ok=True)
    files.write(kept / name, statement)
    files.write(kept / f"{name}.sig", signature)
    return kept / name


def save_signers(folder: Path, allowed_signers: Path) -> None:
    """Keep the list by which an approval was valid next to it: an auditor has it even if the original changes."""
    files.write(folder / FOLDER / SIGNERS, allowed_signers.read_text(encoding="utf-8"))


def saved_tokens(folder: Path) -> Iterator[str]:
    """Yield the tokens of the approvals in the folder of a run. What cannot be read is left out."""
    for path in sorted((folder / FOLDER).glob("*.json")):
        try:
            parts = [reading.regular_file(file).decode() for file in (path, path.with_name(f"{path.name}.sig"))]
        except (OSError, reading.Damaged, UnicodeDecodeError):
            continue
        yield _token(*parts)


def check(token: str, request: Request, allowed_signers: Path, observed: Collection[str] = ()) -> Approval:
    """Return the approval of `request` in `token`; raise ValueError, with the reason, when there is none.

    `observed` are the digests of what the run observed each time that it requested this; without any, what the request
    has now counts.
    """
    statement, signature = _parts(token)
    try:
        words = json.loads(statement)
        plan, approver, approved, expires = (str(words[name]) for name in ("plan", "approver", "approved", "expires"))
        approval = Approval(plan, approver, approved, expires)
        now, begin, end = datetime.now(UTC), *map(datetime.fromisoformat, (approval.approved, approval.expires))
        valid = begin <= now + SKEW and timedelta(0) < end - begin <= timedelta(hours=MOST_HOURS)
        if not _NAME.fullmatch(approval.approver):
            raise ValueError("not a name")
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        raise ValueError("This is not an approval: the signed statement is not one of breakglass.aws.") from None
    _check_signature(statement, signature, approval.approver, request.requester, allowed_signers)
    # From here on, the approver has signed it. Before, anyone may have written it.
    seen = words.get("observed", [])
    if refusal := _difference(words, request, observed or [observations.digest(request.observed)]):
        raise ValueError(f"{approval.approver} {refusal} {_AGAIN}")
    if not valid or begin < _time(request.requested) - SKEW:
        raise ValueError(
            f"The approval of {approval.approver} is not valid: it is from {approval.approved} until "
            f"{approval.expires}, and was requested at {request.requested}."
        )
    if now >= end:
        raise ValueError(f"The approval of {approval.approver} expired at {approval.expires}. Ask for a new one.")
    return replace(approval, observed=seen)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text) if text else datetime.min.replace(tzinfo=UTC)


def _difference(words: Mapping[str, Any], request: Request, observed: Collection[str]) -> str:
    """Return what the signed `words` have otherwise than the request; "" when they are for this request.

    What the approver was shown of the past must be `observed` by the run, now or earlier.
    """
    if "run" not in words:
        return "approved this with an earlier version, whose approvals do not name a run."
    expected = request.statement
    if any(words.get(name) != expected[name] for name in ("runbook", "plan", "items")):
        return (
            f"approved another plan ({words.get('runbook')} {str(words.get('plan'))[:12]}) than this one "
            f"({request.runbook} {request.plan[:12]})."
        )
    if words.get("parameters") != request.bound:
        return (
            f"approved this plan with the parameters {json.dumps(words.get('parameters'))}, and this run has "
            f"{json.dumps(request.bound)}."
        )
    if words.get("requester") != request.requester:
        asked = json.dumps(words.get("requester"))
        return f"approved this for the requester {asked}, and this run was started by {json.dumps(request.requester)}."
    if words.get("run") != request.run:
        return f"approved this for the run {words.get('run')}, and this is the run {request.run}."
    seen = words.get("observed", [])
    shown = replace(request, observed=seen).shown if observations.are_valid(seen) else ""
    known = bool(shown) and observations.digest(seen) in observed
    if not known or words.get("shown_sha256") != shown or words.get("requested") != request.requested:
        return "was shown another text, or an earlier request, than the one that belongs to this plan."
    return ""


def emergency(words: str, request: Request) -> Approval | None:
    """Return the override that an answer is, None when it is none; raise ValueError when its reason says nothing."""
    if not words.startswith(EMERGENCY.split()[0]):
        return None
    reason = words.removeprefix(EMERGENCY).strip()
    if not words.startswith(EMERGENCY) or len(reason) < SHORTEST_REASON or len(reason.split()) < FEWEST_WORDS:
        raise ValueError(
            f"Write '{EMERGENCY} ...' with a sentence that explains why no approver can be reached: at least "
            f"{FEWEST_WORDS} words and {SHORTEST_REASON} characters. It is reviewed."
        )
    now = datetime.now(UTC)
    requester = request.requester[0] if request.requester else "unknown"
    review_by = (now + REVIEW_AFTER).date().isoformat()
    return Approval(request.plan, requester, times.text(now), emergency=reason, review_by=review_by)


def _check_signature(
    statement: str, signature: str, approver: str, requester: Iterable[str], allowed_signers: Path
) -> None:
    """Raise ValueError unless an allowed signer who is not the requester made the signature over the statement."""
    requester = list(requester)
    if reason := ssh_signatures.refusal(statement, signature, approver, allowed_signers):
        raise ValueError(f"This is no valid signature of {approver}. {reason}")
    own_keys = ssh_signatures.keys_of(requester, ssh_signatures.signers(allowed_signers))
    if _is_requester(approver, requester) or ssh_signatures.fingerprint_of(signature) in own_keys:
        raise ValueError(f"{approver} is the person who asked for this approval. Another person must approve.")


def _is_requester(name: str, requester: Iterable[str]) -> bool:
    return any(ssh_signatures.same_person(name, known) for known in requester)


def _token(statement: str, signature: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([statement, signature]).encode()).decode()


def _parts(token: str) -> tuple[str, str]:
    try:
        if len(token) > LARGEST_TOKEN:
            raise ValueError("too long")
        statement, signature = json.loads(base64.b64decode(token.encode(), altchars=b"-_", validate=True))
        statement.encode(), signature.encode()  # no text of Unicode is none of ssh-keygen
        return statement, signature
    except (ValueError, TypeError, AttributeError, RecursionError, binascii.Error):
        raise ValueError(
            "This is not an approval. Expected the word that `breakglass approve --token` prints, "
            f"or in an emergency '{EMERGENCY} ...' with the reason."
        ) from None
