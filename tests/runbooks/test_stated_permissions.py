"""The permissions that a runbook states are enough, for those whose own tests are done with more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.executed import denials, run
from support.least_privilege import operator_of

from breakglass_aws.sandbox import Box

BUCKET = {"account_id": "333344445555", "bucket": "payments-ledger-333344445555"}
QUEUE = {"account_id": "012345678901", "queue": "arn:aws:sqs:eu-central-1:012345678901:ingest-events"}


@pytest.mark.parametrize(("runbook", "given"), [("unlock_s3_bucket", BUCKET), ("unlock_sqs_queue", QUEUE)])
def test_unlocking_needs_what_the_runbook_states(sandbox: Box, make_workplace: Callable[..., Any], runbook, given):
    place = make_workplace(operator_of(sandbox, runbook))
    since = len(sandbox.events())
    answer = f"confirmed={given['account_id']}"
    done = run(place, runbook, "done", answers=(answer,), check_mode="false", **given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert denials(sandbox, since) == []
