"""Steps that checks of several areas take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import boto3

from breakglass_aws.sandbox import Box
from breakglass_aws.sandbox.client import CONTROL_HEADER

MANAGEMENT, DELEGATE, LOST_ROLE, VAULT = "111122223333", "222233334444", "999900001111", "777788889999"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
Clients = Callable[..., Any]


def control(box: Box | Served, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Ask the sandbox's own interface."""
    request = Request(
        f"{box.url}/_sandbox/{path}", json.dumps(body or {}).encode(), {CONTROL_HEADER: "1"}, method=method
    )
    with build_opener(ProxyHandler({})).open(request, timeout=10) as answer:
        return json.load(answer)


def settle(box: Box, **spans: str) -> None:
    """Set how fast AWS is, as under `behaviour` in an organization file."""
    control(box, "POST", "behaviour", spans)


def at_once(box: Box) -> None:
    """Have what takes AWS a moment be done by the next request."""
    settle(box, stack_sets="0 seconds", assignments="0 seconds")


def wait_for(ask: Callable[[], Any], *, seconds: float = 10) -> Any:
    """The first answer that is not empty."""
    until = time.monotonic() + seconds
    while not (found := ask()) and time.monotonic() < until:
        time.sleep(0.05)
    assert found, "nothing came in time"
    return found


def clients_of(box: Box | Served, credentials: dict[str, Any]) -> Clients:
    """A function that makes clients of credentials as STS or the access portal gives them."""
    keys = [
        credentials.get(new, credentials.get(old))
        for new, old in (
            ("AccessKeyId", "access_key"),
            ("SecretAccessKey", "secret_key"),
            ("SessionToken", "session_token"),
        )
    ]
    return lambda service, region="us-east-1": box.client_with(service, *keys, region=region)


def root_session(
    box: Box, account: str, task: str, by: str = "operator", region: str = "us-east-1", **options: Any
) -> dict[str, Any]:
    """The credentials AssumeRoot gives."""
    return box.client("sts", by, region=region).assume_root(
        TargetPrincipal=account, TaskPolicyArn={"arn": f"arn:aws:iam::aws:policy/root-task/{task}"}, **options
    )["Credentials"]


def as_root(box: Box, account: str, task: str, by: str = "operator", **options: Any) -> Clients:
    """Clients of a root session."""
    return clients_of(box, root_session(box, account, task, by, **options))


def deny(action: str | list[str], **more: Any) -> dict[str, Any]:
    """A statement that denies."""
    return {"Effect": "Deny", "Action": action, "Resource": "*", **more}


def grant(box: Box, role: str, *statements: dict[str, Any], by: str = "operator") -> None:
    """Put an inline policy on a role."""
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    box.client("iam", by).put_role_policy(RoleName=role, PolicyName="granted", PolicyDocument=document)


def records(client: Any, **attribute: str) -> list[dict[str, Any]]:
    """CloudTrail's records of one lookup attribute, newest first."""
    [(key, value)] = attribute.items()
    pages = client.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}]
    )
    return [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]


def attach_scp(box: Box, target: str, *statements: dict[str, Any]) -> None:
    """Have a service control policy with these statements bind an account or OU."""
    organizations = box.client("organizations", "operator")
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    made = organizations.create_policy(
        Name=f"guard-{target}", Description="guard", Type="SERVICE_CONTROL_POLICY", Content=json.dumps(document)
    )
    organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=target)


class Served:
    """A sandbox of its own process, with its own organization."""

    def __init__(self, url: str) -> None:
        self.url = url

    def client(self, service: str, name: str) -> Any:
        keys = control(self, "GET", f"identities/{name}")
        return self.client_with(service, keys["access_key"], keys["secret_key"], keys["session_token"])

    def client_with(
        self, service: str, access_key: str, secret_key: str, session_token: str | None, region: str = "us-east-1"
    ) -> Any:
        return boto3.session.Session().client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            aws_session_token=session_token,
        )


@contextmanager
def serving(organization: dict[str, Any]) -> Iterator[Served]:
    """Serve another organization; moto's state is global, so in another process."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with TemporaryDirectory() as folder:
        file = Path(folder) / "organization.yml"
        file.write_text(json.dumps(organization), encoding="utf-8")
        command = [sys.executable, "-m", "breakglass_aws.sandbox", "serve", "--port", "0", "--organization", str(file)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            try:
                line = process.stdout.readline() if process.stdout else ""
                assert line.startswith("sandbox ready on "), line
                yield Served(line.split()[3])
            finally:
                process.terminate()
