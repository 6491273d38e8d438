"""A second person's approval: whose counts, for which plan, and for how long. Signed with keys made for the test."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from breakglass_runbooks import results
from breakglass_runbooks.errors import RunbookError
from breakglass_runbooks.evidence import ssh_signatures
from breakglass_runbooks.gates import approval
from breakglass_runbooks.gates.approval import Request

ARN = "arn:aws:sts::111122223333:assumed-role/Operators/olga@example.com"
REQUEST = Request("unlock_s3_bucket", "0f" * 32, approval.names_of(ARN, "olga"), {"account_id": "012345678901"})


def make_key(folder: Path, name: str) -> Path:
    """A new SSH key without a passphrase."""
    key = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key, "-C", name], check=True)
    return key


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("keys")
    return {name: make_key(folder, name) for name in ("ada", "olga", "stranger")}


@pytest.fixture
def signers(keys: dict[str, Path], tmp_path: Path) -> Callable[..., Path]:
    def write(**listed: str) -> Path:
        """A list of allowed signers: names, and the keys they have."""
        listed = listed or {"ada": "ada", "olga": "olga"}
        path = tmp_path / "allowed_signers"
        path.write_text(
            "# who may approve\n"
            + "".join(f"{name} {keys[key].with_suffix('.pub').read_text()}" for name, key in listed.items())
        )
        return path

    return write


def test_an_approval_by_somebody_else_counts(keys: dict[str, Path], signers: Callable[..., Path]) -> None:
    found = approval.check(approval.sign(REQUEST, keys["ada"], "ada", hours=2), REQUEST, signers())
    assert (found.approver, found.plan, found.emergency) == ("ada", REQUEST.plan, "")
    lasts = datetime.fromisoformat(found.expires) - datetime.fromisoformat(found.approved)
    assert lasts == timedelta(hours=2)


def test_it_is_kept_as_files_that_ssh_keygen_checks_alone(
    keys: dict[str, Path], signers: Callable[..., Path], tmp_path: Path
) -> None:
    token = approval.sign(REQUEST, keys["ada"], "ada")
    statement = approval.keep(tmp_path, token)
    checked = subprocess.run(
        ["ssh-keygen", "-Y", "verify", "-n", "breakglass.aws", "-I", "ada", "-f", signers(), "-s", f"{statement}.sig"],
        stdin=statement.open(),
        check=False,
    )
    assert checked.returncode == 0
    assert approval.kept(tmp_path) == [token]
    assert json.loads(statement.read_text())["requester"] == [
        "olga",
        ARN,
        "olga@example.com",
    ]


def changed(token: str, **words: Any) -> str:
    """The approval with other words, under the same signature."""
    statement, signature = json.loads(base64.urlsafe_b64decode(token))
    return packed(json.dumps({**json.loads(statement), **words}), signature)


def packed(statement: str, signature: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([statement, signature]).encode()).decode()


def signed_as_it_is(key: Path, **words: Any) -> str:
    """A statement that our own command would not sign."""
    now = datetime.now(UTC)
    statement = json.dumps(
        {
            "runbook": REQUEST.runbook,
            "plan": REQUEST.plan,
            "parameters": REQUEST.bound,
            "requester": [],
            "approver": "ada",
            "approved": now.isoformat(),
            "expires": (now + timedelta(hours=1)).isoformat(),
        }
        | words
    )
    done = subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-n", "breakglass.aws", "-f", key],
        input=statement,
        capture_output=True,
        text=True,
        check=True,
    )
    return packed(statement, done.stdout)


def ago(**time: float) -> str:
    return (datetime.now(UTC) - timedelta(**time)).isoformat()


REFUSED = {
    "another plan": (
        lambda keys: approval.sign(Request("unlock_s3_bucket", "aa" * 32, [], {}), keys["ada"], "ada"),
        "approved another plan",
    ),
    "another runbook": (
        lambda keys: approval.sign(Request("unlock_sqs_queue", REQUEST.plan, [], {}), keys["ada"], "ada"),
        "approved another plan",
    ),
    "the same plan, with other parameters": (
        lambda keys: approval.sign(
            Request("unlock_s3_bucket", REQUEST.plan, [], {**REQUEST.parameters, "root_task": "more"}),
            keys["ada"],
            "ada",
        ),
        "approved this plan with the parameters .*more",
    ),
    "without parameters": (lambda keys: signed_as_it_is(keys["ada"], parameters=None), "with the parameters null"),
    "a stranger": (
        lambda keys: approval.sign(REQUEST, keys["stranger"], "stranger"),
        r"no valid signature of stranger. stranger does not stand in .*In it stand: ada, olga\.",
    ),
    "a stranger in the name of somebody": (
        lambda keys: approval.sign(REQUEST, keys["stranger"], "ada"),
        "no valid signature of ada. The key that signed does not stand in",
    ),
    "somebody in the name of another": (
        lambda keys: approval.sign(REQUEST, keys["olga"], "ada"),
        "no valid signature of ada. The key that signed is that of olga",
    ),
    "the requester": (lambda keys: signed_as_it_is(keys["olga"], approver="olga"), "Somebody else must approve"),
    "expired": (
        lambda keys: signed_as_it_is(keys["ada"], approved=ago(hours=3), expires=ago(hours=1)),
        "has expired",
    ),
    "from tomorrow": (
        lambda keys: signed_as_it_is(keys["ada"], approved=ago(hours=-20), expires=ago(hours=-21)),
        "is not good",
    ),
    "for ever": (lambda keys: signed_as_it_is(keys["ada"], expires=ago(days=-400)), "is not good"),
    "without an end": (lambda keys: signed_as_it_is(keys["ada"], expires=None), "the statement that was signed"),
    "times without a zone": (
        lambda keys: signed_as_it_is(keys["ada"], approved="2026-01-01T00:00:00", expires="2026-01-02T00:00:00"),
        "the statement that was signed",
    ),
    "no words at all": (lambda keys: signed_as_it_is(keys["ada"])[:40], "This is not an approval"),
    "changed afterwards": (
        lambda keys: changed(approval.sign(REQUEST, keys["ada"], "ada"), expires=ago(hours=-100)),
        "no valid signature of ada. What was signed has been changed",
    ),
    "yes": (lambda keys: "yes", "This is not an approval"),
    "nothing": (lambda keys: "", "This is not an approval"),
    "a number": (lambda keys: base64.urlsafe_b64encode(b"12").decode(), "This is not an approval"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_approval(case: str, keys: dict[str, Path], signers: Callable[..., Path]) -> None:
    make, said = REFUSED[case]
    with pytest.raises(ValueError, match=said):
        approval.check(make(keys), REQUEST, signers())


def test_one_person_under_two_names_is_one_person(keys: dict[str, Path], signers: Callable[..., Path]) -> None:
    token = approval.sign(REQUEST, keys["olga"], "ada")
    with pytest.raises(ValueError, match="Somebody else must approve"):
        approval.check(token, REQUEST, signers(ada="olga", olga="olga"))


def test_a_signature_for_something_else_is_no_approval(keys: dict[str, Path], signers: Callable[..., Path]) -> None:
    statement, _ = json.loads(base64.urlsafe_b64decode(approval.sign(REQUEST, keys["ada"], "ada")))
    for_git = subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-n", "git", "-f", keys["ada"]],
        input=statement,
        capture_output=True,
        text=True,
        check=True,
    )
    with pytest.raises(ValueError, match="no valid signature"):
        approval.check(packed(statement, for_git.stdout), REQUEST, signers())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"approver": "olga"}, "Somebody else must approve"),
        ({"approver": "OLGA@example.com"}, "Somebody else must approve"),
        ({"approver": "ada", "hours": 0}, "1 to 168 hours"),
        ({"approver": "ada", "hours": 169}, "1 to 168 hours"),
        ({"approver": "a*"}, "is no name"),
        ({"approver": "ada", "key": Path("nowhere")}, "nowhere cannot sign: "),
    ],
)
def test_what_is_not_signed(arguments: dict[str, Any], said: str, keys: dict[str, Path]) -> None:
    with pytest.raises(RunbookError, match=said):
        approval.sign(REQUEST, **{"key": keys["ada"], **arguments})


def test_without_ssh_keygen_it_says_what_to_install(
    keys: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RunbookError, match="Install the OpenSSH client"):
        approval.sign(REQUEST, keys["ada"], "ada")


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), ("# nobody\n\n", "is empty"), (b"\xff\xfe", "not text")]
)
def test_a_list_of_signers_that_is_none(content: str | bytes | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "signers"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(RunbookError, match=said):
        ssh_signatures.require_signers(str(path))


def test_the_same_plan_has_the_same_digest_and_another_one_has_not() -> None:
    def plan(**other: Any) -> dict[str, Any]:
        account = {"account_id": "012345678901", "items": [{"kind": "password", "outcome": "removed"}], **other}
        return {"changed": True, "accounts": [account], "invocation": {"x": 1}}

    one = results.plan_digest(plan(session={"access_key_id": "ASIA1"}))
    assert one == results.plan_digest(plan(session={"access_key_id": "ASIA2"}))
    assert one != results.plan_digest(plan(items=[]))
    assert results.plan_digest({**plan(), "plan": {"digest": "of the module"}}) == "of the module"


def test_in_an_emergency_a_reason_opens_the_gate_and_a_review_follows() -> None:
    taken = approval.emergency("EMERGENCY because the approvers are on a plane until noon", REQUEST)
    assert taken
    assert taken.emergency == "the approvers are on a plane until noon"
    assert taken.approver == "olga"
    assert taken.review_by > datetime.now(UTC).date().isoformat()


@pytest.mark.parametrize(
    "words", ["EMERGENCY", "EMERGENCY because", "EMERGENCY because yes", "EMERGENCY: no time to ask anybody"]
)
def test_an_emergency_needs_a_reason(words: str) -> None:
    with pytest.raises(ValueError, match="say in a sentence"):
        approval.emergency(words, REQUEST)


def test_what_is_no_emergency() -> None:
    assert approval.emergency("eyJh", REQUEST) is None


def test_a_request_is_left_for_the_approver(tmp_path: Path) -> None:
    with pytest.raises(RunbookError, match="No run in"):
        Request.load(tmp_path)
    REQUEST.write(tmp_path)
    assert Request.load(tmp_path) == REQUEST
    (tmp_path / approval.REQUEST).write_text("[]")
    with pytest.raises(RunbookError, match="cannot be read"):
        Request.load(tmp_path)


def test_what_a_terminal_would_obey_or_turn_round_is_only_shown() -> None:
    """Names and policies come from elsewhere; an approver must see what is signed."""
    hostile = "close \x1b[2J\x1b]0;all\x07 \u202eevil\u2066\rname"
    shown = Request("tiny", "0f" * 32, [hostile], {"bucket": hostile}, f"**Plan**\n\n{hostile} naïve 日本").described()
    assert not set(shown) & set("\x1b\x07\r\u202e\u2066")
    assert "naïve 日本" in shown
