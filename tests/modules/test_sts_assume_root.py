"""Root sessions for others: usable, hidden, and nowhere but where they were asked for."""

from __future__ import annotations

import importlib.util
import json
import re
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml
from ansible_collections.breakglass.aws.plugins.module_utils._files import aws_credentials
from ansible_collections.breakglass.aws.plugins.module_utils._root_access import session
from hypothesis import given
from hypothesis import strategies as st
from support.playbooks import run_playbook
from support.run_module import run
from test_examples import examples

from breakglass_aws.sandbox import Box

LEGACY, PAYMENTS = "444455556666", "333344445555"
AUDIT = {"account_id": LEGACY, "task": "audit_root_credentials"}


def assume(box: Box, caller: str = "operator", *, check_mode: bool = False, **options) -> dict:
    return run("sts_assume_root", check_mode=check_mode, environment=box.environment(caller), **options)


def sessions(box: Box) -> int:
    return [event["operation"] for event in box.events()].count("AssumeRoot")


def test_the_session_works_and_can_be_told_without_its_secrets(sandbox):
    result = assume(sandbox, **AUDIT, duration_seconds=60)
    secrets = result["sts_creds"]
    iam = sandbox.client_with("iam", secrets["access_key"], secrets["secret_key"], secrets["session_token"])
    assert iam.get_user()["User"]["Arn"] == f"arn:aws:iam::{LEGACY}:root"
    assert result["access_key_id"] == secrets["access_key"]
    assert (result["expiration"], result["source_identity"]) == (secrets["expiration"], "operator")
    assert (result["account_id"], result["task"], result["changed"]) == (LEGACY, "audit_root_credentials", True)
    sandbox.advance(61)
    with pytest.raises(iam.exceptions.ClientError, match="ExpiredToken"):
        iam.get_user()


def test_check_mode_opens_none(sandbox):
    result = assume(sandbox, check_mode=True, **AUDIT)
    assert (result["changed"], result["sts_creds"], sessions(sandbox)) == (True, None, 0)


