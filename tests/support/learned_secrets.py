"""Each test leaves this process with the secrets to hide that it found: unit tests learn words that others expect."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils import _redaction


@contextlib.contextmanager
def forgotten_after() -> Iterator[None]:
    """What is learned in the block is forgotten after it, in this process."""
    secrets = _redaction._process
    before = set(secrets._beginnings), set(secrets._short)
    try:
        yield
    finally:
        with secrets._lock:
            secrets._beginnings, secrets._short = before
            secrets._pattern = None


@pytest.fixture(autouse=True)
def _learned_secrets() -> Iterator[None]:
    with forgotten_after():
        yield
