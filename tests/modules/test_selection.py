"""Which accounts the options of the sweeping modules select, and what they refuse."""

from __future__ import annotations

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._aws import organizations
from support.run_module import run

from breakglass_aws.sandbox import Box

MANAGEMENT, SECURITY, PAYMENTS, LEGACY, LAKE = (
    "111122223333",
    "222233334444",
    "333344445555",
    "444455556666",
    "012345678901",
)
REPORTS, CLOSED = "555566667777", "666677778888"
# The modules that select accounts, with what else they need.
MODULES = {
    "root_credentials_info": {},
    "root_credentials": {},
    "organization_account_info": {"include": []},
    "organization_access_role_info": {},
    "organization_access_role": {},
    "resource_policy_lockout_info": {"services": ["s3"]},
    "root_activity_info": {},
}


def audit(box: Box, **options) -> dict:
    return run("root_credentials_info", environment=box.environment("operator"), **options)


def worked_on(result: dict) -> set[str]:
    assert not result["failed"], result["msg"]
    return {entry["account_id"] for entry in result["accounts"] if entry["outcome"] != "skipped"}


def calls(box: Box) -> list[str]:
    return [event["operation"] for event in box.events()]


def tag(box: Box, account_id: str, **tags: str) -> None:
    entries = [{"Key": key, "Value": value} for key, value in tags.items()]
    box.client("organizations", "operator").tag_resource(ResourceId=account_id, Tags=entries)


def unit_id(box: Box, *path: str) -> str:
    client = box.client("organizations", "operator")
    found = client.list_roots()["Roots"][0]["Id"]
    for name in path:
        units = client.list_organizational_units_for_parent(ParentId=found)["OrganizationalUnits"]
        found = next(unit["Id"] for unit in units if unit["Name"] == name)
    return found


@pytest.mark.parametrize("given", ["Workloads/Production", "/Workloads/Production/", "Root/Workloads/Production"])
def test_an_ou_is_named_by_its_path(sandbox, given):
    assert worked_on(audit(sandbox, organizational_units=[given])) == {PAYMENTS, LAKE}


def test_an_ou_has_the_accounts_of_the_ous_below_it(sandbox):
    below = worked_on(audit(sandbox, organizational_units=["Workloads"]))
    assert {PAYMENTS, LAKE, LEGACY, REPORTS} <= below
    assert not below & {MANAGEMENT, SECURITY}


def test_an_ou_by_id_takes_no_call_but_the_listing(sandbox):
    since_asked = unit_id(sandbox, "Workloads", "Production")
    before = len(sandbox.events())
    assert worked_on(audit(sandbox, organizational_units=[since_asked])) == {PAYMENTS, LAKE}
    listing = {one["operation"] for one in sandbox.events()[before:] if one["service"] == "organizations"}
    assert listing == {"DescribeOrganization", "ListAccounts"}


def test_without_paths_in_the_listing_the_subtree_is_walked(sandbox, monkeypatch):
    seen = organizations._account
    monkeypatch.setattr(organizations, "_account", lambda entry: seen({**entry, "Paths": []}))
    with_paths = worked_on(audit(sandbox, organizational_units=["Workloads/Production"]))
    assert with_paths == {PAYMENTS, LAKE}
    assert "ListAccountsForParent" in calls(sandbox)
    assert {PAYMENTS, LAKE, LEGACY} <= worked_on(audit(sandbox, organizational_units=[unit_id(sandbox, "Workloads")]))


def test_the_root_is_the_whole_organization(sandbox):
    everything = audit(sandbox, all_accounts=True)
    by_root = audit(sandbox, organizational_units=[unit_id(sandbox)])
    assert {entry["account_id"] for entry in by_root["accounts"]} == {
        entry["account_id"] for entry in everything["accounts"]
    }


def test_an_ou_whose_name_has_a_slash_is_found(sandbox):
    client = sandbox.client("organizations", "operator")
    workloads = unit_id(sandbox, "Workloads")
    unit = client.create_organizational_unit(ParentId=workloads, Name="Old/New")["OrganizationalUnit"]["Id"]
    legacy = unit_id(sandbox, "Workloads", "Legacy")
    client.move_account(AccountId=LEGACY, SourceParentId=legacy, DestinationParentId=unit)
    assert worked_on(audit(sandbox, organizational_units=["Workloads/Old/New"])) == {LEGACY}


