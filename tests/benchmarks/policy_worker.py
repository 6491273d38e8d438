"""Times the analysis and repair of large policies; prints processor seconds by name as JSON.

    python policy_worker.py TREE

Each policy is a bucket's, within AWS's limit of 20 KB, and is analysed and repaired once for 50 administrators.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

ACCOUNT, BUCKET = "444455556666", "arn:aws:s3:::data-lake"
LIMIT = 20 * 1024
# As long as an administrator's ARN can be (a role's path has up to 512 characters), and likely to be matched far in.
LONG = f"arn:aws:iam::{ACCOUNT}:role/{'a/' * 250}{'a' * 60}"
ADMINISTRATORS = [f"arn:aws:iam::{ACCOUNT}:role/admins/administrator-{number:02}" for number in range(49)] + [LONG]


def statement(number: int, **changes: Any) -> dict[str, Any]:
    """A statement that denies everything but for a condition."""
    return {
        "Sid": f"Deny{number}",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": BUCKET,
        **changes,
    }


def size(statements: list[dict[str, Any]]) -> int:
    """Bytes of a policy with these statements, without spaces."""
    return len(text_of(statements))


def text_of(statements: list[dict[str, Any]]) -> str:
    """The policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))


def as_many_as_fit(make: Callable[[int], dict[str, Any]]) -> list[dict[str, Any]]:
    """Statements up to AWS's limit."""
    found: list[dict[str, Any]] = []
    while size([*found, make(len(found))]) <= LIMIT:
        found.append(make(len(found)))
    return found


def common() -> list[dict[str, Any]]:
    """100 statements as organizations have them, 20 KB: each allows one team, network or organization."""
    kinds = [
        lambda n: {"ArnNotLike": {"aws:PrincipalArn": [f"arn:aws:iam::*:role/team-{n}-*"]}},
        lambda n: {"NotIpAddress": {"aws:SourceIp": f"10.{n}.0.0/16"}},
        lambda n: {"StringNotEquals": {"aws:PrincipalOrgID": f"o-example{n:03}"}},
        lambda n: {"Bool": {"aws:SecureTransport": "false"}},
    ]
    found = [statement(number, Condition=kinds[number % 4](number)) for number in range(100)]
    spare = (LIMIT - size(found)) // len(found)
    return [{**one, "Sid": one["Sid"] + "x" * spare} for one in found]


def stars() -> list[dict[str, Any]]:
    """Patterns of many stars, which nearly match the longest ARN."""
    pattern = "arn:aws:iam::*:role/" + "*a" * 250 + "*b"
    return as_many_as_fit(lambda n: statement(n, Condition={"ArnNotLike": {"aws:PrincipalArn": pattern}}))


def questions() -> list[dict[str, Any]]:
    """Pairs of a star and a question mark."""
    pattern = "*?" * 250 + "x"
    condition = {"StringNotLike": {"aws:PrincipalArn": pattern, "aws:userid": pattern}}
    return as_many_as_fit(lambda n: statement(n, Condition=condition))


def values() -> list[dict[str, Any]]:
    """One statement with many values."""
    patterns = [f"arn:aws:iam::*:role/{number}*" for number in range(720)]
    return [statement(0, Condition={"ArnNotLike": {"aws:PrincipalArn": patterns}})]


def actions() -> list[dict[str, Any]]:
    """Action patterns of many stars."""
    return [statement(0, Action=[f"s3:{'*' * 20}P*t*B*k*t*P*{number}" for number in range(480)]), statement(1)]


def short() -> list[dict[str, Any]]:
    """As many statements as fit, and each one locks."""
    denial = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    return as_many_as_fit(lambda n: denial)


def main() -> None:
    from ansible_collections.breakglass.aws.plugins.module_utils import _policies

    where = os.path.realpath(next(iter(_policies.__path__)))
    if not where.startswith(os.path.realpath(sys.argv[1]) + os.sep):
        raise SystemExit(f"the analysis was imported from {where}")
    from ansible_collections.breakglass.aws.plugins.module_utils._policies.by_name import principals_denied_by_name
    from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import PolicyError, parse
    from ansible_collections.breakglass.aws.plugins.module_utils._policies.lockouts import find_lockouts
    from ansible_collections.breakglass.aws.plugins.module_utils._policies.repair import repair
    from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import (
        administrators_of,
        resource_of,
    )

    resource = resource_of(BUCKET, ACCOUNT)
    named = administrators_of(resource, ADMINISTRATORS)
    seconds = {}
    makers = {
        "common": common,
        "patterns of 250 stars": stars,
        "stars and question marks": questions,
        "720 values in a condition": values,
        "480 action patterns": actions,
        "as many statements as fit": short,
    }
    for name, make in makers.items():
        text = text_of(make())
        if len(text) > LIMIT:
            raise SystemExit(f"{name}: {len(text)} bytes, more than a bucket policy may have")
        begun = time.process_time()
        document = parse(text)
        find_lockouts(document, resource, named)
        principals_denied_by_name(document, resource)
        with contextlib.suppress(PolicyError):  # that no repair exists is an answer too
            repair(text, resource, named)
        seconds[name] = time.process_time() - begun
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
