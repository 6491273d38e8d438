# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fault rules: their kinds, what each takes, and what is wrong with a rule."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from moto.core.utils import get_service_model

from breakglass_aws.sandbox import clock, nearest
from breakglass_aws.sandbox.wire.messages import SERVICES, Request

_MATCHING = ("service", "operation", "account", "share", "skip", "times", "seed")
_REGION = r"[a-z]{2}(-[a-z]+)+-\d"
_LONGEST_DELAY = 300.0


@dataclass(frozen=True)
class Kind:
    """A kind of rule: what it does, the keys it takes besides `kind`, those it needs."""

    does: str
    keys: tuple[str, ...]
    required: tuple[str, ...] = ()


KINDS = {
    "throttling": Kind("refuse calls as too many: a share of them, or all above a rate", (*_MATCHING, "rate", "burst")),
    "published_rates": Kind("keep the request rates AWS publishes", ("account",)),
    "server_error": Kind("fail on AWS's side, HTTP status 500 or 503; nothing is done", (*_MATCHING, "status")),
    "refusal": Kind(
        "refuse calls with an error of your choice; nothing is done", (*_MATCHING, "code", "status"), ("code",)
    ),
    "reset": Kind("reset the connection before anything is done", _MATCHING),
    "lost_answer": Kind("do the call, then reset the connection", _MATCHING),
    "cut": Kind("do the call, then break off in the middle of the answer", _MATCHING),
    "appended": Kind("do the call, then append text to the answer's body, as some proxies do", (*_MATCHING, "text")),
    "reordered": Kind("do the call, then show a bucket's policy with its lists in another order, as S3 may", _MATCHING),
    "slow": Kind("do the call, then answer only after some seconds", (*_MATCHING, "seconds"), ("seconds",)),
    "expiry": Kind("let a session expire after so many more of its calls", (*_MATCHING, "calls"), ("calls",)),
    "sts_lag": Kind(
        "let STS notice changed features, trusted access and delegation late",
        ("seconds", "share", "seed"),
        ("seconds",),
    ),
    "region_deactivated": Kind(
        "deactivate STS in a Region of an account", ("account", "region"), ("account", "region")
    ),
    "account_suspended": Kind("suspend an account", ("account",), ("account",)),
    "root_denied": Kind(
        "attach a service control policy that denies root users everything: to an account, or to the root", ("account",)
    ),
}


class RuleError(ValueError):
    """A rule cannot be taken; the text names key and value, and what is accepted."""


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        operation: The operation's name, `*` for any run of characters.
        account: Whose calls, or for `region_deactivated` and below which account.
        share: Of the calls that match, how many are hit.
        skip: How many requests that match pass before the rule begins.
        times: After so many hits the rule is spent.
        seed: Rules with the same number and seed hit the same calls.
        rate: Calls a second an account has, with `burst` in store.
        status: HTTP status; None for the usual one.
        code: The error's code, as AWS has it on the wire.
        seconds: Delay.
        calls: Calls a session has left.
        text: What is appended to the body of the answer; None for a comment as a proxy writes it.
    """

    kind: str
    service: str | None = None
    operation: str | None = None
    account: str | None = None
    share: float = 1.0
    skip: int = 0
    times: int | None = None
    seed: int | None = None
    rate: float | None = None
    burst: float | None = None
    status: int | None = None
    code: str | None = None
    seconds: float | None = None
    calls: int | None = None
    region: str | None = None
    text: str | None = None

    def matches(self, request: Request) -> bool:
        """Whether a call is one of those the rule is for, by service, operation and the caller's account."""
        return (
            self.service in (None, request.service)
            and self.account in (None, request.caller.account)
            and (self.operation is None or fnmatchcase(request.operation, self.operation))
        )

    def shown(self) -> dict[str, Any]:
        """What is not as it is anyway."""
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name == "kind" or getattr(self, field.name) != field.default
        }


def rules(given: Any, is_account: Callable[[str], bool]) -> list[Rule]:
    """Rules from plain data: one, a list of them, or a mapping with the key `rules`.

    Raises:
        RuleError: One of them is no rule.
    """
    if isinstance(given, dict) and given.keys() == {"rules"}:
        given = given["rules"]
    several = given if isinstance(given, list | tuple) else [given]
    return [rule(one, is_account) for one in several]


