"""The real runbooks, killed or left without credentials in the middle: they come through, and do nothing twice.

`make nightly` (BREAKGLASS_EVERY_KILL) kills a run of each runbook, in each branch in which it acts, after each of its
cells in turn: it is gone on with, comes one cell further, and is killed again. Other runs do so only after the cell of
one runbook that acts.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from breakglass_aws.engine.evidence import manifest, record
from breakglass_aws.engine.evidence.journal import Journal
from breakglass_aws.engine.notebooks.catalog import find
from breakglass_aws.sandbox import Box

MANAGEMENT, SECURITY, PAYMENTS = "111122223333", "222233334444", "333344445555"
LEGACY, DATA_LAKE, REPORTS = "444455556666", "012345678901", "555566667777"
NEWCOMER, NO_CARD, SPIN_OFF, LOST = "246824682468", "121212121212", "343434343434", "999900001111"
ROLE, NEW_ADDRESS = "OrganizationAccountAccessRole", "aws+legacy-root@example.com"
ACCESS_BY_ROLE = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"},
    "Action": "sts:AssumeRole",
}
EVERY = "BREAKGLASS_EVERY_KILL" in os.environ


@dataclass(frozen=True)
class Case:
    """A runbook in a branch in which it acts."""

    runbook: str
    branch: str
    given: Mapping[str, str]
    answers: Mapping[str, str] = field(default_factory=dict)  # by gate, given with the command
    # What a person does when the run waits at a gate, given the run's folder; returns the answer.
    people: Mapping[str, Callable[[Box, Any], str | None]] = field(default_factory=dict)
    damage: Callable[[Box], object] = lambda box: None
    outcome: str = "changed"

    def __str__(self) -> str:
        return f"{self.runbook}-{self.branch}"


def switch_off(box: Box) -> None:
    organizations, iam = box.client("organizations", "engineer"), box.client("iam", "engineer")
    organizations.deregister_delegated_administrator(AccountId=SECURITY, ServicePrincipal="iam.amazonaws.com")
    iam.disable_organizations_root_sessions()
    iam.disable_organizations_root_credentials_management()
    organizations.disable_aws_service_access(ServicePrincipal="iam.amazonaws.com")


def lose_mfa(box: Box) -> None:
    box.act("legacy-web", "lose_mfa")


def sign_in_and_work(box: Box, place: Any) -> str:
    box.act("legacy-web", "reset_password")
    box.act("legacy-web", "sign_in")
    box.act("legacy-web", "enrol_mfa", name="for-one-evening")
    box.act("legacy-web", "activate_billing_access")
    return "done"


def read_code(box: Box, place: Any) -> str:
    return box.look(NEW_ADDRESS, "mailbox")[-1]["code"]


def approve(box: Box, place: Any) -> None:
    """A second person signs; the run finds it in its folder."""
    done = place.run("breakglass_aws.engine", "approve", "run", "--key", "ada", "--as", "ada", "--yes")
    assert done.returncode == 0, done.stderr


def make_role(box: Box, place: Any) -> str:
    keys = box.portal("on-call", LOST, "BreakGlassAdministrator")
    iam = box.client_with("iam", keys["access_key"], keys["secret_key"], keys["session_token"])
    document = json.dumps({"Version": "2012-10-17", "Statement": [ACCESS_BY_ROLE]})
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=document)
    iam.attach_role_policy(RoleName=ROLE, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    return "done"


def restore_root(box: Box, place: Any) -> str:
    for step in ("reset_password", "sign_in", "enrol_mfa"):
        box.act("newcomer", step)
    return "done"


def accept_invitation(box: Box, place: Any) -> str:
    member = box.client("organizations", "spin-off-administrator")
    [invitation] = member.list_handshakes_for_account()["Handshakes"]
    member.accept_handshake(HandshakeId=invitation["Id"])
    return "done"


def break_in(box: Box) -> None:
    session = box.act("reports", "sign_in", mfa=f"arn:aws:iam::{REPORTS}:mfa/root-account-mfa-device")
    box.client_with("iam", session["access_key"], session["secret_key"], session["session_token"]).create_access_key()
    box.act("reports", "enrol_mfa", name="attacker")


LOST_MFA = {"account_id": LEGACY, "root_task": "activate IAM access to billing"}
SIGNED = {"allowed_signers": "signers", "requester": "olga"}
LOOKED_AFTER = "payment_method,phone_verification,support_plan,agreement,contact_information"

CASES = [
    Case(
        "unlock_s3_bucket",
        "repair",
        {"account_id": PAYMENTS, "bucket": f"payments-ledger-{PAYMENTS}"},
        {"confirmed": PAYMENTS},
    ),
    Case(
        "unlock_sqs_queue",
        "repair",
        {"account_id": DATA_LAKE, "queue": f"arn:aws:sqs:eu-central-1:{DATA_LAKE}:ingest-events"},
        {"confirmed": DATA_LAKE},
    ),
    Case("remove_root_credentials", "two_accounts", {"account_ids": f"{LEGACY},{DATA_LAKE}"}, {"confirmed": "2"}),
    Case(
        "enable_root_access",
        "switched_off",
        {"canary_account_id": PAYMENTS, "delegate_account_id": SECURITY},
        damage=switch_off,
    ),
    Case(
        "enable_root_access",
        "another_delegate",
        {"delegate_account_id": PAYMENTS, "replace_delegates": "true"},
    ),
    Case("audit_root_credentials", "look", {"account_ids": f"{LEGACY},{DATA_LAKE}"}, outcome="unchanged"),
    Case("lost_root_mfa", "nobody_signs_in", {"account_id": LEGACY}, {"account_typed": LEGACY}, damage=lose_mfa),
    Case(
        "lost_root_mfa",
        "somebody_signs_in",
        LOST_MFA | SIGNED,
        {"mailbox": "readable", "account_typed": LEGACY},
        {"approval": approve, "work_done": sign_in_and_work},
        damage=lose_mfa,
    ),
    Case(
        "lost_root_mfa",
        "new_address",
        LOST_MFA | {"new_email": NEW_ADDRESS, "trust_account_management": "true"},
        {"account_typed": LEGACY},
        {"mailed_code": read_code, "work_done": lambda box, place: "given_up"},
    ),
    Case("lost_access_role", "stackset", {"account_id": LOST, "trust_stacksets": "true"}),
    Case(
        "lost_access_role",
        "identity_center",
        {"account_id": LOST, "permission_set": "BreakGlassAdministrator", "user_name": "on-call"},
        people={"role_made": make_role},
    ),
    Case(
        "remove_account",
        "remove",
        {"account_id": NEWCOMER, "purpose": "remove", "confirmed": LOOKED_AFTER, "restore_root": "true"},
        {"account_typed": NEWCOMER},
        {"root_restored": restore_root},
        damage=lambda box: box.advance("4 days"),
    ),
    Case("remove_account", "close", {"account_id": NO_CARD, "purpose": "close"}, {"account_typed": NO_CARD}),
    Case(
        "remove_account",
        "transfer",
        {"account_id": SPIN_OFF, "purpose": "transfer", "confirmed": "invitation"},
        people={"accepted": accept_invitation},
    ),
    Case(
        "compromised_root_user",
        "broken_into",
        {"account_id": REPORTS} | SIGNED,
        {"quarantined": "attach", "account_typed": REPORTS, "contacts_compared": "right", "hunted": "found"},
        {"approval": approve},
        damage=break_in,
    ),
]
UNLOCK = CASES[0]


def cells(case: Case) -> list[str]:
    """The code cells after which a run is killed: all, or the one that acts."""
    return [cell.id for cell in find(case.runbook).notebook.cells if cell.cell_type == "code"] if EVERY else ["act"]


def begin(case: Case) -> list[str]:
    """The command that runs it for real into the folder `run`."""
    given = {**case.given, "check_mode": "false", "evidence_dir": "run"}
    return ["run", case.runbook, *(word for name, value in given.items() for word in ("-p", f"{name}={value}"))]


def run_until(place: Any, command: Sequence[str], killed_after: str | None) -> dict[str, Any] | None:
    """Run a command of the launcher; return how it ended.

    With `killed_after`, kill the launcher and all it started as soon as that cell is completed, as a machine that loses
    power does, and return None.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "breakglass_aws.engine", *command, "--json"],
        cwd=place.folder,
        env=place.environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        event: dict[str, Any] = {}
        for line in process.stdout:
            event = json.loads(line)
            if killed_after and (event.get("cell"), event.get("status")) == (killed_after, "completed"):
                everything = psutil.Process(process.pid).children(recursive=True)
                for one in [*everything, process]:
                    one.kill()
                psutil.wait_procs(everything)
                return None
    assert event.get("event") == "end", f"{command} ended with status {process.returncode}"
    return event


