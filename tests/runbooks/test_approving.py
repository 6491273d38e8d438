"""The gate that an approval opens, in a notebook and headless, with keys made for the test."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from breakglass_aws.cli.main import main
from breakglass_aws.engine import results
from breakglass_aws.engine.errors import RunbookError, Waiting
from breakglass_aws.engine.evidence.journal import Journal
from breakglass_aws.engine.gates import approval, approval_gate
from breakglass_aws.engine.kernel import magics
from breakglass_aws.engine.kernel_options import VARIABLE, KernelOptions

PARAMETERS = (
    'account_id: str = None\nallowed_signers: str = ""\nrequester: str = ""\n'
    'check_mode: bool = True\nevidence_dir: str = ""'
)
START = "%reload_ext breakglass_aws\n%runbook tiny"
PLAN = "%%tasks\n- name: Plan\n  register: plan\n"
GATE = "%%gate approval\nApprove what is planned.\n\nanswer: approval of plan\nwhen: plan is changed\n"
ACT = "%%tasks\n- name: Act, {{ approval }}\n  register: act\n"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the keys of ada, who may approve, and of eve, who may not."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ada", "eve"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    (folder / "signers").write_text(f"ada {(folder / 'ada.pub').read_text()}olga {(folder / 'eve.pub').read_text()}")
    return folder


class Stage:
    """A runbook whose plan is what `left` says; a kernel for each part of its run."""

    def __init__(self, kernel: Callable[..., Any], folder: Path, keys: Path) -> None:
        self._kernel = kernel
        self.folder = folder
        self.left = ["one"]
        self.plan: dict[str, Any] = {}  # what else the plan's result holds
        self.action = "x"  # the module that plans
        self.caller = ""  # the ARN that the plan reports
        self.gate = GATE
        self.done: list[str] = []
        self.parameters = {"requester": "olga", "allowed_signers": str(keys / "signers"), "check_mode": False}

    def run_tasks(
        self, text: str, variables: Any, check_mode: bool, on_event: Callable[[Any], None], *_: object
    ) -> None:
        """Stand in for Ansible."""
        result: dict[str, Any] = {"left": self.left, "changed": True, "msg": f"would take {', '.join(self.left)}"}
        event = {"task": "x", "action": self.action, "path": "", "warnings": [], "ignored": False}
        plans = "register: plan" in text
        result |= self.plan if plans else {}
        result |= {"caller": {"arn": self.caller}} if self.caller else {}
        if not plans:
            self.done += self.left
        on_event({**event, "event": "started", "check_mode": plans})
        ended = {"event": "changed", "register": "plan" if plans else "act", "result": result}
        on_event({**event, **ended, "check_mode": plans})

    def start(self, resume: bool = False, **answers: str) -> Any:
        """Begin a part of the run, up to the gate."""
        notebook = self._kernel(KernelOptions(answers, resume=resume, launcher=True))
        given = {"account_id": "012345678901", "evidence_dir": str(self.folder), **self.parameters}
        for cell in (PARAMETERS, "\n".join(f"{name} = {value!r}" for name, value in given.items()), START, PLAN):
            notebook.cell(cell)
        return notebook

    def plans(self, *accounts: dict[str, Any]) -> None:
        """Let the plan be that of root_credentials for these accounts."""
        self.action = "breakglass.aws.root_credentials"
        self.plan = {"accounts": list(accounts)}

    def approvals(self) -> list[dict[str, Any]]:
        """Those in the evidence."""
        return json.loads((self.folder / "evidence.json").read_text())["approvals"]


@pytest.fixture
def stage(
    new_notebook_shell: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, keys: Path
) -> Iterator[Stage]:
    def kernel(options: KernelOptions) -> Any:
        monkeypatch.setenv(VARIABLE, str(options.pipe()))
        return new_notebook_shell()

    stage = Stage(kernel, tmp_path / "run", keys)
    monkeypatch.setattr(magics, "run_tasks", stage.run_tasks)
    return stage


def removal(account_id: str, *keys: str) -> dict[str, Any]:
    """An account of a plan in which these access keys would be removed."""
    items = [{"kind": "access_keys", "id": key, "outcome": "removed"} for key in keys]
    items.append({"kind": "password", "id": "password", "outcome": "skipped", "reason": "used recently"})
    return {"account_id": account_id, "outcome": "removed", "changed": bool(keys), "credentials": items, "before": {}}


def with_last_use(account: dict[str, Any], date: str | None, status: str = "Active") -> dict[str, Any]:
    """The same account of a plan, with the last use of its credentials as AWS reports it at some time."""
    used = {"date": date, "region": "us-east-1", "service": "s3"} if date else None
    *removed, password = account["credentials"]
    created = {"created": "2026-01-01T03:00:00Z"}
    access_keys = [{"id": item["id"], "status": status, **created, "last_used": used} for item in removed]
    before = {"access_keys": access_keys, "password": {"present": True, **created, "last_used": date}}
    return {**account, "credentials": [*removed, {**password, "reason": f"Used at {date}"}], "before": before}


def approve(stage: Stage, keys: Path, name: str = "ada", *more: str) -> int:
    """What the approver types."""
    return main(["approve", str(stage.folder), "--key", str(keys / name), "--as", name, "--yes", *more])


def test_a_run_waits_until_somebody_else_has_approved_it(
    stage: Stage, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(
        Waiting, match=r"(?s)Approve what is planned.*breakglass(_aws)? approve .*run --key KEY --as NAME.*resume"
    ):
        stage.start().cell(GATE)
    capsys.readouterr()
    assert approve(stage, keys) == 0
    said = capsys.readouterr().out
    assert said.index("Approve what is planned.\n\nwould take one") < said.index(
        "Approved by ada, for 24 hours: tiny, plan "
    )
    assert 'account_id: "012345678901"' in said
    notebook = stage.start(resume=True)
    notebook.cell(GATE)
    notebook.cell(ACT)
    assert notebook["approval"].startswith("approved by ada until 20")
    [kept] = stage.approvals()
    assert (kept["approver"], kept["requester"]) == ("ada", ["olga"])
    assert kept["plan"] == results.plan_digest(notebook["plan"])
    assert [entry["approver"] for entry in Journal(stage.folder).entries() if entry["event"] == "approval"] == ["ada"]


def test_without_a_key_it_is_only_shown(stage: Stage, keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Waiting):
        stage.start().cell(GATE)
    capsys.readouterr()
    assert main(["approve", str(stage.folder)]) == 0
    said = capsys.readouterr().out
    assert "would take one" in said
    assert "Nothing was signed" in said
    assert [*approval.saved_tokens(stage.folder)] == []
    assert main(["approve", str(stage.folder), "--as", "ada"]) == 2
    assert "--key and --as go together" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "signed"),
    [("{digest}", 1), ("012345678901", 1), ("{digest[0]}", 0), ("approve", 0), ("333344445555", 0), ("", 0)],
)
def test_at_a_terminal_the_start_of_the_digest_or_the_account_id_is_typed_before_it_is_signed(
    typed: str, signed: int, stage: Stage, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Waiting):
        stage.start().cell(GATE)
    digest = approval.Request.load(stage.folder).plan[:8]
    terminal = io.StringIO(typed.format(digest=digest) + "\n")
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", terminal)
    arguments = ["approve", str(stage.folder), "--key", str(keys / "ada"), "--as", "ada"]
    assert main(arguments) == (0 if signed else 2)
    assert len([*approval.saved_tokens(stage.folder)]) == signed


def test_without_a_terminal_it_is_signed_only_with_yes(
    stage: Stage, keys: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Waiting):
        stage.start().cell(GATE)
    monkeypatch.setattr("sys.stdin", io.StringIO("012345678901\n"))
    arguments = ["approve", str(stage.folder), "--key", str(keys / "ada"), "--as", "ada"]
    assert main(arguments) == 2
    assert "Programs add --yes" in capsys.readouterr().err
    assert main([*arguments, "--yes"]) == 0


def test_what_did_not_open_the_gate_stands_in_the_journal(stage: Stage) -> None:
    with pytest.raises(Waiting):
        stage.start(approval="yes").cell(GATE)
    [refused] = [entry for entry in Journal(stage.folder).entries() if entry["event"] == "refused"]
    assert (refused["gate"], refused["why"][:23]) == ("approval", "This is not an approval")


def test_another_plan_needs_another_approval(stage: Stage, keys: Path) -> None:
    with pytest.raises(Waiting):
        stage.start().cell(GATE)
    approve(stage, keys)
    stage.left = ["one", "two"]
    with pytest.raises(Waiting, match="ada approved another plan"):
        stage.start(resume=True).cell(GATE)
    approve(stage, keys)
    stage.start(resume=True).cell(GATE)


CHANGES: dict[str, tuple[Callable[[Stage], Any], str]] = {
    "a new key": (
        lambda stage: stage.plans(with_last_use(removal("444455556666", "AKIA1", "AKIA2"), None)),
        "approved another plan",
    ),
    "a new account": (
        lambda stage: stage.plans(
            with_last_use(removal("444455556666", "AKIA1"), None), with_last_use(removal("555566667777", "AKIA3"), None)
        ),
        "approved another plan",
    ),
    "a replaced account": (
        lambda stage: stage.plans(with_last_use(removal("555566667777", "AKIA1"), None)),
        "approved another plan",
    ),
    "another parameter": (lambda stage: stage.parameters.update(account_id="333344445555"), "with the parameters"),
    "another requester": (lambda stage: stage.parameters.update(requester="eve"), "with the parameters"),
    "another caller": (lambda stage: setattr(stage, "caller", "arn:aws:iam::111122223333:user/ed"), "the requester"),
    "a key of another state": (
        lambda stage: stage.plans(with_last_use(removal("444455556666", "AKIA1"), None, "Inactive")),
        "approved another plan",
    ),
    "other words": (lambda stage: setattr(stage, "gate", GATE.replace("what", "all that")), "another text"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_not_what_was_approved_does_not_open_the_gate(change: str, stage: Stage, keys: Path) -> None:
    stage.plans(with_last_use(removal("444455556666", "AKIA1"), None))
    with pytest.raises(Waiting):
        stage.start().cell(stage.gate)
    assert approve(stage, keys) == 0
    make, said = CHANGES[change]
    make(stage)
    with pytest.raises(Waiting, match=f"(?s)ada .*{said}"):
        stage.start(resume=True).cell(stage.gate)


def test_a_credential_that_is_used_meanwhile_keeps_its_approval(
    stage: Stage, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An attacker who goes on to use a key must not keep people from removing it. The approver sees the last use."""
    account = removal("444455556666", "AKIA1")
    stage.plans(with_last_use(account, None))
    with pytest.raises(Waiting):
        stage.start().cell(GATE)
    assert approve(stage, keys) == 0
    assert "444455556666 access_keys AKIA1: never used" in capsys.readouterr().out
    stage.plans(with_last_use(account, "2026-02-01T03:00:00Z"))
    stage.start(resume=True).cell(GATE)
    [kept] = stage.approvals()
    assert kept["observed_since"][0] == (
        "444455556666 access_keys AKIA1: last used 2026-02-01T03:00:00Z, us-east-1, s3. "
        "When it was approved: never used"
    )
    # Who approves now is shown what is seen now, and the run goes on as often as it is resumed.
    assert main(["approve", str(stage.folder)]) == 0
    assert "444455556666 access_keys AKIA1: last used 2026-02-01T03:00:00Z" in capsys.readouterr().out
    stage.plans(with_last_use(account, "2026-02-02T03:00:00Z"))
    stage.start(resume=True).cell(GATE)
    [kept] = stage.approvals()
    assert "last used 2026-02-02T03:00:00Z" in kept["observed_since"][0]