def rule(given: Any, is_account: Callable[[str], bool]) -> Rule:
    if not isinstance(given, dict):
        raise RuleError(f"{given!r} is not a rule; accepted: a mapping with the key kind")
    kind = given.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise RuleError(f"kind: {kind!r} is not accepted{nearest.accepted(kind, KINDS)}")
    takes = KINDS[kind]
    for key in given:
        if key != "kind" and key not in takes.keys:
            raise RuleError(f"{key}: unknown key of {kind}{nearest.accepted(key, takes.keys)}")
    values = {key: _CHECKS[key](key, value) for key, value in given.items() if key != "kind" and value is not None}
    for key in takes.required:
        if key not in values:
            raise RuleError(f"{key}: missing; {kind} needs {', '.join(takes.required)}")
    made = Rule(kind, **values)
    if made.account is not None and not is_account(made.account):
        raise _refusal("account", made.account, "the ID of an account of this organization")
    _check_together(made)
    return made


def _check_together(made: Rule) -> None:
    if made.operation is not None:
        services = (made.service,) if made.service else SERVICES
        if not any(fnmatchcase(name, made.operation) for service in services for name in _operations(service)):
            where = made.service or ", ".join(SERVICES)
            raise _refusal("operation", made.operation, f"the name of an operation of {where}; * stands for any part")
    if (made.rate is None) != (made.burst is None):
        raise RuleError("rate, burst: one without the other; accepted: both or none")
    if made.kind == "server_error" and made.status not in (None, 500, 503):
        raise _refusal("status", made.status, "500, 503")
    if made.kind == "slow" and made.seconds is not None and made.seconds > _LONGEST_DELAY:
        raise _refusal("seconds", made.seconds, f"up to {_LONGEST_DELAY:g}")
    if made.kind == "region_deactivated" and made.region == "us-east-1":
        raise _refusal("region", made.region, "any Region but us-east-1, where STS cannot be deactivated")


@cache
def _operations(service: str) -> frozenset[str]:
    return frozenset(get_service_model(service).operation_names)


def _refusal(key: str, value: Any, accepted: str) -> RuleError:
    return RuleError(f"{key}: {value!r} is not accepted; accepted: {accepted}")


def _number(least: float, most: float = float("inf"), *, whole: bool = False) -> Callable[[str, Any], Any]:
    accepted = f"a {'whole ' if whole else ''}number of at least {least:g}"
    accepted = accepted if most == float("inf") else f"a number from {least:g} to {most:g}"

    def check(key: str, value: Any) -> Any:
        kinds = int if whole else int | float
        # "not within" rather than "below or above": nothing compares with a NaN.
        if not isinstance(value, kinds) or isinstance(value, bool) or not least <= value <= most:
            raise _refusal(key, value, accepted)
        return value

    return check


def _choice(*accepted: Any) -> Callable[[str, Any], Any]:
    def check(key: str, value: Any) -> Any:
        if isinstance(value, bool) or value not in accepted:
            raise _refusal(key, value, ", ".join(map(str, accepted)))
        return value

    return check


def _text(pattern: str, accepted: str) -> Callable[[str, Any], Any]:
    def check(key: str, value: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise _refusal(key, value, accepted)
        return value

    return check


def _seconds(key: str, value: Any) -> float:
    try:
        span = clock.span(value).total_seconds()
    except clock.ClockError:
        span = -1.0
    if span < 0:
        raise _refusal(key, value, clock.SPAN)
    return span


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "service": _choice(*SERVICES),
    "operation": _text(r"[A-Za-z0-9*]+", "the name of an operation; * stands for any part"),
    "account": _text(r"\d{12}", 'an account ID: 12 digits, in quotes ("012345678901")'),
    "share": _number(0, 1),
    "skip": _number(0, whole=True),
    "times": _number(1, whole=True),
    "seed": _number(0, whole=True),
    "rate": _number(0.001, 1e6),
    "burst": _number(1, 1e6),
    "status": _number(400, 599, whole=True),
    "code": _text(r"[A-Za-z0-9.]{1,100}", "an error code such as MalformedPolicy"),
    "seconds": _seconds,
    "calls": _number(0, whole=True),
    "region": _text(_REGION, "a Region such as eu-west-1"),
    "text": _text(r"(?s:.{1,10000})", "text of 1 to 10,000 characters"),
}
