"""A second person's approval: whose counts, for which plan, and for how long. Signed with keys made for the test."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from breakglass_aws.engine import results, times
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import redaction, ssh_signatures
from breakglass_aws.engine.gates import approval
from breakglass_aws.engine.gates.approval import Request

ARN = "arn:aws:sts::111122223333:assumed-role/Operators/olga@example.com"
ITEM = {"account_id": "012345678901", "kind": "bucket_policy", "id": "data-lake-raw"}
OTHER_ITEM = {**ITEM, "account_id": "333344445555"}
REQUEST = Request(
    "unlock_s3_bucket",
    "0f" * 32,
    approval.names_of(ARN, "olga"),
    {"account_id": "012345678901"},
    "Approve what is planned.",
    "a-run",
    times.text(),
    [ITEM],
)


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
    statement = approval.save(tmp_path, token)
    checked = subprocess.run(
        ["ssh-keygen", "-Y", "verify", "-n", "breakglass.aws", "-I", "ada", "-f", signers(), "-s", f"{statement}.sig"],
        stdin=statement.open(),
        check=False,
    )
    assert checked.returncode == 0
    assert [*approval.saved_tokens(tmp_path)] == [token]
    assert json.loads(statement.read_text())["requester"] == [
        "olga",
        ARN,
        "olga@example.com",
    ]


def changed(token: str, **words: Any) -> str:
    """The approval with other words, under the same signature."""
    statement, signature = json.loads(base64.urlsafe_b64decode(token))
    return packed(json.dumps({**json.loads(statement), **words}), signature)


def tokens(pair: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(pair).encode()).decode()


def packed(statement: str, signature: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([statement, signature]).encode()).decode()


def signed_as_it_is(key: Path, **words: Any) -> str:
    """A statement that our own command would not sign."""
    now = datetime.now(UTC)
    statement = json.dumps(
        {
            **REQUEST.statement,
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
        lambda keys: approval.sign(replace(REQUEST, plan="aa" * 32), keys["ada"], "ada"),
        "approved another plan",
    ),
    "another runbook": (
        lambda keys: approval.sign(replace(REQUEST, runbook="unlock_sqs_queue"), keys["ada"], "ada"),
        "approved another plan",
    ),
    "the same plan, with other parameters": (
        lambda keys: approval.sign(
            replace(REQUEST, parameters={**REQUEST.parameters, "root_task": "more"}), keys["ada"], "ada"
        ),
        "approved this plan with the parameters .*more",
    ),
    "without parameters": (lambda keys: signed_as_it_is(keys["ada"], parameters=None), "with the parameters null"),
    "a stranger": (
        lambda keys: approval.sign(REQUEST, keys["stranger"], "stranger"),
        r"no valid signature of stranger. stranger is not in .*It lists: ada, olga\.",
    ),
    "a stranger in the name of somebody": (
        lambda keys: approval.sign(REQUEST, keys["stranger"], "ada"),
        "no valid signature of ada. The key that signed is not, or no longer, in",
    ),
    "somebody in the name of another": (
        lambda keys: approval.sign(REQUEST, keys["olga"], "ada"),
        "no valid signature of ada. The key that signed belongs to olga",
    ),
    "the same plan for another account": (
        lambda keys: approval.sign(
            replace(REQUEST, items=[{**ITEM, "account_id": "333344445555"}]), keys["ada"], "ada"
        ),
        "approved another plan",
    ),
    "the same plan for another item": (
        lambda keys: approval.sign(replace(REQUEST, items=[{**ITEM, "id": "data-lake"}]), keys["ada"], "ada"),
        "approved another plan",
    ),
    "the same plan of another run": (
        lambda keys: approval.sign(replace(REQUEST, run="another"), keys["ada"], "ada"),
        "approved this for the run another, and this is the run a-run",
    ),
    "the same plan, requested at another time": (
        lambda keys: approval.sign(replace(REQUEST, requested=ago(days=1)), keys["ada"], "ada"),
        "was shown another text, or an earlier request",
    ),
    "the same plan for another requester": (
        lambda keys: approval.sign(replace(REQUEST, requester=["eve"]), keys["ada"], "ada"),
        r'approved this for the requester \["eve"\]',
    ),
    "another text than the one shown": (
        lambda keys: approval.sign(replace(REQUEST, what="Approve that nothing is done."), keys["ada"], "ada"),
        "was shown another text",
    ),
    "of version 0.1, which names no run": (
        lambda keys: signed_as_it_is(keys["ada"], **dict.fromkeys(("run", "requested", "items", "shown_sha256"))),
        "approved another plan",
    ),
    "before it was requested": (
        lambda keys: signed_as_it_is(keys["ada"], approved=ago(hours=2), expires=ago(hours=-2)),
        "is not valid: .*was requested at",
    ),
    "the requester": (lambda keys: signed_as_it_is(keys["olga"], approver="olga"), "Another person must approve"),
    "expired": (
        lambda keys: signed_as_it_is(keys["ada"], approved=ago(hours=3), expires=ago(hours=1)),
        "expired at|is not valid",
    ),
    "from tomorrow": (
        lambda keys: signed_as_it_is(keys["ada"], approved=ago(hours=-20), expires=ago(hours=-21)),
        "is not valid",
    ),
    "for ever": (lambda keys: signed_as_it_is(keys["ada"], expires=ago(days=-400)), "is not valid"),
    "without an end": (lambda keys: signed_as_it_is(keys["ada"], expires=None), "the signed statement"),
    "times without a zone": (
        lambda keys: signed_as_it_is(keys["ada"], approved="2026-01-01T00:00:00", expires="2026-01-02T00:00:00"),
        "the signed statement",
    ),
    "no words at all": (lambda keys: signed_as_it_is(keys["ada"])[:40], "This is not an approval"),
    "changed afterwards": (
        lambda keys: changed(approval.sign(REQUEST, keys["ada"], "ada"), expires=ago(hours=-100)),
        "no valid signature of ada. The signed text was changed",
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
    with pytest.raises(ValueError, match="Another person must approve"):
        approval.check(token, REQUEST, signers(ada="olga", olga="olga"))


SAME_PERSON = {
    "under the user name of an e-mail address": ("operator@example.com", []),
    "with an own key that has expired": ("ada", ['operator valid-before="20200101"']),
    "with an own key for another namespace": ("ada", ['operator namespaces="git"']),
    "with a key listed under two names": ("ada", ["operator@example.com"]),
    "with a key listed for several names": ("ada", ["eve,OPERATOR@EXAMPLE.COM"]),
    "with a key listed for everybody": ("ada", ["*"]),
    "with a key listed for names that match": ("ada", ["oper*"]),
}


@pytest.mark.parametrize("case", SAME_PERSON)
def test_nobody_approves_their_own_request(case: str, keys: dict[str, Path], tmp_path: Path) -> None:
    """By name or by key: the ARN of the caller ends in a user name that the list may have in another spelling."""
    approver, others = SAME_PERSON[case]
    arn = "arn:aws:sts::111122223333:assumed-role/Operators/operator"
    request = replace(REQUEST, requester=approval.names_of(arn))
    public = keys["olga"].with_suffix(".pub").read_text()
    listed = tmp_path / "allowed_signers"
    listed.write_text("".join(f"{entry} {public}" for entry in [f'{approver} namespaces="breakglass.aws"', *others]))
    token = signed_as_it_is(keys["olga"], **request.statement, approver=approver)
    with pytest.raises(ValueError, match="Another person must approve"):
        approval.check(token, request, listed)


def test_another_person_with_a_key_of_their_own_approves(keys: dict[str, Path], tmp_path: Path) -> None:
    arn = "arn:aws:sts::111122223333:assumed-role/Operators/operator"
    request = replace(REQUEST, requester=approval.names_of(arn))
    public = {name: keys[name].with_suffix(".pub").read_text() for name in ("ada", "olga")}
    listed = tmp_path / "allowed_signers"
    listed.write_text(f"ada@example.com {public['ada']}!ada@example.com,oper*\t{public['olga']}")
    token = approval.sign(request, keys["ada"], "ada@example.com")
    assert approval.check(token, request, listed).approver == "ada@example.com"


def test_a_requester_whom_the_list_does_not_name_is_named_by_a_parameter(signers: Callable[..., Path]) -> None:
    """Else nothing tells whose keys must not sign. The approver is shown, and signs, the name that was given."""
    listed = signers()
    approval.require_named("arn:aws:sts::111122223333:assumed-role/Operators/olga@example.com", "", listed)
    approval.require_named("arn:aws:sts::111122223333:assumed-role/Operators/session-1", "Olga", listed)
    with pytest.raises(RunbookError, match=r"session-1 is not in the list.*\n.*Start a new run with requester=NAME"):
        approval.require_named("arn:aws:sts::111122223333:assumed-role/Operators/session-1", "", listed)
    named = replace(REQUEST, requester=approval.names_of("arn:aws:iam::111122223333:user/ci", "Olga"))
    assert "Requested by: Olga, arn:aws:iam::111122223333:user/ci, ci" in named.described()
    assert "  012345678901 bucket_policy data-lake-raw\n" in named.described()
    assert named.statement["requester"][0] == "Olga"


def test_the_key_of_a_certificate_is_the_key_that_it_is_for(keys: dict[str, Path], tmp_path: Path) -> None:
    public = tmp_path / "ada.pub"
    public.write_text(keys["ada"].with_suffix(".pub").read_text())
    ca = ["ssh-keygen", "-q", "-s", keys["stranger"], "-I", "x", "-n", "ada", public]
    subprocess.run(ca, check=True)
    signature = ssh_signatures.sign("x", keys["ada"])
    listed = tmp_path / "signers"
    listed.write_text(f"ada {keys['ada'].with_suffix('.pub').read_text()}")
    [signer] = ssh_signatures.signers(listed)
    assert ssh_signatures.fingerprint_of(signature) == signer.fingerprint
    certificate = base64.b64decode((tmp_path / "ada-cert.pub").read_text().split()[1])
    assert ssh_signatures._fingerprint(certificate) == signer.fingerprint


@pytest.mark.parametrize(
    "text", ["", "x", "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----", "U1NIU0lH", "\ud800", "é"]
)
def test_what_is_no_signature_has_no_key(text: str) -> None:
    assert ssh_signatures.fingerprint_of(text) == ""


def words(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Mappings that have what a statement has, and something else."""
    return st.dictionaries(st.sampled_from([*REQUEST.statement, "approver", "approved", "expires"]) | st.text(), values)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | words(inner), max_leaves=8
)
STATEMENTS = JSON.map(lambda value: packed(json.dumps(value), "x"))