def go_through(box: Box, place: Any, case: Case, kills: Sequence[str] = ()) -> None:
    """Run a case to its end, killed after each of the cells `kills` in turn; people do what they are asked, once."""
    left, answers, asked, gate, command = list(kills), dict(case.answers), set(), "", begin(case)
    secret = {gate.name for gate in find(case.runbook).gates if gate.secret}
    while True:
        owed = (answers.keys() - gates(place, "answer")) | ({gate} & secret)
        (place.folder / "answers.json").write_text(json.dumps({name: answers[name] for name in owed}))
        ended = run_until(place, [*command, "--answers-file", "answers.json"], left[0] if left else None)
        command = ["resume", "run"]
        if not ended:
            left, gate = left[1:], ""
            continue
        if ended["outcome"] != "waiting":
            assert (ended["outcome"], ended["failure"], left) == (case.outcome, "", [])
            return
        gate = gates(place, "waiting")[-1]
        assert gate not in asked or gate in secret, f"{gate} is asked again, to come to {left}"
        if gate not in asked and (answer := case.people[gate](box, place)):
            answers[gate] = answer
        asked.add(gate)


def gates(place: Any, event: str) -> list[str]:
    """The gates at which the run had to wait, or those that were answered, in their order."""
    return [entry["gate"] for entry in Journal(place.folder / "run").entries() if entry["event"] == event]