def test_no_output_shows_the_secrets_and_a_registered_result_has_them(sandbox, tmp_path):
    tasks = [
        {"breakglass.aws.sts_assume_root": AUDIT, "register": "session"},
        {"ansible.builtin.copy": {"content": "{{ session.sts_creds | to_json }}", "dest": str(tmp_path / "kept")},
         "no_log": True},
        {"breakglass.aws.sts_assume_root": {**AUDIT, "duration_seconds": 901}, "ignore_errors": True},
    ]  # fmt: skip
    (tmp_path / "play.yml").write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    with_json = ["ansible.posix.json"] if importlib.util.find_spec("ansible_collections.ansible") else []
    for callback in ("default", "ansible.builtin.tree", *with_json):
        environment = {
            **sandbox.environment("operator"),
            "ANSIBLE_STDOUT_CALLBACK": callback if callback != "ansible.builtin.tree" else "default",
            "ANSIBLE_LOG_PATH": str(tmp_path / "log"),
        }
        done = run_playbook("play.yml", "-vvv", environment=environment, directory=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        said = done.stdout + done.stderr + (tmp_path / "log").read_text()
        kept = json.loads((tmp_path / "kept").read_text())
        assert kept["session_token"] not in said
        assert kept["secret_key"] not in said
        assert "Invalid value for duration_seconds: 901. Expected a number from 1 to 900" in said.replace("\\", "")


def test_debug_mode_would_print_the_secrets_and_is_refused(sandbox, tmp_path):
    tasks = [{"breakglass.aws.sts_assume_root": AUDIT}]
    (tmp_path / "play.yml").write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    environment = {**sandbox.environment("operator"), "ANSIBLE_DEBUG": "1"}
    done = run_playbook("play.yml", environment=environment, directory=tmp_path)
    assert done.returncode == 2
    assert "Unset ANSIBLE_DEBUG" in done.stdout + done.stderr
    assert sessions(sandbox) == 0


def test_a_profile_is_written_beside_others_and_taken_away_again(sandbox, tmp_path):
    file = tmp_path / "aws" / "credentials"
    file.parent.mkdir()
    others = "# mine\n[default]\naws_access_key_id = AKIAMINE\n\n[work]\n; a remark\nregion=eu-west-1\n"
    file.write_text(others)
    file.chmod(0o644)
    where = {"write_profile": "legacy-root", "credentials_file": str(file)}

    result = assume(sandbox, **AUDIT, **where)
    assert file.read_text().startswith(others)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "was open to others (mode 0644)" in str(result["warnings"])
    assert [path.name for path in file.parent.iterdir()] == ["credentials"]
    reading = {name: value for name, value in sandbox.environment("operator").items() if "KEY" not in name}
    reading = {name: value for name, value in reading.items() if "TOKEN" not in name}
    as_root = run(
        "root_access_info",
        environment={**reading, "AWS_SHARED_CREDENTIALS_FILE": str(file)},
        profile="legacy-root",
    )
    assert "AccessDenied" in json.dumps(as_root)  # a root session that may do its task and nothing else
    again = assume(sandbox, **AUDIT, **where)
    assert again["access_key_id"] != result["access_key_id"]
    assert file.read_text().count("[legacy-root]") == 1

    calls = len(sandbox.events())
    planned = run("sts_assume_root", check_mode=True, state="absent", **where)
    assert planned["changed"]
    assert "[legacy-root]" in file.read_text()
    assert [run("sts_assume_root", state="absent", **where)["changed"] for _ in range(2)] == [True, False]
    assert file.read_text().rstrip("\n") == others.rstrip("\n")
    assert len(sandbox.events()) == calls


def test_a_profile_of_somebody_else_is_never_touched(sandbox, tmp_path):
    file = tmp_path / "credentials"
    file.write_text("[work]\naws_access_key_id = AKIAMINE\n")
    for state in ("present", "absent"):
        options = {"write_profile": "work", "credentials_file": str(file), "state": state}
        result = assume(sandbox, **(AUDIT if state == "present" else {}), **options)
        assert result["failed"]
        assert "Invalid value for write_profile: 'work'" in result["msg"]
    assert file.read_text() == "[work]\naws_access_key_id = AKIAMINE\n"
    assert sessions(sandbox) == 0


def test_a_session_that_is_not_the_targets_root_is_not_handed_out(sandbox, monkeypatch):
    from ansible_collections.breakglass.aws.plugins.module_utils._aws import connection as aws_connection

    monkeypatch.setattr(aws_connection.Caller, "root_arn", lambda self, account_id: f"arn:aws:iam::{PAYMENTS}:root")
    result = assume(sandbox, **AUDIT)
    assert result["failed"]
    assert "sts_creds" not in result
    assert f"acts as arn:aws:iam::{LEGACY}:root" in result["msg"]


@pytest.mark.parametrize(
    ("caller", "expected"),
    [("delegate", None), ("auditor", None), ("nobody", "DescribeOrganization"),
     ("payments-administrator", "management account"), ("engineer", None)],
)  # fmt: skip
def test_who_may_open_one(sandbox, caller, expected):
    result = assume(sandbox, caller, **AUDIT)
    assert result["failed"] == bool(expected), result
    if expected:
        assert expected in result["msg"]
        assert "sts_creds" not in result


WRONG_INPUT = {
    "no account": ({"task": "audit_root_credentials"}, "account_id"),
    "no task": ({"account_id": LEGACY}, "task"),
    "an unknown task": ({"account_id": LEGACY, "task": "everything"}, "value of task must be one of"),
    "a short account": ({**AUDIT, "account_id": "44445555666"}, "account_id"),
    "a number": ({**AUDIT, "account_id": 12345678901}, "012345678901"),
    "the management account": ({**AUDIT, "account_id": "111122223333"}, "management account"),
    "a stranger": ({**AUDIT, "account_id": "999999999999"}, "999999999999"),
    "a suspended account": ({**AUDIT, "account_id": "666677778888"}, "SUSPENDED"),
    "no time at all": ({**AUDIT, "duration_seconds": 0}, "Invalid value for duration_seconds: 0"),
    "too long": ({**AUDIT, "duration_seconds": 901}, "a number from 1 to 900"),
    "a profile without a file": ({**AUDIT, "write_profile": "x"}, "credentials_file"),
    "everybody's profile": ({**AUDIT, "write_profile": "default", "credentials_file": "f"}, "and not default"),
    "a profile that breaks the file": (
        {**AUDIT, "write_profile": "a]\n[b", "credentials_file": "f"},
        "Invalid value for",
    ),
    "absent, of nothing": ({"state": "absent"}, "write_profile"),
    "a folder for a file": ({**AUDIT, "write_profile": "x", "credentials_file": "/"}, "cannot be read"),
}


@pytest.mark.parametrize("case", WRONG_INPUT)
def test_wrong_input_is_refused_before_a_session_is_opened(sandbox, case):
    options, expected = WRONG_INPUT[case]
    result = assume(sandbox, **options)
    assert result["failed"]
    assert expected in result["msg"]
    assert sessions(sandbox) == 0


SECTIONS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "work", "default", "xy"]), st.text("k=v #;\n \t", max_size=30)), max_size=5
)