def test_two_ous_of_one_path_are_refused_with_their_ids(sandbox):
    client = sandbox.client("organizations", "operator")
    root = unit_id(sandbox)
    one = client.create_organizational_unit(ParentId=root, Name="Workloads/Production")["OrganizationalUnit"]["Id"]
    result = audit(sandbox, organizational_units=["Workloads/Production"])
    assert result["failed"]
    assert one in result["fix"]
    assert unit_id(sandbox, "Workloads", "Production") in result["fix"]
    assert "AssumeRoot" not in calls(sandbox)


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("Workloads/Prodution", "Did you mean Workloads/Production?"),
        ("workloads", "Did you mean Workloads?"),
        ("Workloadz/Production", "Did you mean Workloads?"),
        ("Root/Workloads/Tst", "Did you mean Workloads/Test?"),
        ("Workloads/Zzzzzz", "which has Divested, Legacy, Production, Test"),
        ("/", "the ID or the path of an OU"),
        ("ou-zzzz-99999999", "no OU of this ID"),
        ("r-zzzz", "no OU of this ID"),
    ],
)
def test_an_unknown_ou_is_refused_with_the_nearest_one(sandbox, given, hint):
    result = audit(sandbox, organizational_units=[given])
    assert result["failed"]
    assert "organizational_units" in result["cause"]
    assert repr(given) in result["cause"]
    assert hint in result["fix"]
    assert result["fix"].endswith("?" if "Did you mean" in hint else ".")
    assert "AssumeRoot" not in calls(sandbox)


def test_a_mistyped_ou_id_is_answered_with_the_nearest_id(sandbox):
    right = unit_id(sandbox, "Workloads", "Production")
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    assert f"Did you mean {right}?" in audit(sandbox, organizational_units=[wrong])["fix"]


def test_accounts_are_selected_by_tags(sandbox):
    tag(sandbox, LEGACY, team="web", stage="prod")
    tag(sandbox, LAKE, team="data", stage="prod")
    tag(sandbox, REPORTS, team="data", stage="test")
    assert worked_on(audit(sandbox, account_tags={"team": "data"})) == {LAKE, REPORTS}
    assert worked_on(audit(sandbox, account_tags={"team": "data", "stage": "prod"})) == {LAKE}
    assert worked_on(audit(sandbox, account_tags={"team": ["data", "web"]})) == {LEGACY, LAKE, REPORTS}
    assert worked_on(audit(sandbox, account_tags={"stage": None})) == {LEGACY, LAKE, REPORTS}
    within = audit(sandbox, account_tags={"stage": None}, organizational_units=["Workloads/Test"])
    assert worked_on(within) == {REPORTS}


def test_tags_are_read_only_of_the_accounts_in_the_ous(sandbox):
    tag(sandbox, LAKE, team="data")
    before = len(sandbox.events())
    audit(sandbox, account_tags={"team": "data"}, organizational_units=["Workloads/Production"])
    assert [event["operation"] for event in sandbox.events()[before:]].count("ListTagsForResource") == 2


def test_an_unknown_tag_key_is_refused_with_the_nearest_one(sandbox):
    tag(sandbox, LEGACY, CostCenter="4711")
    result = audit(sandbox, account_tags={"costcentre": "4711"})
    assert result["failed"]
    assert "'costcentre'" in result["cause"]
    assert "Did you mean CostCenter?" in result["fix"]
    assert "AssumeRoot" not in calls(sandbox)


def test_an_unknown_tag_value_selects_nothing_and_names_the_nearest_one(sandbox):
    tag(sandbox, LEGACY, stage="production")
    result = audit(sandbox, account_tags={"stage": "prodution"})
    assert result["failed"]
    assert "selection is empty" in result["cause"]
    assert any("Did you mean production?" in str(warning) for warning in result["warnings"])


@pytest.mark.parametrize("value", [4711, True, 1.5, [], ["a", 1], {"a": "b"}])
def test_a_tag_that_is_no_text_is_refused(sandbox, value):
    tag(sandbox, LEGACY, stage="production")
    result = audit(sandbox, account_tags={"stage": value})
    assert result["failed"]
    assert "account_tags" in result["cause"]
    assert "in quotes" in result["fix"]
    assert "AssumeRoot" not in calls(sandbox)


def test_states_leave_other_accounts_out_with_the_reason(sandbox):
    result = audit(sandbox, all_accounts=True, account_states=["ACTIVE"])
    assert CLOSED not in worked_on(result)
    reasons = {one["account_id"]: one["reason"] for one in result["selection"]["left_out"]}
    assert reasons[CLOSED] == "The account's state is SUSPENDED; account_states selects ACTIVE."
    assert reasons[MANAGEMENT] == "The management account is never a target."
    assert result["selection"]["selected"] == len(worked_on(result))


def test_excluded_accounts_are_left_out_with_the_reason(sandbox):
    result = audit(sandbox, organizational_units=["Workloads"], exclude_accounts=[LEGACY, PAYMENTS])
    assert not worked_on(result) & {LEGACY, PAYMENTS}
    skipped = {entry["account_id"]: entry["reason"] for entry in result["accounts"] if entry["outcome"] == "skipped"}
    assert skipped == dict.fromkeys((LEGACY, PAYMENTS), "The account is in exclude_accounts.")


