"""Credentials and endpoints that do not work: the cause and its fix, no secret, and defects called defects."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils import _module
from ansible_collections.breakglass.aws.plugins.module_utils._aws import organizations
from ansible_collections.breakglass.aws.plugins.module_utils._errors import Interrupted
from ansible_collections.breakglass.aws.plugins.module_utils._root_access import readiness
from support.module_process import ModuleProcess
from support.playbooks import run_playbook
from support.run_module import run

from breakglass_aws.sandbox import Box

LEGACY = "444455556666"
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def with_profile(box: Box, folder: Path, settings: str, credentials: str = "") -> dict[str, str]:
    """The variables of a person who uses the profile `work` of a configuration file, and no keys."""
    (folder / "config").write_text(f"[profile work]\n{settings}\n")
    (folder / "credentials").write_text(credentials)
    others = {name: value for name, value in box.environment("operator").items() if name not in KEYS}
    files = {"AWS_CONFIG_FILE": str(folder / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials")}
    return {**others, **files, "AWS_PROFILE": "work"}


def failure(environment: dict[str, str], **options: object) -> dict:
    result = run("root_access_info", environment=environment, **options)
    assert result["failed"] is True
    assert "exception" not in result
    assert "defect" not in result["msg"]
    return result


SOURCE = "[source]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = x\n"


def test_a_profile_that_wants_an_mfa_code_is_explained(sandbox: Box, tmp_path: Path) -> None:
    """Case 17: EOFError."""
    settings = "role_arn = arn:aws:iam::111122223333:role/Admin\nsource_profile = source\nmfa_serial = arn:x"
    result = failure(with_profile(sandbox, tmp_path, settings, SOURCE))
    assert "profile work" in result["cause"]
    assert "MFA code" in result["cause"]
    assert "aws configure export-credentials --profile work" in result["fix"]


@pytest.mark.parametrize(
    ("command", "cause"),
    [
        ("/nowhere/credentials-tool", "cannot be started"),
        ("printf planted-secret-0123456789", "something other than JSON"),
        (f"{sys.executable} -c exit(3)", "credential_process of the profile failed"),
        ("printf {}", "credential_process of the profile failed, or printed no credentials"),
    ],
)
def test_a_credential_process_that_does_not_work_is_explained(
    sandbox: Box, tmp_path: Path, command: str, cause: str
) -> None:
    """Case 17: raw exceptions."""
    result = failure(with_profile(sandbox, tmp_path, f"credential_process = {command}"))
    assert cause in result["cause"]
    assert "credential_process" in result["fix"]
    assert "planted-secret" not in json.dumps(result["msg"])


def test_a_web_identity_token_that_cannot_be_read_is_named(sandbox: Box, tmp_path: Path) -> None:
    where = tmp_path / "no-token"
    role = f"role_arn = arn:aws:iam::111122223333:role/BreakGlassOperator\nweb_identity_token_file = {where}"
    result = failure(with_profile(sandbox, tmp_path, role))
    assert f"file {where} cannot be read (No such file" in result["cause"]
    assert "AWS_WEB_IDENTITY_TOKEN_FILE" in result["fix"]


def test_a_profile_beside_keys_gets_a_fix(sandbox: Box, tmp_path: Path) -> None:
    """Case 18: 'Passing both a profile and access tokens is not supported.'"""
    result = failure({**with_profile(sandbox, tmp_path, ""), **sandbox.environment("operator")})
    assert "Both profile (work) and access_key are set" in result["cause"]
    assert "unset AWS_PROFILE and AWS_DEFAULT_PROFILE" in result["fix"]


def test_a_login_session_without_its_package_names_it(
    sandbox: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 19a."""
    monkeypatch.setattr("botocore.credentials.EC", None)
    result = failure(with_profile(sandbox, tmp_path, "login_session = arn:aws:iam::111122223333:user/me"))
    assert 'pip install "botocore[crt]"' in result["fix"]


def test_static_keys_that_win_over_a_login_session_are_warned_of(sandbox: Box, tmp_path: Path) -> None:
    """Case 19a: botocore's order is silent."""
    keys = sandbox.environment("operator")
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    static = "[work]\n" + "".join(f"{name} = {keys[name.upper()]}\n" for name in names)
    environment = with_profile(sandbox, tmp_path, "login_session = arn:aws:iam::111122223333:user/me", static)
    result = run("root_access_info", environment=environment)
    assert result["failed"] is False
    assert "both login_session and aws_access_key_id" in str(result["warnings"])


def test_user_and_password_of_an_endpoint_are_masked(sandbox: Box) -> None:
    """Case S2."""
    address = "http://operator:planted-pass@127.0.0.1:1/"
    once = {"retries": {"total_max_attempts": 1}}
    result = run("root_access_info", environment=sandbox.environment("operator"), endpoint_url=address, aws_config=once)
    assert result["failed"] is True
    assert "planted-pass" not in json.dumps(result)
    assert "http://***@127.0.0.1:1" in result["msg"]


@pytest.mark.parametrize(
    "password", ["planted pass", "planted%zz pass", "plan@planted/pass", "abcdefghijklmnop@planted/pass"]
)
@pytest.mark.parametrize("by_variable", [True, False])
def test_a_password_that_is_no_valid_part_of_an_address_is_hidden_too(
    sandbox: Box, password: str, by_variable: bool
) -> None:
    address = f"http://operator:{password}@127.0.0.1:1/"
    environment = sandbox.environment("operator") | ({"AWS_ENDPOINT_URL": address} if by_variable else {})
    options = {} if by_variable else {"endpoint_url": address}
    once = {"retries": {"total_max_attempts": 1}}
    result = run("root_access_info", environment=environment, aws_config=once, **options)
    assert result["failed"] is True
    assert "planted" not in json.dumps(result)


