"""The check of modules with other releases of ansible-core, where it cannot run. Where it can, `make lint` runs it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

GATES = Path(__file__).parents[1] / "gates"


@pytest.fixture
def releases(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(GATES))
    import releases

    yield releases
    for name in ("releases", "interpreters"):
        sys.modules.pop(name, None)


def test_a_release_whose_python_is_not_there_is_skipped_aloud(
    releases: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(releases.interpreters, "find", lambda version: None)
    assert releases.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(", because")[0] for line in lines] == [
        "SKIPPED: sanity with ansible-core 2.20",
        "SKIPPED: sanity with ansible-core 2.21",
    ]
    assert "no Python 3.13 or 3.12" in lines[1]


def test_a_failure_with_one_release_fails_it_and_the_others_are_tried(
    releases: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def check(release: str) -> int:
        tried.append(release)
        return int(release == "2.20")

    monkeypatch.setattr(releases, "_check", check)
    assert releases.main([]) == 1
    assert tried == ["2.20", "2.21"]


def test_another_release_is_not_known(releases: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert releases.main(["2.18"]) == 2
    assert "Unknown release: 2.18. Known: 2.20, 2.21." in capsys.readouterr().err


def test_each_release_has_its_pinned_requirements(releases: ModuleType) -> None:
    for release in releases.RELEASES:
        pinned = (GATES.parents[1] / "requirements" / f"core-{release}.txt").read_text(encoding="utf-8")
        assert f"\nansible-core=={release}." in pinned
