# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A queue's name, and its policy, read and written by a session that may manage it. Plain boto3, no Ansible.

The task policy SQSUnlockQueuePolicy permits neither iam:GetUser nor sts:GetCallerIdentity, so a root
session cannot check whose root user it is. It is bound to the account instead by being AssumeRoot's answer for it, and
by ``QueueOwnerAWSAccountId``: SQS returns the URL of a queue of that account or none.

SetQueueAttributes can change any attribute, and a shorter MessageRetentionPeriod deletes messages: nothing but
``Policy`` is ever sent (Amazon SQS API reference, SetQueueAttributes).
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain, explained
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput, error_code
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.resource_policy import ResourcePolicy, Session

_NAME = re.compile(r"^[A-Za-z0-9_-]{1,80}\Z|^[A-Za-z0-9_-]{1,75}\.fifo\Z")
_ARN = re.compile(r"^arn:(aws[\w-]*):sqs:([a-z0-9-]+):(\d{12}):([^:]+)\Z", re.ASCII)
# sqs.REGION.amazonaws.com, VPCE.sqs.REGION.vpce.amazonaws.com, and the old REGION.queue.amazonaws.com.
_HOST = re.compile(r"(?:^|\.)sqs(?:-fips)?\.([a-z]{2}[a-z0-9-]+-\d)\.|^([a-z]{2}[a-z0-9-]+-\d)\.queue\.amazonaws\.com")
GONE = ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")  # both are on the wire
_ACCEPTED = "a queue's URL, its ARN or its name"


@dataclass(frozen=True)
class QueueName:
    """A queue's account, region and name. The region is empty as long as it is not known."""

    account_id: str
    region: str
    name: str

    def arn(self, partition: str) -> str:
        return f"arn:{partition}:sqs:{self.region}:{self.account_id}:{self.name}"


def parse_queue(given: str, account_id: str, partition: str) -> QueueName:
    """The queue in an option, by URL, ARN or name. InvalidInput when it is no queue of the account.

    A name alone has no region, and neither has the URL of a host that is not AWS's.
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
        """The policy's text; None when the queue has none.

        The ARN is read along with the policy. botocore takes an answer that is not JSON, or breaks off, for one
        without attributes; without the ARN that would look like a queue without a policy.
        """
        queue = self._queue
        with self._explaining("reading"):
            answer = self._client.get_queue_attributes(QueueUrl=self._url(), AttributeNames=["Policy", "QueueArn"])
        attributes: dict[str, str] = answer.get("Attributes", {})
        if attributes.get("QueueArn", "").split(":")[3:] != [queue.region, queue.account_id, queue.name]:
            raise BreakglassError(
                f"SQS's answer about queue {queue.name} in {queue.region} is incomplete, or about another queue.",
                "Check the network, proxies and endpoint_url, then run it again.",
            )
        return attributes.get("Policy") or None

    def write(self, text: str | None) -> None:
        with self._explaining("deleting" if text is None else "writing"):
            self._client.set_queue_attributes(QueueUrl=self._url(), Attributes={"Policy": text or ""})

    def write_action(self, text: str | None) -> str:
        return "sqs:SetQueueAttributes"

    def _url(self) -> str:
        """The queue's URL. SQS returns it, because URLs differ by region, age and endpoint."""
        owner = {"QueueName": self._queue.name, "QueueOwnerAWSAccountId": self._queue.account_id}
        url: str = self._client.get_queue_url(**owner)["QueueUrl"]
        return url

    def _explaining(self, doing: str) -> contextlib.AbstractContextManager[None]:
        return explained(doing, explain_error=lambda error: self._explained(error, doing))

    def _explained(self, error: Exception, doing: str) -> BreakglassError:
        queue = self._queue
        if error_code(error) in GONE:
            return BreakglassError(
                f"Account {queue.account_id} has no queue {queue.name} in {queue.region}.",
                "Check name, region and account ID. The queue's URL or ARN has its region.",
                error_code(error),
            )
        general = explain(error, f"{doing} the policy of queue {queue.name} in {queue.region}", self._root_of)
        fix = general.fix
        if general.code == "InvalidAttributeValue":
            fix = (
                "AWS does not accept this policy. Most often it names a principal that does not exist any more, or an "
                "action that does not belong in a queue policy. Correct it and use mode=replace."
            )
        elif general.code == "OverLimit":
            fix = (
                "The policy has more statements, actions or principals than SQS accepts: shorten it, use mode=replace."
            )
        return type(general)(general.cause, fix, general.code, general.denied_call)
