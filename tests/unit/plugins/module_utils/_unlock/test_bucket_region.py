from __future__ import annotations

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.bucket_policy import region_of


@pytest.mark.parametrize("entry", [{"Name": "ledger"}, {"Name": "ledger", "BucketRegion": ""}])
def test_an_answer_without_the_region_of_a_bucket_is_explained(entry):
    with pytest.raises(BreakglassError, match="S3 listed bucket ledger without its region") as refused:
        region_of(entry)
    assert "endpoint_url" in refused.value.fix


def test_the_region_is_the_one_that_s3_names():
    assert region_of({"Name": "ledger", "BucketRegion": "eu-west-1"}) == "eu-west-1"
