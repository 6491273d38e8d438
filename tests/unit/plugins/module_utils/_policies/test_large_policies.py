"""No policy that AWS stores makes the analysis slow: it would keep everybody from the recovery of its resource.

Work is counted in steps, not seconds; 10 million steps take about a second. BREAKGLASS_EXAMPLES is ten times the number
of policies that are tried at random.
"""

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._policies import conditions, wildcards
from ansible_collections.breakglass.aws.plugins.module_utils._policies.effects import effects
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import (
    administrators_of,
    resource_of,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scp_evaluation import Request, allows, denials
from ansible_collections.breakglass.aws.plugins.module_utils._unlock import plan as planning
from support import large_policies
from support.large_policies import ACCOUNT, ADMINISTRATORS, BUCKET, LIMITS, QUEUE, WORST, as_text, random_policy

MOST_STEPS = 10_000_000
RANDOM = int(os.environ.get("BREAKGLASS_EXAMPLES", "100")) // 10
PATH = "o-ours000001/r-ab12/ou-ab12-1/"
RESOURCES = {
    "s3": resource_of(BUCKET, ACCOUNT, "o-ours000001", organization_path=PATH, region="eu-west-1"),
    "sqs": resource_of(QUEUE, ACCOUNT, "o-ours000001", organization_path=PATH, region="eu-west-1"),
}


@pytest.fixture(autouse=True)
def _nothing_remembered():
    """Steps are those of a first analysis."""
    for cached in (conditions._prepared, conditions.patterns, conditions._pieces, wildcards.like, wildcards.tokens):
        cached.cache_clear()


def unlock_plan(service: str, policy: dict, administrators: list[str]) -> str:
    """All that an unlock task works out of a policy; what it does to it."""
    resource = RESOURCES[service]
    people = administrators_of(resource, administrators)
    try:
        plan = planning.make(planning.REPAIR, resource, people, as_text(policy), None, "policy_management")
    except BreakglassError as error:
        return f"no repair: {error}"
    effects(plan.before, plan.after, resource, people)
    plan.digest(ACCOUNT, {"name": "ledger"})
    assert plan.is_reached(plan.after_text)
    assert plan.public_statements is not None
    return "repaired" if plan.changes else "left"


def steps_of(service: str, policy: dict, administrators: list[str], most: int = MOST_STEPS) -> tuple[int, str]:
    ended: list[str] = []
    steps = large_policies.steps_of(lambda: ended.append(unlock_plan(service, policy, administrators)), most)
    return steps, ended[0]


# Those that take longer when nobody is named, because the principals that they name are looked at.
NAMING = ("patterns of administrators in each statement", "user names and ARNs", "networks")


@pytest.mark.parametrize(
    ("kind", "administrators"),
    [*((kind, 50) for kind in WORST), *((kind, 0) for kind in NAMING)],
)
def test_the_worst_policies_take_a_bounded_number_of_steps(kind, administrators):
    assert LIMITS["s3"] * 0.6 < len(as_text(WORST[kind])) <= LIMITS["s3"]
    steps, ended = steps_of("s3", WORST[kind], ADMINISTRATORS[:administrators])
    assert steps < MOST_STEPS
    assert ended


@pytest.mark.parametrize(("statements", "end"), [(100, "no repair: "), (60, "repaired")])
def test_a_hundred_guards_are_analysed_for_fifty_administrators(statements, end):
    """The largest policy that is ordinary. Repaired it would not fit; with fewer statements it does."""
    policy = WORST["a hundred guards"]
    assert len(policy["Statement"]) >= 100
    steps, ended = steps_of("s3", {**policy, "Statement": policy["Statement"][:statements]}, ADMINISTRATORS, 2_500_000)
    assert steps > 1000
    assert ended.startswith(end)


@pytest.mark.parametrize("first", range(0, RANDOM, 10))
def test_policies_of_the_search_take_a_bounded_number_of_steps(first):
    ends = set()
    for seed in range(first, first + 10):
        service, policy = random_policy(seed)
        assert len(as_text(policy)) <= LIMITS[service] * 2  # one statement may be too large by itself
        for administrators in ([], ADMINISTRATORS):
            steps, ended = steps_of(service, policy, administrators)
            assert steps < MOST_STEPS, seed
            ends.add(ended.split(":")[0])
    assert ends & {"repaired", "no repair"}


@pytest.mark.parametrize("kind", WORST)
def test_the_worst_service_control_policies_take_a_bounded_number_of_steps(kind):
    found = json.loads(as_text(WORST[kind]))["Statement"]
    listed = found if isinstance(found, list) else [found]
    document = {
        "Version": "2012-10-17",
        "Statement": [{name: value for name, value in one.items() if name != "Principal"} for one in listed],
    }
    answers = []

    def judge():
        for action in ("iam:GetUser", "iam:DeleteLoginProfile", "s3:PutBucketPolicy", "sqs:SetQueueAttributes"):
            request = Request("root_session", f"arn:aws:iam::{ACCOUNT}:root", PATH, action)
            answers.append((len(list(denials(document, request))), allows(document, request)))

    assert large_policies.steps_of(judge, MOST_STEPS // 10) < MOST_STEPS // 10
    assert len(answers) == 4
