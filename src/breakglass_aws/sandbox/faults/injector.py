# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad days on demand: throttling, failures, broken connections, expiry and more, by rules, reproducibly.

The first rule that hits a call decides. A call that is refused or whose connection is reset is not done at all; one
whose answer is lost, cut or slow is done as a whole, as on any network.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from breakglass_aws.sandbox import clock
from breakglass_aws.sandbox.access import authentication
from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.faults.fault import HIT, Fault
from breakglass_aws.sandbox.faults.propagation import Lag
from breakglass_aws.sandbox.faults.rate_limits import PUBLISHED, Buckets, Limit
from breakglass_aws.sandbox.faults.rules import KINDS, Rule, rules
from breakglass_aws.sandbox.model.organization import ControlPolicy, Switches, switches
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request

_MANY = "You have sent too many requests in too short a period of time. Try again later."
# Each service's way to say that there were too many calls, and that it failed: code, HTTP status, text. From the
# services' models and botocore's retry rules; Organizations' text is of public reports.
_THROTTLING = {
    "account": ("TooManyRequestsException", 429, "Too Many Requests"),
    "cloudformation": ("Throttling", 400, "Rate exceeded"),
    "cloudtrail": ("ThrottlingException", 400, "Rate exceeded"),
    "ec2": ("RequestLimitExceeded", 503, "Request limit exceeded."),
    "iam": ("Throttling", 400, "Rate exceeded"),
    "identitystore": ("ThrottlingException", 400, "Rate exceeded"),
    "organizations": ("TooManyRequestsException", 400, _MANY),
    "resourcegroupstaggingapi": ("ThrottledException", 400, "Rate exceeded"),
    "s3": ("SlowDown", 503, "Please reduce your request rate."),
    "s3control": ("SlowDown", 503, "Please reduce your request rate."),
    "sqs": ("RequestThrottled", 403, "Request is throttled."),
    "sso-admin": ("ThrottlingException", 400, "Rate exceeded"),
    "sts": ("Throttling", 400, "Rate exceeded"),
}
_FAILED = "We encountered an internal error. Please try again."
_FAILURE = {
    "account": ("InternalServerException", "Internal server error"),
    "iam": ("ServiceFailure", "The request processing has failed because of an unknown error, exception or failure."),
    "identitystore": ("InternalServerException", "Internal server error"),
    "organizations": (
        "ServiceException",
        "AWS Organizations can't complete your request because of an internal error.",
    ),
    "s3": ("InternalError", _FAILED),
    "sso-admin": ("InternalServerException", "Internal server error"),
}
_MAX_COUNTED = 20_000
# What a proxy leaves behind an answer it has scanned.
_APPENDED = "\n<!-- Scanned by proxy.example.com. No threat was found. -->\n"
_UNAVAILABLE = "Service is unable to handle request."
# The calls that answer credentials, and how the account is named that is asked for them (model of STS).
_ISSUING = {"AssumeRole": "RoleArn", "AssumeRoot": "TargetPrincipal"}
_DENY_ROOT = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "DenyRoot",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"StringLike": {"aws:PrincipalArn": "arn:*:iam::*:root"}},
        }
    ],
}


