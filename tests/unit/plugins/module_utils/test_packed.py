from __future__ import annotations

import contextlib
import io
import json

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._packed import PackedEntries, pack, printed_packed

ENTRIES = [{"account_id": f"{number:012}", "name": "bücher \u202e", "found": [None, True, {}]} for number in range(5)]


def printed(result, hidden=()):
    output = io.StringIO()
    with contextlib.redirect_stdout(output), printed_packed(result, hidden) as shown:
        print("\n" + json.dumps(shown))
    return output.getvalue()


@pytest.mark.parametrize("entries", [[], ENTRIES[:1], ENTRIES])
def test_what_is_printed_is_the_result(entries):
    packed = PackedEntries(map(pack, entries))
    text = printed({"accounts": packed, "summary": {"absent": 5}, "more": packed})
    assert json.loads(text) == {"accounts": entries, "summary": {"absent": 5}, "more": entries}
    assert text.startswith("\n{")
    assert text.endswith("}\n")


def test_a_hidden_value_is_left_to_the_caller():
    with printed_packed({"accounts": PackedEntries(map(pack, ENTRIES))}, ["000000000003"]) as shown:
        assert shown == {"accounts": ENTRIES}


def test_packed_entries_are_a_sequence():
    packed = PackedEntries(map(pack, ENTRIES))
    assert list(packed) == ENTRIES
    assert len(packed) == 5
    assert packed[-1] == ENTRIES[-1]
    assert list(packed[1:3]) == ENTRIES[1:3]
    assert ENTRIES[2] in packed
