from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[4]


def test_the_user_agent_says_the_version_of_the_collection():
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text())
    assert f"{galaxy['namespace']}.{galaxy['name']}" == v.COLLECTION
    assert galaxy["version"] == v.VERSION


@pytest.mark.parametrize("task", v.TASKS.values(), ids=v.TASKS)
def test_the_task_policies_are_those_that_aws_publishes(task):
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    path = json.loads(aws_managed_policies_data)[task.policy]["Path"]
    assert task.policy_arn("aws") == f"arn:aws:iam::aws:policy{path}{task.policy}"
    assert task.policy_arn("aws-us-gov") == task.policy_arn("aws").replace("arn:aws:", "arn:aws-us-gov:")
    assert 0 < task.seconds <= 900


@given(st.lists(st.sampled_from(v.OUTCOMES)))
def test_the_worst_outcome_stands_for_all(outcomes):
    ranks = [v.OUTCOMES.index(outcome) for outcome in outcomes]
    assert v.worst(outcomes) == (v.OUTCOMES[min(ranks)] if ranks else v.ABSENT)
