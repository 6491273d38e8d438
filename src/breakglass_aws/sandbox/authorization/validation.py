# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What S3, SQS and Organizations refuse to store as a policy, beyond what is no policy at all.

The texts of bucket policies are those S3 answers with MalformedPolicy, as publicly reported. IAM's checks of identity
and trust policies are not here: moto has them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from breakglass_aws.sandbox.authorization.policy import PolicyError, as_list, load, parse

# What a Principal may name: an account, or the ARN of a principal. Ids of deleted users and roles (AIDA..., AROA...)
# show in stored policies, but cannot be stored again (IAM User Guide, "AWS JSON policy elements: Principal").
_PRINCIPAL = re.compile(
    r"\*|\d{12}"
    r"|arn:[\w-]+:iam::\d{12}:(?:root|(?:user|role)/[^*?]+)"
    r"|arn:[\w-]+:sts::\d{12}:(?:assumed-role/[^*?/]+/[^*?/]+|federated-user/[^*?]+)"
    r"|arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity \w+"
)
# Actions of which the name says what they are on; of all others nothing is claimed.
_BUCKET_ACTION = re.compile(r"s3:(?:create|delete|get|list|put)bucket\w*", re.IGNORECASE)
_OBJECT_ACTION = re.compile(r"s3:(?:delete|get|put|replicate|restore)object\w*", re.IGNORECASE)


def validate_bucket_policy(
    document: str | bytes, bucket: str, *, principal_exists: Callable[[str], bool] = lambda name: True
) -> None:
    """Refuse, as PutBucketPolicy does, what cannot be the policy of this bucket. Raises PolicyError.

    `principal_exists` is asked for each user and role named, by ARN.
    """
    ours = re.compile(rf"arn:[\w-]+:s3:::{re.escape(bucket)}([/*?].*)?", re.DOTALL)
    for statement in _resource_statements(document, "s3", principal_exists):
        if "Resource" not in statement and "NotResource" not in statement:
            raise PolicyError("Missing required field Resource")
        named = [ours.fullmatch(resource) for resource in _one_of(statement, "Resource")]
        if not all(named):
            raise PolicyError("Policy has invalid resource")
        if "NotResource" in statement or "NotAction" in statement:
            continue
        beyond = [match[1] or "" for match in named if match]
        on_bucket = not all(suffix.startswith("/") for suffix in beyond)
        on_objects = any(beyond)
        for action in _one_of(statement, "Action"):
            if (_BUCKET_ACTION.fullmatch(action) and not on_bucket) or (
                _OBJECT_ACTION.fullmatch(action) and not on_objects
            ):
                raise PolicyError("Action does not apply to any resource(s) in statement")


def validate_queue_policy(
    document: str | bytes, *, principal_exists: Callable[[str], bool] = lambda name: True
) -> None:
    """Refuse, as SetQueueAttributes does, what cannot be a queue's policy. SQS says no more than that it is invalid."""
    try:
        _resource_statements(document, "sqs", principal_exists)
    except PolicyError:
        raise PolicyError("Invalid value for the parameter Policy.") from None


def queue_policy_excess(document: str | bytes) -> str | None:
    """What of a queue policy is more than SQS takes, in the words of its OverLimit; None when nothing is.

    Amazon SQS developer guide, "Amazon SQS policy quotas"; the texts as publicly reported. What is counted of 50
    principals and 10 conditions is not known, and not counted here.
    """
    if len(document.encode() if isinstance(document, str) else document) > 8192:
        return "Submitted policy is over max allowed size."
    statements = as_list(load(document)["Statement"])
    if len(statements) > 20:
        return f"{len(statements)} statements were found in the submitted policy, max allowed is 20"
    actions = max(len(as_list(statement.get("Action", []))) for statement in statements)
    if actions > 7:
        return f"{actions} actions were found in a statement from the submitted policy, max allowed is 7"
    return None


def validate_service_control_policy(document: str | bytes) -> None:
    """Refuse an SCP as AWS does: it names no principals, for it binds all of an account.

    Organizations User Guide, "SCP syntax": Principal and NotPrincipal are not supported.

    Raises:
        PolicyError: It cannot be stored.
    """
    parse(document)
    for statement in as_list(load(document)["Statement"]):
        if "Principal" in statement or "NotPrincipal" in statement:
            raise PolicyError("It names no principals.")


def validate_resource_control_policy(document: str | bytes) -> None:
    """Refuse what cannot be a resource control policy: it denies, everyone, actions of named services.

    Organizations User Guide, "RCP syntax". Raises PolicyError, whose text Organizations does not show.
    """
    parse(document)
    for statement in as_list(load(document)["Statement"]):
        if statement["Effect"] != "Deny" or statement.get("Principal") not in ("*", {"AWS": "*"}):
            raise PolicyError("It denies, and everyone.")
        if "NotAction" in statement or "*" in as_list(statement["Action"]):
            raise PolicyError("It names actions, each with its service.")


def _resource_statements(
    document: str | bytes, service: str, principal_exists: Callable[[str], bool]
) -> list[dict[str, Any]]:
    """The statements of a resource policy, after the checks that all services make."""
    if document.lstrip()[:1] not in ("{", b"{"):
        raise PolicyError("Policies must be valid JSON and the first byte must be '{'")
    parse(document)
    statements = as_list(load(document)["Statement"])
    if not statements:
        raise PolicyError("Could not parse the policy: Statement is empty!")
    for statement in statements:
        if "Principal" not in statement and "NotPrincipal" not in statement:
            raise PolicyError("Missing required field Principal")
        if "NotPrincipal" in statement and statement["Effect"] == "Allow":
            raise PolicyError("Allow with NotPrincipal is not allowed.")
        if not all(_valid_principal(name, principal_exists) for name in _aws_principals(statement)):
            raise PolicyError("Invalid principal in policy")
        actions = _one_of(statement, "Action")
        if not all(action == "*" or action.lower().startswith(f"{service}:") for action in actions):
            raise PolicyError("Policy has invalid action")
    return statements


def _one_of(statement: dict[str, Any], name: str) -> list[Any]:
    """The values of an element or of its negation."""
    return as_list(statement.get(name, statement.get(f"Not{name}")))


def _aws_principals(statement: dict[str, Any]) -> list[str]:
    (element,) = _one_of(statement, "Principal")
    return as_list(element.get("AWS", [])) if isinstance(element, dict) else []


def _valid_principal(name: str, exists: Callable[[str], bool]) -> bool:
    if not _PRINCIPAL.fullmatch(name):
        return False
    return exists(name) if re.search(r":iam::\d{12}:(user|role)/", name) else True
