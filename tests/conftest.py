"""Fixtures all tests share: one sandbox per worker, reset for each test that asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox import Box, in_process


@pytest.fixture(scope="session")
def box() -> Iterator[Box]:
    """The default organization, served for the whole session; tests that change it take `sandbox`."""
    with in_process() as running:
        yield running


@pytest.fixture
def sandbox(box: Box) -> Box:
    """The default organization as it was loaded."""
    box.reset()
    return box
