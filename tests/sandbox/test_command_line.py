"""`python -m breakglass_aws.sandbox`, and the AWS command line, unmodified, on what it prints."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from support.sandbox_cli import CLEAN, aws, environment, one_line, run_sandbox, serving


@pytest.fixture(scope="module")
def port() -> Iterator[str]:
    with serving(signal.SIGINT) as number:
        yield number


def root_session(env: dict[str, str], account: str, task: str) -> dict[str, str]:
    answer = aws(
        env,
        *("sts", "assume-root", "--target-principal", account, "--duration-seconds", "300", "--task-policy-arn"),
        f"arn=arn:aws:iam::aws:policy/root-task/{task}",
    )
    keys = json.loads(answer.stdout)["Credentials"]
    return env | {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }


def test_aws_removes_root_credentials(port):
    env = root_session(environment(port, "operator"), "444455556666", "IAMDeleteRootUserCredentials")
    listed = json.loads(aws(env, "iam", "list-access-keys").stdout)["AccessKeyMetadata"]
    assert len(listed) == 2
    assert aws(env, "iam", "delete-access-key", "--access-key-id", listed[0]["AccessKeyId"]).returncode == 0
    assert aws(env, "iam", "delete-login-profile").returncode == 0
    gone = aws(env, "iam", "get-login-profile")
    assert gone.stderr.strip().endswith("Login Profile for User null cannot be found.")
    refused = aws(env, "iam", "create-user", "--user-name", "intruder")
    assert (
        "(AccessDenied) when calling the CreateUser operation: User: arn:aws:iam::444455556666:root" in refused.stderr
    )
    after = json.loads(run_sandbox("snapshot", "--port", port).stdout)["root_users"]["444455556666"]
    assert after["access_keys"] == [listed[1]["AccessKeyId"]]
    assert after["password"] is False


def test_aws_unlocks_a_bucket(port):
    bucket = ("--bucket", "payments-ledger-333344445555", "--region", "eu-west-1")
    administrator = environment(port, "payments-administrator")
    locked = aws(administrator, "s3api", "get-bucket-policy", *bucket)
    assert "(AccessDenied) when calling the GetBucketPolicy operation" in locked.stderr
    assert "with an explicit deny in a resource-based policy" in locked.stderr
    env = root_session(environment(port, "operator"), "333344445555", "S3UnlockBucketPolicy")
    policy = json.loads(json.loads(aws(env, "s3api", "get-bucket-policy", *bucket).stdout)["Policy"])
    policy["Statement"] = [entry for entry in policy["Statement"] if entry["Sid"] != "LockedByMistake"]
    assert aws(env, "s3api", "put-bucket-policy", *bucket, "--policy", json.dumps(policy)).returncode == 0
    read = aws(administrator, "s3", "cp", "s3://payments-ledger-333344445555/ledger/2026-10.csv", "-", *bucket[2:])
    assert read.stdout.startswith("date,amount")
    assert aws(env, "s3api", "delete-bucket-policy", *bucket).returncode == 0
    refused = aws(env, "s3api", "list-objects-v2", *bucket)
    assert "(AccessDenied) when calling the ListObjectsV2 operation" in refused.stderr


def test_events_and_reset(port):
    environment(port, "operator")
    assert run_sandbox("reset", "--port", port).returncode == 0
    assert run_sandbox("events", "--port", port).stdout == ""


def test_nothing_but_export_lines(port):
    printed = run_sandbox("env", "--port", port, "--as", "operator").stdout.splitlines()
    assert [line.partition("=")[0] for line in printed] == [
        "unset AWS_PROFILE AWS_DEFAULT_PROFILE",
        "export AWS_ACCESS_KEY_ID",
        "export AWS_SECRET_ACCESS_KEY",
        "export AWS_SESSION_TOKEN",
        "export AWS_ENDPOINT_URL",
        "export AWS_REGION",
        "export AWS_DEFAULT_REGION",
        "export AWS_EC2_METADATA_DISABLED",
    ]


def test_unknown_identity(port):
    text = one_line(run_sandbox("env", "--port", port, "--as", "operater"), 2)
    assert "no identity 'operater'" in text
    assert "operator" in text


def test_port_in_use(port):
    assert f"port {port} is in use" in one_line(run_sandbox("serve", "--port", port), 2)


def test_nothing_running():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
        text = one_line(run_sandbox("env", "--port", port), 1)
    assert f"no sandbox answers on port {port}; start one: breakglass sandbox serve --port {port}" in text


def test_broken_organization(tmp_path):
    file = tmp_path / "organization.yml"
    file.write_text("organization: mine\nmanagement_account: 1\naccounts: []\n")
    text = one_line(run_sandbox("serve", "--port", "0", "--organization", str(file)), 2)
    assert f"{file}, line 1: organization:" in text


def test_a_profile_of_before_is_unset(port):
    """Clients refuse keys and a profile together."""
    made = environment(port, "operator", AWS_PROFILE="work", AWS_DEFAULT_PROFILE="work")
    assert not made.keys() & {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}
    assert made["AWS_ACCESS_KEY_ID"]


def listed(port: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in run_sandbox("faults", "list", "--port", port).stdout.splitlines()]


def test_faults(port, tmp_path):
    added = run_sandbox(
        "faults", "add", "throttling", "--service", "iam", "--share", "0.5", "--seed", "7", "--port", port
    )
    counts = {"calls_met": 0, "calls_hit": 0}
    rule = {"kind": "throttling", "service": "iam", "share": 0.5, "seed": 7}
    assert listed(port) == [{"name": added.stdout.strip(), **rule, **counts}]
    file = tmp_path / "faults.yml"
    file.write_text("- {kind: slow, seconds: 1 second, account: '444455556666'}\n- {kind: reset, times: 2}\n")
    assert len(run_sandbox("faults", "add", "--file", str(file), "--port", port).stdout.split()) == 2
    assert [rule["kind"] for rule in listed(port)] == ["throttling", "slow", "reset"]
    assert run_sandbox("faults", "clear", added.stdout.strip(), "--port", port).returncode == 0
    assert [rule["kind"] for rule in listed(port)] == ["slow", "reset"]
    assert run_sandbox("faults", "clear", "--port", port).returncode == 0
    assert listed(port) == []
    assert (
        "published_rates: keep the request rates AWS publishes" in run_sandbox("faults", "kinds", "--port", port).stdout
    )


def test_every_option_of_a_kind_reaches_the_sandbox(port):
    assert run_sandbox("faults", "add", "refusal", "--code", "MalformedPolicy", "--port", port).returncode == 0
    assert run_sandbox("faults", "add", "appended", "--text", "<!-- proxy -->", "--port", port).returncode == 0
    assert [rule.get("code") or rule.get("text") for rule in listed(port)] == ["MalformedPolicy", "<!-- proxy -->"]
    run_sandbox("faults", "clear", "--port", port)


def test_aws_cli_sees_faults(port):
    env = environment(port, "operator") | {"AWS_MAX_ATTEMPTS": "1"}
    run_sandbox("faults", "add", "throttling", "--port", port)
    refused = aws(env, "organizations", "list-accounts")
    assert "(TooManyRequestsException) when calling the ListAccounts operation" in refused.stderr
    run_sandbox("faults", "clear", "--port", port)
    assert aws(env, "organizations", "list-accounts").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["thunder"], 2, "kind: 'thunder' is not accepted; accepted: throttling,"),
        (["reset", "--share", "2"], 2, "share: 2 is not accepted; accepted: a number from 0 to 1"),
        (["reset", "--share", "half"], 2, "share: 'half' is not accepted; accepted: a number from 0 to 1"),
        (["slow"], 2, "seconds: missing; slow needs seconds"),
        ([], 2, "faults add needs KIND, or --file FILE"),
        (["reset", "--file", "faults.yml"], 2, "faults add takes KIND with its options, or --file alone"),
        (["--file", "/nowhere/faults.yml"], 2, "/nowhere/faults.yml: No such file or directory"),
    ],
    ids=str,
)
def test_wrong_faults(port, arguments, status, text):
    assert text in one_line(run_sandbox("faults", "add", *arguments, "--port", port), status)


def test_clock(port):
    before = datetime.fromisoformat(run_sandbox("clock", "show", "--port", port).stdout.strip())
    after = datetime.fromisoformat(run_sandbox("clock", "advance", "4 days", "--port", port).stdout.strip())
    assert timedelta(days=4) <= after - before < timedelta(days=4, minutes=5)
    assert "accepted: a time span" in one_line(run_sandbox("clock", "advance", "yesterday", "--port", port), 2)
    run_sandbox("reset", "--port", port)
    assert datetime.fromisoformat(run_sandbox("clock", "show", "--port", port).stdout.strip()) < after


def test_people(port):
    shown = run_sandbox("person", "--port", port).stdout
    assert "444455556666 legacy-web\n" in shown
    assert "reset-password WHO [password=]\n" in shown
    reset = run_sandbox("person", "reset-password", "444455556666", "password=open sesame", "--port", port)
    assert json.loads(reset.stdout) == {"password": "open sesame"}
    assert json.loads(run_sandbox("person", "look", "legacy-web", "--port", port).stdout)["password"] == "open sesame"
    assert json.loads(run_sandbox("person", "look", "legacy-web", "mailbox", "--port", port).stdout) == []
    assert "Password recovery is disabled" in one_line(
        run_sandbox("person", "reset-password", "payments", "--port", port), 1
    )


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["sing", "legacy-web"], 2, "no step 'sing'; there are: request_password_reset"),
        (["reset-password", "nobody"], 2, "no account 'nobody' in this organization"),
        (["reset-password", "legacy-web", "colour=red"], 2, "reset_password takes no colour; accepted: password"),
        (["reset-password", "legacy-web", "red"], 2, "'red' is not accepted; accepted: NAME=VALUE"),
        (["look", "legacy-web", "diary"], 2, "there is no 'diary' to look at; there are: mailbox, phone"),
        (["sign-in"], 2, "person sign-in needs WHO"),
    ],
    ids=str,
)
def test_wrong_people(port, arguments, status, text):
    assert text in one_line(run_sandbox("person", *arguments, "--port", port), status)


@pytest.mark.parametrize(
    "command",
    [
        *([name] for name in ("serve", "env", "reset", "events", "snapshot", "clock", "faults", "person")),
        *(["clock", step] for step in ("show", "advance")),
        *(["faults", step] for step in ("kinds", "list", "add", "clear")),
        [],
    ],
    ids=str,
)
def test_help(command):
    shown = run_sandbox(*command, "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith(f"usage: {' '.join(['python -m breakglass_aws.sandbox', *command])}")


@pytest.mark.parametrize("command", [["clock"], ["faults"], []], ids=str)
def test_an_unfinished_command_says_how_it_goes_on(command):
    result = run_sandbox(*command)
    assert result.returncode == 2
    assert "required" in result.stderr


def test_a_reader_that_has_seen_enough(port):
    for _ in range(3):
        environment(port, "operator")
    command = f"{sys.executable} -m breakglass_aws.sandbox snapshot --port {port} | head -c 1"
    ended = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, env=CLEAN, check=False)
    assert (ended.stdout, ended.stderr) == ("{", "")


def test_serving_in_bad_weather(tmp_path):
    file = tmp_path / "faults.yml"
    file.write_text("- {kind: throttling, share: 0.5}\n")
    with serving(signal.SIGTERM, "--faults", str(file), "--seed", "4") as number:
        assert [rule["kind"] for rule in listed(number)] == ["throttling"]
        run_sandbox("faults", "clear", "--port", number)
        run_sandbox("reset", "--port", number)
        assert [rule["kind"] for rule in listed(number)] == ["throttling"], "the weather it began with is back"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("- {kind: thunder}\n", "kind: 'thunder' is not accepted; accepted: throttling,"),
        ("- {kind: slow, seconds: soon}\n", "seconds: 'soon' is not accepted; accepted: a time span"),
        ("- {kind: account_suspended, account: '123123123123'}\n", "account: '123123123123' is not accepted"),
        ("- {kind: slow\n- x", "this is no YAML"),
        ("storm", "'storm' is not a rule"),
    ],
)
def test_serving_with_broken_faults(tmp_path, content, problem):
    file = tmp_path / "faults.yml"
    file.write_text(content)
    text = one_line(run_sandbox("serve", "--port", "0", "--faults", str(file)), 2)
    assert text.startswith(f"sandbox: {file}")
    assert problem in text


def test_what_keeps_a_port_from_being_bound():
    """A port that only the administrator may bind is not `in use`."""
    assert "may not be bound by this user" in problem_of("PermissionError(errno.EACCES, 'Permission denied')")
    assert "cannot be bound: No buffer" in problem_of("OSError(errno.ENOBUFS, 'No buffer space available')")
    assert "is in use" in problem_of("OSError(errno.EADDRINUSE, 'Address already in use')")


def problem_of(error: str) -> str:
    """What the sandbox says where the system answers a bind with an error; who runs the tests may bind anything."""
    code = f"""
