"""Results with keys of version 0.1 are read under the names of today."""

from __future__ import annotations

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._earlier_names import with_present_names


def test_a_key_with_another_name_keeps_its_value_and_place() -> None:
    entry = {"outcome": "removed", "items": [1], "update": None, "before": {}}
    expected = [("outcome", "removed"), ("credentials", [1]), ("email_update", None), ("before", {})]
    assert [*with_present_names(entry).items()] == expected


def test_what_has_no_other_name_is_not_copied() -> None:
    entry = {"outcome": "removed", "credentials": []}
    assert with_present_names(entry) is entry


@pytest.mark.parametrize("both", [{"items": 1, "credentials": 2}, {"update": 1, "email_update": 2}])
def test_a_key_under_both_names_is_left_as_it_is(both: dict) -> None:
    assert with_present_names(both) == both