@settings(max_examples=60, deadline=None, suppress_health_check=[*HealthCheck])
@for_all(st.text() | STATEMENTS | st.tuples(st.text(), st.text()).map(tokens))
def test_no_text_is_an_approval(signers: Callable[..., Path], token: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        approval.check(token, REQUEST, signers())


@settings(max_examples=25, deadline=None, suppress_health_check=[*HealthCheck])
@for_all(st.data())
def test_no_byte_of_an_approval_can_be_another(
    keys: dict[str, Path], signers: Callable[..., Path], data: st.DataObject
) -> None:
    statement, signature = json.loads(base64.urlsafe_b64decode(approval.sign(REQUEST, keys["ada"], "ada")))
    at = data.draw(st.integers(0, len(statement) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda sign: sign != statement[at]))
    with pytest.raises(ValueError, match=r"."):
        approval.check(packed(statement[:at] + other + statement[at + 1 :], signature), REQUEST, signers())


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
        ({"approver": "olga"}, "Another person must approve"),
        ({"approver": "OLGA@example.com"}, "Another person must approve"),
        ({"approver": "ada", "hours": 0}, "Expected 1 to 168"),
        ({"approver": "ada", "hours": 169}, "Expected 1 to 168"),
        ({"approver": "a*"}, "Expected a name from the list"),
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
    ("content", "said"),
    [
        ("ada no key", "a line without a public key: 'ada no key'"),
        (None, "cannot be read"),
        ("# nobody\n\n", "is empty"),
        (b"\xff\xfe", "not text"),
    ],
)
def test_a_list_of_signers_that_is_none(content: str | bytes | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "signers"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(RunbookError, match=said):
        ssh_signatures.require_signers(str(path))


def test_the_same_plan_has_the_same_digest_and_another_one_has_not() -> None:
    def plan(**other: Any) -> dict[str, Any]:
        account = {"account_id": "012345678901", "credentials": [{"kind": "password", "outcome": "removed"}], **other}
        return {"changed": True, "accounts": [account], "invocation": {"x": 1}}

    one = results.plan_digest(plan(session={"access_key_id": "ASIA1"}))
    assert one == results.plan_digest(plan(session={"access_key_id": "ASIA2"}))
    assert one != results.plan_digest(plan(credentials=[]))
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
    with pytest.raises(ValueError, match="with a sentence"):
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


REQUESTS = {
    "of another version": ({**asdict(REQUEST), "later": 1}, "later, which this version does not know"),
    "without a plan": ({"runbook": "x", "requester": [], "parameters": {}}, "plan is missing"),
    "with another kind of value": ({**asdict(REQUEST), "parameters": []}, "parameters is not an object"),
    "with no names": ({**asdict(REQUEST), "requester": [1]}, "requester is not a list of names"),
    "with no items": ({**asdict(REQUEST), "items": [{}]}, "items is not a list"),
    "no object": ([], "does not hold an object"),
}


@pytest.mark.parametrize("case", REQUESTS)
def test_a_request_that_is_none_is_refused(case: str, tmp_path: Path) -> None:
    content, said = REQUESTS[case]
    (tmp_path / approval.REQUEST).write_text(json.dumps(content))
    with pytest.raises(RunbookError, match=said):
        Request.load(tmp_path)


def test_a_request_of_version_0_1_is_shown_and_not_signed(keys: dict[str, Path], tmp_path: Path) -> None:
    first = {name: asdict(REQUEST)[name] for name in ("runbook", "plan", "requester", "parameters", "what")}
    (tmp_path / approval.REQUEST).write_text(json.dumps(first))
    request = Request.load(tmp_path)
    assert "Approve what is planned." in request.described()
    with pytest.raises(RunbookError, match="earlier version"):
        approval.sign(request, keys["ada"], "ada")


def test_each_line_separator_is_shown_as_an_escape() -> None:
    """One in a value of a policy hid the beginning of a row, or ended the command with a traceback."""
    table = "| what | policy |\n|---|---|\n| a | {} |"
    for sign in "\u2028\u2029\x85\x0b\x0c\x1c\r":
        shown = replace(REQUEST, what=table.format(f"begin{sign}end")).described()
        assert f"policy: begin{redaction.visible(sign)}end" in shown
        assert sign not in shown


def test_what_a_terminal_would_obey_or_turn_round_is_only_shown() -> None:
    """Names and policies come from elsewhere; an approver must see what is signed."""
    hostile = "close \x1b[2J\x1b]0;all\x07 \u202eevil\u2066\rname"
    shown = Request("tiny", "0f" * 32, [hostile], {"bucket": hostile}, f"**Plan**\n\n{hostile} naïve 日本").described()
    assert not set(shown) & set("\x1b\x07\r\u202e\u2066")
    assert "naïve 日本" in shown
