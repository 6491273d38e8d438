# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What sqs_queue_policy_unlock does. No Ansible."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._files import policy_backup
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.options import UnlockRequest, refuse_protected
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.queue_policy import (
    QueueName,
    QueuePolicy,
    parse_queue,
)
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.queue_region import locate
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.workflow import Target, unlock

if t.TYPE_CHECKING:
    from ansible_collections.breakglass.aws.plugins.module_utils._unlock.resource_policy import Session


def unlock_queue(params: dict[str, t.Any], context: Context) -> dict[str, t.Any]:
    """End the lockout of the queue in ``params``. Raises a BreakglassError with the result as far as it is known."""
    given = params["queue"]

    def target(request: UnlockRequest) -> Target:
        queue = parse_queue(given, request.account_id, context.connection.caller.partition)
        refuse_protected("queue", queue.name, params["protected_queues"])
        if not queue.region and request.backup:
            queue = _in_region_of_backup(queue, request.backup, context)
        return target_of(queue)

    def target_of(queue: QueueName) -> Target:
        connection = context.connection
        arn = queue.arn(connection.caller.partition)

        def located(session: Session) -> Target:
            regions = connection.regions_of("sqs")
            return target_of(locate(session, queue, connection.chosen_region, regions, context.warn))

        return Target(
            noun="queue",
            name=queue.name,
            arn=arn,
            identity={"queue": arn if queue.region else given},
            task=v.UNLOCK_SQS_QUEUE,
            find=lambda session: QueuePolicy(session, queue),
            locate=None if queue.region else located,
        )

    return unlock(params, context, {"queue": given}, target)


def _in_region_of_backup(queue: QueueName, path: str, context: Context) -> QueueName:
    """The queue in the region that the backup was made in; a region option that differs is reported as ignored."""
    region = policy_backup.read(path).region
    chosen = context.connection.chosen_region
    if chosen and chosen != region:
        context.warn(f"The backup {path} is of a queue in {region}: region={chosen} is ignored.")
    return replace(queue, region=region)
