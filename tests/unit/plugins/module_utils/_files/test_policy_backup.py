from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._files import policy_backup
from ansible_collections.breakglass.aws.plugins.module_utils._files.policy_backup import BackupError
from hypothesis import given, settings
from hypothesis import strategies as st

ACCOUNT, BUCKET = "333344445555", "arn:aws:s3:::ledger"
POLICY = '{ "Version":"2012-10-17", "Statement":[] }\n'


def taken(policy: str = POLICY) -> policy_backup.Backup:
    return policy_backup.take(ACCOUNT, "eu-west-1", BUCKET, policy)


def test_what_was_written_is_read(tmp_path):
    backup = taken()
    path = policy_backup.write(backup, str(tmp_path / "a" / "b"))
    assert policy_backup.read(path) == backup
    assert policy_backup.read_for(path, ACCOUNT, BUCKET) == backup
    assert backup.policy == POLICY
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
    assert os.path.basename(path).startswith("ledger-20")


@settings(deadline=None)
@given(st.text())
def test_any_text_survives(tmp_path_factory, text):
    path = policy_backup.write(taken(text), str(tmp_path_factory.getbasetemp() / "any"))
    assert policy_backup.read(path).policy == text


def test_the_mode_does_not_depend_on_the_umask(tmp_path):
    old = os.umask(0)
    try:
        path = policy_backup.write(taken(), str(tmp_path / "new"))
    finally:
        os.umask(old)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_the_same_backup_twice_is_two_files(tmp_path):
    backup = taken()
    paths = {policy_backup.write(backup, str(tmp_path)) for number in range(20)}
    assert len(paths) == 20
    assert {str(path) for path in tmp_path.iterdir()} == paths


def test_nothing_is_ever_overwritten(tmp_path, monkeypatch):
    monkeypatch.setattr(policy_backup.secrets, "token_hex", lambda size: "same")
    path = policy_backup.write(taken(), str(tmp_path))
    text = Path(path).read_text()
    with pytest.raises(BackupError, match="exists"):
        policy_backup.write(taken(), str(tmp_path))
    assert Path(path).read_text() == text
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_full_disk_leaves_no_file_and_says_so(tmp_path, monkeypatch, failing):
    def fail(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(policy_backup.os, failing, fail)
    with pytest.raises(BackupError, match="No space left on device") as caught:
        policy_backup.write(taken(), str(tmp_path))
    assert "Nothing was changed" in caught.value.fix
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_forgets_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(policy_backup, "read", lambda path: taken("something else"))
    with pytest.raises(BackupError, match="does not read back"):
        policy_backup.write(taken(), str(tmp_path))


def test_a_file_is_no_directory(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    for directory in (file, file / "below"):
        with pytest.raises(BackupError, match="ot a directory"):
            policy_backup.would_be_writable(str(directory))
        with pytest.raises(BackupError):
            policy_backup.write(taken(), str(directory))


def test_looking_makes_nothing(tmp_path):
    policy_backup.would_be_writable(str(tmp_path / "a" / "b"))
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_may_not_be_written_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(policy_backup.os, "access", lambda path, mode: False)  # as root everything is writable
    with pytest.raises(BackupError, match="not writable"):
        policy_backup.would_be_writable(str(tmp_path))


ALTERATIONS = {
    "policy": lambda saved: saved.update(policy=saved["policy"] + " "),
    "hash": lambda saved: saved.update(sha256="0" * 64),
    "format": lambda saved: saved.update(format="something/2"),
    "missing": lambda saved: saved.pop("region"),
    "more": lambda saved: saved.update(more="x"),
    "kind": lambda saved: saved.update(policy={"Statement": []}),
}


@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_an_altered_backup_is_refused(tmp_path, alteration):
    path = policy_backup.write(taken(), str(tmp_path))
    saved = json.loads(Path(path).read_text())
    ALTERATIONS[alteration](saved)
    Path(path).write_text(json.dumps(saved))
    with pytest.raises(BackupError):
        policy_backup.read(path)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"x"', "\x00"])
def test_what_is_no_backup_is_refused(tmp_path, content):
    path = tmp_path / "b.json"
    path.write_text(content)
    with pytest.raises(BackupError, match="no backup"):
        policy_backup.read(str(path))
    with pytest.raises(BackupError, match=r"cannot be read|not a plain file"):
        policy_backup.read(str(tmp_path))


@pytest.mark.parametrize(("account_id", "resource"), [("111122223333", BUCKET), (ACCOUNT, f"{BUCKET}2")])
def test_a_backup_of_something_else_is_refused(tmp_path, account_id, resource):
    path = policy_backup.write(taken(), str(tmp_path))
    with pytest.raises(BackupError, match=f"not of {resource} in account {account_id}"):
        policy_backup.read_for(path, account_id, resource)


@pytest.mark.parametrize("mode", [0o622, 0o666, 0o660])
def test_a_backup_that_others_may_change_is_refused(tmp_path, mode):
    path = policy_backup.write(taken(), str(tmp_path))
    os.chmod(path, mode)
    with pytest.raises(BackupError, match=rf"mode 0{mode:o}.*chmod 600"):
        policy_backup.read(path)
    os.chmod(path, 0o644)  # as a copy from a ticket has it
    assert policy_backup.read(path) == policy_backup.read(path)


def test_a_backup_of_another_user_is_refused(tmp_path, monkeypatch):
    path = policy_backup.write(taken(), str(tmp_path))
    monkeypatch.setattr(policy_backup.os, "geteuid", lambda: 4711)
    os.chown(path, 4712, -1) if os.getuid() == 0 else pytest.skip("only root can give files away")
    with pytest.raises(BackupError, match="belongs to another user"):
        policy_backup.read(path)


def test_a_pipe_and_a_directory_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(BackupError, match="not a plain file"):
            policy_backup.read(str(tmp_path / name))


def test_deep_json_is_no_backup(tmp_path):
    (tmp_path / "deep.json").write_text("[" * 100_000)
    with pytest.raises(BackupError, match="not JSON"):
        policy_backup.read(str(tmp_path / "deep.json"))


def test_a_backup_with_a_name_twice_is_refused(tmp_path):
    path = policy_backup.write(taken(), str(tmp_path))
    text = Path(path).read_text()
    Path(path).write_text(text.replace('"account_id":', '"account_id": "999999999999", "account_id":', 1))
    with pytest.raises(BackupError, match="account_id twice"):
        policy_backup.read(path)
