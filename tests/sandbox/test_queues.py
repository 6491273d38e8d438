"""Locked queues: aws-facts 3.2 and 5e."""

from __future__ import annotations

import json

import pytest
from refusals import refused

REPORTS, REGION = "555566667777", "eu-west-1"
LOCKED = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}],
    }
)
UNLOCK = "SQSUnlockQueuePolicy"


@pytest.fixture
def locked(sandbox):
    """A queue whose policy denies everyone, as its administrator and by its URL."""
    sqs = sandbox.client("sqs", "reports-administrator", REGION)
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="precious")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": LOCKED})
    return sqs, url


def test_a_deny_all_locks_administrators_out(locked):
    sqs, url = locked
    code, status, text = refused(lambda: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]))
    assert (code, status) == ("AccessDenied", 403)
    assert text.endswith(
        f"sqs:getqueueattributes on resource: arn:aws:sqs:{REGION}:{REPORTS}:jobs "
        "with an explicit deny in a resource-based policy"
    )


def test_the_owners_root_unlocks(sandbox, root_session, locked):
    """3.2: find it, read it, empty the policy; the message is still there."""
    administrator, url = locked
    sqs = root_session(REPORTS, UNLOCK)("sqs", REGION)
    assert sqs.list_queues()["QueueUrls"] == [url]
    assert sqs.get_queue_url(QueueName="jobs")["QueueUrl"] == url
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert json.loads(attributes["Policy"]) == json.loads(LOCKED)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    assert "Policy" not in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert sandbox.snapshot()["queue_policies"][f"arn:aws:sqs:{REGION}:{REPORTS}:jobs"] is None
    assert administrator.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "precious"


def test_the_session_may_do_nothing_else(root_session, locked):
    sqs = root_session(REPORTS, UNLOCK)("sqs", REGION)
    for call in (sqs.delete_queue, sqs.purge_queue, sqs.receive_message):
        assert refused(lambda call=call: call(QueueUrl=locked[1]))[0] == "AccessDenied"


def test_not_another_accounts_queue(root_session, locked):
    """2.1: statement (a) of the task policy."""
    sqs = root_session("444455556666", UNLOCK)("sqs", REGION)
    assert refused(lambda: sqs.get_queue_attributes(QueueUrl=locked[1], AttributeNames=["All"]))[0] == "AccessDenied"


def test_malformed_policy(sandbox):
    sqs = sandbox.client("sqs", "reports-administrator", REGION)
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    for policy in ("no json", '{"Statement": []}', "[]"):
        code = refused(lambda policy=policy: sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy}))[0]
        assert code == "InvalidAttributeValue"


def test_missing_queue(sandbox):
    sqs = sandbox.client("sqs", "reports-administrator", REGION)
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="nowhere")