def writes(box: Box) -> list[tuple[str, str]]:
    """What was really changed, and on what."""
    done = (event for event in box.events() if event["write"] and not event["error"] and event["service"] != "sts")
    return sorted((event["action"], str(event["resource"])) for event in done)


def state(box: Box) -> dict[str, Any]:
    """What the organization is like in the end: its accounts, and which of them the management account gets into."""
    pages = box.client("organizations", "engineer").get_paginator("list_accounts").paginate()
    accounts = {account["Id"]: account["State"] for page in pages for account in page["Accounts"]}
    return box.snapshot() | {"accounts": accounts, "administered": [one for one in accounts if gets_into(box, one)]}


def said(place: Any) -> tuple[str, bool]:
    """What the evidence says of a run: its outcome, and whether it changed anything."""
    content = json.loads((place.folder / "run" / record.FILE).read_text())
    return content["outcome"], content["changed"]


def gets_into(box: Box, account: str) -> bool:
    try:
        box.client("sts", "engineer").assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/{ROLE}", RoleSessionName="probe"
        )
    except ClientError:
        return False
    return True


@pytest.fixture(scope="module")
def start(box: Box, make_workplace: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Do the damage of a case; return the place of those who recover from it."""
    key = tmp_path_factory.mktemp("keys") / "ada"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)

    def prepare(case: Case) -> Any:
        box.reset()
        case.damage(box)
        place = make_workplace(box.environment("engineer"))
        (place.folder / "ada").symlink_to(key)
        (place.folder / "signers").write_text(f"ada {key.with_suffix('.pub').read_text()}")
        return place

    return prepare


@pytest.mark.parametrize("case", CASES if EVERY else [UNLOCK], ids=str)
def test_killed_after_its_cells_it_comes_through(case: Case, box: Box, start: Callable[..., Any]) -> None:
    place = start(case)
    go_through(box, place, case)
    undisturbed = state(box), writes(box), said(place)
    place = start(case)
    go_through(box, place, case, cells(case))
    assert (state(box), writes(box), said(place)) == undisturbed
    assert manifest.problems(place.folder / "run") == []


def test_credentials_that_expire_between_two_steps(box: Box, start: Callable[..., Any]) -> None:
    """The session ends once the plan is made; with a new one the run goes on where it was."""
    place = start(UNLOCK)
    assert place.run("breakglass_aws.engine", *begin(UNLOCK)).returncode == 3
    box.add_fault("refusal", code="ExpiredToken")
    expired = place.run("breakglass_aws.engine", "resume", "run", "--answer", f"confirmed={PAYMENTS}")
    assert expired.returncode in (1, 5), expired.stdout + expired.stderr
    assert "expired" in expired.stdout
    assert re.search("breakglass(_aws)? resume", expired.stdout)
    box.clear_faults()
    through = place.run("breakglass_aws.engine", "resume", "run", "--answer", f"confirmed={PAYMENTS}")
    assert through.returncode == 0, through.stdout + through.stderr
    folder = Path(place.folder / "run")
    assert json.loads((folder / record.FILE).read_text())["outcome"] == "changed"
    ends = [entry["outcome"] for entry in Journal(folder).entries() if entry["event"] == "ended"]
    assert ends[0] == "waiting"
    assert ends[-1] == "changed"