def test_a_key_that_appears_while_another_is_used_needs_another_approval(stage: Stage, keys: Path) -> None:
    stage.plans(with_last_use(removal("444455556666", "AKIA1"), None))
    with pytest.raises(Waiting):
        stage.start().cell(GATE)
    assert approve(stage, keys) == 0
    stage.plans(with_last_use(removal("444455556666", "AKIA1", "AKIA2"), "2026-02-01T03:00:00Z"))
    with pytest.raises(Waiting, match="approved another plan"):
        stage.start(resume=True).cell(GATE)


def test_an_approval_does_not_open_another_run_with_the_same_plan(stage: Stage, keys: Path) -> None:
    with pytest.raises(Waiting):
        stage.start().cell(GATE)
    approve(stage, keys)
    [token] = approval.saved_tokens(stage.folder)
    stage.start(resume=True).cell(GATE)
    stage.folder = stage.folder.with_name("other")
    with pytest.raises(Waiting, match="approved this for the run"):
        stage.start(approval=token).cell(GATE)


@pytest.mark.parametrize(
    "name", ["what", "plan", "items", "parameters", "requester", "run", "requested", "runbook", "observed"]
)
def test_what_the_approver_was_shown_is_what_the_run_has(name: str, stage: Stage, keys: Path) -> None:
    """A request that was edited shows the approver something else: their signature does not open the gate."""
    stage.plans(with_last_use(removal("444455556666", "AKIA1"), None))
    with pytest.raises(Waiting):
        stage.start().cell(GATE)
    path = stage.folder / approval.REQUEST
    request = json.loads(path.read_text())
    edited = {"items": [], "parameters": {"account_id": "333344445555"}, "requester": ["eve"]}
    edited["requested"] = "2026-01-01T00:00:00Z"
    edited["observed"] = [{**request.get("observed", [{}])[0], "seen": "last used years ago"}]
    path.write_text(json.dumps({**request, name: edited.get(name, "other")}))
    assert approve(stage, keys) == 0
    with pytest.raises(Waiting, match="must be approved again"):
        stage.start(resume=True).cell(GATE)
    assert json.loads(path.read_text()) == request


