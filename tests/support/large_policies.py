"""Bucket and queue policies of the largest size that AWS stores, made to be slow to analyse.

`WORST` are those that took longest, found by hand and by the search in `random_policy`. `STEPS` counts work in calls of
functions, which are the same on every machine.
"""

from __future__ import annotations

import itertools
import json
import random
import string
import sys
from collections.abc import Callable, Iterator

ACCOUNT = "333344445555"
BUCKET, QUEUE = "arn:aws:s3:::ledger", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:jobs"
LIMITS = {"s3": 20480, "sqs": 8192}
ADMINISTRATORS = [f"arn:aws:iam::{ACCOUNT}:role/ops/Admin{number}" for number in range(50)]


class TooManySteps(Exception):
    """The work was given up at the limit."""


def steps_of(work: Callable[[], object], most: int) -> int:
    """How many functions are called, Python's own included. Raises TooManySteps at ``most``."""
    count = 0

    def count_calls(_frame, event, _argument):
        nonlocal count
        count += event in ("call", "c_call")
        if count > most:
            sys.setprofile(None)
            raise TooManySteps(f"more than {most:,} calls")

    previous = sys.getprofile()
    sys.setprofile(count_calls)
    try:
        work()
    finally:
        sys.setprofile(previous)
    return count


def word(number: int) -> str:
    """A short text, another one for each number."""
    letters = string.ascii_lowercase + string.digits
    text = letters[number % 36]
    while number := number // 36:
        text = letters[number % 36] + text
    return text


def as_text(policy: object) -> str:
    return json.dumps(policy, separators=(",", ":"))


def many(make: Callable[[int], object], size: int) -> list:
    """As many values as have room in so many bytes."""
    found: list = []
    for number in itertools.count():
        value = make(number)
        size -= len(as_text(value)) + 1
        if size < 0:
            return found
        found.append(value)
    return found


DENY = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
MANAGING = {**DENY, "Action": "s3:PutBucketPolicy"}


def policy_of(statements: object) -> dict:
    return {"Version": "2012-10-17", "Statement": statements}


def of_statements(make: Callable[[int], dict], size: int = LIMITS["s3"]) -> dict:
    return policy_of(many(make, size - 60))


def of_condition(condition: dict) -> dict:
    return policy_of({**DENY, "Condition": condition})


def of_values(operator: str, key: str, make: Callable[[int], str]) -> dict:
    """One statement with one condition of as many values as there is room for."""
    return of_condition({operator: {key: many(make, LIMITS["s3"] - 200)}})


def where(statement: dict, operator: str, **values: object) -> dict:
    return {**statement, "Condition": {operator: values}}


