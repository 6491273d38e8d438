from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils import _root_user as root_user
from ansible_collections.breakglass.aws.plugins.module_utils import _vocabulary as v
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

ages = st.none() | st.integers(0, 1000)


def moment(days_ago: int | None) -> str | None:
    return None if days_ago is None else root_user.format_time(NOW - timedelta(days=days_ago))


@st.composite
def credentials(draw) -> dict:
    present = draw(st.booleans())
    return {
        v.PASSWORD: {
            "present": present,
            "created": moment(draw(ages)) if present else None,
            "last_used": moment(draw(ages)) if present else None,
        },
        v.ACCESS_KEYS: [
            {
                "id": f"AKIA{number}",
                "status": "Active",
                "created": moment(draw(ages)),
                "last_used": {"date": moment(draw(ages)), "service": None, "region": None},
            }
            for number in range(draw(st.integers(0, 2)))
        ],
        v.SIGNING_CERTIFICATES: [
            {"id": f"CERT{number}", "status": "Active", "created": moment(draw(ages))}
            for number in range(draw(st.integers(0, 2)))
        ],
        v.MFA_DEVICES: [
            {"serial": f"arn:aws:iam::444455556666:mfa/device-{number}", "enabled": moment(draw(ages))}
            for number in range(draw(st.integers(0, 3)))
        ],
    }


kinds = st.sets(st.sampled_from(v.KINDS))
days = st.integers(0, 400)
allowed = st.sets(st.sampled_from(["AKIA0", "AKIA1", v.PASSWORD])).map(frozenset)


@given(credentials(), kinds, days, allowed)
def test_mfa_is_never_planned_to_go_while_a_password_stays(before, kinds, days, allowed):
    plan = root_user.plan_removal(before, kinds, root_user.Guard(NOW, days, allowed))
    after = root_user.without(before, plan)
    if after[v.PASSWORD]["present"]:
        assert after[v.MFA_DEVICES] == before[v.MFA_DEVICES]
    order = [v.KINDS.index(item.kind) for item in plan]
    assert order == sorted(order)


@given(credentials(), kinds, days, allowed)
def test_every_credential_of_the_chosen_kinds_is_accounted_for(before, kinds, days, allowed):
    plan = root_user.plan_removal(before, kinds, root_user.Guard(NOW, days, allowed))
    there = {(kind, id) for kind, ids in root_user.identify(before).items() if kind in kinds for id in ids}
    assert {(item.kind, item.id) for item in plan} == there
    assert all(item.outcome == v.REMOVED or (item.outcome == v.SKIPPED and item.reason) for item in plan)


@given(credentials(), days, allowed)
def test_what_was_used_recently_stays_unless_it_is_named(before, days, allowed):
    plan = root_user.plan_removal(before, v.KINDS, root_user.Guard(NOW, days, allowed))
    outcomes = {item.id: item.outcome for item in plan}
    uses = {key["id"]: key["last_used"]["date"] for key in before[v.ACCESS_KEYS]}
    if before[v.PASSWORD]["present"]:
        uses[v.PASSWORD] = before[v.PASSWORD]["last_used"]
    for id, used in uses.items():
        recent = used is not None and root_user.parse_time(used) > NOW - timedelta(days=days)
        assert outcomes[id] == (v.SKIPPED if recent and id not in allowed else v.REMOVED)


@given(credentials(), kinds, days, allowed)
def test_nothing_is_left_to_do_after_a_removal(before, kinds, days, allowed):
    guard = root_user.Guard(NOW, days, allowed)
    after = root_user.without(before, root_user.plan_removal(before, kinds, guard))
    assert not [item for item in root_user.plan_removal(after, kinds, guard) if item.outcome == v.REMOVED]


@pytest.mark.parametrize(
    ("created", "last_used", "outcome", "told"),
    [
        (400, 89, v.SKIPPED, "Used 89 days ago"),
        (400, 90, v.REMOVED, ""),
        (400, 0, v.SKIPPED, "Used less than a day ago"),
        (400, None, v.REMOVED, ""),
        (5, None, v.REMOVED, "Created 5 days ago and never used."),
    ],
)
def test_the_guard_says_why(created, last_used, outcome, told):
    item = root_user.Guard(NOW, 90).judge(v.ACCESS_KEYS, "AKIA0", moment(created), moment(last_used))
    assert item.outcome == outcome
    assert item.reason.startswith(told)
    assert bool(item.reason) == bool(told)


def test_the_guard_admits_that_certificates_have_no_last_use():
    item = root_user.Guard(NOW, 90).judge(v.SIGNING_CERTIFICATES, "CERT0", moment(5), None)
    assert item.outcome == v.REMOVED
    assert "last used" in item.reason
