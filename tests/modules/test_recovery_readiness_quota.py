"""Readiness in the default organization: an account whose policies leave no room for a quarantine."""

from __future__ import annotations

import json

import pytest
from support.run_module import run

ACCOUNT = "555566667777"
DENIED = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "a4b:*", "Resource": "*"}}


@pytest.mark.parametrize(("policies", "codes"), [(8, []), (9, ["policy_quota"])])  # and FullAWSAccess: AWS allows 10
def test_the_quarantine_needs_room_for_one_more_policy(sandbox, policies, codes):
    client = sandbox.client("organizations", "engineer")
    for number in range(policies):
        policy = client.create_policy(
            Name=f"extra-{number}", Description="", Type="SERVICE_CONTROL_POLICY", Content=json.dumps(DENIED)
        )
        client.attach_policy(PolicyId=policy["Policy"]["PolicySummary"]["Id"], TargetId=ACCOUNT)
    found = run("recovery_readiness_info", environment=sandbox.environment("operator"), account_ids=[ACCOUNT])
    [account] = found["accounts"]
    assert [one["code"] for one in account["recoveries"]["compromised_root_user"]["reasons"]] == codes
