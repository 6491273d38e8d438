"""What an organization file says of Identity Center and Control Tower, and how it is refused."""

from __future__ import annotations

import pytest

from breakglass_aws.sandbox.organization_file.schema import load
from breakglass_aws.sandbox.organization_file.yaml_source import OrganizationError

MANAGEMENT, MEMBER = "111111111111", "222222222222"


def organization(center=None, **member):
    described = {
        "organization": "o-exampleorg1",
        "management_account": MANAGEMENT,
        "accounts": [{"id": MANAGEMENT, "name": "management"}, {"id": MEMBER, "name": "member", **member}],
    }
    return described if center is None else {**described, "identity_center": center}


def center(**changes):
    return {
        "users": [{"name": "someone"}],
        "permission_sets": {"Administrator": {"policies": ["AdministratorAccess"], "session_duration": "PT2H"}},
        "assignments": [{"user": "someone", "permission_set": "Administrator", "account": MEMBER}],
    } | changes


def test_identity_center_brings_trusted_access():
    assert load(organization()).identity_center() is None
    assert load(organization()).build().trusted_access == {}
    assert list(load(organization(center())).build().trusted_access) == ["sso.amazonaws.com"]


def test_what_is_loaded_is_not_changed_by_use():
    description = load(organization(center()))
    used = description.identity_center()
    used.assignments.clear()
    next(iter(used.permission_sets.values())).managed_policies.clear()
    fresh = description.identity_center()
    assert len(fresh.assignments) == 1
    assert [one.managed_policies for one in fresh.permission_sets.values()] == [
        {"arn:aws:iam::aws:policy/AdministratorAccess": "AdministratorAccess"}
    ]


def test_another_region_has_its_own_path():
    [role] = [
        one
        for one in load(organization(center(region="eu-west-1"))).accounts[MEMBER]["roles"]
        if one["name"].startswith("AWSReservedSSO_")
    ]
    assert role["path"] == "/aws-reserved/sso.amazonaws.com/eu-west-1/"


@pytest.mark.parametrize(
    ("described", "place", "accepted"),
    [
        (organization(control_tower="yes"), "accounts[1].control_tower", "enrolled, not enrolled"),
        (organization(center(users=[{"name": "a b"}])), "identity_center.users[0].name", "a user name"),
        (organization(center(users=[{"name": "a"}, {"name": "a"}])), "identity_center.users[1].name", "not yet in"),
        (organization(center(users=[{}])), "identity_center.users[0]", "'name' is missing"),
        (organization(center(region="Europe")), "identity_center.region", "a Region"),
        (
            organization(center(permission_sets={"A": {"policies": ["NoSuchPolicy"]}})),
            "identity_center.permission_sets.A.policies[0]",
            "the name of an AWS managed policy",
        ),
        (
            organization(center(permission_sets={"A": {"session_duration": "2 hours"}})),
            "identity_center.permission_sets.A.session_duration",
            "PT1H to PT12H",
        ),
        (
            organization(center(permission_sets={"much too long a name, with blanks": {}})),
            "identity_center.permission_sets.much too long a name, with blanks",
            "a name of 1 to 32",
        ),
        (
            organization(
                center(assignments=[{"user": "nobody", "permission_set": "Administrator", "account": MEMBER}])
            ),
            "identity_center.assignments[0].user",
            "someone",
        ),
        (
            organization(center(assignments=[{"user": "someone", "permission_set": "None", "account": MEMBER}])),
            "identity_center.assignments[0].permission_set",
            "Administrator",
        ),
        (
            organization(
                center(
                    assignments=[{"user": "someone", "permission_set": "Administrator", "account": "333333333333"}],
                )
            ),
            "identity_center.assignments[0].account",
            "the ID of an account of this file",
        ),
        (organization(center(groups=[])), "identity_center.groups", "unknown key"),
    ],
)
def test_refusals_name_the_place_and_what_is_accepted(described, place, accepted):
    with pytest.raises(OrganizationError) as caught:
        load(described)
    assert f": {place}: " in str(caught.value)
    assert accepted in str(caught.value)


def test_the_management_account_is_never_enrolled():
    described = organization()
    described["accounts"][0]["control_tower"] = "enrolled"
    with pytest.raises(OrganizationError, match=r"accounts\[0\]\.control_tower: .*member accounts only"):
        load(described)
