"""What sweeps are compared with: the floor, and boto3 with a session an account. Both read what a sweep reads.

    python -m benchmarks.clients REPORT floor|sessions OPTIONS

The floor does only what must be done: sign each request, send it on a connection that stays open, parse the answer,
with botocore's own signer, HTTP session and parser; an account's calls one after another, ``workers`` accounts at a
time. It makes no client, retries nothing and checks nothing: what is built on botocore cannot take much less.
"""

from __future__ import annotations

import json
import queue
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import boto3
import botocore.loaders
import botocore.model
import botocore.parsers
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

from benchmarks.module_worker import processor

POLICY = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
# Each read of a root session; where the root user has access keys, another call for each key.
READS = ("GetUser", "GetLoginProfile", "ListAccessKeys", "ListSigningCertificates", "ListMFADevices")
VERSIONS = {"sts": "2011-06-15", "iam": "2010-05-08"}


class Floor:
    """Signs, sends and parses. May be used from several threads."""

    def __init__(self, url: str, trusted: str | None, keys: dict[str, str], workers: int) -> None:
        self._url, self._host = f"{url}/", urlsplit(url).netloc
        self._session = URLLib3Session(
            verify=trusted or True,
            max_pool_connections=workers,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        self._keys = Credentials(keys["access_key"], keys["secret_key"])
        loader = botocore.loaders.create_loader()
        self._models = {
            service: botocore.model.ServiceModel(loader.load_service_model(service, "service-2"), service)
            for service in VERSIONS
        }
        self._parser = botocore.parsers.create_parser("query")

    def account(self, account: str) -> None:
        """All that a sweep reads of an account."""
        task = {"TargetPrincipal": account, "TaskPolicyArn.arn": POLICY, "DurationSeconds": "900"}
        answer = self._call(self._keys, "sts", "AssumeRoot", task)["Credentials"]
        session = Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
        for operation in READS:
            found = self._call(session, "iam", operation, {})
            for key in found.get("AccessKeyMetadata", []):
                self._call(session, "iam", "GetAccessKeyLastUsed", {"AccessKeyId": key["AccessKeyId"]})

    def _call(
        self, credentials: Credentials, service: str, operation: str, parameters: dict[str, str]
    ) -> dict[str, Any]:
        body = urlencode({"Action": operation, "Version": VERSIONS[service], **parameters})
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "Host": self._host}
        request = AWSRequest("POST", self._url, headers, body)
        SigV4Auth(credentials, service, "us-east-1").add_auth(request)
        response = self._session.send(request.prepare())
        answer = {"status_code": response.status_code, "headers": response.headers, "body": response.content}
        shape = self._models[service].operation_model(operation).output_shape
        parsed: dict[str, Any] = self._parser.parse(answer, shape)
        if response.status_code != 200:
            raise RuntimeError(f"{operation}: {parsed}")
        return parsed


def floor(options: dict[str, Any]) -> None:
    """The floor over ``accounts``, ``workers`` at a time."""
    made = Floor(options["url"], options["trusted"], options["keys"], options["workers"])
    over(options["accounts"], options["workers"], made.account)


def sessions(options: dict[str, Any]) -> None:
    """boto3 as its guide shows it: a session an account, clients made from it, ``workers`` threads."""
    keys = options["keys"]
    common = {"endpoint_url": options["url"], "region_name": "us-east-1", "verify": options["trusted"]}

    def one(account: str) -> None:
        own = boto3.session.Session(aws_access_key_id=keys["access_key"], aws_secret_access_key=keys["secret_key"])
        task = {"arn": POLICY}
        answer = own.client("sts", **common).assume_root(TargetPrincipal=account, TaskPolicyArn=task)["Credentials"]
        root = boto3.session.Session(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
        iam = root.client("iam", **common)
        iam.get_user()
        iam.get_login_profile()
        for key in iam.list_access_keys()["AccessKeyMetadata"]:
            iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
        iam.list_signing_certificates()
        iam.list_mfa_devices()

    over(options["accounts"], options["workers"], one)


def over(accounts: list[str], workers: int, work: Callable[[str], None]) -> None:
    """``work`` for each account, ``workers`` at a time; raises the first error."""
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    for account in accounts:
        waiting.put(account)
    errors: list[Exception] = []

    def worker() -> None:
        while not errors:
            try:
                account = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                work(account)
            except Exception as error:
                errors.append(error)

    threads = [threading.Thread(target=worker) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def main() -> None:
    report, name, given = sys.argv[1:]
    before, begun = processor(), time.monotonic()
    {"floor": floor, "sessions": sessions}[name](json.loads(given))
    seconds = time.monotonic() - begun
    with open(report, "w", encoding="utf-8") as file:
        json.dump({"seconds": seconds, "processor": processor() - before}, file)


if __name__ == "__main__":
    main()