ARN = "aws:PrincipalArn"
WORST: dict[str, dict] = {
    "a hundred guards": of_statements(
        lambda number: {
            **where(DENY, "StringNotEquals", **{"aws:SourceVpce": f"vpce-{number:04}"}),
            "Sid": f"Guard{number}",
            "Action": "s3:*",
            "Resource": [BUCKET, f"{BUCKET}/*"],
        }
    ),
    "the shortest statements": of_statements(lambda _number: dict(DENY)),
    "a key in each condition": of_statements(lambda number: where(DENY, "Bool", **{word(number): "1"})),
    "patterns of actions in each statement": of_statements(
        lambda number: where({**DENY, "Action": ["s3:*B*", "*e*"]}, "Bool", **{word(number): "1"})
    ),
    "statements that merge one after another": of_statements(
        lambda number: where(
            MANAGING,
            "StringEquals",
            a=word(number % 3),
            b=word(number // 3 % 3),
            c=word(number // 9 % 3),
            d=word(number // 27),
        )
    ),
    "a statement for each administrator": of_statements(
        lambda number: where(DENY, "StringLike", **{ARN: f"*Admin{number % 50}"})
    ),
    "patterns of administrators in each statement": of_statements(
        lambda number: where(DENY, "StringLike", **{ARN: [f"*{word(number * 50 + one)}zz*" for one in range(50)]})
    ),
    "many keys": of_condition({"Bool": {word(number): "1" for number in range(1500)}}),
    "variables": of_values("StringNotLike", ARN, lambda number: "${" + ARN + "}" + word(number)),
    "one pattern of variables": of_condition({"StringLike": {ARN: ("${" + ARN + "}*") * 950}}),
    "variables in resources": of_statements(lambda number: {**DENY, "Resource": "${" + ARN + "}" + word(number)}),
    "user names and ARNs": of_condition(
        {
            "StringLike": {
                "aws:username": many(lambda number: word(number) + "*", 10_000),
                ARN: many(lambda number: f"*{word(number)}*", 10_000),
            }
        }
    ),
    "dates": of_values("DateGreaterThan", "aws:CurrentTime", lambda number: str(4_000_000_000 + number)),
    "networks": of_values("NotIpAddress", "aws:SourceIp", lambda number: f"{number >> 8}.{number & 255}.0.0/16"),
    "actions": policy_of({**DENY, "Action": many(lambda number: f"*{word(number)}*", 20_200)}),
    "one action": policy_of({**DENY, "Action": "s3:" + "*?" * 10_000}),
    "principals": policy_of({**DENY, "Principal": {"AWS": many(lambda number: str(10**11 + number), 20_200)}}),
}


# --- the search ---

_VALUES: dict[str, Callable[[int], str]] = {
    "word": word,
    "pattern": lambda number: f"*{word(number)}*",
    "beginning": lambda number: f"{word(number)}*",
    "stars": lambda number: "*a" * (number % 2000) + "b",
    "question marks": lambda number: "*?a?" * (number % 1000) + "b",
    "variable": lambda number: "${aws:username}" + word(number),
    "star": lambda number: "${*}" + word(number),
    "administrator": lambda number: f"arn:aws:iam::{ACCOUNT}:role/ops/Admin{number}",
    "ARN": lambda number: f"arn:*:*:*:*:*{word(number)}*",
    "date": lambda number: f"{2027 + number // 12 % 900}-{number % 12 + 1:02}",
    "seconds": lambda number: str(10_000 + number),
    "network": lambda number: f"{number >> 8 & 255}.{number & 255}.0.0/16",
    "path": lambda number: f"o-ours000001/*{word(number)}",
}
_TEXTS = ("word", "pattern", "beginning", "stars", "question marks", "variable", "star", "administrator", "ARN")
_CONDITIONS = [
    *((f"String{name}", key, _TEXTS) for name in ("Like", "NotLike", "NotEquals") for key in ("aws:username", ARN)),
    *((f"Arn{name}", ARN, ("administrator", "ARN", "stars")) for name in ("Like", "NotLike", "Equals")),
    *((name, "aws:SourceIp", ("network",)) for name in ("IpAddress", "NotIpAddress")),
    *((f"Date{name}", "aws:CurrentTime", ("date", "seconds")) for name in ("GreaterThan", "LessThan", "Equals")),
    ("NumericGreaterThan", "aws:EpochTime", ("seconds",)),
    ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", ("path",)),
    ("ForAllValues:StringNotLike", "aws:PrincipalOrgPaths", ("path",)),
    ("StringNotEquals", "aws:SourceVpce", ("word",)),
    ("StringNotEqualsIgnoreCase", "aws:PrincipalAccount", ("word", "variable")),
    ("Null", "aws:SourceVpce", ("word",)),
]
_PRINCIPALS: list[Callable[[int], str]] = [
    lambda number: str(10**11 + number),
    lambda number: f"arn:aws:iam::{10**11 + number}:root",
    lambda number: f"AROADELETED{number:012}",
    _VALUES["administrator"],
]


def random_policy(seed: int) -> tuple[str, dict]:
    """A service, and a policy for it with statements and lists as long as there is room for."""
    chance = random.Random(seed)
    service = chance.choice(["s3", "s3", "s3", "sqs"])
    count = chance.choice([1, 1, 2, 3, 5, 20] if service == "sqs" else [1, 1, 2, 3, 5, 20, 100, 400])
    statements: list[dict] = []
    for statement in itertools.islice(_statements(chance, service, LIMITS[service] // count), count):
        if len(as_text(policy_of([*statements, statement]))) > LIMITS[service]:
            break
        statements.append(statement)
    return service, policy_of(statements or dict(DENY))


def _statements(chance: random.Random, service: str, size: int) -> Iterator[dict]:
    """Statements that are alike, or each another."""
    alike = chance.random() < 0.4
    statement = _statement(chance, service, size, 0)
    for number in itertools.count():
        if not alike:
            statement = _statement(chance, service, size, number)
        elif "Condition" in statement:
            operator, key = next((operator, key) for operator, keys in statement["Condition"].items() for key in keys)
            statement = {**statement, "Condition": {**statement["Condition"], operator: {key: word(number)}}}
        yield statement | ({"Sid": f"S{number}"} if alike else {})


def _statement(chance: random.Random, service: str, size: int, number: int) -> dict:
    arn = BUCKET if service == "s3" else QUEUE
    actions = [f"{service}:*", "*", f"{service}:*{word(number)}*", f"{service}:*B*P*", "*?" * 200 + word(number)]
    resources = [
        arn,
        f"{arn}*",
        "*",
        f"{arn}/{word(number)}*",
        "*?" * 10 + word(number),
        "*${aws:username}" + word(number),
    ]
    shares = [chance.random() ** 3 for _part in range(4)]

    def listed(part: int, make: Callable[[int], str]) -> object:
        room = int(size * shares[part] / sum(shares)) if chance.random() < 0.5 else 0
        return many(lambda index: make(number + index), room) or make(number)

    statement: dict = {"Effect": chance.choice(["Deny"] * 5 + ["Allow"]), "Principal": "*"}
    if chance.random() < 0.4:
        element = "NotPrincipal" if statement["Effect"] == "Deny" and chance.random() < 0.4 else "Principal"
        del statement["Principal"]
        statement[element] = {"AWS": listed(0, chance.choice(_PRINCIPALS))}
    pattern = chance.choice([lambda index: f"{service}:*{word(index)}*", lambda index: "*" + word(index)])
    wanted = listed(1, pattern) if chance.random() < 0.4 else chance.choice(actions)
    statement["NotAction" if chance.random() < 0.15 else "Action"] = wanted
    wanted = listed(2, _VALUES[chance.choice(_TEXTS)]) if chance.random() < 0.3 else chance.choice(resources)
    statement["NotResource" if chance.random() < 0.1 else "Resource"] = wanted
    for operator, key, kinds in chance.choices(_CONDITIONS, k=chance.choice([0, 1, 1, 2, 3])):
        statement.setdefault("Condition", {}).setdefault(operator, {})[key] = listed(3, _VALUES[chance.choice(kinds)])
    return statement
