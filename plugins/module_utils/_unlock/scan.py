# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which buckets and queues of an account are locked, read with an administrator's own credentials. No Ansible.

No root session is opened and nothing is changed. What the administrator may not read is reported as such.
"""

from __future__ import annotations

import contextlib
import functools
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, is_denied
from ansible_collections.breakglass.aws.plugins.module_utils._policies.by_name import principals_denied_by_name
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import Document, PolicyError, parse
from ansible_collections.breakglass.aws.plugins.module_utils._policies.lockouts import Lockout, find_lockouts
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import (
    Resource,
    administrators_of,
    resource_of,
)
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.overlap import Overlap
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.bucket_policy import BucketPolicy, region_of
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.plan import denied_by_name
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.queue_policy import QueueName, QueuePolicy
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.resource_policy import ResourcePolicy
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.verifier import AdministratorSession

with contextlib.suppress(ImportError):  # BreakglassModule reports it
    from botocore.exceptions import BotoCoreError, ClientError

# What a resource's policy does to administrators; FAILED where that could not be found out.
LOCKED, POSSIBLY_LOCKED, UNLOCKED = "locked", "possibly_locked", "unlocked"
NO_POLICY, UNREADABLE, FAILED = "no_policy", "unreadable", v.FAILED
OUTCOMES = (LOCKED, POSSIBLY_LOCKED, UNREADABLE, FAILED, UNLOCKED, NO_POLICY)

S3, SQS = SERVICES = ("s3", "sqs")
_REQUESTS = 6  # at a time in one account, where the network is what takes the time
# How AWS's denials name a policy of the resource itself (IAM user guide, "Troubleshoot access denied error messages").
_BY_ITS_OWN_POLICY = "with an explicit deny in a resource-based policy"


class Found(t.NamedTuple):
    """A resource of the account, and its policy as the administrator reads it."""

    service: str
    arn: str
    name: str
    policy: ResourcePolicy


class Unlisted(t.NamedTuple):
    """A listing that failed: buckets, or the queues of a region (None: of the regions that were not searched)."""

    service: str
    region: str | None
    error: BreakglassError

    def as_dict(self) -> dict:
        return {"service": self.service, "region": self.region, "reason": self.error.cause}


class Scan(t.NamedTuple):
    """An account's ``resources`` with their ``outcome``, the regions searched for queues, what could not be listed."""

    resources: list[dict]
    regions: list[str]
    unlisted: list[Unlisted]


class ScanRequest(t.NamedTuple):
    """What to scan in each account. ``regions`` for queues: with None those that the account has enabled."""

    partition: str
    services: tuple[str, ...]
    regions: t.Sequence[str] | None
    administrators: tuple[str, ...]


def scan_account(
    session: AdministratorSession, request: ScanRequest, organization: dict[str, t.Any], overlap: Overlap
) -> Scan:
    """Each bucket, and each queue in the regions. ``overlap`` makes the requests of the account.

    Raises a BreakglassError when nothing at all can be listed.
    """
    regions, unlisted = request.regions, list[Unlisted]()
    if SQS not in request.services:
        regions = ()
    elif regions is None:
        regions, unlisted = _enabled_regions(session)
    places: list[tuple[str, str | None]] = [(SQS, region) for region in regions]
    if S3 in request.services:
        places.insert(0, (S3, None))
    list_one = functools.partial(_list, session=session, partition=request.partition)
    inspect = functools.partial(
        _inspect, session=session, administrators=request.administrators, organization=organization
    )
    answers: list[list[Found] | Unlisted] = overlap.together(
        [functools.partial(list_one, place) for place in places], _REQUESTS
    )
    refused = [answer for answer in answers if isinstance(answer, Unlisted)]
    if refused and len(refused) == len(answers):
        raise refused[0].error
    found = [one for answer in answers if not isinstance(answer, Unlisted) for one in answer]
    resources: list[dict] = overlap.together([functools.partial(inspect, one) for one in found], _REQUESTS)
    return Scan(resources, list(regions), [*unlisted, *refused])


def summarize(entries: t.Iterable[dict]) -> dict[str, int]:
    """How many resources of all accounts have each outcome, the worst first, and how many listings failed."""
    entries = list(entries)
    outcomes = [one["outcome"] for entry in entries for one in entry["resources"]]
    counts = {outcome: outcomes.count(outcome) for outcome in OUTCOMES if outcome in outcomes}
    unlisted = sum(len(entry["unlisted"]) for entry in entries)
    return {**counts, **({"unlisted": unlisted} if unlisted else {})}


