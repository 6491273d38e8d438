# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which buckets and queues of an account are locked, seen with an administrator's own credentials. No Ansible.

Nothing is opened and nothing is changed: what the administrator may read is analysed, what not is told as such.
"""

from __future__ import annotations

import contextlib
import functools
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.breakglass.aws.plugins.module_utils._administrator_session import AdministratorSession
from ansible_collections.breakglass.aws.plugins.module_utils._bucket_policy import BucketPolicy
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, explain, is_denied
from ansible_collections.breakglass.aws.plugins.module_utils._policy_document import PolicyError
from ansible_collections.breakglass.aws.plugins.module_utils._policy_lockout import lockout_statements
from ansible_collections.breakglass.aws.plugins.module_utils._queue_policy import QueueName, QueuePolicy
from ansible_collections.breakglass.aws.plugins.module_utils._resource_policy import ResourcePolicy

with contextlib.suppress(ImportError):  # AnsibleAWSModule reports it
    from botocore.exceptions import BotoCoreError, ClientError

# What a resource's policy does to administrators.
LOCKED, UNLOCKED, NO_POLICY, UNREADABLE, UNKNOWN = "locked", "unlocked", "no_policy", "unreadable", "unknown"
STATES = (LOCKED, UNREADABLE, UNKNOWN, UNLOCKED, NO_POLICY)

SERVICES = ("s3", "sqs")
_WORKERS = 4  # requests at a time in one account
# How AWS's denials name a policy of the resource itself (IAM user guide, "Troubleshoot access denied error messages").
_BY_ITS_OWN_POLICY = "with an explicit deny in a resource-based policy"


class Found(t.NamedTuple):
    """A resource of the account, and its policy in the administrator's hands."""

    service: str
    arn: str
    name: str
    policy: ResourcePolicy


def survey(
    session: AdministratorSession,
    partition: str,
    services: t.Sequence[str],
    regions: t.Sequence[str],
    administrators: t.Sequence[str],
    organization_id: str | None,
) -> list[dict]:
    """Each bucket, and each queue in ``regions``, with its ``state``.

    Raises a BreakglassError when the resources cannot even be listed.
    """
    found = list(_buckets(session, partition)) if "s3" in services else []
    for region in regions if "sqs" in services else ():
        found.extend(_queues(session, partition, region))
    judge = functools.partial(
        _judge, account_id=session.account_id, administrators=administrators, organization_id=organization_id
    )
    with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
        return list(pool.map(judge, found))


def summarize(resources: t.Iterable[dict]) -> dict[str, int]:
    """How many resources are in each state, what needs somebody first."""
    states = [one["state"] for one in resources]
    return {state: states.count(state) for state in STATES if state in states}


def _buckets(session: AdministratorSession, partition: str) -> t.Iterator[Found]:
    try:
        pages = session.client("s3").get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 1000})
        buckets = [bucket for page in pages for bucket in page["Buckets"]]
    except (BotoCoreError, ClientError) as error:
        raise explain(error, f"listing the buckets of account {session.account_id} (s3:ListAllMyBuckets)") from error
    for bucket in buckets:
        name = bucket["Name"]
        policy = BucketPolicy(session, name, bucket["BucketRegion"])
        yield Found("s3", f"arn:{partition}:s3:::{name}", name, policy)


def _queues(session: AdministratorSession, partition: str, region: str) -> t.Iterator[Found]:
    try:
        pages = session.client("sqs", region).get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 1000})
        urls = [url for page in pages for url in page.get("QueueUrls", [])]
    except (BotoCoreError, ClientError) as error:
        doing = f"listing the queues of account {session.account_id} in {region} (sqs:ListQueues)"
        raise explain(error, doing) from error
    for url in urls:
        queue = QueueName(session.account_id, region, url.rsplit("/", 1)[1])
        yield Found("sqs", queue.arn(partition), queue.name, QueuePolicy(session, queue))


def _judge(found: Found, account_id: str, administrators: t.Sequence[str], organization_id: str | None) -> dict:
    entry = {
        "service": found.service,
        "arn": found.arn,
        "name": found.name,
        "region": found.policy.region,
        "state": NO_POLICY,
        "reason": "",
        "lockout_statements": [],
    }
    try:
        text = found.policy.read()
        if text is not None:
            entry["lockout_statements"] = lockout_statements(
                text,
                resource=found.arn,
                account_id=account_id,
                administrators=administrators,
                organization_id=organization_id,
            )
            entry["state"] = LOCKED if entry["lockout_statements"] else UNLOCKED
            entry["reason"] = " ".join(one["why"] for one in entry["lockout_statements"])
    except PolicyError as error:
        entry.update(state=UNKNOWN, reason=f"The policy cannot be analysed. {error}")
    except BreakglassError as error:
        entry.update(_unread(error))
    return entry


def _unread(error: BreakglassError) -> dict:
    if not is_denied(error):
        return {"state": UNKNOWN, "reason": str(error)}
    if _BY_ITS_OWN_POLICY in error.cause:
        return {"state": LOCKED, "reason": f"Its own policy denies even reading it. {error.cause}"}
    return {
        "state": UNREADABLE,
        "reason": f"Whether it is locked cannot be seen with these credentials: {error.cause} A root session can tell.",
    }
