"""The TLS front: clients that ignore AWS_ENDPOINT_URL reach the sandbox under AWS's own names, and nothing else."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, ProxyConnectionError
from support.sandbox_cli import AWS, CLEAN, one_line, run_sandbox

PAYMENTS = "333344445555"


@contextmanager
def served() -> Iterator[tuple[str, str, str]]:
    """Port of a sandbox with a TLS front, the proxy, and the file of its authority."""
    command = [sys.executable, "-m", "breakglass_aws.sandbox", "serve", "--port", "0", "--tls-front"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=CLEAN) as process:
        try:
            first, second = process.stdout.readline(), process.stdout.readline()
            port = re.search(r"sandbox ready on http://127\.0\.0\.1:(\d+) ", first)
            front = re.fullmatch(r"TLS front on (http://127\.0\.0\.1:\d+) \(CA certificate (.+)\)\n", second)
            assert port, first
            assert front, second
            yield port[1], front[1], front[2]
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
            assert not Path(front[2]).exists()
        finally:
            process.kill()


@pytest.fixture(scope="module")
def front() -> Iterator[tuple[str, str, str]]:
    with served() as found:
        yield found


def environment(front: tuple[str, str, str], name: str = "operator") -> dict[str, str]:
    """What the printed lines make of an environment that points elsewhere."""
    lines = run_sandbox("env", "--port", front[0], "--as", name, "--tls-front").stdout
    before = CLEAN | {"AWS_PROFILE": "work", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    printed = subprocess.run(
        ["/bin/sh", "-c", f"{lines}\nenv -0"], capture_output=True, text=True, env=before, check=True
    ).stdout
    return dict(entry.partition("=")[::2] for entry in printed.split("\0") if entry)


def client(front: tuple[str, str, str], service: str, region: str = "us-east-1", **keys: str) -> object:
    """A client with AWS's own endpoints."""
    made = environment(front)
    return boto3.session.Session().client(
        service,
        region_name=region,
        verify=front[2],
        aws_access_key_id=keys.get("AccessKeyId", made["AWS_ACCESS_KEY_ID"]),
        aws_secret_access_key=keys.get("SecretAccessKey", made["AWS_SECRET_ACCESS_KEY"]),
        aws_session_token=keys.get("SessionToken", made["AWS_SESSION_TOKEN"]),
        config=Config(proxies={"https": front[1]}, retries={"total_max_attempts": 1}),
    )


def test_the_environment(front):
    made = environment(front)
    assert not made.keys() & {"AWS_ENDPOINT_URL", "AWS_PROFILE"}
    assert made["HTTPS_PROXY"] == made["https_proxy"] == front[1]
    assert made["AWS_CA_BUNDLE"] == front[2]
    text = Path(front[2]).read_text()
    assert "BEGIN CERTIFICATE" in text
    assert "PRIVATE KEY" not in text


def test_every_service_answers_under_its_own_name(front):
    assert client(front, "sts", "eu-west-1").get_caller_identity()["Account"] == "111122223333"
    assert client(front, "iam").list_roles()["Roles"]
    assert client(front, "organizations").describe_organization()["Organization"]["Id"] == "o-breakglass1"
    keys = client(front, "sts", "eu-west-1").assume_root(
        TargetPrincipal=PAYMENTS, TaskPolicyArn={"arn": "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"}
    )["Credentials"]
    s3 = client(front, "s3", "eu-west-1", **keys)
    assert "LockedByMistake" in s3.get_bucket_policy(Bucket="payments-ledger-333344445555")["Policy"]
    assert s3.meta.endpoint_url == "https://s3.eu-west-1.amazonaws.com"


def test_the_aws_cli_reaches_queues(front):
    """awscli 1.x sends SQS to hosts of its own, whatever AWS_ENDPOINT_URL says."""
    env = environment(front, "data-lake-administrator")
    command = [str(AWS), "sqs", "list-queues", "--region", "eu-central-1"]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert any("ingest" in url for url in json.loads(done.stdout)["QueueUrls"]), done.stdout


def test_a_peer_with_a_built_in_host_name_opens_root_sessions(front):
    """aws-priv-actions asks https://sts.REGION.amazonaws.com, whatever AWS_ENDPOINT_URL says."""
    env = environment(front) | {"COLUMNS": "200", "NO_COLOR": "1"}
    command = [str(AWS.parent / "aws-priv-actions"), "assume-root", PAYMENTS, "S3UnlockBucketPolicy"]
    done = subprocess.run(
        [*command, "--region", "eu-west-1", "-v"], capture_output=True, text=True, env=env, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"'AccessKeyId': 'ASIA\w+'", done.stdout), done.stdout
    refused = subprocess.run(
        [*command[:2], "111122223333", command[3], "--region", "us-east-1"],
        capture_output=True,
        text=True,
        env=env,
        check=False,
    )
    assert refused.returncode == 1
    assert "not authorized to perform: sts:AssumeRoot" in refused.stdout
    events = [json.loads(line) for line in run_sandbox("events", "--port", front[0]).stdout.splitlines()]
    opened = [one for one in events if one["operation"] == "AssumeRoot" and "Boto3" in one["user_agent"]]
    assert [(one["region"], one["status"]) for one in opened[-2:]] == [("eu-west-1", 200), ("us-east-1", 403)]


@pytest.mark.parametrize("request_line", ["CONNECT example.com:443", "CONNECT sts.amazonaws.com:80", "GET http://x/"])
@pytest.mark.parametrize("rest", [" HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_nothing_else_is_reached(front, request_line, rest):
    place = urlsplit(front[1])
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        connection.sendall((request_line + rest).encode())
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert b"host names of AWS" in answer


def test_a_client_of_another_host_does_not_leave(front):
    other = boto3.session.Session().client(
        "sts",
        region_name="us-east-1",
        endpoint_url="https://example.com",
        verify=front[2],
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(proxies={"https": front[1]}, retries={"total_max_attempts": 1}),
    )
    with pytest.raises(ProxyConnectionError):
        other.get_caller_identity()


def test_a_reset_is_a_reset(front):
    assert run_sandbox("faults", "add", "reset", "--service", "sts", "--times", "1", "--port", front[0]).returncode == 0
    sts = client(front, "sts", "eu-west-1")
    with pytest.raises((ConnectionClosedError, ProxyConnectionError)):
        sts.get_caller_identity()
    assert sts.get_caller_identity()["Account"] == "111122223333"


def test_without_a_front(front):
    command = [sys.executable, "-m", "breakglass_aws.sandbox", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=CLEAN) as process:
        port = re.search(r":(\d+) ", process.stdout.readline())[1]
        asked = run_sandbox("env", "--port", port, "--tls-front")
        process.terminate()
    assert "serve --tls-front" in one_line(asked, 2)
    assert "exclude each other" in one_line(
        run_sandbox("env", "--port", front[0], "--tls-front", "--from", "10.0.0.1"), 2
    )


def test_its_files_are_private(front):
    assert os.stat(Path(front[2]).parent).st_mode & 0o077 == 0
    assert [file.name for file in Path(front[2]).parent.iterdir()] == ["ca.pem"]
