#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  moto 5.2.5 (boto3 1.44.8)
# Expected: a rule of EventBridge that is disabled sends nothing. A rule's SQS target gets its events wherever the queue
#           is that the target's ARN names: in another Region, or in another account.
# Happens:  (1) the disabled rule sends each event. (2) The queue is looked for in the rule's own Region, by its name: the
#           queue in another Region gets nothing, and a queue of that name in the rule's Region gets the event.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q 'moto[events,sqs]==5.2.5' boto3==1.44.8
cat > "$work/check.py" <<'PYTHON'
import json
import sys
from importlib.metadata import version

import boto3
from moto import mock_aws

KEYS = {"aws_access_key_id": "example", "aws_secret_access_key": "example"}
EVENT = {"Source": "example", "DetailType": "example", "Detail": "{}"}


def received(queue):
    client, url = queue
    return len(client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []))


def new_queue(region, name):
    client = boto3.client("sqs", region_name=region, **KEYS)
    url = client.create_queue(QueueName=name)["QueueUrl"]
    answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return (client, url), answer["Attributes"]["QueueArn"]


print("moto", version("moto"), "boto3", version("boto3"))
with mock_aws():
    events = boto3.client("events", region_name="us-east-1", **KEYS)
    disabled, disabled_arn = new_queue("us-east-1", "of-the-disabled-rule")
    there, there_arn = new_queue("eu-central-1", "reports")
    here, _ = new_queue("us-east-1", "reports")
    for name, state, arn in (("disabled", "DISABLED", disabled_arn), ("other-region", "ENABLED", there_arn)):
        events.put_rule(Name=name, State=state, EventPattern=json.dumps({"source": ["example"]}))
        events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
    events.put_events(Entries=[EVENT])
    seen = {"disabled": received(disabled), "there": received(there), "here": received(here)}
print("events from the disabled rule:", seen["disabled"])
print("events in the queue that the target names:", seen["there"])
print("events in the queue of the same name in the rule's Region:", seen["here"])
if seen != {"disabled": 1, "there": 0, "here": 1}:
    sys.exit("The behaviour changed.")
print("As described: a disabled rule sends, and the Region of a target does not count.")
PYTHON
"$work/venv/bin/python" "$work/check.py"
