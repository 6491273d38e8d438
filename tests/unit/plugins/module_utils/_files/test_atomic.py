"""Files are written whole or not at all, for their owner alone."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._files import atomic

WRITERS = [atomic.create, atomic.replace]


@pytest.mark.parametrize("write", WRITERS)
def test_a_file_is_its_owners_alone(tmp_path: Path, write: Callable) -> None:
    path = tmp_path / "file"
    write(str(path), b"content")
    assert path.read_bytes() == b"content"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_replacing_replaces_and_creating_does_not(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        atomic.create(str(path), b"new")
    assert path.read_bytes() == b"old"
    atomic.replace(str(path), b"new")
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_full_disk_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable, failing: str
) -> None:
    path = tmp_path / "file"
    if write is atomic.replace:
        path.write_bytes(b"old")
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir()}

    def full(*unused: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic.os, failing, full)
    with pytest.raises(OSError, match="No space left"):
        write(str(path), b"new")
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == before


def test_a_dangling_link_is_a_name_that_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        atomic.create(str(path), b"content")
