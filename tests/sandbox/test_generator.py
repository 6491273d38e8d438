"""Generated organizations: any size, any seed, the same again, and every bad day in the smallest."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.sandbox_cli import one_line, run_sandbox

from breakglass_aws.sandbox.authorization import parse
from breakglass_aws.sandbox.organization_file.generator import LEAST, MOST, generate
from breakglass_aws.sandbox.organization_file.schema import load


def loaded(tmp_path_factory, accounts: int, seed: int = 0):
    file = tmp_path_factory.mktemp("generated") / "organization.yml"
    file.write_text(generate(accounts, seed), encoding="utf-8")
    return load(file)


@settings(max_examples=25, deadline=None)
@given(accounts=st.integers(LEAST, 300), seed=st.integers())
@example(accounts=LEAST, seed=0)
def test_any_size_and_seed_loads_and_comes_again(tmp_path_factory, accounts, seed):
    assert generate(accounts, seed) == generate(accounts, seed)
    description = loaded(tmp_path_factory, accounts, seed)
    organization = description.build()
    assert len(organization.accounts) == accounts
    assert {"operator", "auditor", "nobody", "delegate"} <= description.identities.keys()
    for account in description.accounts.values():
        for thing in (*account["buckets"], *account["queues"]):
            if thing["policy"]:
                parse(json.dumps(thing["policy"]))


def test_another_seed_is_another_organization():
    assert generate(LEAST, 1) != generate(LEAST, 2)


def test_the_smallest_has_every_bad_day(tmp_path_factory):
    description = loaded(tmp_path_factory, LEAST)
    organization = description.build()
    accounts = {account.name: account for account in organization.accounts.values()}
    legacy = accounts["legacy"].root
    assert legacy.password
    assert legacy.access_keys
    assert legacy.signing_certificates
    assert legacy.mfa_devices
    assert accounts["acquired"].joined_method == "INVITED"
    assert accounts["closed-shop"].state == "SUSPENDED"
    assert "lost-role-administrator" not in description.identities
    assert any(identifier.startswith("0") for identifier in organization.accounts)
    [scps] = [level for level in organization.scps(accounts["vault"].id) if any("DenyRootUser" in one for one in level)]
    assert len(scps) == 2
    policies = {
        thing["name"]: json.dumps(thing["policy"])
        for account in description.accounts.values()
        for thing in (*account["buckets"], *account["queues"])
    }
    assert sum("LockedByMistake" in policy for policy in policies.values()) == 1
    assert "StopEverything" in policies["events"]


def test_shares_are_like_those_of_companies(tmp_path_factory):
    """Few keys, many old passwords, a second factor on most; some buckets and queues locked, most not."""
    description = loaded(tmp_path_factory, 1000)
    accounts = list(description.build().accounts.values())
    passwords = [account.root for account in accounts if account.root.password]
    keys = [account for account in accounts if account.root.access_keys]
    assert 250 < len(passwords) < 500
    assert 10 < len(keys) < 100
    assert 0.5 < sum(bool(root.mfa_devices) for root in passwords) / len(passwords) < 0.8
    states = Counter(account.state for account in accounts)
    assert 5 < states["SUSPENDED"] < 50
    assert 25 < sum(account.joined_method == "INVITED" for account in accounts) < 100
    buckets = [bucket for account in description.accounts.values() for bucket in account["buckets"]]
    locks = ("LockedByMistake", "OnlyThroughOurEndpoint", "OnlyFromTheOffice")
    locked = [bucket for bucket in buckets if any(lock in json.dumps(bucket["policy"]) for lock in locks)]
    assert 5 < len(locked) < len(buckets) / 10
    assert sum(bucket["policy"] is None for bucket in buckets) > len(buckets) / 4


@pytest.mark.parametrize("accounts", [LEAST - 1, MOST + 1])
def test_sizes_that_are_none(accounts):
    with pytest.raises(ValueError, match="accepted: 10 to 10000"):
        generate(accounts)


def test_the_command(tmp_path):
    file = tmp_path / "organization.yml"
    assert run_sandbox("generate", "--accounts", "12", "--seed", "-7", "--output", str(file)).returncode == 0
    text = file.read_text(encoding="utf-8")
    assert "# Made by: breakglass sandbox generate --accounts 12 --seed -7\n" in text
    assert run_sandbox("generate", "--accounts", "12", "--seed", "-7").stdout == text


def test_the_command_says_what_it_accepts(tmp_path):
    for wrong in ("9", "10001", "many", "-5", "1e3"):
        result = run_sandbox("generate", f"--accounts={wrong}")
        assert result.returncode == 2
        assert "is not accepted; accepted: 10 to 10000" in result.stderr
    missing = tmp_path / "missing" / "organization.yml"
    text = one_line(run_sandbox("generate", "--accounts", "10", "--output", str(missing)), 2)
    assert text == f"sandbox: {missing}: No such file or directory\n"


@pytest.mark.parametrize("identity", ["operator", "auditor", "delegate", "nobody"])
def test_identities_are_of_the_file(tmp_path_factory, identity):
    description = loaded(tmp_path_factory, LEAST)
    account = description.identities[identity]["account"]
    assert account in description.accounts
