"""One measured sweep: a module, the floor or boto3, each as a process of its own against the stub."""

from __future__ import annotations

import collections
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import processes
from benchmarks.stub import Stub, keys
from benchmarks.trees import Tree

TESTS = Path(__file__).parents[1]
WORKER = Path(__file__).with_name("module_worker.py")


@dataclass(frozen=True)
class Sweep:
    """What a sweep took. ``seconds`` and ``processor`` are of the work, ``whole`` of the process with its start.

    ``stats`` are the stub's, ``outcomes`` counts the accounts of the module's result.
    """

    accounts: int
    seconds: float
    processor: float
    whole: processes.Run
    stats: dict[str, Any]
    outcomes: dict[str, int] = field(default_factory=dict)
    profile: str = ""

    @property
    def rate(self) -> float:
        """Accounts a second."""
        return self.accounts / self.seconds

    @property
    def processor_ms(self) -> float:
        """Milliseconds of processor time an account."""
        return self.processor * 1000 / self.accounts

    @property
    def whole_processor_ms(self) -> float:
        """The same with the start of the process."""
        return self.whole.processor * 1000 / self.accounts

    @property
    def calls(self) -> int:
        """Calls in accounts: all but the listing of the organization and the caller's own identity."""
        not_counted = ("organizations:", "sts:GetCallerIdentity", "iam:ListOrganizationsFeatures")
        return sum(number for name, number in self.stats["calls"].items() if not name.startswith(not_counted))


def module(
    tree: Tree, name: str, stub: Stub, accounts: int, *, memory: bool = False, profile: bool = False, **options: Any
) -> Sweep:
    """The module ``name`` of ``tree`` over all accounts of the stub, which is made to have ``accounts``."""
    given = {"all_accounts": True, "endpoint_url": stub.url, **options}
    command = [sys.executable, str(WORKER), "REPORT", str(tree.folder), name, json.dumps(given)]
    command += ["profile"] if profile else []
    return _measure(command, {**stub.environment, **tree.environment}, stub, accounts, memory)


def profiled(
    tree: Tree, name: str, accounts: int, settings: dict[str, Any] | None = None, **options: Any
) -> Callable[[], str]:
    """Where the time of such a sweep goes, measured when it is called: in a run of its own, with its own stub."""

    def measure() -> str:
        with Stub(**(settings or {})) as stub:
            found = module(tree, name, stub, accounts, profile=True, **options)
        given = "".join(f", {key}={value}" for key, value in options.items())
        return (
            f"{name}{given}, {accounts} accounts: {found.seconds:.2f} s, {found.processor:.2f} s of processor time\n"
            f"{found.profile}\ncalls: {found.stats['calls']}\nconnections: {found.stats['connections']}"
        )

    return measure


def client(name: str, stub: Stub, accounts: int, workers: int) -> Sweep:
    """The "floor", or boto3's "sessions", over the first accounts of the stub."""
    caller = {"access_key": keys.CALLER.access_key, "secret_key": keys.CALLER.secret_key}
    options = {
        "url": stub.url,
        "trusted": stub.trusted,
        "keys": caller,
        "accounts": [keys.member(index) for index in range(accounts)],
        "workers": workers,
    }
    command = [sys.executable, "-m", "benchmarks.clients", "REPORT", name, json.dumps(options)]
    return _measure(command, {"PYTHONPATH": str(TESTS)}, stub, accounts, False)


def _measure(command: list[str], environment: dict[str, str], stub: Stub, accounts: int, memory: bool) -> Sweep:
    stub.configure(accounts=accounts)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        whole = processes.run(
            [str(report) if part == "REPORT" else part for part in command],
            environment,
            folder=Path(folder),
            memory=memory,
        )
        if whole.status or not report.exists():
            raise RuntimeError(f"{' '.join(command)[:300]}\n{whole.output[-2000:]}\n{whole.errors[-4000:]}")
        taken = json.loads(report.read_text())
    stats = stub.stats()
    if stats["mismatches"]:
        raise RuntimeError(f"requests signed with credentials of another account: {stats['examples']}")
    return Sweep(
        accounts, taken["seconds"], taken["processor"], whole, stats, _outcomes(whole.output), taken.get("profile", "")
    )


def _outcomes(output: str) -> dict[str, int]:
    if not output.startswith("\n{") and not output.startswith("{"):
        return {}
    result = json.loads(output)
    if result.get("failed"):
        raise RuntimeError(result.get("msg"))
    return dict(collections.Counter(entry["outcome"] for entry in result.get("accounts", [])))