class FaultInjector:
    """The fault rules in force, and how many requests each of them matched and hit.

    Args:
        initial_faults: Rules to begin with, as `add` takes them; a reset of the state brings them back.
        seed: Seed of the rules that have none of their own.

    Raises:
        RuleError: One of the initial faults is not a valid rule.
    """

    def __init__(self, state: State, initial_faults: Any, seed: int) -> None:
        self._state = state
        self._initial_faults = initial_faults
        self._seed = seed
        self._lock = threading.Lock()
        self._counting = threading.Lock()
        self.rules: dict[str, Rule] = {}
        self.reset()

    def reset(self) -> None:
        """Return to the initial faults. Call it when the organization was reset."""
        self._number = 0
        self.rules = {}
        self._counts: dict[str, list[int]] = {}  # rule -> calls that matched, calls that were hit
        self._undo: dict[str, Callable[[], None]] = {}
        self._left: dict[tuple[str, str], int] = {}  # rule and access key -> calls the session has left
        self._buckets = Buckets()
        self._lag: tuple[str, Lag] | None = None
        self.add(self._initial_faults)

    def add(self, given: Any) -> list[str]:
        """Put rules in force, all or none.

        Args:
            given: One rule as plain data, or several.

        Returns:
            Their names.

        Raises:
            RuleError: What is wrong.
        """
        made = rules(given, lambda account: account in self._state.organization.accounts)
        return [self._start(rule) for rule in made]

    def _start(self, rule: Rule) -> str:
        with self._state.lock:
            self._number += 1
            name = str(self._number)
            self._counts[name] = [0, 0]
            if rule.kind == "account_suspended":
                self._undo[name] = self._suspend(str(rule.account))
            elif rule.kind == "root_denied":
                self._undo[name] = self._deny_root(name, rule.account)
            elif rule.kind == "sts_lag":
                delay = clock.span(rule.seconds)
                self._lag = (name, Lag(delay, clock.now(), switches(self._state.organization)))
            self.rules = {**self.rules, name: rule}
            return name

    def clear(self, name: str | None = None) -> bool:
        """End a rule, or all of them; what they did to accounts is undone. False where there is no such rule."""
        with self._state.lock:
            ended = [name] if name is not None else list(self.rules)
            if not self.rules.keys() >= set(ended):
                return False
            self.rules = {key: rule for key, rule in self.rules.items() if key not in ended}
            for key in reversed(ended):
                self._undo.pop(key, lambda: None)()
                if self._lag is not None and self._lag[0] == key:
                    self._lag = None
            return True

    def shown(self) -> list[dict[str, Any]]:
        """The rules with how many calls they were met by, and how many of those they hit."""
        return [
            {"name": name, **rule.shown(), "calls_met": self._counts[name][0], "calls_hit": self._counts[name][1]}
            for name, rule in self.rules.items()
        ]

    # What happens to a call

    def apply(self, request: Request) -> None:
        """Apply the rules to an authenticated request; the fault that hits it is noted in its environ.

        Raises:
            AwsError: The call is not to be done.
        """
        for name, rule in self.rules.items():
            effect = _EFFECTS.get(rule.kind)
            if effect is None or not (rule.kind == "region_deactivated" or rule.matches(request)):
                continue
            fault = effect(self, name, rule, request)
            if fault is not None:
                request.environ[HIT] = fault
                if fault.refusal is not None:
                    raise fault.refusal
                return

    def _chosen(self, name: str, rule: Rule) -> bool:
        """Whether the next call that meets a rule is one of its share: a matter of its number and the seed alone."""
        with self._lock:
            counts = self._counts[name]
            counts[0] += 1
            if counts[0] <= rule.skip:
                return False
            if rule.times is not None and counts[1] >= rule.times:
                return False
            if rule.share < 1 and _fraction(self._seed_of(rule), name, counts[0]) >= rule.share:
                return False
            counts[1] += 1
            return True

    def _seed_of(self, rule: Rule) -> int:
        return self._seed if rule.seed is None else rule.seed

    def _throttle(self, name: str, rule: Rule, request: Request) -> Fault | None:
        if rule.rate is not None and rule.burst is not None:
            limit = Limit(f"rule {name}", rule.rate, rule.burst)
            if self._buckets.take([(limit, request.caller.account)], clock.now().timestamp()):
                return None
        return Fault("throttling", throttling(request)) if self._chosen(name, rule) else None

    def _hold_to_rates(self, name: str, rule: Rule, request: Request) -> Fault | None:
        limits = PUBLISHED.get((request.service, request.operation), ())
        holders = {
            "account": request.caller.account,
            "region": f"{request.caller.account} {request.region}",
            "organization": self._state.organization.id,
        }
        wanted = [(limit, holders[limit.holder]) for limit in limits]
        if self._buckets.take(wanted, clock.now().timestamp()):
            return None
        return Fault("throttling", throttling(request)) if self._chosen(name, rule) else None

    def _fail(self, name: str, rule: Rule, request: Request) -> Fault | None:
        return Fault("server_error", failure(request, rule.status or 500)) if self._chosen(name, rule) else None

    def _refuse(self, name: str, rule: Rule, request: Request) -> Fault | None:
        code = str(rule.code)
        status = rule.status or _modelled_status(request, code)
        refusal = AwsError(code, f"A fault of the sandbox refuses this call with {code}.", status)
        return Fault("refusal", refusal) if self._chosen(name, rule) else None

    def _break(self, name: str, rule: Rule, request: Request) -> Fault | None:
        return Fault("reset", failure(request, 503)) if self._chosen(name, rule) else None

    def _spoil(self, name: str, rule: Rule, _: Request) -> Fault | None:
        return Fault(rule.kind, delay=rule.seconds or 0.0) if self._chosen(name, rule) else None

    def _append(self, name: str, rule: Rule, _: Request) -> Fault | None:
        text = _APPENDED if rule.text is None else rule.text
        return Fault(rule.kind, appended=text.encode()) if self._chosen(name, rule) else None

    def _reorder(self, name: str, rule: Rule, request: Request) -> Fault | None:
        if request.operation != "GetBucketPolicy" or not self._chosen(name, rule):
            return None
        return Fault(rule.kind, order=self._seed_of(rule) + self._counts[name][1])

    def _expire(self, name: str, rule: Rule, request: Request) -> Fault | None:
        """Count a session's calls down, then really expire it. Identities of the organization file stay."""
        key = request.caller.access_key_id
        session = self._state.sessions.get(key)
        if session is None or session.expires is None:
            return None
        if self._count_down(name, rule, key):
            return None
        self._state.sessions[key] = replace(session, expires=clock.now())
        try:
            authentication.authenticate(self._state, request)
        except AwsError as refusal:
            return Fault("expiry", refusal)
        return None

    def _count_down(self, name: str, rule: Rule, key: str) -> int:
        """How many calls a session has left before this one; -1 where it is not one of the rule's share."""
        with self._counting:
            left = self._left.get((name, key))
            if left is None:
                left = int(rule.calls or 0) if self._chosen(name, rule) else -1
                if len(self._left) >= _MAX_COUNTED:
                    self._left = {
                        entry: calls for entry, calls in self._left.items() if entry[1] in self._state.sessions
                    }
            self._left[name, key] = max(left - 1, 0) if left >= 0 else left
            return left

    def _deactivate(self, name: str, rule: Rule, request: Request) -> Fault | None:
        if (request.service, request.region) != ("sts", rule.region):
            return None
        named = re.search(r"\d{12}", str(request.parameters.get(_ISSUING.get(request.operation, ""), "")))
        asked = request.caller.account if request.operation == "GetSessionToken" else named and named[0]
        if asked != rule.account or not self._chosen(name, rule):
            return None
        text = (
            f"STS is not activated in this region for account:{asked}. "
            "Your account administrator can activate STS in this region using the IAM Console."
        )
        return Fault("region_deactivated", AwsError("RegionDisabledException", text, 403))

    # What happens to the organization

    def _suspend(self, identifier: str) -> Callable[[], None]:
        account = self._state.organization.accounts[identifier]
        before, account.state = account.state, "SUSPENDED"

        def undo() -> None:
            if account.state == "SUSPENDED":
                account.state = before

        return undo

    def _deny_root(self, name: str, account: str | None) -> Callable[[], None]:
        organization, target = self._state.organization, account or self._state.organization.root_id
        identifier = f"p-rootdenied{name}"
        arn = organization.arn("policy", f"service_control_policy/{identifier}")
        policy = ControlPolicy(identifier, f"DenyRoot{name}", arn, "A fault of the sandbox", json.dumps(_DENY_ROOT))
        organization.policies[identifier] = policy
        organization.attach(identifier, target)

        def undo() -> None:
            for attached in organization.attachments.values():
                attached.pop(identifier, None)
            organization.policies.pop(identifier, None)

        return undo

    def notice(self) -> None:
        """Note what a request changed, so that STS can show the change with a delay."""
        if self._lag is None:
            return
        with self._state.lock:
            if self._lag is not None:  # the rule may have ended meanwhile
                self._lag[1].notice(clock.now(), switches(self._state.organization))

    def sts_view(self) -> Switches:
        """The switches as the STS host that answers knows them; see `State.sts_view`."""
        current = switches(self._state.organization)
        if self._lag is None:
            return current
        name, lag = self._lag
        seen = lag.seen(clock.now())
        return seen if seen != current and self._chosen(name, self.rules[name]) else current


