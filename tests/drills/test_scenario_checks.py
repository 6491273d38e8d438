"""What a scenario says that no run could do is refused before it runs, with its line and what is accepted there."""

from __future__ import annotations

from pathlib import Path

import pytest

from breakglass_aws.drills.scenario_file import reading
from breakglass_aws.drills.scenario_file.check import check
from breakglass_aws.drills.scenario_file.values import ScenarioError

RIGHT = """\
title: A queue is locked
story: No one can read it.
runbook: unlock_sqs_queue
parameters: {account_id: "333344445555", queue: "arn:aws:sqs:eu-west-1:333344445555:jobs", check_mode: false}
objective: 5 minutes
damage:
  - call:
      as: payments-administrator
      service: sqs
      operation: CreateQueue
      region: eu-west-1
      parameters: {QueueName: jobs, Attributes: {Policy: {Version: "2012-10-17", Statement: []}}}
      keep: {url: QueueUrl}
  - call: {as: {root: "333344445555"}, service: sqs, operation: PurgeQueue, parameters: {QueueUrl: "${url}"}}
  - call: {service: organizations, operation: CreateOrganizationalUnit, parameters: {ParentId: r-1, Name: "${url}"}}
  - call: {service: cloudformation, operation: CreateStackSet, parameters: {StackSetName: "12"}}
people:
  - name: operator
    part: operator
    at:
      confirmed: {answer: "333344445555"}
  - {name: eve, part: attacker, at: {confirmed: {clock: 2 days}}}
expect: {outcome: changed}
interrupt: {signal: SIGKILL, during: "sqs:SetQueueAttributes"}
afterwards:
  - as: payments-administrator
    call: sqs:GetQueueAttributes
    parameters: {QueueUrl: "arn:aws:sqs:eu-west-1:333344445555:jobs", AttributeNames: [Policy]}
    after: AWS.SimpleQueueService.NonExistentQueue
"""

WRONG = [
    ("keep: {url: QueueUrl}", 'keep: {url: "Queue.["}', "line 13: damage[0].call.keep.url: is no JMESPath expression"),
    ("{url: QueueUrl}", "{other: QueueUrl}", "line 14: damage[1].call.parameters: no call keeps 'url'."),
    ("sqs:SetQueueAttributes", "sqs:SetQueue", "line 24: interrupt.during: sqs has no operation 'SetQueue'"),
    ("clock: 2 days", "clock: soon", 'line 22: people[1].at.confirmed.clock: "soon" is not accepted'),
    (
        "after: AWS.SimpleQueueService.NonExistentQueue",
        "after: alowed",
        "line 29: afterwards[0].after: there is no answer",
    ),
    ("name: eve", "name: operator", "line 22: people[1].name: two people are called 'operator'"),
    ('account_id: "333344445555"', 'account_id: "999999999999"', "line 4: parameters.account_id: there is no account"),
    (
        "QueueName",
        "QueuName",
        "line 12: damage[0].call.parameters.QueuName: unknown parameter.",
    ),
    ("QueueName: jobs, ", "", "line 12: damage[0].call.parameters: Missing required parameter"),
    ("[Policy]", "Policy", "line 28: afterwards[0].parameters: Invalid type for parameter AttributeNames"),
    (
        "region: eu-west-1",
        "region: eu-wast-1",
        "line 11: damage[0].call.region: there is no Region 'eu-wast-1'",
    ),
    ("QueueName: jobs", 'QueueName: "${nope}"', "line 12: damage[0].call.parameters: no call keeps 'nope'"),
    ("5 minutes", "0 minutes", "line 5: objective: 0 minutes is not accepted. Expected a time of at least a second."),
    (
        "as: payments-administrator\n      service",
        "as: payment-administrator\n      service",
        "line 8: damage[0].call.as",
    ),
    ('root: "333344445555"', 'root: "333344445556"', "line 14: damage[1].call.as: there is no account"),
    ("CreateQueue", "CreatQueue", "line 10: damage[0].call.operation: sqs has no operation 'CreatQueue'. Did"),
    ("service: sqs\n", "service: sqqs\n", "line 9: damage[0].call.service: there is no service 'sqqs'. Did"),
    ("GetQueueAttributes", "GetQueueAttribute", "line 27: afterwards[0].call: sqs has no operation"),
    ("keep: {url", "denied: alowed\n      keep: {url", "line 13: damage[0].call.denied: 'alowed' is not accepted"),
    (
        "objective:",
        "faults: [{kind: throtling}]\nobjective:",
        "line 5: faults[0]: kind: 'throtling' is not accepted",
    ),
    (
        "objective:",
        "faults: [{kind: throttling, shar: 1}]\nobjective:",
        "unknown key of throttling. Did you mean share",
    ),
    ("objective:", "organization: {acounts: []}\nobjective:", "acounts: unknown key. Did you mean accounts?"),
    (RIGHT[RIGHT.index("afterwards") :], "", "line 1: the file: the key 'afterwards' is missing"),
]


def test_what_can_be_done_is_accepted(tmp_path):
    check(reading.read(written(tmp_path, RIGHT)))


@pytest.mark.parametrize(("right", "wrong", "words"), WRONG, ids=[words for _, _, words in WRONG])
def test_what_no_run_could_do_is_refused_with_its_line(tmp_path, right, wrong, words):
    assert right in RIGHT
    with pytest.raises(ScenarioError) as refusal:
        check(reading.read(written(tmp_path, RIGHT.replace(right, wrong, 1))))
    assert words in str(refusal.value)


def test_an_account_that_does_not_exist_may_be_given_to_a_run_that_must_refuse_it(tmp_path):
    text = RIGHT.replace('account_id: "333344445555"', 'account_id: "999999999999"').replace("changed}", "blocked}")
    check(reading.read(written(tmp_path, text)))


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yml"
    path.write_text(text, encoding="utf-8")
    return path