@given(SECTIONS, st.booleans())
def test_whatever_the_file_holds_stays(sections, newline):
    text = "".join(f"[{name}]\n{body}\n" for name, body in sections) + ("\n" if newline else "")
    written = aws_credentials.with_profile(text, "root", {"aws_access_key_id": "ASIA"}, "x")
    assert written.startswith(text)
    assert aws_credentials.with_profile(written, "root", {"aws_access_key_id": "ASIB"}, "x").count("[root]") == 1
    assert aws_credentials.without_profile(written, "root").strip("\n") == text.strip("\n")


def test_remarks_after_the_profile_and_line_ends_stay(tmp_path):
    file = tmp_path / "credentials"
    aws_credentials.edit(str(file), lambda text: aws_credentials.with_profile(text, "root", {"key": "x"}, "y"))
    mine = "# mine, for work\r\n[work]\r\nregion = eu-west-1\r\n"
    with open(file, "a", newline="") as open_file:
        open_file.write("\n" + mine)
    aws_credentials.edit(str(file), lambda text: aws_credentials.without_profile(text, "root"))
    assert file.read_bytes() == mine.encode()


def test_profiles_that_are_written_at_once_all_stay(tmp_path):
    file = tmp_path / "aws" / "credentials"
    names = [f"root-{number}" for number in range(12)]

    def write(name):
        aws_credentials.edit(str(file), lambda text: aws_credentials.with_profile(text, name, {"key": "x"}, "y"))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, names))
    assert sorted(re.findall(r"(?m)^\[(.*)\]", file.read_text())) == sorted(names)


def test_a_session_of_any_task_is_shown_to_be_the_targets(sandbox, monkeypatch):
    """Tasks without GetUser are asked by STS."""
    from ansible_collections.breakglass.aws.plugins.module_utils._aws import connection as aws_connection

    monkeypatch.setattr(aws_connection.Caller, "root_arn", lambda self, account_id: f"arn:aws:iam::{PAYMENTS}:root")
    for task in ("open_password_recovery", "unlock_s3_bucket", "unlock_sqs_queue"):
        assert f"acts as arn:aws:iam::{LEGACY}:root" in assume(sandbox, account_id=LEGACY, task=task)["msg"]


@pytest.mark.parametrize("who", ["another identity", "no answer"])
def test_a_session_that_was_opened_stays_in_the_result_of_a_failure(sandbox, monkeypatch, who):
    if who == "no answer":
        sandbox.add_fault("reset", operation="GetUser")
    else:
        monkeypatch.setattr(session.RootSession, "_read_user", lambda self, account_id: {"Arn": "arn:aws:iam::1:root"})
    result = assume(sandbox, **AUDIT, aws_config={"retries": {"total_max_attempts": 1}})
    assert (result["failed"], result["changed"]) == (True, True)
    [event] = [event for event in sandbox.events() if event["operation"] == "AssumeRoot"]
    assert result["expiration"]
    assert result["access_key_id"].startswith("ASIA")
    assert result["source_identity"] == "operator"
    assert "sts_creds" not in result
    assert event["error"] is None


def test_a_profile_that_cannot_be_written_does_not_hide_the_session(sandbox, tmp_path, monkeypatch):
    def full(path: str, change: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(aws_credentials, "edit", full)
    result = assume(sandbox, **AUDIT, write_profile="root", credentials_file=str(tmp_path / "credentials"))
    assert (result["failed"], result["changed"]) == (True, True)
    assert "No space left on device" in result["msg"]
    assert result["access_key_id"].startswith("ASIA")
    assert "sts_creds" not in result


def test_an_example_passes_the_session_to_a_module_of_another_collection():
    """test_examples runs it."""
    uses = [task for task in examples("sts_assume_root") for name in task if name.startswith("amazon.aws.")]
    assert "session.sts_creds.session_token" in str(uses)