_EFFECTS: dict[str, Callable[[FaultInjector, str, Rule, Request], Fault | None]] = {
    "throttling": FaultInjector._throttle,
    "published_rates": FaultInjector._hold_to_rates,
    "server_error": FaultInjector._fail,
    "refusal": FaultInjector._refuse,
    "reset": FaultInjector._break,
    "lost_answer": FaultInjector._spoil,
    "cut": FaultInjector._spoil,
    "appended": FaultInjector._append,
    "reordered": FaultInjector._reorder,
    "slow": FaultInjector._spoil,
    "expiry": FaultInjector._expire,
    "region_deactivated": FaultInjector._deactivate,
}


def throttling(request: Request) -> AwsError:
    """The service's refusal of a call too many."""
    code, status, text = _THROTTLING[request.service]
    return AwsError(code, text, status)


def _modelled_status(request: Request, code: str) -> int:
    """The HTTP status the service's model has for an error; 400 where it has none."""
    shapes = request.model.error_shapes if request.model else []
    named = (shape for shape in shapes if code in (shape.name, shape.error_code))
    return next((shape.metadata.get("error", {}).get("httpStatusCode", 400) for shape in named), 400)


def failure(request: Request, status: int) -> AwsError:
    """The service's own failure, by HTTP status."""
    if status == 503:
        return AwsError("ServiceUnavailable", _UNAVAILABLE, 503)
    code, text = _FAILURE.get(request.service, ("InternalFailure", _FAILED))
    return AwsError(code, text, status)


def _fraction(seed: int, name: str, number: int) -> float:
    """A number from 0 to 1 that looks random."""
    digest = hashlib.blake2b(f"{seed} {name} {number}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def kinds() -> dict[str, Any]:
    """What there is to choose from."""
    return {
        name: {"does": kind.does, "keys": list(kind.keys), "required": list(kind.required)}
        for name, kind in KINDS.items()
    }
