"""The YAML of a model: the sandbox reads what was written, whatever the names in an organization are."""

from __future__ import annotations

import json

from ansible_collections.breakglass.aws.plugins.module_utils._organization_model import yaml_text
from hypothesis import given
from hypothesis import strategies as st

from breakglass_aws.sandbox.organization_file.yaml_source import read

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "null",
        "Yes",
        "1e3",
        "0x1f",
        "012345678901",
        "- a",
        "a: b",
        "a #b",
        "!x",
        "&a",
        "*",
        "{",
        "'",
        '"',
        "\\",
        "~",
        "=",
        "<<",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**11) + 1, 10**11 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(value=st.dictionaries(TEXT, VALUES, min_size=1, max_size=4))
def test_what_is_written_is_read(tmp_path_factory, value):
    file = tmp_path_factory.getbasetemp() / "written.yml"
    file.write_text(yaml_text.block(value), encoding="utf-8")
    found, _ = read(file)
    assert found == json.loads(json.dumps(value))
    assert yaml_text.is_faithful(value)


def test_numbers_that_the_sandbox_reads_as_text_are_found():
    assert not yaml_text.is_faithful({"a": [1.5]})
    assert not yaml_text.is_faithful({"a": 10**11})
    assert yaml_text.is_faithful({"a": [True, 10**11 - 1, None, "x"]})
