"""Which objects a statement concerns, against the matching of single objects."""

from __future__ import annotations

from ansible_collections.breakglass.aws.plugins.module_utils._policies.matching import concerns_resource
from ansible_collections.breakglass.aws.plugins.module_utils._policies.objects import ALL, NONE, objects_of
from hypothesis import given
from hypothesis import strategies as st

BUCKET = "arn:aws:s3:::b"
KEYS = st.text("ab/*?", min_size=1, max_size=5)
PATTERNS = st.builds(
    str.__add__, st.sampled_from((BUCKET, f"{BUCKET}/", "arn:aws:s3:::", "*", "")), st.text("ab/*?", max_size=5)
)


@given(st.sampled_from(("Resource", "NotResource")), st.lists(PATTERNS, min_size=1, max_size=3), KEYS)
def test_all_and_none_are_certain_and_each_object_is_in_one_of_them_or_in_some(element, patterns, key):
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", element: patterns}
    concerned = concerns_resource(statement, f"{BUCKET}/{key}")
    found = objects_of(statement, BUCKET)
    assert concerned or found is not ALL
    assert not concerned or found != NONE
