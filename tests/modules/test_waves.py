"""root_credentials in waves, seen from outside: what is changed or not reached, and what an approved plan binds."""

from __future__ import annotations

import pytest
from support.run_module import run

from breakglass_aws.sandbox import Box

LEGACY, LAKE, REPORTS, VAULT = "444455556666", "012345678901", "555566667777", "777788889999"
EVERYWHERE = {"all_accounts": True, "protected_accounts": [VAULT], "recently_used_days": 0}

pytestmark = pytest.mark.usefixtures("no_waiting")


def remove(box: Box, *, check_mode: bool = False, **options) -> dict:
    return run(
        "root_credentials",
        check_mode=check_mode,
        environment=box.environment("operator"),
        **{**EVERYWHERE, **options},
    )


def sessions(box: Box, since: int = 0) -> list[str]:
    """The accounts in which root sessions were opened, in their order."""
    return [event["resource"].split(":")[4] for event in box.events()[since:] if event["operation"] == "AssumeRoot"]


def with_credentials(box: Box) -> set[str]:
    return {account for account, root in box.snapshot()["root_users"].items() if any(root.values())}


def written(box: Box) -> set[str]:
    return {event["account"] for event in box.events() if event["write"] and event["service"] == "iam"}


def test_a_plan_has_its_waves_and_the_act_keeps_to_them(sandbox):
    plan = remove(sandbox, check_mode=True, waves=["1", "2"])
    assert not plan["failed"], plan["msg"]
    planned = plan["plan_waves"]
    assert [len(wave) for wave in planned[:2]] == [1, 2]
    assert [one for wave in planned for one in wave] == [
        entry["account_id"] for entry in plan["accounts"] if entry["changed"]
    ]
    since = len(sandbox.events())
    act = remove(sandbox, waves=["1", "2"], approved_items=plan["plan_items"])
    assert [wave["account_ids"] for wave in act["waves"]] == planned
    assert act["stopped"] == ""
    opened = sessions(sandbox, since)
    assert opened[: len(planned[0])] == planned[0]
    assert set(opened[: sum(map(len, planned))]) == {one for wave in planned for one in wave}
    assert not with_credentials(sandbox) & {one for wave in planned for one in wave}


def test_a_canary_that_cannot_be_cleaned_protects_the_others(sandbox):
    before = with_credentials(sandbox)
    canary = remove(sandbox, check_mode=True, waves=["1"])["plan_waves"][0][0]
    sandbox.add_fault("server_error", operation="DeactivateMFADevice")
    sandbox.add_fault("server_error", operation="DeleteLoginProfile")
    sandbox.add_fault("server_error", operation="DeleteAccessKey")
    plan = remove(sandbox, check_mode=True)
    result = remove(sandbox, waves=["1", "5"], approved_items=plan["plan_items"])
    assert result["failed"]
    assert "The run stopped in wave 1" in result["cause"]
    outcomes = {entry["account_id"]: entry["outcome"] for entry in result["accounts"]}
    assert outcomes[canary] in ("failed", "unverified")
    changing = {item["account_id"] for item in plan["plan_items"]}
    assert {outcomes[one] for one in changing - {canary}} == {"not_reached"}
    assert with_credentials(sandbox) == before
    assert written(sandbox) <= {canary}
    assert len(result["waves"]) == 1
    assert "max_failures is 0" in result["stopped"]

    sandbox.clear_faults()
    again = remove(sandbox, waves=["1", "5"], approved_items=plan["plan_items"])
    assert not again["failed"], again["msg"]
    assert not with_credentials(sandbox) & changing


def test_a_limit_is_part_of_the_plan(sandbox):
    everything = remove(sandbox, check_mode=True)
    plan = remove(sandbox, check_mode=True, max_accounts=1)
    [first] = {item["account_id"] for item in plan["plan_items"]}
    assert plan["plan_waves"] == [[first]]
    assert first == everything["plan_waves"][0][0]
    assert plan["summary"]["not_reached"] == len(everything["plan_waves"][0]) - 1
    act = remove(sandbox, max_accounts=1, approved_items=plan["plan_items"])
    assert not act["failed"], act["msg"]
    assert written(sandbox) == {first}


def test_a_limit_without_a_plan_changes_no_more_accounts_and_says_so(sandbox):
    result = remove(sandbox, max_accounts=2)
    assert not result["failed"], result["msg"]
    assert len(written(sandbox)) == 2
    assert sum(entry["changed"] for entry in result["accounts"]) == 2
    unreached = [entry for entry in result["accounts"] if entry["outcome"] == "not_reached"]
    assert result["summary"]["not_reached"] == len(unreached) > 0
    assert any("max_accounts" in str(warning) for warning in result["warnings"])
    assert "max_accounts" in result["stopped"]
    for entry in unreached:
        assert entry["before"] is None
        assert "max_accounts" in entry["reason"]


def test_a_journal_carries_a_limited_run_on(sandbox, tmp_path):
    options = {"max_accounts": 1, "journal": str(tmp_path / "journal.jsonl")}
    done: set[str] = set()
    for _run in range(20):
        result = remove(sandbox, **options)
        new = {entry["account_id"] for entry in result["accounts"] if entry["changed"]}
        assert not new & done
        done |= new
        if not result["summary"].get("not_reached"):
            break
    assert with_credentials(sandbox) <= {VAULT, "111122223333"}


@pytest.mark.parametrize(
    ("option", "value"), [("waves", ["0"]), ("waves", []), ("max_failures", "101%"), ("max_accounts", 0)]
)
def test_values_out_of_range_are_refused_before_any_call(sandbox, option, value):
    result = remove(sandbox, **{option: value})
    assert result["failed"]
    assert f"Invalid value for {option}" in result["cause"]
    assert sandbox.events() == []
