# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a policy: the statements that lock administrators out, that may, or that will."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from breakglass_aws.cli.lint.policy_file import NotChecked, Place, PolicyFile
from breakglass_aws.engine.collection import module_util

# The words of the modules that look for locked resources.
LOCKED, POSSIBLY_LOCKED, UNLOCKED, NOT_CHECKED = "locked", "possibly_locked", "unlocked", "failed"
ERROR, WARNING, NOTE = "error", "warning", "note"

_ARN = re.compile(
    r"arn:(?P<partition>aws[\w-]*):(?P<service>s3|sqs):(?P<region>[\w-]*):(?P<account>\d*):(?P<name>[\w.-]+)(/.*)?\Z",
    re.ASCII,
)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
NETWORKS = "an IP address, vpce-ID or vpc-ID, or one of each with commas between"


@dataclass(frozen=True)
class Rule:
    """A kind of finding."""

    id: str
    level: str
    title: str
    text: str


LOCKS = Rule(
    "locks-administrators",
    ERROR,
    "A statement locks administrators out",
    "The statement denies an administrator of the account to read, change or delete the policy, from every network, or "
    "from every network and VPC endpoint that the policy does not name. Then, only the root user or a root session can "
    "remove the policy. Exempt the administrators from the statement, or leave the management of the policy out of its "
    "actions. Where the limit to networks is intended, give one from which administrators work with --from.",
)
WILL_LOCK = Rule(
    "will-lock-administrators",
    ERROR,
    "A statement will lock administrators out",
    "From a date in its conditions on, the statement denies an administrator of the account to manage the policy.",
)
MAY_LOCK = Rule(
    "may-lock-administrators",
    WARNING,
    "A statement may lock administrators out",
    "Whether the statement denies an administrator of the account to manage the policy depends on what a file does not "
    "show, such as whether the request comes through a VPC endpoint, MFA, or a tag of the administrator. Where it "
    "does, only the root user or a root session can remove the policy.",
)
DENIES_BY_NAME = Rule(
    "denies-named-principals",
    NOTE,
    "A statement denies principals of the account by name",
    "The statement names principals of the account that cannot manage the policy. That is no lockout of the account, "
    "unless they are its administrators. Name those with --administrators.",
)
LIMITS_NETWORKS = Rule(
    "limits-networks",
    NOTE,
    "A statement lets administrators in from some networks only",
    "From every network but those that the statement names, administrators of the account cannot manage the policy. "
    "They can from a network that was given with --from. When that network is gone, only the root user or a root "
    "session can remove the policy.",
)
RULES = (LOCKS, WILL_LOCK, MAY_LOCK, DENIES_BY_NAME, LIMITS_NETWORKS)


@dataclass(frozen=True)
class Finding:
    """One statement, and what it does."""

    rule: Rule
    message: str
    place: Place | None = None
    index: int | None = None
    sid: str | None = None
    actions: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checked:
    """A file, and what was found in it. `failure` is why it could not be checked."""

    name: str
    resource: str = ""
    account_id: str = ""
    before: str = ""  # the policy, as text to compare
    findings: tuple[Finding, ...] = ()
    failure: str = ""
    failed_at: Place | None = None
    repaired: str | None = None  # the policy without its lockouts, as text to compare; empty when nothing of it stays
    no_repair: str = ""  # why there is none

    @property
    def verdict(self) -> str:
        """What the policy does to administrators, in the words of the modules."""
        if self.failure:
            return NOT_CHECKED
        levels = {finding.rule.level for finding in self.findings}
        return LOCKED if ERROR in levels else POSSIBLY_LOCKED if WARNING in levels else UNLOCKED


