"""Every row of the conformance table holds, over HTTP, with unmodified boto3; and the documentation has it."""

from __future__ import annotations

from collections import Counter

import pytest
from conformance import table
from conformance.facts import Fact

from breakglass_aws.sandbox import Box

ROWS = [pytest.param(row, id=f"{row.check.__module__.rpartition('.')[2]}-{row.check.__name__}") for row in table.rows()]


@pytest.mark.parametrize("row", ROWS)
def test_fact(sandbox: Box, row: Fact) -> None:
    row.check(sandbox)


def test_no_fact_is_there_twice() -> None:
    texts = Counter((row.section, row.text) for row in table.rows())
    assert [text for text, times in texts.items() if times > 1] == []


def test_the_page_is_up_to_date() -> None:
    current = table.PAGE.read_text(encoding="utf-8") if table.PAGE.exists() else ""
    assert current == table.page(), f"{table.PAGE.name} is stale; renew it: {table.COMMAND}"
