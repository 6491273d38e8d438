"""Each control in SECURITY.md names tests that exist, and the environment is pinned by hash."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
TESTS = re.findall(r"`(tests/[\w/.-]+\.py)(?:::(\w+))?`", (CHECKOUT / "SECURITY.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("file", "name"), TESTS, ids=[f"{file}::{name}" for file, name in TESTS])
def test_the_named_test_exists(file, name):
    text = (CHECKOUT / file).read_text(encoding="utf-8")
    assert "\ndef test_" in text
    assert not name or f"\ndef {name}(" in text


def test_every_package_of_the_environment_is_pinned_by_hash():
    text = (CHECKOUT / "requirements/dev.txt").read_text(encoding="utf-8")
    requirements = re.split(r"\n(?=\S)", re.sub(r"(?m)^#.*\n", "", text).strip())
    assert len(requirements) > 100
    assert all(re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+ ", entry) and "--hash=sha256:" in entry for entry in requirements)
