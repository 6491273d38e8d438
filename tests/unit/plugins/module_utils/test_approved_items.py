from __future__ import annotations

from ansible_collections.breakglass.aws.plugins.module_utils._approved_items import (
    ApprovedItem,
    check_approved_items,
    show_items,
)
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target
from hypothesis import given
from hypothesis import strategies as st

TARGETS = [Target(Account("444455556666", "web", "ACTIVE")), Target(Account("012345678901", "lake", "ACTIVE"))]
KINDS = {"keys": (str.isalnum, "letters and digits"), "password": (lambda id: id == "password", '"password"')}

items = st.builds(
    ApprovedItem,
    account_id=st.sampled_from([target.account.id for target in TARGETS]),
    kind=st.just("keys"),
    id=st.from_regex(r"[A-Z0-9]{1,8}", fullmatch=True),
    created=st.none() | st.just("2026-01-31T03:00:00Z"),
)


@given(st.lists(items, unique_by=lambda item: item.key))
def test_what_is_shown_of_items_is_accepted_as_the_option(approved):
    shown = show_items(approved)
    assert check_approved_items(shown, KINDS, TARGETS) == tuple(sorted(approved, key=lambda item: item.key))
    assert shown == sorted(shown, key=lambda item: (item["account_id"], item["kind"], item["id"]))


def test_an_empty_list_is_not_the_same_as_no_list():
    assert check_approved_items([], KINDS, TARGETS) == ()
    assert check_approved_items(None, KINDS, TARGETS) is None
