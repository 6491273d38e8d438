"""A guard that exempts principals of which nobody is left: AWS shows their IDs, and takes no policy that has them.

Nobody can put such a policy, it becomes one when the principals are deleted. So it is planted in the sandbox's store.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from botocore.exceptions import ClientError
from moto.s3.models import s3_backends
from moto.sqs.models import sqs_backends
from support.run_module import run

from breakglass_aws.sandbox import Box

PAYMENTS, EXPORTS = "333344445555", "payments-exports-333344445555"
DATA_LAKE, REGION, LETTERS = "012345678901", "eu-central-1", "ingest-events-dead-letters"
GONE = ["AROAOLDADMINISTRATOR1", "AIDAOLDADMINISTRATOR2"]


class Kind(NamedTuple):
    """A resource that can be locked, and how its policy is planted and read."""

    module: str
    options: dict
    arn: str
    service: str
    plant: Callable[[str], None]
    look: Callable[[Box], object]
    policies: str
    key: str


def plant_on_bucket(policy: str) -> None:
    s3_backends[PAYMENTS]["aws"].buckets[EXPORTS].policy = policy.encode()


def plant_on_queue(policy: str) -> None:
    sqs_backends[DATA_LAKE][REGION].queues[LETTERS].policy = policy


def look_at_bucket(box: Box) -> object:
    return box.client("s3", "payments-administrator").get_bucket_policy(Bucket=EXPORTS)


def look_at_queue(box: Box) -> object:
    sqs = box.client("sqs", "data-lake-administrator", region=REGION)
    return sqs.get_queue_attributes(QueueUrl=f"{box.url}/{DATA_LAKE}/{LETTERS}", AttributeNames=["Policy"])


QUEUE = f"arn:aws:sqs:{REGION}:{DATA_LAKE}:{LETTERS}"
KINDS = {
    "bucket": Kind(
        "s3_bucket_policy_unlock",
        {"account_id": PAYMENTS, "bucket": EXPORTS},
        f"arn:aws:s3:::{EXPORTS}",
        "s3",
        plant_on_bucket,
        look_at_bucket,
        "bucket_policies",
        EXPORTS,
    ),
    "queue": Kind(
        "sqs_queue_policy_unlock",
        {"account_id": DATA_LAKE, "queue": QUEUE},
        QUEUE,
        "sqs",
        plant_on_queue,
        look_at_queue,
        "queue_policies",
        QUEUE,
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_repaired_and_aws_does_not_take_it_back(sandbox: Box, tmp_path: Path, kind: str) -> None:
    resource = KINDS[kind]

    def unlock(**options) -> dict:
        environment = sandbox.environment("operator")
        return run(resource.module, environment=environment, **resource.options, **options)

    def policy() -> dict:
        return sandbox.snapshot()[resource.policies][resource.key]

    lock = {"Sid": "OnlyOurAdministrators", "Effect": "Deny", "NotPrincipal": {"AWS": GONE}}
    lock |= {"Action": f"{resource.service}:*", "Resource": resource.arn}
    locked = {"Version": "2012-10-17", "Statement": [*policy()["Statement"], lock]}
    resource.plant(json.dumps(locked))
    with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
        resource.look(sandbox)

    repaired = unlock(backup_dir=str(tmp_path))
    assert (repaired["outcome"], policy()) == ("changed", repaired["after"])
    [locking] = repaired["lockout_statements"]
    assert "it exempts principals that no longer exist" in locking["why"]
    assert not any(gone in json.dumps(policy()) for gone in GONE)
    assert policy()["Statement"][:-1] == locked["Statement"][:-1]
    assert resource.look(sandbox)

    restored = unlock(mode="restore", backup=repaired["backup"]["path"])
    assert (restored["failed"], restored.get("changed", False)) == (True, False)
    assert "a principal that does not exist any more" in restored["fix"]
    assert policy() == repaired["after"]
    assert resource.look(sandbox)