import errno, socket
def refuse(*_): raise {error}
socket.socket.bind = refuse
from breakglass_aws.sandbox.__main__ import main
raise SystemExit(main(["serve", "--port", "81"]))
"""
    return one_line(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False), 2)


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_the_other_loopback():
    try:
        with socket.socket(socket.AF_INET6) as trial:
            trial.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    command = [sys.executable, "-m", "breakglass_aws.sandbox", "serve", "--port", "0", "--host", "::1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=CLEAN) as process:
        try:
            url = re.search(r"http://\[::1\]:\d+", process.stdout.readline())[0]
            with urllib.request.urlopen(f"{url}/_sandbox/ready", timeout=30) as answer:
                assert json.load(answer)["organization"] == "o-breakglass1"
        finally:
            process.terminate()


def test_not_for_other_machines():
    assert "not a loopback address" in one_line(run_sandbox("serve", "--port", "0", "--host", "0.0.0.0"), 2)


@pytest.mark.parametrize("number", ["-1", "65536", "http"])
def test_no_port(number):
    result = run_sandbox("serve", f"--port={number}")
    assert result.returncode == 2
    assert "is not a port; accepted: 0 to 65535" in result.stderr


def test_terminating_at_once_ends_with_status_zero():
    with serving(signal.SIGTERM):
        pass