@dataclass(frozen=True)
class Question:
    """For which resource, account and administrators a policy is checked. Empty is unknown."""

    account_id: str = ""
    bucket: str = ""
    queue: str = ""
    organization_id: str = ""
    region: str = ""
    administrators: Sequence[str] = ()
    networks: Sequence[str] = ()  # from which administrators can work

    def problem(self) -> str:
        """Return what is wrong with the options, "" when they can be used."""
        if self.bucket and self.queue:
            return "--bucket and --queue exclude each other."
        if self.bucket and not _BUCKET.fullmatch(self.bucket):
            return (
                f"Invalid value for --bucket: {self.bucket!r}. Expected the name of a bucket, without arn:aws:s3:::. "
                "Names have 3 to 63 lowercase letters, digits, dots and hyphens."
            )
        queue = _ARN.match(self.queue) if self.queue else None
        if self.queue and (not queue or queue["service"] != "sqs"):
            return f"Invalid value for --queue: {self.queue!r}. Expected arn:aws:sqs:REGION:ACCOUNT:NAME."
        for network in self.networks:
            try:
                module_util("_policies.condition_keys").place_of(network)
            except ValueError:
                return f"Invalid value for --from: {network!r}. Expected {NETWORKS}."
        if self.account_id and not re.fullmatch(r"[0-9]{12}", self.account_id):
            return f"Invalid value for --account: {self.account_id!r}. Expected 12 digits."
        if queue and self.account_id and queue["account"] != self.account_id:
            return f"--account {self.account_id} is not the account of the queue {self.queue}."
        if self.organization_id and not re.fullmatch(r"o-[a-z0-9]{10,32}", self.organization_id):
            return f"Invalid value for --organization: {self.organization_id!r}. Expected an ID such as o-a1b2c3d4e5."
        return ""


def check(policy: PolicyFile, question: Question, *, repair: bool = False) -> Checked:
    """Return what a policy does to its administrators. Raises NotChecked when that cannot be asked of it.

    With `repair`, the result has the policy with the smallest edit that ends the lockouts.
    """
    lockouts, context = module_util("_policies.lockouts"), module_util("_policies.request_context")
    errors = module_util("_policies.document").PolicyError
    arn, account_id = _resource(policy, question)
    try:
        resource = context.resource_of(
            arn,
            account_id,
            question.organization_id or None,
            region=question.region or None,
            networks=question.networks,
        )
        administrators = context.administrators_of(resource, question.administrators)
    except errors as error:
        raise NotChecked(str(error)) from None
    locking = lockouts.find_lockouts(policy.document, resource, administrators)
    found = [_of_lockout(policy, lockout) for lockout in locking]
    found += [
        _of_lockout(policy, lockout, date)
        for date, lockout in lockouts.upcoming_lockouts(policy.document, resource, administrators)
    ]
    if question.networks:
        found += _limited(policy, replace(resource, networks=()), administrators, {one.index for one in locking})
    if not question.administrators:
        found += _by_name(policy, resource)
    repaired, no_repair = _repaired(policy, resource, administrators) if repair and locking else (None, "")
    return Checked(
        policy.name,
        arn,
        account_id,
        module_util("_policies.document").pretty(policy.document),
        tuple(sorted(found, key=_order)),
        repaired=repaired,
        no_repair=no_repair,
    )


def _order(finding: Finding) -> tuple[int, str]:
    return (-1 if finding.index is None else finding.index, finding.rule.id)


def _of_lockout(policy: PolicyFile, lockout: Any, date: str = "") -> Finding:
    rule = MAY_LOCK if not lockout.certain else WILL_LOCK if date else LOCKS
    does = {LOCKS.id: "locks", WILL_LOCK.id: "will lock", MAY_LOCK.id: "may lock"}[rule.id]
    since = f" from {date} on" if date else ""
    return Finding(
        rule,
        f"{_named(lockout)} {does} administrators out{since}. {lockout.why}",
        policy.places[lockout.index],
        lockout.index,
        lockout.statement.get("Sid"),
        lockout.actions,
        lockout.conditions,
    )


