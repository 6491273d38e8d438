"""Measure the sandbox's speed and size, side by side with stock moto_server, in one run.

    python tests/benchmarks/sandbox_speed.py [--repeats 5] [--seconds 2] [--accounts 10000] [--require]

Calls per second: the same requests, signed beforehand, over raw sockets that stay open where the server allows it
(stock's closes them), and the same calls by boto3. The sandbox checks each signature and evaluates the policies; stock
does neither. The two take short turns, so that other work on the machine hits both; the processor time a server takes
for a call is moved less by it.

Start: from the start of the process to its line that it is ready. Memory: the most the process ever had.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from breakglass_aws.sandbox.client import ask
from breakglass_aws.sandbox.organization_file.generator import generate

USER = "engineer"  # of the default organization; stock is given one of that name
BODIES = {
    "sts:GetCallerIdentity": "Action=GetCallerIdentity&Version=2011-06-15",
    "iam:ListAccessKeys": f"Action=ListAccessKeys&Version=2010-05-08&UserName={USER}",
}
_TURN = 0.25
TIMES_STOCK, START_SECONDS, LARGE_START_SECONDS, LARGE_MIB = 3.0, 2.0, 15.0, 1536.0
MOTO_SERVER = Path(sys.executable).with_name("moto_server")
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


@dataclass
class Figure:
    """What was measured, in several repeats, and what is required of the median."""

    name: str
    unit: str
    at_least: float | None = None
    below: float | None = None
    values: list[float] = field(default_factory=list)

    @property
    def met(self) -> bool | None:
        """None where nothing is required."""
        if self.at_least is None and self.below is None:
            return None
        median = statistics.median(self.values)
        return (self.at_least is None or median >= self.at_least) and (self.below is None or median < self.below)

    def row(self) -> tuple[str, ...]:
        if not self.values:
            return (self.name, self.unit, "-", "-", "-", "")
        required = f"at least {self.at_least:g}" if self.at_least else f"below {self.below:g}" if self.below else ""
        verdict = f"{required}: {'met' if self.met else 'NOT MET'}" if required else ""
        numbers = (min(self.values), statistics.median(self.values), max(self.values))
        return (self.name, self.unit, *(f"{number:,.{0 if number >= 100 else 2}f}" for number in numbers), verdict)


# Servers


@dataclass
class Server:
    process: subprocess.Popen[str]
    port: int
    seconds: float  # from its start until it was ready

    def processor_seconds(self) -> float:
        """Processor time the process has taken; 0 where the system does not tell."""
        with contextlib.suppress(OSError):
            stat = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
        return 0.0

    def peak_mib(self) -> float:
        with contextlib.suppress(OSError):
            found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())
            return int(found[1]) / 1024 if found else 0.0
        return 0.0


@contextlib.contextmanager
def sandbox(organization: Path | None = None) -> Iterator[Server]:
    command = [sys.executable, "-m", "breakglass_aws.sandbox", "serve", "--port", "0"]
    command += ["--organization", str(organization)] if organization else []
    begun = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=CLEAN) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            seconds = time.monotonic() - begun
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            if found is None:
                raise SystemExit(f"the sandbox did not start: {line}")
            yield Server(process, int(found[1]), seconds)
        finally:
            process.terminate()
            process.wait()


@contextlib.contextmanager
def stock() -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(MOTO_SERVER), "--host", "127.0.0.1", "--port", str(port)]
    begun = time.monotonic()
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True, env=CLEAN
    ) as process:
        try:
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                if process.poll() is not None or time.monotonic() - begun > 60:
                    raise SystemExit("moto_server did not start")
                time.sleep(0.005)
            yield Server(process, port, time.monotonic() - begun)
        finally:
            process.terminate()
            process.wait()


# Clients

Call = Callable[[], None]


def signed(port: int, service: str, body: str, keys: dict[str, str | None]) -> bytes:
    """A whole HTTP request; its signature is good for 15 minutes."""
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "Host": f"127.0.0.1:{port}"}
    request = AWSRequest("POST", f"http://127.0.0.1:{port}/", headers, body)
    SigV4Auth(
        Credentials(keys["access_key"], keys["secret_key"], keys["session_token"]), service, "us-east-1"
    ).add_auth(request)
    request.headers["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    return f"POST / HTTP/1.1\r\n{head}\r\n{body}".encode()


class Connection:
    """Sends one request again and again."""

    def __init__(self, port: int, request: bytes) -> None:
        self._port, self._request = port, request
        self._socket: socket.socket | None = None

    def __call__(self) -> None:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(self._request)
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more()
        head = received[:end].lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        while len(received) < end + 4 + length:
            received += self._more()
        if b" 200 " not in head[:16]:
            raise RuntimeError(received.decode("utf-8", "replace"))
        if head.startswith(b"http/1.0") or b"connection: close" in head:
            self.close()

    def _more(self) -> bytes:
        data = self._socket.recv(65536) if self._socket else b""
        if not data:
            raise RuntimeError("the server has closed the connection")
        return data

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def client(port: int, service: str, keys: dict[str, str | None]) -> Any:
    return boto3.session.Session().client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id=keys["access_key"],
        aws_secret_access_key=keys["secret_key"],
        aws_session_token=keys["session_token"],
        config=Config(retries={"max_attempts": 0}),
    )


def count(calls: list[Call], seconds: float) -> tuple[int, float]:
    """How many calls several clients make at once, and in how many seconds."""
    counts, failures, begun = [0] * len(calls), [], time.monotonic()

    def work(index: int, call: Call) -> None:
        try:
            while time.monotonic() < begun + seconds:
                call()
                counts[index] += 1
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=one) for one in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return sum(counts), time.monotonic() - begun


# What is measured


def speed(repeats: int, seconds: float, connections: int) -> list[Figure]:
    figures: list[Figure] = []
    with sandbox() as ours, stock() as theirs:
        servers = {"stock": theirs, "sandbox": ours}
        keys = {"stock": _furnish(theirs), "sandbox": ask(ours.port, ["identities", "operator"])}
        for operation, body in BODIES.items():
            for way in ("raw", "boto3"):
                clients = {
                    who: _clients(server.port, operation, body, way, keys[who], connections)
                    for who, server in servers.items()
                }
                for calls in clients.values():
                    count(calls, 0.2)  # whatever is made at the first call
                figures += _compare(f"{operation}, {way}", servers, clients, repeats, seconds)
    return figures


def _compare(
    name: str, servers: dict[str, Server], clients: dict[str, list[Call]], repeats: int, seconds: float
) -> list[Figure]:
    """The servers in turn, for a quarter of a second each: what else the machine does then hits both."""
    rates = {who: Figure(f"{name}: {who}", "calls/s") for who in servers}
    processor = {who: Figure(f"{name}: {who}, processor", "ms/call") for who in servers}
    # boto3 takes longer for a call than the sandbox: it shows what a user sees, and measures itself.
    ratio = Figure(f"{name}: sandbox / stock", "times", at_least=TIMES_STOCK if ", raw" in name else None)
    for _ in range(repeats):
        taken = {who: server.processor_seconds() for who, server in servers.items()}
        done, elapsed = dict.fromkeys(servers, 0), dict.fromkeys(servers, 0.0)
        for _ in range(max(1, round(seconds / _TURN))):
            for who, calls in clients.items():
                number, time_taken = count(calls, _TURN)
                done[who] += number
                elapsed[who] += time_taken
        for who, server in servers.items():
            rates[who].values.append(done[who] / elapsed[who])
            processor[who].values.append((server.processor_seconds() - taken[who]) * 1000 / done[who])
        ratio.values.append(rates["sandbox"].values[-1] / rates["stock"].values[-1])
    return [*rates.values(), ratio, *processor.values()]


def _furnish(server: Server) -> dict[str, str | None]:
    keys: dict[str, str | None] = {"access_key": "AKIAEXAMPLEEXAMPLE12", "secret_key": "x" * 40, "session_token": None}
    iam = client(server.port, "iam", keys)
    iam.create_user(UserName=USER)
    iam.create_access_key(UserName=USER)
    return keys


def _clients(
    port: int, operation: str, body: str, way: str, keys: dict[str, str | None], connections: int
) -> list[Call]:
    service = operation.partition(":")[0]
    if way == "raw":
        request = signed(port, service, body, keys)
        return [Connection(port, request) for _ in range(connections)]
    made = client(port, service, keys)
    call = made.get_caller_identity if service == "sts" else lambda: made.list_access_keys(UserName=USER)
    return [call] * connections


def starts(repeats: int, accounts: int) -> list[Figure]:
    default = Figure("start, default organization", "s", below=START_SECONDS)
    default_processor = Figure("start, default organization: processor", "s")
    moto = Figure("start, stock", "s")
    large = Figure(f"start, {accounts:,} accounts", "s", below=LARGE_START_SECONDS)
    processor = Figure(f"start, {accounts:,} accounts: processor", "s")
    memory = Figure(f"memory, {accounts:,} accounts", "MiB", below=LARGE_MIB)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "organization.yml"
        file.write_text(generate(accounts), encoding="utf-8")
        for _ in range(repeats):
            with sandbox() as server:
                default.values.append(server.seconds)
                default_processor.values.append(server.processor_seconds())
            with stock() as server:
                moto.values.append(server.seconds)
            with sandbox(file) as server:
                large.values.append(server.seconds)
                processor.values.append(server.processor_seconds())
                memory.values.append(server.peak_mib())
    return [default, default_processor, moto, large, processor, memory]


def show(figures: list[Figure]) -> None:
    rows = [("", "", "minimum", "median", "maximum", "required of the median"), *(figure.row() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    for row in rows:
        cells = [
            f"{cell:>{width}}" if 2 <= index < 5 else f"{cell:<{width}}"
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2, help="of calls in each repeat")
    parser.add_argument("--connections", type=int, default=4, help="at once")
    parser.add_argument("--accounts", type=int, default=10_000, help="of the large organization")
    parser.add_argument("--require", action="store_true", help="end with status 1 where a requirement is not met")
    options = parser.parse_args()
    figures = starts(options.repeats, options.accounts) + speed(options.repeats, options.seconds, options.connections)
    show(figures)
    missed = [figure.name for figure in figures if figure.met is False]
    print(f"not met: {'; '.join(missed)}" if missed else "all requirements met")
    return 1 if missed and options.require else 0


if __name__ == "__main__":
    sys.exit(main())
