"""Soak the sandbox: many clients at full speed in bad weather, and in the end a comparison of what they were told.

    python tests/benchmarks/soak.py --minutes 60 --seed 1

Each client thread has accounts of its own and keeps a ledger of what their state may be: a call that was acknowledged
leaves one possibility, one that was refused changes nothing, one whose answer never came leaves two. Whatever a client
reads, and the snapshot in the end, must be among them. Besides: no crash, no answer in HTML, memory flat.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.parsers import ResponseParserError

from breakglass_aws.sandbox.client import CONTROL_HEADER

MANAGEMENT = "100000000000"
REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2")
TASK = "arn:aws:iam::aws:policy/root-task/"
DELEGATED = ("cloudtrail.amazonaws.com", "account.amazonaws.com")
# Bad days all the time. What suspends accounts and the like is switched on and off by `disturb`.
WEATHER = [
    {"kind": "expiry", "calls": 4, "share": 0.02},
    {"kind": "throttling", "service": "sts", "operation": "AssumeRoot", "rate": 60, "burst": 60},
    {"kind": "throttling", "share": 0.02},
    {"kind": "server_error", "share": 0.01},
    {"kind": "server_error", "share": 0.005, "status": 503},
    {"kind": "reset", "share": 0.01},
    {"kind": "lost_answer", "share": 0.01},
    {"kind": "cut", "share": 0.005},
    {"kind": "slow", "share": 0.002, "seconds": 0.3},
]
# Codes a client may meet through no fault of the sandbox's.
EXPECTED = {
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "InternalError",
    "InternalFailure",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "RegionDisabledException",
    "RequestThrottled",
    "ServiceException",
    "ServiceFailure",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "UnrecognizedClientException",
}
_SANDBOX_FAILED = "The sandbox failed to answer"
# The sandbox keeps so many events; memory grows until it has them.
_EVENTS_KEPT = 100_000
_GROWTH_ALLOWED = 1.05


# The organization


def account_id(number: int) -> str:
    return str(200_000_000_000 + number)


def region(number: int) -> str:
    return REGIONS[number % len(REGIONS)]


def organization(accounts: int) -> dict[str, Any]:
    members = [
        {
            "id": account_id(number),
            "name": f"member-{number}",
            "ou": f"Workloads/Unit{number % 5}",
            "root": {
                "password": {"created": "900 days ago"},
                "access_keys": [{"created": "800 days ago", "last_used": "never"}],
            },
            "buckets": [{"name": f"soak-{account_id(number)}", "region": region(number)}],
            "queues": [{"name": "soak", "region": region(number)}],
        }
        for number in range(accounts)
    ]
    management = {
        "id": MANAGEMENT,
        "name": "management",
        "roles": [{"name": "Op", "policies": ["AdministratorAccess"]}],
    }
    return {
        "organization": "o-soak123456",
        "management_account": MANAGEMENT,
        "trusted_access": ["iam.amazonaws.com", *DELEGATED],
        "features": ["RootCredentialsManagement", "RootSessions"],
        "accounts": [management, *members],
        "identities": {"operator": {"account": MANAGEMENT, "role": "Op"}},
    }


# What is known


@dataclass
class Ledger:
    """Of each thing, the states it may be in."""

    may_be: dict[str, list[Any]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)

    def changed(self, what: str, value: Any, outcome: str) -> None:
        """Note how a call went that was to bring something into a state."""
        if outcome == "done":
            self.may_be[what] = [value]
        elif outcome == "unknown" and value not in self.may_be[what]:
            self.may_be[what] = [*self.may_be[what], value]

    def seen(self, what: str, value: Any) -> None:
        """Note what somebody saw."""
        if value not in self.may_be[what]:
            self.lost.append(f"{what} is {value!r}; what was acknowledged leaves {self.may_be[what]!r}")
        self.may_be[what] = [value]


class Sandbox:
    """The control API."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open

    def ask(self, path: str, method: str = "GET", body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/_sandbox/{path}", data=data, headers={CONTROL_HEADER: "1"}, method=method
        )
        with self.open(request, timeout=600) as answer:
            return json.load(answer)


# Clients