def test_a_defect_is_called_one_and_can_be_reported(sandbox: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Case 21: 'KeyError … Check the connection options'."""
    monkeypatch.setattr(organizations, "_account", lambda entry: entry["Surprise"])
    result = run("root_access_info", environment=sandbox.environment("operator"), account_id=LEGACY)
    assert result["failed"] is True
    assert "KeyError: 'Surprise'" in result["msg"]
    assert "defect of breakglass.aws" in result["fix"]
    assert "https://" in result["fix"]
    assert "connection options" not in result["msg"]


def terminating(module: ModuleProcess, *operations: str) -> Callable[[dict], None]:
    """What sends the module SIGTERM at the first request of these operations."""
    sent = []

    def terminate(event: dict) -> None:
        if event["operation"] in operations and not sent:
            sent.append(event)
            module.signal(signal.SIGTERM)

    return terminate


def test_what_the_ledger_has_is_in_the_result_of_an_interrupted_task(sandbox: Box) -> None:
    """SIGTERM in the middle of a change: the result says that something may have changed, and what."""
    module = ModuleProcess(
        "root_credentials",
        environment=sandbox.environment("operator"),
        account_ids=[LEGACY],
        debug_botocore_endpoint_logs=True,
    )
    sandbox.on_event(terminating(module, "DeleteAccessKey"))
    result = module.result()
    done = [event["operation"] for event in sandbox.events() if event["write"] and event["service"] == "iam"]
    assert result["changed"] is True
    assert [call["operation"] for call in result["aws_calls"] if call["service"] == "iam"] == done
    assert [entry["outcome"] for entry in result["accounts"]] == ["removed"], "work on the account was to end"


def test_an_interrupted_unlock_names_its_backup_and_what_is_not_known(sandbox: Box, tmp_path: Path) -> None:
    """SIGTERM while the answer to the write is on its way: nothing that is known gets lost."""
    module = ModuleProcess(
        "s3_bucket_policy_unlock",
        environment=sandbox.environment("operator"),
        account_id="333344445555",
        bucket="payments-ledger-333344445555",
        backup_dir=str(tmp_path),
    )
    sandbox.on_event(terminating(module, "PutBucketPolicy", "DeleteBucketPolicy"))
    result = module.result()
    assert (result["failed"], result["changed"]) == (True, True)
    assert "interrupted" in result["cause"]
    assert Path(result["backup"]["path"]).exists()
    if result["outcome"] != "changed":  # the signal came before the answer was read
        assert result["outcome"] == "unverified"


@pytest.fixture
def terminated() -> Iterator[list[int]]:
    """How often SIGTERM met the handler from before the module. Without a handler it would end this process."""
    met: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: met.append(number))
    yield met
    signal.signal(signal.SIGTERM, before)


def test_sigterm_while_the_result_is_printed_does_not_lose_it(
    sandbox: Box, monkeypatch: pytest.MonkeyPatch, terminated: list[int]
) -> None:
    printed = _module.printed_packed

    def print_and_be_terminated(*given):
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        return printed(*given)

    monkeypatch.setattr(_module, "printed_packed", print_and_be_terminated)
    handler = signal.getsignal(signal.SIGTERM)
    result = run("root_access_info", environment=sandbox.environment("operator"))
    assert (result["failed"], result["ready"]) == (False, True)
    assert terminated == []
    assert signal.getsignal(signal.SIGTERM) is handler


def test_a_second_sigterm_does_not_lose_what_the_first_one_left(
    sandbox: Box, monkeypatch: pytest.MonkeyPatch, terminated: list[int]
) -> None:
    """Supervisors repeat it. The work is ending then, and collects what was done."""

    def work(params, context):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except KeyboardInterrupt:
            os.kill(os.getpid(), signal.SIGTERM)
            raise Interrupted().with_result(known="so far") from None

    monkeypatch.setattr(readiness, "run", work)
    result = run("root_access_info", environment=sandbox.environment("operator"))
    assert (result["failed"], result["known"]) == (True, "so far")
    assert terminated == []


def test_a_playbook_its_log_and_its_results_show_no_secret_of_a_broken_answer(sandbox: Box, tmp_path: Path) -> None:
    """Case S1, as a person meets it: terminal, log file and the journal of the sweep."""
    planted = "PlantedSecret/9876543210+abcdefghijklmnop"
    text = f"<Credentials><SecretAccessKey>{planted}</SecretAccessKey></Credentials>"
    sandbox.add_fault("appended", operation="AssumeRoot", text=text)
    task = {"breakglass.aws.root_credentials": {"account_ids": [LEGACY], "journal": str(tmp_path / "sweep.jsonl")}}
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]
    (tmp_path / "play.yml").write_text(json.dumps(play))
    log = {"ANSIBLE_LOG_PATH": str(tmp_path / "ansible.log"), "ANSIBLE_DISPLAY_TRACEBACK": "always"}
    environment = {**sandbox.environment("operator"), **log, "ANSIBLE_LOCALHOST_WARNING": "false"}
    ended = run_playbook(tmp_path / "play.yml", "-vvv", environment=environment, directory=tmp_path)
    assert ended.returncode == 2, ended.stdout
    assert "No usable answer while opening a root session" in ended.stdout
    left = [file.read_text(errors="replace") for file in tmp_path.rglob("*") if file.is_file()]
    assert planted[:16] not in "".join([ended.stdout, ended.stderr, *left])
