"""Fixtures of the sandbox's own tests: all speak HTTP, with unmodified boto3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from breakglass_aws.sandbox import Box

Clients = Callable[..., Any]


@pytest.fixture
def root_session(sandbox: Box) -> Callable[..., Clients]:
    """Open a root session; gives a function that makes its clients."""

    def open_session(account: str, task: str, *, by: str = "operator", **options: Any) -> Clients:
        credentials = sandbox.client("sts", by).assume_root(
            TargetPrincipal=account, TaskPolicyArn={"arn": f"arn:aws:iam::aws:policy/root-task/{task}"}, **options
        )["Credentials"]

        def client(service: str, region: str = "us-east-1") -> Any:
            return sandbox.client_with(
                service,
                credentials["AccessKeyId"],
                credentials["SecretAccessKey"],
                credentials["SessionToken"],
                region=region,
            )

        return client

    return open_session
