"""Every row of the conformance table holds, over HTTP, with unmodified boto3."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from conformance.facts import Fact

from sandbox import Box

_AREAS = sorted(file.stem for file in (Path(__file__).parent / "conformance").glob("*.py"))
ROWS = [
    pytest.param(row, id=f"{area}-{row.check.__name__}")
    for area in _AREAS
    for row in getattr(import_module(f"conformance.{area}"), "FACTS", [])
]


@pytest.mark.parametrize("row", ROWS)
def test_fact(sandbox: Box, row: Fact) -> None:
    row.check(sandbox)