def test_the_same_plan_in_another_order_keeps_its_approval(stage: Stage, keys: Path) -> None:
    """S3 may show the principals of a policy in another order at each read, and each read is a session of its own."""

    def planned(*principals: str) -> dict[str, Any]:
        allow = {"Effect": "Allow", "Principal": {"AWS": [*principals]}, "Action": "s3:*", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        shown = {"account_id": "012345678901", "bucket": "b", "outcome": "changed", "plan": {"digest": "d" * 64}}
        session = {"access_key_id": f"ASIA{principals[0][-1]}", "expiration": "x"}
        return {**shown, "diff": {"before": policy, "after": ""}, "session": session}

    users = [f"arn:aws:iam::012345678901:user/{name}" for name in "ab"]
    stage.action, stage.plan = "breakglass.aws.s3_bucket_policy_unlock", planned(*users)
    with pytest.raises(Waiting):
        stage.start().cell(GATE)
    approve(stage, keys)
    stage.plan = planned(*reversed(users))
    stage.start(resume=True).cell(GATE)


def test_what_was_planned_and_done_under_other_names_is_not_done_again(stage: Stage, keys: Path) -> None:
    """Version 0.1 returned `items`: the plan that was approved and followed stays as it was."""
    now = removal("444455556666", "AKIA1")
    earlier = {{"credentials": "items"}.get(key, key): value for key, value in now.items()}
    stage.plans(earlier)
    with pytest.raises(Waiting):
        stage.start().cell(GATE)
    approve(stage, keys)
    approved = stage.start(resume=True)
    approved.cell(GATE)
    stage.action = "x"
    approved.cell(ACT)
    stage.plans(now)
    resumed = stage.start(resume=True)
    resumed.cell(GATE)
    resumed.cell(ACT)
    assert stage.done == ["one"]
    assert resumed["plan"]["accounts"] == [earlier]


def test_the_word_that_approve_prints_is_an_answer_too(
    stage: Stage, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a workflow hands it from one job to the next, or an approver from a machine of their own."""
    with pytest.raises(Waiting):
        stage.start().cell(GATE)
    capsys.readouterr()
    assert approve(stage, keys, "ada", "--token") == 0
    shown = capsys.readouterr()
    assert "would take one" in shown.err
    token = shown.out.strip()
    notebook = stage.start(resume=True, approval=token)
    notebook.cell(GATE)
    assert notebook["approval"].startswith("approved by ada")
    assert [*approval.saved_tokens(stage.folder)] == [token]


def test_a_run_that_only_plans_is_shown_and_not_signed(
    stage: Stage, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.parameters["check_mode"] = True
    stage.start().cell(GATE)
    capsys.readouterr()
    assert main(["approve", str(stage.folder)]) == 0
    assert "would take one" in capsys.readouterr().out
    assert approve(stage, keys) == 2
    assert "only plans" in capsys.readouterr().err


def test_a_run_that_only_plans_does_not_send_for_an_approver(stage: Stage) -> None:
    """An answer made for another run: `approve` would refuse what the gate told people to run."""
    stage.parameters["check_mode"] = True
    with pytest.raises(Waiting) as waiting:
        stage.start(approval="yes").cell(GATE)
    assert "--key KEY" not in str(waiting.value)
    assert "Start the run with check_mode=false" in str(waiting.value)
    stage.start(resume=True).cell(GATE)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("yes", "This is not an approval"),
        ("EMERGENCY because I say so", "at least 3 words and 20 characters"),
        ("EMERGENCY", "with a sentence"),
    ],
)
def test_what_does_not_open_it(answer: str, said: str, stage: Stage) -> None:
    with pytest.raises(Waiting, match=said):
        stage.start(approval=answer).cell(GATE)
    assert stage.approvals() == []


def test_nobody_approves_what_they_asked_for(stage: Stage, keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Waiting):
        stage.start().cell(GATE)
    assert main(["approve", str(stage.folder), "--key", str(keys / "eve"), "--as", "olga", "--yes"]) == 2
    assert "Another person must approve" in capsys.readouterr().err
    # A stranger: her key is listed for another name only. She is told at once, and nothing is kept.
    assert approve(stage, keys, "eve") == 2
    assert "no valid signature of eve" in capsys.readouterr().err
    assert [*approval.saved_tokens(stage.folder)] == []
    # The run does not take her word either.
    request = approval.Request.load(stage.folder)
    approval.save(stage.folder, approval.sign(request, keys / "eve", "eve"))
    with pytest.raises(Waiting, match="no valid signature of eve"):
        stage.start(resume=True).cell(GATE)


def test_who_approves_again_leaves_alone_what_they_signed_before(stage: Stage, keys: Path) -> None:
    """The run has sealed it: one that expired must not keep the run from going on with the next."""
    with pytest.raises(Waiting):
        stage.start().cell(GATE)
    approve(stage, keys, "ada", "--hours", "1")
    before = {path: path.read_bytes() for path in stage.folder.glob("approvals/*")}
    approve(stage, keys, "ada", "--hours", "2")
    assert len(before) == 2
    assert {path: path.read_bytes() for path in before} == before
    assert len([*approval.saved_tokens(stage.folder)]) == 2


def test_the_act_gets_the_approved_items(stage: Stage, keys: Path) -> None:
    """As a cell uses it: `approved_items: "{{ approved_items }}"`."""
    stage.plans(removal("444455556666", "AKIA1"), removal("555566667777"))
    notebook = stage.start()
    with pytest.raises(Waiting):
        notebook.cell(GATE)
    assert notebook["approved_items"] == []
    approve(stage, keys)
    notebook = stage.start(resume=True)
    notebook.cell(GATE)
    assert notebook["approved_items"] == [{"account_id": "444455556666", "kind": "access_keys", "id": "AKIA1"}]


def test_another_plan_made_after_the_approval_takes_it_back(stage: Stage, keys: Path) -> None:
    """In JupyterLab a person may run the cell with the plan again, and go on to the act without the gate."""
    stage.plans(removal("444455556666", "AKIA1"))
    with pytest.raises(Waiting):
        stage.start().cell(GATE)
    approve(stage, keys)
    notebook = stage.start(resume=True)
    notebook.cell(GATE)
    notebook.cell(PLAN)
    assert notebook["approval"].startswith("approved by ada")
    assert len(notebook["approved_items"]) == 1
    stage.plans(removal("444455556666", "AKIA1", "AKIA2"))
    notebook.cell(PLAN)
    assert "must be approved again" in notebook.shown
    assert (notebook["approval"], notebook["approved_items"]) == ("", [])


def test_in_an_emergency_a_reason_opens_it_and_is_loud(stage: Stage) -> None:
    notebook = stage.start(approval="EMERGENCY because payments are down and no approver answers the phone")
    notebook.cell(GATE)
    notebook.cell(ACT)
    [kept] = stage.approvals()
    assert kept["emergency"] == "payments are down and no approver answers the phone"
    assert kept["review_by"]
    assert "to be reviewed by" in notebook["approval"]


def test_a_person_in_front_of_it_goes_on_when_it_is_there(
    stage: Stage, keys: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = iter(["", "yes", "approve", ""])

    def type_in(prompt: str) -> str:
        word = next(typed)
        if word == "approve":
            approve(stage, keys)
        return word

    notebook = stage.start()
    monkeypatch.setattr("builtins.input", type_in)
    notebook.cell(GATE)
    assert notebook["approval"].startswith("approved by ada")
    assert "This plan is not approved yet" in notebook.shown


def test_without_a_list_of_signers_the_evidence_says_loudly_that_nobody_approved(stage: Stage) -> None:
    stage.parameters["allowed_signers"] = ""
    notebook = stage.start()
    notebook.cell(GATE)
    assert "NO SECOND PERSON APPROVED THIS" in notebook.shown
    assert stage.approvals()[0]["not_configured"] == approval_gate.UNAPPROVED


def test_an_approval_expires_while_nothing_is_done_yet(
    stage: Stage, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Waiting):
        stage.start().cell(GATE)
    approve(stage, keys, "ada", "--hours", "1")
    stage.start(resume=True).cell(GATE)
    monkeypatch.setattr(approval, "datetime", Tomorrow)
    with pytest.raises(Waiting, match="expired at"):
        stage.start(resume=True).cell(GATE)


def test_an_approval_stays_good_for_what_it_began(stage: Stage, keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Waiting):
        stage.start().cell(GATE)
    approve(stage, keys, "ada", "--hours", "1")
    first = stage.start(resume=True)
    first.cell(GATE)
    first.cell(ACT)
    monkeypatch.setattr(approval, "datetime", Tomorrow)
    second = stage.start(resume=True)
    second.cell(GATE)
    second.cell(ACT)
    assert stage.done == ["one"]


class Tomorrow(approval.datetime):
    """A clock that is a day ahead."""

    @classmethod
    def now(cls, zone: Any = None) -> Any:
        return super().now(zone) + approval.timedelta(days=1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"requester": ""}, "requester of this approval is not known"),
        ({"allowed_signers": "nowhere"}, "nowhere cannot be read"),
    ],
)
def test_what_cannot_be_asked_for(changes: dict[str, str], said: str, stage: Stage) -> None:
    stage.parameters |= changes
    with pytest.raises(RunbookError, match=said):
        stage.start().cell(GATE)


def test_a_gate_names_a_plan(stage: Stage) -> None:
    with pytest.raises(RunbookError, match="takes the name of a plan"):
        stage.start().cell("%%gate approval\nApprove.\n\nanswer: approval of nothing\n")
