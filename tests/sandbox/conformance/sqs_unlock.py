"""Locked queues: who is locked out, who gets through, and what must not be lost (aws-facts 3.2, 5e)."""

from __future__ import annotations

import json
from typing import Any

from conformance.facts import EVALUATION, MODEL, POLICIES, QUEUE_QUOTAS, TASKS, Fact, fact
from conformance.steps import as_root
from support.refusals import refused

from breakglass_aws.sandbox import Box

FACTS: list[Fact] = []
REPORTS, REGION = "555566667777", "eu-west-1"
ARN = f"arn:aws:sqs:{REGION}:{REPORTS}:jobs"
LOCKED = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}],
    }
)
UNLOCK = "SQSUnlockQueuePolicy"
ALL = {"AttributeNames": ["All"]}


def locked(box: Box) -> tuple[Any, str]:
    """A queue with a message, whose policy denies everyone: its administrator's client, and its URL."""
    sqs = box.client("sqs", "reports-administrator", REGION)
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="precious")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": LOCKED})
    return sqs, url


@fact(FACTS, "3.2", "A queue policy that denies everyone locks administrators out", source=EVALUATION)
def locks(box: Box) -> None:
    sqs, url = locked(box)
    code, status, text = refused(lambda: sqs.get_queue_attributes(QueueUrl=url, **ALL))
    assert (code, status) == ("AccessDenied", 403)
    assert text.endswith(f"sqs:getqueueattributes on resource: {ARN} with an explicit deny in a resource-based policy")


@fact(
    FACTS, "3.2", "The owner's root user lists, finds and reads the queue, although its policy denies it", source=TASKS
)
def root_reads(box: Box) -> None:
    _, url = locked(box)
    sqs = as_root(box, REPORTS, UNLOCK)("sqs", REGION)
    assert sqs.list_queues()["QueueUrls"] == [url]
    assert sqs.get_queue_url(QueueName="jobs")["QueueUrl"] == url
    assert json.loads(sqs.get_queue_attributes(QueueUrl=url, **ALL)["Attributes"]["Policy"]) == json.loads(LOCKED)


@fact(
    FACTS, "3.2", 'Policy "" removes it: the attribute is absent then, and the messages are still there', source=TASKS
)
def root_unlocks(box: Box) -> None:
    administrator, url = locked(box)
    sqs = as_root(box, REPORTS, UNLOCK)("sqs", REGION)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    assert "Policy" not in sqs.get_queue_attributes(QueueUrl=url, **ALL)["Attributes"]
    assert box.snapshot()["queue_policies"][ARN] is None
    assert administrator.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "precious"


@fact(FACTS, "3.2", "A corrected policy may be set instead", source=TASKS)
def root_corrects(box: Box) -> None:
    administrator, url = locked(box)
    corrected = LOCKED.replace("sqs:*", "sqs:PurgeQueue")
    as_root(box, REPORTS, UNLOCK)("sqs", REGION).set_queue_attributes(QueueUrl=url, Attributes={"Policy": corrected})
    assert administrator.receive_message(QueueUrl=url)["Messages"]
    assert refused(lambda: administrator.purge_queue(QueueUrl=url))[0] == "AccessDenied"


@fact(FACTS, "3.2", "SetQueueAttributes changes any attribute, those that destroy messages too", source=MODEL)
def dangerous_attributes(box: Box) -> None:
    _, url = locked(box)
    sqs = as_root(box, REPORTS, UNLOCK)("sqs", REGION)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": "60"})
    assert sqs.get_queue_attributes(QueueUrl=url, **ALL)["Attributes"]["MessageRetentionPeriod"] == "60"


@fact(FACTS, "3.2", "The session deletes no queue and touches no message", source=POLICIES)
def nothing_else(box: Box) -> None:
    _, url = locked(box)
    sqs = as_root(box, REPORTS, UNLOCK)("sqs", REGION)
    for call in (sqs.delete_queue, sqs.purge_queue, sqs.receive_message):
        assert refused(lambda call=call: call(QueueUrl=url))[0] == "AccessDenied"