def test_an_exclusion_that_is_no_account_is_refused(sandbox):
    result = audit(sandbox, all_accounts=True, exclude_accounts=["444455556667"])
    assert result["failed"]
    assert "exclude_accounts" in result["cause"]
    assert f"Did you mean {LEGACY}?" in result["fix"]
    named = audit(sandbox, account_ids=[LEGACY], exclude_accounts=[PAYMENTS])
    assert named["failed"]
    assert "AssumeRoot" not in calls(sandbox)


def test_duplicates_are_listed_and_done_once(sandbox):
    result = audit(sandbox, account_ids=[LEGACY, LAKE, LEGACY])
    assert [one["account_id"] for one in result["selection"]["duplicates"]] == [LEGACY]
    assert calls(sandbox).count("AssumeRoot") == 2
    overlapping = audit(sandbox, organizational_units=["Workloads", "Workloads/Production"])
    assert {one["account_id"] for one in overlapping["selection"]["duplicates"]} == {PAYMENTS, LAKE}
    assert {one["reason"] for one in overlapping["selection"]["duplicates"]} == {
        "It is in several of the OUs: Workloads, Workloads/Production."
    }


def test_protected_accounts_in_an_ou_are_left_out(sandbox):
    options = {"organizational_units": ["Workloads/Legacy"], "protected_accounts": [LEGACY]}
    result = run("root_credentials", environment=sandbox.environment("operator"), **options)
    assert result["failed"]
    assert "1 left out: The account is in protected_accounts." in result["cause"]
    result = run("root_credentials", environment=sandbox.environment("operator"), allow_empty_selection=True, **options)
    assert not result["failed"]
    assert result["summary"] == {"skipped": 1}
    assert "AssumeRoot" not in calls(sandbox)


@pytest.mark.parametrize("name", [name for name in MODULES if name != "organization_account_info"])
def test_an_empty_selection_fails_unless_it_is_allowed(sandbox, name):
    """An OU with nothing but a suspended account: no account is read, and that must not look like a clean one."""
    environment = sandbox.environment("operator")
    options = {**MODULES[name], "organizational_units": ["Suspended"]}
    result = run(name, environment=environment, **options)
    assert result["failed"]
    assert "The selection is empty: organizational_units=['Suspended']" in result["cause"]
    assert "allow_empty_selection=true" in result["fix"]
    assert [one["account_id"] for one in result["selection"]["left_out"]] == [CLOSED]
    allowed = run(name, environment=environment, allow_empty_selection=True, **options)
    assert not allowed["failed"], allowed["msg"]
    assert [(entry["account_id"], entry["outcome"]) for entry in allowed["accounts"]] == [(CLOSED, "skipped")]


@pytest.mark.parametrize("name", MODULES)
def test_every_module_takes_the_selection(sandbox, name):
    tag(sandbox, LAKE, team="data")
    result = run(
        name,
        environment=sandbox.environment("operator"),
        check_mode=True,
        organizational_units=["Workloads/Production", "Workloads/Legacy"],
        account_tags={"team": "data"},
        account_states=["ACTIVE"],
        **MODULES[name],
    )
    assert [entry["account_id"] for entry in result["accounts"]] == [LAKE]
    assert result["selection"] == {"selected": 1, "left_out": [], "duplicates": []}


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"account_ids": [LEGACY], "organizational_units": ["Workloads"]}, "organizational_units"),
        ({"account_ids": [LEGACY], "account_tags": {"team": "x"}}, "account_tags"),
        ({"account_ids": [LEGACY], "account_states": ["ACTIVE"]}, "account_states"),
        ({"all_accounts": True, "organizational_units": ["Workloads"]}, "all_accounts"),
        ({"organizational_units": []}, "organizational_units"),
        ({"all_accounts": True, "account_tags": {}}, "account_tags"),
        ({"all_accounts": True, "account_states": []}, "account_states"),
        ({"account_states": ["ACTIVE"]}, "account_ids"),
        ({"exclude_accounts": [LEGACY]}, "account_ids"),
    ],
)
def test_contradictions_are_refused_before_any_call(sandbox, options, named):
    result = audit(sandbox, **options)
    assert result["failed"]
    assert f"Invalid value for {named}" in result["cause"]
    assert sandbox.events() == []


def test_tags_that_cannot_be_read_end_the_task(sandbox):
    """Which accounts are selected is not known then: neither none nor all of them."""
    sandbox.add_fault("server_error", operation="ListTagsForResource")
    result = audit(sandbox, account_tags={"team": "data"})
    assert result["failed"]
    assert "listing the tags" in result["cause"]
    assert "AssumeRoot" not in calls(sandbox)
