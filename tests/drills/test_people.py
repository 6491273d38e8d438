"""What people and the judge send to AWS is what the scenario says: only a queue's URL is not known beforehand."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import MagicMock

import pytest

from breakglass_aws.drills.judge import observation
from breakglass_aws.drills.judge.expectations import Probe
from breakglass_aws.drills.runner.people import STORY, ActionFailed, People
from breakglass_aws.drills.runner.simulation import Refused
from breakglass_aws.drills.runner.timeline import Timeline
from breakglass_aws.drills.scenario_file import catalog
from breakglass_aws.drills.scenario_file.model import CALL, CLOCK, Action

URL = "http://127.0.0.1:5000"
QUEUE = "arn:aws:sqs:eu-west-1:333344445555:payments-jobs"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "sqs:*",
            "Resource": QUEUE,
            "Condition": {"ArnEquals": {"aws:SourceArn": [QUEUE]}, "StringLike": {"aws:userid": "${aws:userid}"}},
        }
    ],
}
GIVEN = {
    "QueueUrl": QUEUE,
    "Attributes": {"Policy": POLICY, "RedrivePolicy": json.dumps({"deadLetterTargetArn": QUEUE})},
}


def sent_by_people(given: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a call that a person of a scenario makes."""
    simulation = MagicMock(url=URL)
    people = People(catalog.find("queue-locked"), simulation, Timeline(), None)
    call = {"service": "sqs", "operation": "SetQueueAttributes", "as": "operator", "region": "eu-west-1", "from": ""}
    people.do(STORY, Action(CALL, {**call, "parameters": given, "denied": False, "keep": {}}), None)
    [sent] = simulation.client.return_value.set_queue_attributes.call_args_list
    return sent.kwargs


def sent_by_the_judge(given: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a call that the judge tries."""
    connection = MagicMock(url=URL)
    probe = Probe("May it?", "operator", "sqs", "SetQueueAttributes", given)
    observation.ask(connection, probe)
    return connection.call.call_args.kwargs


@pytest.mark.parametrize("sent_by", [sent_by_people, sent_by_the_judge])
def test_a_queues_arn_stands_for_its_url_and_nothing_else_is_rewritten(sent_by):
    sent = sent_by(GIVEN)
    assert sent["QueueUrl"] == f"{URL}/333344445555/payments-jobs"
    assert json.loads(sent["Attributes"]["Policy"]) == POLICY
    assert json.loads(sent["Attributes"]["RedrivePolicy"]) == {"deadLetterTargetArn": QUEUE}
    assert sent_by({"SourceArn": QUEUE, "TargetArns": [QUEUE]}) == {"SourceArn": QUEUE, "TargetArns": [QUEUE]}
    assert sent_by({"Entries": [{"QueueUrl": QUEUE}]})["Entries"] == [{"QueueUrl": f"{URL}/333344445555/payments-jobs"}]


def test_what_failed_names_the_file_without_its_folder():
    simulation = MagicMock(url=URL)
    simulation.control.side_effect = Refused("it may not")
    people = People(catalog.find("queue-locked"), simulation, Timeline(), None)
    with pytest.raises(ActionFailed) as failed:
        people.do(STORY, Action(CLOCK, "2 days", 7), None)
    assert str(failed.value) == "queue-locked.yml, line 7: it may not"
