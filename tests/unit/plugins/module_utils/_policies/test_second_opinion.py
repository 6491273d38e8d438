from __future__ import annotations

import json

import boto3
import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scp_evaluation import Request
from ansible_collections.breakglass.aws.plugins.module_utils._policies.second_opinion import decisions, disagreement
from botocore.stub import Stubber

ROOT = "arn:aws:iam::333344445555:root"
PATH = "o-ours000001/r-ab12/ou-ab12-1/"
ACTIONS = ["iam:GetUser", "s3:PutBucketPolicy"]
REQUESTS = [Request("root_session", ROOT, PATH, action) for action in ACTIONS]
SCP = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {
                "StringLike": {"aws:PrincipalArn": "arn:*:iam::*:root", "aws:SourceVpce": "vpce-1"},
                "ForAnyValue:StringLike": {"AWS:PrincipalOrgPaths": "o-ours000001/*"},
                "Bool": {"aws:AssumedRoot": "false"},
            },
        },
    }
)


@pytest.fixture
def iam():
    return boto3.session.Session().client("iam", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


def simulated(action: str, resource: str) -> dict:
    return {
        "PolicyInputList": ['{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'],
        "OrderedOrganizationPolicyInputList": [
            {"ServiceControlPolicyInputList": []},
            {"ServiceControlPolicyInputList": [SCP]},
        ],
        "ActionNames": [action],
        "ResourceArns": [resource],
        "ContextEntries": [
            {"ContextKeyName": "aws:PrincipalArn", "ContextKeyValues": [ROOT], "ContextKeyType": "string"},
            {"ContextKeyName": "AWS:PrincipalOrgPaths", "ContextKeyValues": [PATH], "ContextKeyType": "stringList"},
            {"ContextKeyName": "aws:AssumedRoot", "ContextKeyValues": ["true"], "ContextKeyType": "boolean"},
        ],
    }


def test_each_resource_is_asked_about_with_the_keys_that_are_known(iam):
    with Stubber(iam) as stub:
        for action, resource in zip(ACTIONS, [ROOT, "arn:aws:s3:::a-bucket-no-policy-names"], strict=True):
            answer = {"EvaluationResults": [{"EvalActionName": action, "EvalDecision": "explicitDeny"}]}
            stub.add_response("simulate_custom_policy", answer, simulated(action, resource))
        assert decisions(iam, [[], [SCP]], REQUESTS) == dict.fromkeys(ACTIONS, "explicitDeny")
        stub.assert_no_pending_responses()


def test_who_may_not_ask_has_no_second_opinion(iam):
    with Stubber(iam) as stub:
        stub.add_client_error("simulate_custom_policy", "AccessDenied", http_status_code=403)
        assert decisions(iam, [[], [SCP]], REQUESTS) is None


def test_another_refusal_is_an_error(iam):
    with Stubber(iam) as stub:
        stub.add_client_error("simulate_custom_policy", "InvalidInput", http_status_code=400)
        with pytest.raises(BreakglassError, match="policy simulator"):
            decisions(iam, [[], [SCP]], REQUESTS)


def test_a_botocore_that_does_not_know_the_parameter_is_not_asked(iam):
    shape = iam.meta.service_model.operation_model("SimulateCustomPolicy").input_shape
    assert shape.members.pop("OrderedOrganizationPolicyInputList")
    with Stubber(iam):  # any call would fail
        assert decisions(iam, [[], [SCP]], REQUESTS) is None


def test_what_is_not_certain_is_no_disagreement():
    found = [{"actions": ["a"], "certain": True}, {"actions": ["b"], "certain": False}]
    simulator = {"a": "allowed", "b": "allowed", "c": "implicitDeny", "d": "allowed"}
    assert disagreement(found, simulator) == {"a": "allowed", "c": "implicitDeny"}
    assert disagreement(found, {"a": "explicitDeny", "b": "explicitDeny"}) == {}