def _enabled_regions(session: AdministratorSession) -> tuple[list[str], list[Unlisted]]:
    """The regions the account uses; where that may not be read only the connection's own, and what is left open."""
    wanted = {"RegionOptStatusContains": ["ENABLED", "ENABLED_BY_DEFAULT"]}
    try:
        pages = session.client("account").get_paginator("list_regions").paginate(**wanted)
        return [region["RegionName"] for page in pages for region in page["Regions"]], []
    except (BotoCoreError, ClientError) as error:
        general = explain(error, f"listing the enabled regions of account {session.account_id} (account:ListRegions)")
        cause = f"Only region {session.region} was searched for queues. {general.cause}"
        return [session.region], [Unlisted(SQS, None, BreakglassError(cause, general.fix, general.code))]


def _list(place: tuple[str, str | None], session: AdministratorSession, partition: str) -> list[Found] | Unlisted:
    service, region = place
    try:
        return list(_queues(session, partition, region) if region else _buckets(session, partition))
    except BreakglassError as error:
        return Unlisted(service, region, error)


def _buckets(session: AdministratorSession, partition: str) -> t.Iterator[Found]:
    try:
        pages = session.client("s3").get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 1000})
        buckets = [bucket for page in pages for bucket in page["Buckets"]]
    except (BotoCoreError, ClientError) as error:
        doing = f"listing the buckets of account {session.account_id} (s3:ListAllMyBuckets)"
        raise explain(error, doing, _root_of(session)) from error
    for bucket in buckets:
        name = bucket["Name"]
        policy = BucketPolicy(session, name, region_of(bucket))
        yield Found(S3, f"arn:{partition}:s3:::{name}", name, policy)


def _queues(session: AdministratorSession, partition: str, region: str) -> t.Iterator[Found]:
    try:
        pages = session.client("sqs", region).get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 1000})
        urls = [url for page in pages for url in page.get("QueueUrls", [])]
    except (BotoCoreError, ClientError) as error:
        doing = f"listing the queues of account {session.account_id} in {region} (sqs:ListQueues)"
        raise explain(error, doing, _root_of(session)) from error
    for url in urls:
        queue = QueueName(session.account_id, region, url.rsplit("/", 1)[1])
        yield Found(SQS, queue.arn(partition), queue.name, QueuePolicy(session, queue))


def _root_of(session: AdministratorSession) -> str | None:
    """The account whose root session this is, None for another one: a denial has other causes there."""
    return session.account_id if session.is_root else None


def _inspect(
    found: Found, session: AdministratorSession, administrators: t.Sequence[str], organization: dict[str, t.Any]
) -> dict[str, t.Any]:
    entry: dict[str, t.Any] = {
        "service": found.service,
        "arn": found.arn,
        "name": found.name,
        "region": found.policy.region,
        "outcome": NO_POLICY,
        "reason": "",
        "lockout_statements": [],
    }
    try:
        text = found.policy.read()
        if text is not None:
            document = parse(text)
            resource = resource_of(found.arn, session.account_id, region=found.policy.region, **organization)
            lockouts = find_lockouts(document, resource, administrators_of(resource, administrators))
            entry["lockout_statements"] = [lockout.as_dict() for lockout in lockouts]
            entry.update(_analysed(document, resource, lockouts, named=bool(administrators)))
    except PolicyError as error:
        entry.update(outcome=FAILED, reason=f"The policy cannot be analysed. {error}")
    except BreakglassError as error:
        entry.update(_unread(error, not administrators or session.is_one_of(administrators)))
    return entry


def _analysed(document: Document, resource: Resource, lockouts: list[Lockout], named: bool) -> dict[str, str]:
    """The outcome and reason for a policy that was read."""
    if lockouts:
        outcome = LOCKED if any(lockout.certain for lockout in lockouts) else POSSIBLY_LOCKED
        return {"outcome": outcome, "reason": " ".join(lockout.why for lockout in lockouts)}
    by_name = [] if named else principals_denied_by_name(document, resource)
    return {"outcome": UNLOCKED, "reason": denied_by_name(by_name) if by_name else ""}


def _unread(error: BreakglassError, counts: bool) -> dict[str, str]:
    """What a denial means. ``counts``: the denied principal is one that must be able to manage the policy."""
    if not is_denied(error):
        return {"outcome": FAILED, "reason": str(error)}
    if _BY_ITS_OWN_POLICY in error.cause and counts:
        return {"outcome": LOCKED, "reason": f"Its own policy denies even reading it. {error.cause}"}
    return {
        "outcome": UNREADABLE,
        "reason": f"Whether it is locked cannot be read with these credentials: {error.cause} Use a root session.",
    }
