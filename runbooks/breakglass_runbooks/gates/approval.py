"""A second person's approval: an SSH signature over what a plan would do, good for some hours.

A plan is known by its digest, and approved with the parameters of its run. The run asks with a request; the approver
sees the plan and signs a statement that names it, who asked, who approves and until when. A list of allowed signers, in
OpenSSH's own format, says whose signature counts. Statement and signature are two files that plain `ssh-keygen -Y
verify` can check years later; as one word, the token, they are an answer to a gate.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import shlex
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from breakglass_runbooks import files, times
from breakglass_runbooks.display import terminal
from breakglass_runbooks.errors import RunbookError
from breakglass_runbooks.evidence import ssh_signatures

REQUEST = "request.json"
FOLDER = "approvals"
SIGNERS = "allowed_signers"
HOURS, MOST_HOURS = 24, 7 * 24
# Two clocks are never the same.
SKEW = timedelta(minutes=5)
EMERGENCY = "EMERGENCY because"
REVIEW_AFTER = timedelta(days=3)
SHORTEST_REASON = 20

# Parameters that do not say what is done: the same is planned in check mode on one machine, and done on another.
_OF_THE_RUN = {"check_mode", "evidence_dir", "allowed_signers", "requester"}


@dataclass(frozen=True)
class Request:
    """What is to be approved, and who asks."""

    runbook: str
    plan: str  # its digest
    requester: list[str]  # all names by which whoever asks is known
    parameters: dict[str, Any]
    what: str = ""  # what is to be approved and what the plan would do, in Markdown, as the run shows it

    def write(self, folder: Path) -> None:
        """Leave it in the folder of the run, for whoever approves."""
        files.write(folder / REQUEST, json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n")

    @property
    def bound(self) -> dict[str, Any]:
        """The parameters that an approval is for, beside the plan: what else the run would do depends on them."""
        return {name: value for name, value in self.parameters.items() if name not in _OF_THE_RUN}

    def described(self) -> str:
        """What is asked for, for whoever is about to approve it at a terminal."""
        given = "\n".join(f"  {name}: {json.dumps(value)}" for name, value in self.parameters.items())
        return terminal.visible(
            f"Runbook {self.runbook}, plan {self.plan}\nasked for by: {', '.join(self.requester)}\n"
            f"with the parameters:\n{given}\n\n{terminal.text(self.what)}"
        )

    @classmethod
    def load(cls, folder: Path) -> Request:
        """The request of the run in `folder`."""
        try:
            return cls(**json.loads((folder / REQUEST).read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise RunbookError(f"No run in {folder} waits for an approval.") from None
        except (OSError, ValueError, TypeError) as error:
            raise RunbookError(f"{folder / REQUEST} cannot be read: {error}.") from None


@dataclass(frozen=True)
class Approval:
    """A permission to go on: signed by a second person, or taken in an emergency."""

    plan: str
    approver: str
    approved: str
    expires: str = ""
    emergency: str = ""  # the reason, when nobody could be asked
    review_by: str = ""  # the day by which somebody must look at that


def names_of(arn: str, requester: str = "") -> list[str]:
    """The names by which whoever asks is known: as they call themselves, their ARN, and the name at its end.

    With IAM Identity Center and most federations, a session's ARN ends in the person's user name or e-mail address.
    """
    return [name for name in dict.fromkeys((requester, arn, arn.rpartition("/")[2])) if name]


def sign(request: Request, key: Path, approver: str, hours: int = HOURS) -> str:
    """Sign with the SSH key, or through the agent with a public one; return the token. RunbookError says why not."""
    if not 1 <= hours <= MOST_HOURS:
        raise RunbookError(f"An approval is good for 1 to {MOST_HOURS} hours, not {hours}.")
    if not re.fullmatch(r"[^\s\"*?!,]+", approver):
        raise RunbookError(f"{approver!r} is no name. Take the one that stands in the list of allowed signers.")
    if _is(approver, request.requester):
        raise RunbookError(f"{approver} asked for this approval. Somebody else must approve.")
    now = datetime.now(UTC)
    statement = json.dumps(
        {
            "runbook": request.runbook,
            "plan": request.plan,
            "parameters": request.bound,
            "requester": request.requester,
            "approver": approver,
            "approved": times.text(now),
            "expires": times.text(now + timedelta(hours=hours)),
        },
        indent=2,
        ensure_ascii=False,
    )
    return _token(statement, ssh_signatures.sign(statement, key))


def check_from_here(token: str, request: Request) -> None:
    """Raise RunbookError when the run would not take it; on another machine the list of signers may be missing."""
    signers = Path(str(request.parameters.get("allowed_signers") or "")).expanduser()
    if not signers.is_file():
        return
    try:
        check(token, request, signers)
    except ValueError as refusal:
        raise RunbookError(f"{refusal}\nNothing was kept; approve again when that is put right.") from None


def keep(folder: Path, token: str) -> Path:
    """Write statement and signature into the folder of a run; return the statement's file."""
    statement, signature = _parts(token)
    words = json.loads(statement)
    # One who approves again, because the first one expired, leaves alone what the run has sealed.
    mark = hashlib.sha256(token.encode()).hexdigest()[:8]
    name = re.sub(r"[^\w.@+-]", "_", f"{words['approver']}-{words['plan'][:12]}-{mark}.json")
    kept = folder / FOLDER
    kept.mkdir(mode=0o700, exist_ok=True)
    files.write(kept / name, statement)
    files.write(kept / f"{name}.sig", signature)
    return kept / name