@fact(FACTS, "3.2", "Another account's queue is out of reach", source=POLICIES)
def other_account(box: Box) -> None:
    _, url = locked(box)
    sqs = as_root(box, "444455556666", UNLOCK)("sqs", REGION)
    assert refused(lambda: sqs.get_queue_attributes(QueueUrl=url, **ALL))[0] == "AccessDenied"
    assert refused(lambda: sqs.get_queue_url(QueueName="jobs", QueueOwnerAWSAccountId=REPORTS))[0] == "AccessDenied"


@fact(FACTS, "3.2", "ListQueues shows the client's Region only; NextToken comes with MaxResults", source=MODEL)
def regional(box: Box) -> None:
    sqs = box.client("sqs", "reports-administrator", REGION)
    for name in ("jobs", "mails"):
        sqs.create_queue(QueueName=name)
    client = as_root(box, REPORTS, UNLOCK)
    assert "QueueUrls" not in client("sqs", "us-east-1").list_queues()
    first = client("sqs", REGION).list_queues(MaxResults=1)
    assert len(first["QueueUrls"]) == 1
    assert first["NextToken"]
    assert "NextToken" not in client("sqs", REGION).list_queues()


@fact(
    FACTS,
    "3.2",
    "A queue that is not there: QueueDoesNotExist of the model, whose code is AWS.SimpleQueueService.NonExistentQueue",
    verified=False,
    source=MODEL,
)
def missing(box: Box) -> None:
    sqs = box.client("sqs", "reports-administrator", REGION)
    assert "NonExistentQueue" in refused(lambda: sqs.get_queue_url(QueueName="nowhere"))[0]
    try:
        sqs.get_queue_url(QueueName="nowhere")
    except sqs.exceptions.QueueDoesNotExist:
        return
    raise AssertionError("not the modelled exception")


@fact(FACTS, "3.2", "What is no policy, or names a role that is not there, is InvalidAttributeValue", source=MODEL)
def malformed(box: Box) -> None:
    sqs = box.client("sqs", "reports-administrator", REGION)
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    gone = LOCKED.replace('"*"', '{"AWS": "arn:aws:iam::555566667777:role/Gone"}', 1)
    for document in ("no json", '{"Statement": []}', "[]", gone):
        got = refused(lambda document=document: sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document}))
        assert got[0] == "InvalidAttributeValue"


@fact(
    FACTS,
    "3.2",
    "More than 20 statements, than 7 actions in one, or than 8,192 bytes are OverLimit",
    source=QUEUE_QUOTAS,
)
def too_much(box: Box) -> None:
    sqs = box.client("sqs", "reports-administrator", REGION)
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    allow = {"Effect": "Allow", "Principal": {"AWS": REPORTS}, "Action": "sqs:SendMessage", "Resource": ARN}
    full = {**allow, "Action": [f"sqs:A{number}*" for number in range(7)]}
    sizes = {
        "21 statements were found in the submitted policy, max allowed is 20": [allow] * 21,
        "8 actions were found in a statement from the submitted policy, max allowed is 7": [
            {**full, "Action": [*full["Action"], "sqs:SendMessage"]}
        ],
        "Submitted policy is over max allowed size.": [{**allow, "Sid": "x" * 8192}],
    }
    for text, statements in sizes.items():
        attributes = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": statements})}
        got = refused(lambda attributes=attributes: sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes))
        assert got == ("OverLimit", 403, text)
    most = {"Version": "2012-10-17", "Statement": [*[allow] * 19, full]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(most)})


@fact(FACTS, "3.2", "An encrypted queue needs no KMS permission for work on its policy", verified=False)
def encrypted(box: Box) -> None:
    sqs = box.client("sqs", "reports-administrator", REGION)
    url = sqs.create_queue(QueueName="jobs", Attributes={"KmsMasterKeyId": "alias/aws/sqs"})["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": LOCKED})
    as_root(box, REPORTS, UNLOCK)("sqs", REGION).set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    assert box.snapshot()["queue_policies"][ARN] is None
