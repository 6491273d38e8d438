from __future__ import annotations

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._root_access import steps
from hypothesis import assume, given
from hypothesis import strategies as st

ACCOUNTS = ("222233334444", "333344445555", "444455556666")


@st.composite
def states(draw) -> steps.State:
    on = draw(st.booleans())
    features = {feature: draw(st.booleans()) if on else None for feature in v.FEATURES}
    return steps.State(on, features, tuple(draw(st.sets(st.sampled_from(ACCOUNTS), max_size=2))))


@st.composite
def declarations(draw) -> steps.Desired:
    features = {feature: draw(st.booleans()) for feature in draw(st.sets(st.sampled_from(sorted(v.FEATURES))))}
    wanted = steps.Desired(
        draw(st.none() | st.booleans()), features, draw(st.none() | st.just("") | st.sampled_from(ACCOUNTS))
    )
    assume(not (wanted.trusted_access is False and (any(features.values()) or wanted.delegated_administrator)))
    return wanted


@given(states(), declarations())
def test_the_steps_lead_to_what_is_declared_and_leave_the_rest_alone(state, desired):
    plan = steps.plan(state, desired)
    end = plan[-1].becomes if plan else state
    if desired.trusted_access is not None:
        assert end.trusted_access is desired.trusted_access
    for feature, wanted in desired.features.items():
        assert end.features[feature] is wanted or (not wanted and not end.trusted_access)
    if desired.delegated_administrator is None:
        assert end.delegates == state.delegates
    else:
        assert list(end.delegates) == ([desired.delegated_administrator] if desired.delegated_administrator else [])
    untouched = set(v.FEATURES) - set(desired.features)
    assert not any(v.FEATURES[feature] in step.operation for feature in untouched for step in plan)
    assert steps.plan(end, desired) == []


@given(states(), declarations())
def test_the_order_is_the_one_aws_demands(state, desired):
    assume(state.trusted_access or desired.trusted_access or not (desired.features or desired.delegated_administrator))
    assume(not (desired.trusted_access is False and state.delegates and desired.delegated_administrator is None))
    now = state
    for step in steps.plan(state, desired):
        if step.operation == "DisableAWSServiceAccess":
            assert not now.delegates
        elif step.operation == "RegisterDelegatedAdministrator":
            assert now.trusted_access
            assert not now.delegates
        elif "Organizations" in step.operation:
            assert now.trusted_access
        now = step.becomes
        assert step.confirmed(now)
        assert not step.confirmed(state)


@given(states(), declarations())
def test_only_turning_off_warns_and_only_features_can_be_turned_off_by_a_delegate(state, desired):
    for step in steps.plan(state, desired):
        assert bool(step.warning) == step.operation.startswith("Disable")
        assert step.by_delegate == step.operation.startswith("DisableOrganizations")
