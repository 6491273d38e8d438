"""The queue of the rulebooks, and the rules that fill it, as docs/guide/watch.md describes them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from breakglass_aws.sandbox import Box

MANAGEMENT = "111122223333"
GUIDE = (Path(__file__).parents[2] / "docs/guide/watch.md").read_text(encoding="utf-8")
ROOT_USE, ORGANIZATION, ROLE_POLICY, BUS_POLICY, QUEUE_POLICY = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)
BUS = f"arn:aws:events:us-east-1:{MANAGEMENT}:event-bus/breakglass"
QUEUE = f"arn:aws:sqs:us-east-1:{MANAGEMENT}:breakglass-events"
ALL = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
ALL_OF_AWS = json.dumps({"source": [{"prefix": "aws."}]})
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


class WatchedQueue:
    """The queue and the bus in the management account."""

    def __init__(self, box: Box) -> None:
        self.box, self.sqs = box, box.client("sqs", "engineer")
        self.events = box.client("events", "engineer")
        organization = box.client("organizations", "operator").describe_organization()["Organization"]["Id"]
        attributes = {"Policy": QUEUE_POLICY, "SqsManagedSseEnabled": "true"}
        self.queue = self.sqs.create_queue(QueueName="breakglass-events", Attributes=attributes)["QueueUrl"]
        self.events.create_event_bus(Name="breakglass")
        self.events.put_permission(EventBusName="breakglass", Policy=BUS_POLICY.replace("o-exampleorg1", organization))
        bus = {"EventBusName": "breakglass", "State": ALL}
        self.events.put_rule(Name="breakglass-watch", EventPattern=ALL_OF_AWS, **bus)
        self.events.put_targets(
            Rule="breakglass-watch", EventBusName="breakglass", Targets=[{"Id": "queue", "Arn": QUEUE}]
        )

    def add(self, who: str, name: str, pattern: str, state: str = ALL, policy: str = ROLE_POLICY) -> None:
        """A rule in somebody's account, whose target is the bus."""
        iam, events = self.box.client("iam", who), self.box.client("events", who)
        role = iam.create_role(RoleName=f"events-{name}", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
        iam.put_role_policy(RoleName=role["RoleName"], PolicyName="bus", PolicyDocument=policy)
        events.put_rule(Name=name, EventPattern=pattern, State=state)
        events.put_targets(Rule=name, Targets=[{"Id": "bus", "Arn": BUS, "RoleArn": role["Arn"]}])

    def received(self) -> list[dict[str, Any]]:
        """The events in the queue, which are then gone."""
        found = []
        while messages := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(one["Body"]) for one in messages]
            entries = [{"Id": one["MessageId"], "ReceiptHandle": one["ReceiptHandle"]} for one in messages]
            self.sqs.delete_message_batch(QueueUrl=self.queue, Entries=entries)
        return found

    def names(self) -> list[str]:
        return [one["detail"]["eventName"] for one in self.received()]
