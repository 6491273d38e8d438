# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the region of a queue that was given by name alone. Plain boto3, no Ansible.

SQSUnlockQueuePolicy permits sqs:GetQueueUrl in every region, and credentials of a regional STS endpoint are valid in
all regions the account uses (IAM user guide, "Manage AWS STS in an AWS Region").
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import BAD_CREDENTIALS, explain
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, error_code
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.queue_policy import GONE, QueueName
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.resource_policy import Session

with contextlib.suppress(ImportError):  # BreakglassModule reports it
    from botocore.exceptions import BotoCoreError, ClientError

_WORKERS = 8  # regions asked at a time


def locate(
    session: Session, queue: QueueName, preferred: str | None, regions: t.Sequence[str], warn: t.Callable[[str], t.Any]
) -> QueueName:
    """The queue with its region: the preferred one, or with none preferred the only one that has such a queue.

    Raises a BreakglassError with the regions that have a queue of this name, when there is not exactly one.
    """
    if preferred and _is_in(preferred, session, queue):
        return dataclasses.replace(queue, region=preferred)
    others = [region for region in regions if region != preferred]
    with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
        answers = list(pool.map(lambda region: (region, _answer(region, session, queue)), others))
    found = [region for region, answer in answers if answer is True]
    silent = {region: answer.cause for region, answer in answers if isinstance(answer, BreakglassError)}
    unsearched = (
        f" These regions could not be searched: {', '.join(silent)}. {next(iter(silent.values()))}" if silent else ""
    )
    if len(found) == 1 and not preferred:
        if unsearched:
            warn(f"Queue {queue.name} was found in {found[0]}.{unsearched}")
        return dataclasses.replace(queue, region=found[0])
    but = f"no queue {queue.name} in {preferred}, but one" if preferred else f"more than one queue {queue.name}:"
    if found:
        raise BreakglassError(
            f"Account {queue.account_id} has {but} in {' and in '.join(found)}.",
            "Give the queue's ARN, or set the option region.",
        )
    raise BreakglassError(
        f"Account {queue.account_id} has no queue {queue.name} in any region.{unsearched}",
        "Check the queue's name and the account ID. If they are right, give the queue's ARN.",
    )


def _is_in(region: str, session: Session, queue: QueueName) -> bool:
    try:
        session.client("sqs", region).get_queue_url(QueueName=queue.name, QueueOwnerAWSAccountId=queue.account_id)
    except (BotoCoreError, ClientError) as error:
        if error_code(error) in GONE:
            return False
        raise explain(error, f"looking for queue {queue.name} in {region}", queue.account_id) from error
    return True


def _answer(region: str, session: Session, queue: QueueName) -> bool | BreakglassError:
    try:
        return _is_in(region, session, queue)
    except BreakglassError as error:
        # How a region that is not enabled in the account answers valid credentials: no queue can be there.
        return False if error.code in BAD_CREDENTIALS else error