def keep_signers(folder: Path, allowed_signers: Path) -> None:
    """Keep the list by which an approval counted beside it: an auditor has it, whatever becomes of the original."""
    files.write(folder / FOLDER / SIGNERS, allowed_signers.read_text(encoding="utf-8"))


def kept(folder: Path) -> list[str]:
    """The tokens of the approvals that lie in the folder of a run."""
    return [
        _token(path.read_text(encoding="utf-8"), path.with_name(f"{path.name}.sig").read_text(encoding="utf-8"))
        for path in sorted((folder / FOLDER).glob("*.json"))
        if path.with_name(f"{path.name}.sig").is_file()
    ]


def check(token: str, request: Request, allowed_signers: Path) -> Approval:
    """The approval that `token` is for `request`; ValueError says why it is none."""
    statement, signature = _parts(token)
    try:
        words = json.loads(statement)
        approval = Approval(*(str(words[name]) for name in ("plan", "approver", "approved", "expires")))
        now, begin, end = datetime.now(UTC), *map(datetime.fromisoformat, (approval.approved, approval.expires))
        good = begin <= now + SKEW and timedelta(0) < end - begin <= timedelta(hours=MOST_HOURS)
    except (ValueError, KeyError, TypeError):
        raise ValueError("This is not an approval: the statement that was signed is none.") from None
    _check_signature(statement, signature, approval.approver, request.requester, allowed_signers)
    # From here on it is what the approver signed; before, anybody may have written it.
    if words.get("runbook") != request.runbook or approval.plan != request.plan:
        raise ValueError(
            f"{approval.approver} approved another plan ({words.get('runbook')} {approval.plan[:12]}) than this one "
            f"({request.runbook} {request.plan[:12]}). What is to be done has changed, so it must be approved again."
        )
    if words.get("parameters") != request.bound:
        raise ValueError(
            f"{approval.approver} approved this plan with the parameters {json.dumps(words.get('parameters'))}, and "
            f"this run has {json.dumps(request.bound)}. What is to be done has changed, so it must be approved again."
        )
    if not good:
        raise ValueError(
            f"{approval.approver}'s approval is not good: it is from {approval.approved} until {approval.expires}."
        )
    if now >= end:
        raise ValueError(f"{approval.approver}'s approval has expired at {approval.expires}. Ask for a new one.")
    return approval


def emergency(words: str, request: Request) -> Approval | None:
    """The override that an answer is, None when it is none; ValueError when its reason does not explain anything."""
    if not words.startswith(EMERGENCY.split()[0]):
        return None
    reason = words.removeprefix(EMERGENCY).strip()
    if not words.startswith(EMERGENCY) or len(reason) < SHORTEST_REASON or len(reason.split()) < 3:
        raise ValueError(f"Write '{EMERGENCY} ...' and say in a sentence why nobody can approve; it will be reviewed.")
    now = datetime.now(UTC)
    who = request.requester[0] if request.requester else "unknown"
    return Approval(
        request.plan, who, times.text(now), emergency=reason, review_by=f"{(now + REVIEW_AFTER).date().isoformat()}"
    )


def command(folder: Path) -> str:
    """What the approver types."""
    return f"python -m breakglass_runbooks approve {shlex.quote(str(folder))} --key KEY --as NAME"


def _check_signature(
    statement: str, signature: str, approver: str, requester: Iterable[str], allowed_signers: Path
) -> None:
    """Raise ValueError unless an allowed signer who is not the requester made the signature over the statement."""
    if why := ssh_signatures.refusal(statement, signature, approver, allowed_signers):
        raise ValueError(f"This is no valid signature of {approver}. {why}")
    # Whoever has one key under two names is one person all the same.
    if _is(approver, requester) or not all(
        ssh_signatures.refusal(statement, signature, name, allowed_signers) for name in requester
    ):
        raise ValueError(f"{approver} approved what they asked for themselves. Somebody else must approve.")


def _is(name: str, known_as: Iterable[str]) -> bool:
    return name.casefold() in {one.casefold() for one in known_as}


def _token(statement: str, signature: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([statement, signature]).encode()).decode()


def _parts(token: str) -> tuple[str, str]:
    try:
        statement, signature = json.loads(base64.b64decode(token.encode(), altchars=b"-_", validate=True))
        return str(statement), str(signature)
    except (ValueError, TypeError, binascii.Error):
        raise ValueError(
            "This is not an approval. An approval is the word that `python -m breakglass_runbooks approve` prints; "
            f"in an emergency, '{EMERGENCY} ...' with the reason."
        ) from None
