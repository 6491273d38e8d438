"""Killed at any moment, the unlock leaves the old policy, or the new one with the backup of the old on disk.

The module runs in a process of its own and is ended by SIGKILL: at every request, before its answer gets out, and
before every step it takes in the backup directory.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from support.run_module import run

QUEUE = "arn:aws:sqs:eu-central-1:012345678901:ingest-events"
DONE = 7


class Resource(NamedTuple):
    """What is unlocked: by which module, and where the sandbox's snapshot has its policy."""

    module: str
    options: dict
    policies: str
    key: str


RESOURCES = {
    "bucket": Resource(
        "s3_bucket_policy_unlock",
        {"account_id": "333344445555", "bucket": "payments-ledger-333344445555"},
        "bucket_policies",
        "payments-ledger-333344445555",
    ),
    "queue": Resource(
        "sqs_queue_policy_unlock", {"account_id": "012345678901", "queue": QUEUE}, "queue_policies", QUEUE
    ),
}

# Processes of a fork server start from a state without threads and with everything imported: a run takes a moment.
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(
    [
        "support.run_module",
        "boto3",
        *(f"ansible_collections.breakglass.aws.plugins.modules.{one.module}" for one in RESOURCES.values()),
    ]
)


def work(resource: Resource, environment: dict, mode: str, directory: str, fatal_step: int | None = None) -> None:
    """The module's run in the child; with ``fatal_step`` it dies before that step in the directory."""
    if fatal_step is not None:
        die_at_step(directory, fatal_step)
    result = run(resource.module, environment=environment, mode=mode, backup_dir=directory, **resource.options)
    os._exit(1 if result["failed"] else DONE)


def die_at_step(directory: str, step: int) -> None:
    """Python tells an audit hook of each file opened, renamed or removed and each directory made, before it is."""
    left = step

    def hook(event: str, arguments: tuple) -> None:
        nonlocal left
        if event in ("open", "os.mkdir", "os.rename", "os.remove") and str(arguments[0]).startswith(directory):
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    sys.addaudithook(hook)


def end_of(process) -> int:
    process.join(60)
    assert process.exitcode in (DONE, -signal.SIGKILL), process.exitcode
    return process.exitcode


def has_backup(directory: Path, policy: dict) -> bool:
    """Is the old policy saved in a complete file, with a hash that fits?"""
    for path in directory.glob("*.json"):
        saved = json.loads(path.read_text())
        assert hashlib.sha256(saved["policy"].encode()).hexdigest() == saved["sha256"]
        if json.loads(saved["policy"]) == policy:
            return True
    return False


def foretold(sandbox, resource: Resource, mode: str, directory: Path) -> dict | None:
    """The policy that the module says it will leave."""
    operator, options = sandbox.environment("operator"), {"mode": mode, "backup_dir": str(directory)}
    return run(resource.module, check_mode=True, environment=operator, **options, **resource.options)["after"]


def check_left_behind(sandbox, resource: Resource, before: dict, directory: Path, wanted: dict | None) -> bool:
    """Nothing but this policy may have changed, and that only with its backup. Was it changed?"""
    after = sandbox.snapshot()
    old, new = before[resource.policies][resource.key], after[resource.policies][resource.key]
    after[resource.policies][resource.key] = old
    assert after == before
    assert new in (old, wanted)
    assert new == old or has_backup(directory, old)
    return new == wanted


def finish(sandbox, resource: Resource, mode: str, directory: Path, before: dict, wanted: dict | None) -> None:
    """What was interrupted can be run again to its end."""
    process = processes.Process(target=work, args=(resource, sandbox.environment("operator"), mode, str(directory)))
    process.start()
    assert end_of(process) == DONE
    assert check_left_behind(sandbox, resource, before, directory, wanted)


@pytest.mark.parametrize(
    ("kind", "mode", "first"),
    [("bucket", "repair", 0), ("bucket", "delete", 6), ("queue", "repair", 0), ("queue", "delete", 4)],
)
def test_killed_at_every_request(sandbox, tmp_path, kind, mode, first):
    resource, states = RESOURCES[kind], []
    wanted = foretold(sandbox, resource, mode, tmp_path)
    for fatal_request in range(first, 100):
        sandbox.reset()
        before = sandbox.snapshot()
        directory = tmp_path / str(fatal_request)
        process = processes.Process(target=work, args=(resource, sandbox.environment("operator"), mode, str(directory)))
        answered = []

        def kill(event: dict, process=process, answered=answered, fatal=fatal_request) -> None:
            answered.append(event["action"])
            if len(answered) == fatal + 1:
                os.kill(process.pid, signal.SIGKILL)
                # Not join: the exit code can be read once, and end_of is reading it in another thread.
                multiprocessing.connection.wait([process.sentinel], timeout=60)

        sandbox.on_event(kill)
        process.start()
        ended = end_of(process)
        states.append(check_left_behind(sandbox, resource, before, directory, wanted))
        if ended == DONE:
            break

    assert len(answered) >= 8, answered
    assert answered[3] == "sts:AssumeRoot"
    # Unchanged up to the moment the write was answered, changed from then on.
    assert states == sorted(states)
    assert states[:1] + states[-1:] == [False, True]
    sandbox.reset()
    finish(sandbox, resource, mode, tmp_path / str(first), before, wanted)


@pytest.mark.parametrize("kind", RESOURCES)
def test_killed_at_every_step_of_the_backup(sandbox, tmp_path, kind):
    resource = RESOURCES[kind]
    before, wanted = sandbox.snapshot(), foretold(sandbox, resource, "repair", tmp_path)
    for fatal_step in range(100):
        directory = tmp_path / str(fatal_step)
        process = processes.Process(
            target=work, args=(resource, sandbox.environment("operator"), "repair", str(directory), fatal_step)
        )
        process.start()
        ended = end_of(process)
        changed = check_left_behind(sandbox, resource, before, directory, wanted)
        if ended == DONE:
            break
        assert not changed  # the backup comes first: who dies in it has changed nothing

    assert fatal_step >= 4
    assert changed
    sandbox.reset()
    finish(sandbox, resource, "repair", tmp_path / "2", before, wanted)
