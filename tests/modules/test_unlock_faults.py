"""Answers that break off in the middle of an unlock: what was done is in the result, and nothing else is.

After each run the policy that the sandbox has is compared with what the result says.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.run_module import run
from support.waiting import no_waiting  # noqa: F401

from breakglass_aws.sandbox import Box

QUEUE = "arn:aws:sqs:eu-central-1:012345678901:ingest-events"
LEDGER = "payments-ledger-333344445555"
KINDS = {
    "s3": {
        "module": "s3_bucket_policy_unlock",
        "options": {"account_id": "333344445555", "bucket": LEDGER},
        "read": "GetBucketPolicy",
        "write": "PutBucketPolicy",
        "snapshot": ("bucket_policies", LEDGER),
    },
    "sqs": {
        "module": "sqs_queue_policy_unlock",
        "options": {"account_id": "012345678901", "queue": QUEUE},
        "read": "GetQueueAttributes",
        "write": "SetQueueAttributes",
        "snapshot": ("queue_policies", QUEUE),
    },
}


pytestmark = pytest.mark.usefixtures("no_waiting")


class Unlocking:
    """One kind of resource in a sandbox: unlock it, and read its policy past every fault."""

    def __init__(self, box: Box, service: str, backups: Path) -> None:
        self.box, self.service, self.backups = box, service, backups
        self.names = KINDS[service]

    def fault(self, kind: str, operation: str, **more) -> None:
        account_id = self.names["options"]["account_id"]
        self.box.add_fault(kind, service=self.service, operation=self.names[operation], account=account_id, **more)

    def after_the_write(self, do) -> None:
        """Call ``do`` once, when the write was carried out."""
        done = []

        def listener(event: dict) -> None:
            if event["action"] == f"{self.service}:{self.names['write']}" and not done:
                done.append(event)
                do()

        self.box.on_event(listener)

    def run(self, **options) -> dict:
        return run(
            self.names["module"],
            environment=self.box.environment("operator"),
            backup_dir=str(self.backups),
            aws_config={"retries": {"total_max_attempts": 1}},
            wait_timeout=10,
            **self.names["options"],
            **options,
        )

    def policy(self) -> dict | None:
        group, name = self.names["snapshot"]
        return self.box.snapshot()[group][name]


@pytest.fixture(params=["s3", "sqs"])
def unlocking(request, sandbox, tmp_path) -> Unlocking:
    return Unlocking(sandbox, request.param, tmp_path / "backups")


@pytest.mark.parametrize("kind", ["lost_answer", "cut"])
def test_a_write_whose_answer_is_lost_is_read_back_as_changed(unlocking, kind):
    unlocking.fault(kind, "write")

    result = unlocking.run()

    assert (result["failed"], result["outcome"], result["changed"]) == (False, "changed", True)
    assert unlocking.policy() == result["after"] != result["before"]
    if kind != "cut":  # the answer to a write says nothing that could be cut off
        assert "answer to the write was lost" in str(result["warnings"])
    assert result["write_window"]["from"] < result["write_window"]["to"]


@pytest.mark.parametrize(("kind", "more"), [("reset", {}), ("server_error", {"status": 500})])
def test_a_write_that_never_arrived_is_unverified_and_no_change(unlocking, kind, more):
    unlocking.fault(kind, "write", **more)

    result = unlocking.run()

    assert (result["failed"], result["outcome"], result["changed"]) == (True, "unverified", False)
    assert unlocking.policy() == result["before"]
    saved = json.loads(Path(result["backup"]["path"]).read_text())["policy"]
    assert json.loads(saved) == result["before"]


def test_a_write_that_aws_refuses_is_failed_and_no_change(unlocking):
    unlocking.fault("refusal", "write", code="AccessDenied", status=403)

    result = unlocking.run()

    assert (result["failed"], result["outcome"]) == (True, "failed")
    assert not result.get("changed")
    assert unlocking.policy() == result["before"]


@pytest.mark.parametrize("kind", ["lost_answer", "reset", "cut", "appended", "server_error"])
def test_a_write_that_cannot_be_read_back_is_unverified_and_may_be_a_change(unlocking, kind):
    unlocking.after_the_write(lambda: unlocking.fault(kind, "read"))

    result = unlocking.run()

    if kind == "appended" and not result["failed"]:
        assert (result["outcome"], result["changed"]) == ("changed", True)
        return
    assert (result["failed"], result["outcome"], result["changed"]) == (True, "unverified", True)
    assert result["before"] != result["after"]
    assert result["backup"]


def test_nothing_can_be_read_after_a_lost_answer(unlocking):
    unlocking.fault("lost_answer", "write")
    unlocking.after_the_write(lambda: unlocking.fault("reset", "read"))

    result = unlocking.run()

    assert (result["failed"], result["outcome"], result["changed"]) == (True, "unverified", True)
    assert "answer was lost" in result["msg"]
    assert unlocking.policy() == result["after"]


def test_one_failed_read_does_not_end_the_reading_back(unlocking):
    unlocking.after_the_write(lambda: unlocking.fault("reset", "read", times=2))

    result = unlocking.run()

    assert (result["failed"], result["outcome"], result["changed"]) == (False, "changed", True)


@pytest.mark.parametrize("kind", ["reset", "cut", "server_error", "appended"])
def test_a_fault_before_the_write_changes_nothing(unlocking, kind):
    unlocking.fault(kind, "read")
    before = unlocking.policy()

    result = unlocking.run()

    assert result["failed"]
    assert not result.get("changed")
    assert unlocking.policy() == before
