"""What could not be read, with no wider a statement than is needed."""

from __future__ import annotations

import json

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.unreadable import Readings
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
