"""What a report calls the resource of a call: nothing of the machine on which the sandbox ran."""

from __future__ import annotations

import json

import pytest

from breakglass_aws.drills.judge import calls

QUEUE = "arn:aws-cn:sqs:cn-north-1:333344445555:payments-jobs.fifo"
URL = "http://127.0.0.1:40123/333344445555/payments-jobs.fifo"


@pytest.mark.parametrize(
    ("service", "parameters", "shown"),
    [
        ("sqs", {"queueUrl": URL}, QUEUE),
        ("sqs", [URL, None], QUEUE),
        ("sqs", {"queueUrl": "https://sqs.cn-north-1.amazonaws.com.cn/333344445555/payments-jobs.fifo"}, QUEUE),
        ("s3", {"bucketName": "exports"}, "exports"),
        ("sqs", [None, None], ""),
    ],
)
def test_a_queue_is_named_by_its_arn(service, parameters, shown):
    call = {"service": service, "region": "cn-north-1", "account": "333344445555", "parameters": json.dumps(parameters)}
    assert calls.resource(call | {"principal": "arn:aws-cn:iam::333344445555:root"}) == shown
