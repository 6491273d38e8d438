"""Times the analysis and repair of large policies; prints processor seconds by name as JSON.

    PYTHONPATH=... python policy_worker.py TREE

Each policy is a bucket's, within AWS's limit of 20 KB, and is analysed and repaired once for 50 administrators. The
slow ones are those that the tests of the analysis bound by steps, and some with the longest patterns.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from typing import Any

from support.large_policies import ACCOUNT, ADMINISTRATORS, BUCKET, LIMITS, WORST, as_text, of_statements, policy_of

USUAL = "20 KB, 100 statements, 50 administrators"
# A role's path has up to 512 characters: the patterns below are matched far into this ARN.
LONG = f"arn:aws:iam::{ACCOUNT}:role/{'a/' * 250}{'a' * 60}"


def usual() -> dict[str, Any]:
    """100 statements as organizations have them: each allows one team, network or organization."""
    conditions = [
        lambda number: {"ArnNotLike": {"aws:PrincipalArn": [f"arn:aws:iam::*:role/team-{number}-*"]}},
        lambda number: {"NotIpAddress": {"aws:SourceIp": f"10.{number}.0.0/16"}},
        lambda number: {"StringNotEquals": {"aws:PrincipalOrgID": f"o-example{number:03}"}},
        lambda number: {"Bool": {"aws:SecureTransport": "false"}},
    ]
    statements = [
        {**_denial(), "Sid": f"Deny{number}", "Condition": conditions[number % 4](number)} for number in range(100)
    ]
    spare = (LIMITS["s3"] - len(as_text(policy_of(statements)))) // len(statements)
    return policy_of([{**one, "Sid": one["Sid"] + "x" * spare} for one in statements])


def long_patterns() -> dict[str, dict[str, Any]]:
    """Patterns of many stars, which nearly match."""
    stars = "arn:aws:iam::*:role/" + "*a" * 250 + "*b"
    marks = "*?" * 250 + "x"
    return {
        "patterns of 250 stars": of_statements(
            lambda number: {**_denial(), "Condition": {"ArnNotLike": {"aws:PrincipalArn": stars}}}
        ),
        "stars and question marks": of_statements(
            lambda number: {**_denial(), "Condition": {"StringNotLike": {"aws:PrincipalArn": marks}}}
        ),
    }


def _denial() -> dict[str, Any]:
    return {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": BUCKET}


def main() -> None:
    from ansible_collections.breakglass.aws.plugins.module_utils._policies import lockouts

    if not os.path.realpath(lockouts.__file__).startswith(os.path.realpath(sys.argv[1]) + os.sep):
        raise SystemExit(f"the analysis was imported from {lockouts.__file__}")
    from ansible_collections.breakglass.aws.plugins.module_utils._policies.by_name import principals_denied_by_name
    from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import PolicyError, parse
    from ansible_collections.breakglass.aws.plugins.module_utils._policies.repair import repair
    from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import (
        administrators_of,
        resource_of,
    )

    resource = resource_of(BUCKET, ACCOUNT)
    named = administrators_of(resource, [*ADMINISTRATORS[:49], LONG])
    seconds = {}
    for name, policy in {USUAL: usual(), **WORST, **long_patterns()}.items():
        text = as_text(policy)
        if len(text) > LIMITS["s3"]:
            raise SystemExit(f"{name}: {len(text)} bytes, more than a bucket policy may have")
        begun = time.process_time()
        document = parse(text)
        lockouts.find_lockouts(document, resource, named)
        principals_denied_by_name(document, resource)
        with contextlib.suppress(PolicyError):  # that no repair exists is an answer too
            repair(text, resource, named)
        seconds[name] = time.process_time() - begun
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
