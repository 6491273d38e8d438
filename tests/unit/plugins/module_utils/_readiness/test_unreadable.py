"""What could not be read, with no wider a statement than is needed."""

from __future__ import annotations

import json

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.unreadable import Readings, combined
from botocore.exceptions import ClientError


def test_the_statement_for_sessions_grants_the_tasks_that_are_opened_and_no_others() -> None:
    denied = {"Error": {"Code": "AccessDenied", "Message": "no"}}
    error = BreakglassError("The caller may not call sts:AssumeRoot.", "Allow it.", "AccessDenied")
    error.__cause__ = ClientError(denied, "AssumeRoot")
    readings = Readings()
    arns = [v.AUDIT_ROOT_CREDENTIALS.policy_arn("aws"), v.UNLOCK_S3_BUCKET.policy_arn("aws")]
    readings.note_session("buckets", error, arns)
    [entry] = readings.unread
    assert entry["permission"] == "sts:AssumeRoot"
    statement = json.loads(entry["statement"])
    assert statement["Resource"] == "arn:aws:iam::*:root"
    assert statement["Condition"] == {"StringEquals": {"sts:TaskPolicyArn": arns}}


def entry(what: str, permission: str | None, reason: str, fix: str = "Fix it.") -> dict[str, str | None]:
    return {"what": what, "permission": permission, "statement": permission, "reason": reason, "fix": fix}


def test_each_permission_is_named_once_with_all_that_is_not_known_for_want_of_it() -> None:
    read_unit, open_session = "organizations:DescribeOrganizationalUnit", "sts:AssumeRoot"
    shared = [entry("policies", read_unit, f"AWS refused reading OU {number}.") for number in range(3)]
    credentials, buckets = entry("root credentials", open_session, "No."), entry("buckets", open_session, "No.")
    accounts = [[entry("organizational unit", read_unit, "No."), credentials, buckets], [buckets]]
    found = combined(shared, accounts)
    assert [(one["what"], one["permission"], one["accounts"]) for one in found] == [
        ("policies, organizational unit", read_unit, None),
        ("root credentials, buckets", open_session, 2),
    ]


def test_other_causes_are_named_once_each() -> None:
    slow, denied = entry("buckets", None, "Throttled.", "Wait."), entry("buckets", None, "Denied.", "Exempt it.")
    unexplained = [entry("queues", None, reason, "") for reason in ("One.", "Two.")]
    found = combined([], [[slow, *unexplained], [slow], [denied]])
    assert [(one["what"], one["reason"], one["accounts"]) for one in found] == [
        ("buckets", "Throttled.", 2),
        ("queues", "One.", 1),
        ("queues", "Two.", 1),
        ("buckets", "Denied.", 1),
    ]