class Client:
    """One thread's work on accounts of its own."""

    def __init__(self, url: str, seed: str, numbers: list[int], services: tuple[str, ...]) -> None:
        self.sandbox = Sandbox(url)
        self.chance = random.Random(seed)
        self.numbers = numbers
        self.services = services
        self.ledger = Ledger()
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self._session = boto3.session.Session()
        self._operator = self.sandbox.ask("identities/operator")
        self._clients: dict[tuple[str, str], Any] = {}
        self._counter = 0
        self._cut = False

    def begin(self, snapshot: dict[str, Any]) -> None:
        """Start from what is there."""
        for number in self.numbers:
            account = account_id(number)
            root = snapshot["root_users"][account]
            self.ledger.may_be |= {
                f"{account} password": [root["password"]],
                f"{account} keys": [root["access_keys"]],
                f"{account} bucket": [None],
                f"{account} queue": [None],
                f"{account} users": [[]],
            }
        for service in self.services:
            self.ledger.may_be[f"delegates {service}"] = [[]]

    def work(self, until: float) -> None:
        steps = [
            (self.who_am_i, 8),
            (self.read_organization, 4),
            (self.audit, 12),
            (self.password, 6),
            (self.keys, 4),
            (self.bucket, 12),
            (self.queue, 6),
            (self.users, 4),
            (self.delegate, 2 if self.services else 0),
            (self.history, 1),
            (self.nonsense, 1),
        ]
        choices, weights = zip(*steps, strict=True)
        while time.time() < until:
            self.chance.choices(choices, weights)[0](self.chance.choice(self.numbers))

    # Calls

    def client(self, service: str, region: str = "us-east-1", keys: dict[str, str] | None = None) -> Any:
        """A client without retries: each call has one outcome. The operator's are kept, those of sessions are not."""
        if keys is None and (service, region) in self._clients:
            return self._clients[service, region]
        given = keys or self._operator
        made = self._session.client(
            service,
            region_name=region,
            endpoint_url=self.sandbox.url,
            aws_access_key_id=given["access_key"],
            aws_secret_access_key=given["secret_key"],
            aws_session_token=given["session_token"],
            config=Config(retries={"total_max_attempts": 1}, read_timeout=90, connect_timeout=30),
        )
        made.meta.events.register("response-received", self._look_at)
        if keys is None:
            self._clients[service, region] = made
        return made

    def _look_at(self, response_dict: dict[str, Any] | None = None, **_: Any) -> None:
        if response_dict is None:
            return
        body, length = bytes(response_dict["body"] or b""), response_dict["headers"].get("content-length", "0")
        # botocore makes the best of an answer that was cut; whoever wants to be sure has to look.
        self._cut = int(length) != len(body)
        if b"<html" in body[:2000].lower():
            self.problems.append(f"an answer in HTML: {body[:300]!r}")

    def call(self, function: Callable[..., Any], *absent: str, **given: Any) -> tuple[str, Any]:
        """Call AWS: `done` with the answer, `refused` or one of the codes in `absent`, or `unknown`."""
        self.counts["calls"] += 1
        self._cut = False
        try:
            answer = function(**given)
            if not self._cut:
                return "done", answer
            self.counts["broken: cut"] += 1
            return "unknown", None
        except ClientError as error:
            if self._cut:
                self.counts["broken: cut"] += 1
                return "unknown", None
            code, text = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
            self.counts[f"refused: {code}"] += 1
            if code in absent:
                return code, None
            if code not in EXPECTED or _SANDBOX_FAILED in text:
                self.problems.append(f"{function.__name__}: {error}")
            return "refused", None
        except (HTTPClientError, ResponseParserError) as error:
            self.counts[f"broken: {type(error).__name__}"] += 1
            return "unknown", None

    def root(self, number: int, task: str) -> dict[str, str] | None:
        """Keys of a root session, or None on a bad day."""
        outcome, answer = self.call(
            self.client("sts", self.chance.choice(REGIONS)).assume_root,
            TargetPrincipal=account_id(number),
            TaskPolicyArn={"arn": TASK + task},
            DurationSeconds=self.chance.choice((60, 300, 900)),
        )
        return _keys(answer["Credentials"]) if outcome == "done" else None

    def administrator(self, number: int) -> dict[str, str] | None:
        outcome, answer = self.call(
            self.client("sts").assume_role,
            RoleArn=f"arn:aws:iam::{account_id(number)}:role/OrganizationAccountAccessRole",
            RoleSessionName="soak",
        )
        return _keys(answer["Credentials"]) if outcome == "done" else None

    # What clients do

    def who_am_i(self, _: int) -> None:
        outcome, answer = self.call(self.client("sts").get_caller_identity)
        if outcome == "done" and answer["Account"] != MANAGEMENT:
            self.problems.append(f"GetCallerIdentity answered {answer}")

    def read_organization(self, number: int) -> None:
        client, token, seen = self.client("organizations"), {}, []
        while True:
            outcome, answer = self.call(client.list_accounts, **token)
            if outcome != "done":
                break
            seen += [account["Id"] for account in answer["Accounts"]]
            if "NextToken" not in answer:
                if account_id(number) not in seen or len(seen) != len(set(seen)):
                    self.problems.append(f"ListAccounts answered {seen}")
                break
            token = {"NextToken": answer["NextToken"]}
        self.call(client.describe_account, AccountId=account_id(number))
        self.call(client.list_parents, ChildId=account_id(number))

    def audit(self, number: int) -> None:
        keys = self.root(number, "IAMAuditRootUserCredentials")
        if keys is None:
            return
        account, iam = account_id(number), self.client("iam", keys=keys)
        outcome, answer = self.call(iam.list_access_keys)
        if outcome == "done":
            self.ledger.seen(f"{account} keys", sorted(key["AccessKeyId"] for key in answer["AccessKeyMetadata"]))
        outcome, _ = self.call(iam.get_login_profile, "NoSuchEntity")
        if outcome in ("done", "NoSuchEntity"):
            self.ledger.seen(f"{account} password", outcome == "done")
        for read in (iam.list_mfa_devices, iam.list_signing_certificates, iam.get_account_summary, iam.get_user):
            self.call(read)

    def password(self, number: int) -> None:
        account, remove = account_id(number), self.chance.random() < 0.5
        keys = self.root(number, "IAMDeleteRootUserCredentials" if remove else "IAMCreateRootUserPassword")
        if keys is None:
            return
        iam = self.client("iam", keys=keys)
        outcome, _ = (
            self.call(iam.delete_login_profile, "NoSuchEntity")
            if remove
            else self.call(iam.create_login_profile, "EntityAlreadyExists")
        )
        if outcome in ("NoSuchEntity", "EntityAlreadyExists"):
            self.ledger.seen(f"{account} password", not remove)
        self.ledger.changed(f"{account} password", not remove, outcome)

    def keys(self, number: int) -> None:
        """Delete a root access key as the runbooks do, or make one as a person who signed in."""
        account = account_id(number)
        known = self.ledger.may_be[f"{account} keys"]
        if len(known) > 1:
            return self.audit(number)
        if known[0]:
            session, key = self.root(number, "IAMDeleteRootUserCredentials"), known[0][0]
            if session is not None:
                delete = self.client("iam", keys=session).delete_access_key
                outcome, _ = self.call(delete, AccessKeyId=key)
                self.ledger.changed(f"{account} keys", [one for one in known[0] if one != key], outcome)
            return None
        session = self.sign_in(account)
        if session is not None:
            outcome, answer = self.call(self.client("iam", keys=session).create_access_key)
            if outcome == "done":
                self.ledger.changed(f"{account} keys", [answer["AccessKey"]["AccessKeyId"]], outcome)
            elif outcome == "unknown":
                # Its name is known to nobody: ask the only one who can tell.
                seen = self.sandbox.ask("snapshot")["root_users"][account]["access_keys"]
                self.ledger.changed(f"{account} keys", seen, "done")
        return None

    def sign_in(self, account: str) -> dict[str, str] | None:
        """What a person does with a mailbox and a browser."""
        try:
            for step in ("request_password_reset", "set_password"):
                self.sandbox.ask(f"person/{account}/{step}", "POST", {})
            return self.sandbox.ask(f"person/{account}/sign_in", "POST", {})
        except urllib.error.HTTPError as refusal:
            self.counts[f"person: {refusal.code}"] += 1
            if refusal.code != 403:
                self.problems.append(f"a person met {refusal.code}: {refusal.read()[:300]!r}")
            return None

    def policy(self, resource: str, deny: bool) -> dict[str, Any]:
        self._counter += 1
        statement = {
            "Sid": f"Rev{self._counter}",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ("s3:*" if ":s3:" in resource else "sqs:*") if deny else "sqs:PurgeQueue",
            "Resource": resource,
        }
        if ":s3:" in resource and not deny:
            statement |= {"Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
        return {"Version": "2012-10-17", "Statement": [statement]}

    def bucket(self, number: int) -> None:
        """Lock a bucket by mistake, or look at it and unlock it with a root session."""
        account, where = account_id(number), region(number)
        what, bucket = f"{account} bucket", {"Bucket": f"soak-{account}"}
        if self.chance.random() < 0.5:
            keys = self.administrator(number)
            if keys is not None:
                policy = self.policy(f"arn:aws:s3:::soak-{account}", self.chance.random() < 0.5)
                put = self.client("s3", where, keys).put_bucket_policy
                outcome, _ = self.call(put, Policy=json.dumps(policy), **bucket)
                self.ledger.changed(what, policy, outcome)
            return
        keys = self.root(number, "S3UnlockBucketPolicy")
        if keys is None:
            return
        s3 = self.client("s3", where, keys)
        outcome, answer = self.call(s3.get_bucket_policy, "NoSuchBucketPolicy", **bucket)
        if outcome in ("done", "NoSuchBucketPolicy"):
            self.ledger.seen(what, json.loads(answer["Policy"]) if answer else None)
        outcome, _ = self.call(s3.delete_bucket_policy, **bucket)
        self.ledger.changed(what, None, outcome)

    def queue(self, number: int) -> None:
        account, where, what = account_id(number), region(number), f"{account_id(number)} queue"
        url = f"{self.sandbox.url}/{account}/soak"
        if self.chance.random() < 0.5:
            keys = self.administrator(number)
            if keys is not None:
                sqs = self.client("sqs", where, keys)
                if self.call(sqs.send_message, QueueUrl=url, MessageBody="x" * 200)[0] == "done":
                    outcome, answer = self.call(sqs.receive_message, QueueUrl=url, MaxNumberOfMessages=10)
                    for message in (answer or {}).get("Messages", []):
                        self.call(sqs.delete_message, QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                policy = self.policy(f"arn:aws:sqs:{where}:{account}:soak", self.chance.random() < 0.5)
                outcome, _ = self.call(
                    sqs.set_queue_attributes, QueueUrl=url, Attributes={"Policy": json.dumps(policy)}
                )
                self.ledger.changed(what, policy, outcome)
            return
        keys = self.root(number, "SQSUnlockQueuePolicy")
        if keys is None:
            return
        sqs = self.client("sqs", where, keys)
        outcome, answer = self.call(sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["Policy"])
        if outcome == "done":
            policy = answer.get("Attributes", {}).get("Policy")
            self.ledger.seen(what, json.loads(policy) if policy else None)
        outcome, _ = self.call(sqs.set_queue_attributes, QueueUrl=url, Attributes={"Policy": ""})
        self.ledger.changed(what, None, outcome)

    def users(self, number: int) -> None:
        keys = self.administrator(number)
        if keys is None:
            return
        what, iam = f"{account_id(number)} users", self.client("iam", keys=keys)
        outcome, answer = self.call(iam.list_users)
        if outcome != "done":
            return
        there = sorted(user["UserName"] for user in answer["Users"])
        self.ledger.seen(what, there)
        if there:
            outcome, _ = self.call(iam.delete_user, UserName=there[0])
            self.ledger.changed(what, there[1:], outcome)
        else:
            outcome, _ = self.call(iam.create_user, UserName="soak")
            self.ledger.changed(what, ["soak"], outcome)

    def delegate(self, number: int) -> None:
        service, account = self.chance.choice(self.services), account_id(number)
        what, organizations = f"delegates {service}", self.client("organizations")
        outcome, answer = self.call(organizations.list_delegated_administrators, ServicePrincipal=service)
        if outcome != "done":
            return
        there = sorted(entry["Id"] for entry in answer["DelegatedAdministrators"])
        self.ledger.seen(what, there)
        if there:
            remove = organizations.deregister_delegated_administrator
            outcome, _ = self.call(remove, AccountId=there[0], ServicePrincipal=service)
            self.ledger.changed(what, there[1:], outcome)
        else:
            add = organizations.register_delegated_administrator
            outcome, _ = self.call(add, "ConstraintViolationException", AccountId=account, ServicePrincipal=service)
            self.ledger.changed(what, [account], outcome)

    def history(self, _: int) -> None:
        self.call(self.client("cloudtrail").lookup_events, MaxResults=50)

    def nonsense(self, _: int) -> None:
        """A request that is none."""
        body = bytes(self.chance.randrange(256) for _ in range(40))
        headers = {"Content-Type": self.chance.choice(("application/x-www-form-urlencoded", "application/json"))}
        request = urllib.request.Request(f"{self.sandbox.url}/?{self.chance.random()}", body, headers, method="POST")
        try:
            answer, status = self.sandbox.open(request, timeout=30).read(), 200
        except urllib.error.HTTPError as refusal:
            answer, status = refusal.read(), refusal.code
        except OSError:
            return
        if b"<html" in answer.lower() or status == 500:
            self.problems.append(f"nonsense was answered {status}: {answer[:300]!r}")

    # The end

    def compare(self, snapshot: dict[str, Any]) -> None:
        """Hold the snapshot against the ledger."""
        for number in self.numbers:
            account, where = account_id(number), region(number)
            root = snapshot["root_users"][account]
            self.ledger.seen(f"{account} password", root["password"])
            self.ledger.seen(f"{account} keys", root["access_keys"])
            self.ledger.seen(f"{account} bucket", snapshot["bucket_policies"][f"soak-{account}"])
            self.ledger.seen(f"{account} queue", snapshot["queue_policies"][f"arn:aws:sqs:{where}:{account}:soak"])
            keys = self.administrator(number)
            users = self.client("iam", keys=keys).list_users()["Users"]
            self.ledger.seen(f"{account} users", sorted(user["UserName"] for user in users))
        for service in self.services:
            there = snapshot["organization"]["delegated_administrators"].get(service, [])
            self.ledger.seen(f"delegates {service}", there)


def _keys(credentials: dict[str, Any]) -> dict[str, str]:
    names = {"access_key": "AccessKeyId", "secret_key": "SecretAccessKey", "session_token": "SessionToken"}
    return {name: credentials[member] for name, member in names.items()}


def client_process(
    url: str, seed: int, index: int, processes: int, threads: int, accounts: int, until: float, out: Any
):
    """One process of clients: work, wait for good weather, compare."""
    sandbox = Sandbox(url)
    snapshot = sandbox.ask("snapshot")
    clients = []
    for thread in range(threads):
        place, places = index * threads + thread, processes * threads
        services = DELEGATED if place == 0 else ()
        clients.append(Client(url, f"{seed} {place}", list(range(place, accounts, places)), services))
        clients[-1].begin(snapshot)
    failures: list[str] = []

    def run(client: Client) -> None:
        try:
            client.work(until)
        except BaseException as error:
            failures.append(f"a client ended: {error!r}")

    running = [threading.Thread(target=run, args=(client,)) for client in clients]
    for one in running:
        one.start()
    while any(one.is_alive() for one in running):
        time.sleep(5)
        out.put(("calls", index, sum(client.counts["calls"] for client in clients)))
    out.put(("worked", index, None))
    while sandbox.ask("weather")["rules"]:
        time.sleep(0.2)
    snapshot = sandbox.ask("snapshot")
    for client in clients:
        client.compare(snapshot)
    counts = sum((client.counts for client in clients), Counter())
    problems = [problem for client in clients for problem in client.problems]
    lost = [loss for client in clients for loss in client.ledger.lost]
    out.put(("ended", index, (dict(counts), problems + failures, lost)))


# The one who watches


def resident(pid: int) -> float:
    """Resident memory in MiB."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def disturb(sandbox: Sandbox, chance: random.Random, accounts: int) -> None:
    """End the last disturbance, bring another, let time pass."""
    standing = {"account_suspended", "root_denied", "region_deactivated", "sts_lag"}
    for rule in sandbox.ask("weather")["rules"]:
        if rule["kind"] in standing:
            sandbox.ask(f"weather/{rule['name']}", "DELETE")
    account = account_id(chance.randrange(accounts))
    rules = [
        {"kind": "account_suspended", "account": account},
        {"kind": "root_denied", "account": account},
        {"kind": "region_deactivated", "account": account, "region": "eu-west-1"},
        {"kind": "sts_lag", "seconds": 60, "share": 0.5},
    ]
    sandbox.ask("weather", "POST", chance.choice(rules))
    sandbox.ask("clock", "POST", {"advance": "3 minutes"})


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=3)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--processes", type=int, default=2)
    options.add_argument("--threads", type=int, default=3, help="of each client process")
    options.add_argument("--accounts", type=int, default=60)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "organization.yml"
        file.write_text(json.dumps(organization(given.accounts)))  # JSON is YAML
        errors = Path(folder) / "stderr"
        command = [sys.executable, "-m", "breakglass_aws.sandbox", "serve", "--port", "0", "--organization", str(file)]
        with (
            errors.open("w") as stderr,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True) as server,
        ):
            try:
                return soak(given, server, errors)
            finally:
                server.terminate()


def soak(given: argparse.Namespace, server: subprocess.Popen[str], errors: Path) -> int:
    found = re.search(r"http://[\d.]+:\d+", server.stdout.readline() if server.stdout else "")
    if found is None:
        print("the sandbox did not start:", errors.read_text())
        return 1
    sandbox, chance = Sandbox(found[0]), random.Random(given.seed)
    sandbox.ask("weather", "POST", [rule | {"seed": given.seed} for rule in WEATHER])
    context = multiprocessing.get_context("spawn")
    out, begun = context.Queue(), time.time()
    until = begun + given.minutes * 60
    processes = [
        context.Process(
            target=client_process,
            args=(found[0], given.seed, index, given.processes, given.threads, given.accounts, until, out),
            daemon=True,
        )
        for index in range(given.processes)
    ]
    for process in processes:
        process.start()
    print(f"{'minute':>6} {'calls':>9} {'calls/s':>8} {'RSS MiB':>8} {'faults':>8}", flush=True)
    calls = dict.fromkeys(range(given.processes), 0)
    memory: list[tuple[int, float]] = []  # calls so far, RSS
    worked, ends, last, disturbed = 0, [], (begun, 0), begun
    faults = 0
    while len(ends) < given.processes and server.poll() is None:
        with suppress(Exception):
            kind, index, what = out.get(timeout=1)
            if kind == "calls":
                calls[index] = what
            elif kind == "ended":
                ends.append(what)
            else:
                worked += 1
        if worked == given.processes and faults >= 0:
            sandbox.ask("weather", "DELETE")
            worked = -1
        moment = time.time()
        if moment < until and moment - disturbed > 10:
            disturbed = moment
            disturb(sandbox, chance, given.accounts)
        if moment - last[0] >= 60:
            total = sum(calls.values())
            memory.append((total, resident(server.pid)))
            faults = sum(rule["calls_hit"] for rule in sandbox.ask("weather")["rules"]) or faults
            rate = (total - last[1]) / (moment - last[0])
            print(
                f"{(moment - begun) / 60:>6.1f} {total:>9} {rate:>8.1f} {memory[-1][1]:>8.1f} {faults:>8}", flush=True
            )
            last = (moment, total)
        if moment > until + 300 or (not any(process.is_alive() for process in processes) and out.empty()):
            break
    return report(given, server, errors, ends, memory)


def report(
    given: argparse.Namespace,
    server: subprocess.Popen[str],
    errors: Path,
    ends: list[tuple[dict[str, int], list[str], list[str]]],
    memory: list[tuple[int, float]],
) -> int:
    counts = sum((Counter(end[0]) for end in ends), Counter())
    problems = [problem for end in ends for problem in end[1]]
    lost = [loss for end in ends for loss in end[2]]
    for name, number in sorted(counts.items()):
        print(f"{number:>9}  {name}")
    if server.poll() is not None:
        problems.append(f"the sandbox ended with status {server.poll()}")
    if len(ends) < given.processes:
        problems.append(f"only {len(ends)} of {given.processes} client processes came to their end")
    if errors.read_text():
        problems.append(f"the sandbox wrote on stderr: {errors.read_text()[-3000:]}")
    warm = [size for total, size in memory if total > 1.2 * _EVENTS_KEPT]
    if len(warm) < 6:
        print("memory: too short a run to judge")
    else:
        # The median of what was seen first and last, to be above the noise of single readings.
        third = len(warm) // 3
        first, final = sorted(warm[:third])[third // 2], sorted(warm[-third:])[third // 2]
        print(f"memory: {first:.1f} MiB after warm-up, {final:.1f} MiB in the end")
        if final > _GROWTH_ALLOWED * first:
            problems.append(f"memory grew from {first:.1f} to {final:.1f} MiB after warm-up")
    for title, entries in (("PROBLEM", problems), ("STATE LOST", lost)):
        for entry in entries[:50]:
            print(f"{title}: {entry}")
        print(f"{title.lower()}s: {len(entries)}")
    passed = not problems and not lost
    print("passed" if passed else "failed", flush=True)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