def _limited(policy: PolicyFile, resource: Any, administrators: Any, locking: set[int]) -> list[Finding]:
    """Return the statements that would lock administrators out, were it not for the networks they come from."""
    return [
        replace(
            _of_lockout(policy, lockout),
            rule=LIMITS_NETWORKS,
            message=f"{_named(lockout)} lets administrators manage the policy from some networks only.",
        )
        for lockout in module_util("_policies.lockouts").find_lockouts(policy.document, resource, administrators)
        if lockout.index not in locking
    ]


def _named(lockout: Any) -> str:
    sid = lockout.statement.get("Sid")
    return f"Statement {lockout.index}" + (f" ({sid})" if sid else "")


def _by_name(policy: PolicyFile, resource: Any) -> list[Finding]:
    names = module_util("_policies.by_name").principals_denied_by_name(policy.document, resource)
    if not names:
        return []
    words = (
        f"The policy denies these principals of the account to manage it, by name or by pattern: {', '.join(names)}. "
        "That is no lockout of the account. If they are its administrators, name them with --administrators."
    )
    return [Finding(DENIES_BY_NAME, words)]


def _repaired(policy: PolicyFile, resource: Any, administrators: Any) -> tuple[str | None, str]:
    """Return the policy with the smallest edit that ends its lockouts, as text to compare; else None, and why."""
    document, repairs = module_util("_policies.document"), module_util("_policies.repair")
    try:
        return document.pretty(repairs.repair(policy.document, resource, administrators)), ""
    except document.PolicyError as error:
        return None, str(error)


def _resource(policy: PolicyFile, question: Question) -> tuple[str, str]:
    """Return the ARN of the resource that a policy is for, and its account. Raises NotChecked when they are not known.

    A policy for another resource than the one asked about would be found harmless, because its statements are not about
    that one. So such a policy is refused; S3 and SQS refuse it too.
    """
    matched = [(arn, found) for arn in _resources(policy.document) if (found := _ARN.match(arn))]
    named = {_bucket_or_queue(found) for _, found in matched}
    if question.bucket or question.queue:
        partition = next((found["partition"] for _, found in matched), "aws")
        arn = question.queue or f"arn:{partition}:s3:::{question.bucket}"
        if others := sorted(set(_others(policy.document, arn))):
            option = "--queue" if question.queue else "--bucket"
            raise NotChecked(f"The policy is for {', '.join(others)}, and not for {arn}. Check {option}.")
    elif len(named) == 1:
        arn = named.pop()
    else:
        names = f"It names several: {', '.join(sorted(named))}" if named else "It names none without wildcards"
        raise NotChecked(
            f"It is not known for which bucket or queue this policy is. {names}. Give --bucket or --queue."
        )
    account = _ARN.match(arn)["account"] or question.account_id  # type: ignore[index]
    if not account:
        raise NotChecked("It is not known in which account the bucket is. Give --account.")
    if question.account_id and account != question.account_id:
        raise NotChecked(f"The policy is for {arn}, which is not in account {question.account_id}. Check --account.")
    return arn, account


def _others(document: dict[str, Any], arn: str) -> Iterable[str]:
    """Yield the resources of a policy that are not the bucket or queue, nor objects of the bucket."""
    like = module_util("_policies.wildcards").like
    for value in _resources(document):
        pattern = value.partition("/")[0]  # no bucket or queue has a slash in its name
        if "${" not in value and not like(arn, pattern):
            yield value


def _bucket_or_queue(found: re.Match[str]) -> str:
    return f"arn:{found['partition']}:{found['service']}:{found['region']}:{found['account']}:{found['name']}"


def _resources(document: dict[str, Any]) -> Iterable[str]:
    """Yield the resources that the statements of a policy name."""
    module = module_util("_policies.document")
    for statement in module.statements(document):
        for element in ("Resource", "NotResource"):
            yield from module.as_list(statement.get(element, []))
