"""Names of hosts and groups: whatever accounts, OUs and tags are called, nothing is selected by it."""

from __future__ import annotations

import re

import pytest
from ansible.inventory.group import to_safe_group_name
from ansible.inventory.manager import InventoryManager, split_host_pattern
from ansible.parsing.dataloader import DataLoader
from ansible_collections.breakglass.aws.plugins.module_utils._accounts import inventory_names as names
from hypothesis import given
from hypothesis import strategies as st

IDS = st.from_regex(r"[0-9]{12}", fullmatch=True)
TEXTS = st.one_of(
    st.text(max_size=20),
    st.text("aA1-_ ,:[]!&~*?.@{}/\n\x1b\u202e", max_size=8),
    st.sampled_from(["all", "ALL", "ungrouped", "localhost", "ou_root", "state_active", "Log Archive", "111122223333"]),
)


@given(TEXTS)
def test_a_group_name_is_what_ansible_makes_of_it(text):
    name = names.safe_group_name(f"ou_{text}")
    assert re.fullmatch(r"\w+", name, re.ASCII)
    assert to_safe_group_name(name, force=True) == name


@given(st.dictionaries(st.from_regex(r"ou-[a-z0-9]{4}-[a-z0-9]{8}", fullmatch=True), st.lists(TEXTS, min_size=1)))
def test_no_two_ous_share_a_group_and_none_has_that_of_the_root(paths):
    found = names.unit_groups(paths)
    assert len({names.ROOT_GROUP, *found.of.values()}) == len(paths) + 1
    assert bool(found.shared) == any(name.endswith(unit_id.replace("-", "_")) for unit_id, name in found.of.items())


def test_an_ou_named_as_another_with_its_id_gets_no_share_of_it():
    paths = {"ou-ab12-11111111": ["A-B"], "ou-ab12-22222222": ["A", "B"], "ou-ab12-33333333": ["A_B_ou_ab12_11111111"]}
    found = names.unit_groups(paths)
    assert sorted(found.of.values()) == [
        "ou_a_b_ou_ab12_11111111",
        "ou_a_b_ou_ab12_11111111_ou_ab12_33333333",
        "ou_a_b_ou_ab12_22222222",
    ]
    assert found.shared == ["ou_a_b", "ou_a_b_ou_ab12_11111111"]


@given(st.sets(st.tuples(TEXTS, TEXTS)))
def test_no_two_tags_share_a_group(tags):
    assert len(set(names.tag_groups(tags).of.values())) == len(tags)


@given(st.dictionaries(IDS, TEXTS))
def test_no_two_accounts_share_a_group(accounts):
    assert len(set(names.account_groups(accounts).of.values())) == len(accounts)


@given(st.dictionaries(IDS, TEXTS, min_size=1), st.sets(TEXTS))
def test_a_host_name_matches_one_host_and_no_group(accounts, groups):
    hosts, refused = names.hosts_by_name(accounts, groups)
    assert len({host.lower() for host in hosts.values()}) == len(accounts)
    inventory = InventoryManager(DataLoader(), sources=None)
    for account_id, host in hosts.items():
        assert host == (account_id if account_id in refused else accounts[account_id])
        assert host not in groups
        assert split_host_pattern(host) == [host]
        inventory._inventory.add_host(host)
    for host in hosts.values():
        assert [found.name for found in inventory.get_hosts(host)] == [host]


@pytest.mark.parametrize(
    "name", ["a b", "a,b", "a:b", "a[1]", "~a", "!a", "&a", "a*", "a?", "@a", "", "1", "all", "Zürich"]
)
def test_a_name_that_patterns_read_otherwise_is_refused(name):
    assert names.hosts_by_name({"333344445555": name}, ())[0] == {"333344445555": "333344445555"}
