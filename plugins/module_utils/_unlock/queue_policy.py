# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A queue's name, and its policy in the hands of somebody who may manage it. Plain boto3, no Ansible.

The task policy SQSUnlockQueuePolicy permits neither iam:GetUser nor sts:GetCallerIdentity, so a session cannot be
asked whose root it is. It is bound to the account instead by being AssumeRoot's answer for it, and by
``QueueOwnerAWSAccountId``: SQS answers the address of a queue of that account or none.

SetQueueAttributes can change any attribute, and a shorter MessageRetentionPeriod deletes messages: nothing but
``Policy`` is ever sent (Amazon SQS API reference, SetQueueAttributes).
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput, error_code
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.resource_policy import ResourcePolicy, Session

with contextlib.suppress(ImportError):  # AnsibleAWSModule reports it
    from botocore.exceptions import BotoCoreError, ClientError

_NAME = re.compile(r"^[A-Za-z0-9_-]{1,80}\Z|^[A-Za-z0-9_-]{1,75}\.fifo\Z")
_ARN = re.compile(r"^arn:(aws[\w-]*):sqs:([a-z0-9-]+):(\d{12}):([^:]+)\Z", re.ASCII)
# sqs.REGION.amazonaws.com, VPCE.sqs.REGION.vpce.amazonaws.com, and the old REGION.queue.amazonaws.com.
_HOST = re.compile(r"(?:^|\.)sqs(?:-fips)?\.([a-z]{2}[a-z0-9-]+-\d)\.|^([a-z]{2}[a-z0-9-]+-\d)\.queue\.amazonaws\.com")
GONE = ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")  # both are on the wire
_ACCEPTED = "a queue's URL, its ARN or its name"


@dataclass(frozen=True)
class QueueName:
    """Which queue is meant. Its region is empty as long as it is not known."""

    account_id: str
    region: str
    name: str

    def arn(self, partition: str) -> str:
        return f"arn:{partition}:sqs:{self.region}:{self.account_id}:{self.name}"


def parse_queue(given: str, account_id: str, partition: str) -> QueueName:
    """The queue that an option means by URL, ARN or name; InvalidInput when it is no queue of the account.

    A name alone says no region, and neither does the URL of a host that is not AWS's.
    """
    found = _ARN.match(given)
    if found:
        if found.group(1) != partition:
            raise InvalidInput("queue", given, f"a queue of the caller's partition, {partition}")
        owner, where, name = found.group(3), found.group(2), found.group(4)
    elif "/" in given:
        url = urlsplit(given)
        path = url.path.strip("/").split("/")
        if url.scheme not in ("http", "https") or len(path) != 2:
            raise InvalidInput("queue", given, _ACCEPTED)
        host = _HOST.search(url.hostname or "")
        owner, where, name = path[0], next(filter(None, host.groups())) if host else "", path[1]
    else:
        owner, where, name = account_id, "", given
    if not _NAME.match(name):
        raise InvalidInput("queue", given, _ACCEPTED, hint="Names have up to 80 letters, digits, - and _")
    if owner != account_id:
        raise InvalidInput("queue", given, f"a queue of account {account_id}", hint=f"This one is of account {owner}")
    return QueueName(account_id, where, name)


class QueuePolicy(ResourcePolicy):
    """The policy of one queue."""

    def __init__(self, session: Session, queue: QueueName) -> None:
        super().__init__(session, queue.region)
        self._queue = queue
        self._client = session.client("sqs", queue.region)

    def seen_by(self, session: Session) -> QueuePolicy:
        return QueuePolicy(session, self._queue)

    def read(self) -> str | None:
        try:
            answer = self._client.get_queue_attributes(QueueUrl=self._url(), AttributeNames=["Policy"])
        except (BotoCoreError, ClientError) as error:
            raise self._explained(error, "reading") from error
        return answer.get("Attributes", {}).get("Policy") or None

    def write(self, text: str | None) -> None:
        try:
            self._client.set_queue_attributes(QueueUrl=self._url(), Attributes={"Policy": text or ""})
        except (BotoCoreError, ClientError) as error:
            raise self._explained(error, "deleting" if text is None else "writing") from error

    def _url(self) -> str:
        """Where the queue is; SQS is asked, because its addresses differ by region, age and endpoint."""
        owner = {"QueueName": self._queue.name, "QueueOwnerAWSAccountId": self._queue.account_id}
        return self._client.get_queue_url(**owner)["QueueUrl"]

    def _explained(self, error: Exception, doing: str) -> BreakglassError:
        queue = self._queue
        if error_code(error) in GONE:
            return BreakglassError(
                f"Account {queue.account_id} has no queue {queue.name} in {queue.region}.",
                "Check name, region and account ID. The queue's URL or ARN names its region.",
                error_code(error),
            )
        said = explain(error, f"{doing} the policy of queue {queue.name} in {queue.region}", self._root_of)
        fix = said.fix
        if said.code == "InvalidAttributeValue":
            fix = (
                "AWS does not accept this policy. Most often it names a principal that does not exist any more, or an "
                "action that does not belong in a queue policy: correct it and use mode=replace."
            )
        elif said.code == "OverLimit":
            fix = "SQS counts what a policy holds, and this is too much: make it smaller and use mode=replace."
        return type(said)(said.cause, fix, said.code, said.denied_call)
