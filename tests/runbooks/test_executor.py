"""The executor: what a cell sees in a fork of the server is what it sees in a new process, and nothing stays behind."""

from __future__ import annotations

import contextlib
import os
import re
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from breakglass_aws.engine.collection import ROOT
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.executor import client, module_process
from breakglass_aws.engine.kernel import ansible_play
from breakglass_aws.sandbox import Box

SECRET = "planted-secret-0123456789"


@pytest.fixture
def executor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[client.Executor]:
    """An executor of this test's own, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    made = client.Executor()
    monkeypatch.setattr(client, "EXECUTOR", made)
    yield made
    made.stop()


def run(tasks: str, **variables: Any) -> list[dict[str, Any]]:
    """Run a cell; return the results of its tasks."""
    events: list[Any] = []
    ansible_play.run_tasks(tasks, variables, False, events.append)
    return [event["result"] for event in events if event["event"] != "started"]


def server_of(executor: client.Executor) -> psutil.Process:
    assert executor._server
    return psutil.Process(executor._server._process.pid)


def memory_of(process: psutil.Process) -> bytes:
    """All that a process has in memory that it can write."""
    found = b""
    with open(f"/proc/{process.pid}/maps") as maps, open(f"/proc/{process.pid}/mem", "rb", 0) as memory:
        for line in maps:
            start, end, rights, name = re.match(r"(\w+)-(\w+) (\S+) \S+ \S+ \S+ *(.*)", line).groups()  # type: ignore[union-attr]
            if rights.startswith("rw") and name != "[vvar]":
                memory.seek(int(start, 16))
                found += memory.read(int(end, 16) - int(start, 16))
    return found


SEE = """
- ansible.builtin.command: env
  register: environment_of_task
- ansible.builtin.command: sh -c 'umask; pwd; ulimit -n; cat /proc/self/stat | cut -d" " -f3'
- ansible.builtin.debug:
    msg: "{{ lookup('config', 'DEFAULT_GATHERING') }} {{ lookup('env', 'PLANTED') }} {{ ansible_check_mode }}"
- ansible.builtin.stat:
    path: /
    get_checksum: false
- ansible.builtin.set_fact:
    number: "{{ 40 + 2 }}"
- breakglass.aws.root_access_info:
    account_id: "333344445555"
- breakglass.aws.root_access_info:
    account_id: "12"
  ignore_errors: true
- breakglass.aws.root_access_info:
    no_such_option: 1
  ignore_errors: true
- breakglass.aws.s3_bucket_policy_unlock:
    account_id: "333344445555"
    bucket: payments-ledger-333344445555
    backup_dir: /no/such/folder
  check_mode: true
- ansible.builtin.command: "false"
  ignore_errors: true
"""
# What differs from run to run whatever runs it.
OF_A_RUN = re.compile(
    r"/\S*breakglass-\w+|\b\d{4}-\d\d-\d\d[T ][\d:.Z]+|\b0:00:0\d\.\d+|[0-9a-f]{8}-[0-9a-f-]{27}|BREAKGLASS_EVENTS=\S+"
)


def seen() -> list[Any]:
    results = run(SEE)
    environment = dict(line.partition("=")[::2] for line in results[0].pop("stdout_lines"))
    # Set by the shell that starts a process of its own for a cell, and for a module.
    own = {"PWD", "OLDPWD", "SHLVL", "_", "BREAKGLASS_EVENTS"}
    results[0] = {name: OF_A_RUN.sub("*", value) for name, value in environment.items() if name not in own}
    return [_without_times(result) for result in results]


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        changing = ("start", "end", "delta", "atime", "mtime", "ctime", "expires", "expiration", "access_key_id")
        return {key: _without_times(item) for key, item in value.items() if key not in changing}
    if isinstance(value, list):
        return [_without_times(item) for item in value]
    return OF_A_RUN.sub("*", value) if isinstance(value, str) else value


def test_a_cell_sees_what_it_sees_in_a_new_process(
    executor: client.Executor,
    sandbox: Box,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Twice in forks of one server, before and after a cell that acts; and once in a process of its own."""
    for name, value in {**sandbox.environment("operator"), "PLANTED": "a value"}.items():
        monkeypatch.setenv(name, value)
    first, second = seen(), seen()
    monkeypatch.setattr(client, "SERVER", "breakglass_aws.no_such_module")
    monkeypatch.setattr(client, "EXECUTOR", client.Executor())
    assert "Ansible" not in capfd.readouterr().err
    alone = seen()
    assert "Each cell starts Ansible anew, which takes longer: its server ended while" in capfd.readouterr().err
    assert first == alone
    assert second == alone
    assert alone[5]["ready"] is True
    assert alone[8]["changed"] is True


def test_the_server_gets_no_secret(executor: client.Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither of the environment nor of a cell's variables: not in its memory, not in /proc/PID/environ."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", f"{SECRET}-environment")
    monkeypatch.setenv("ANSIBLE_GALAXY_TOKEN", f"{SECRET}-ansible")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://user:{SECRET}-address@127.0.0.1:9")
    task = "- debug: msg={{ answer | length }}-{{ lookup('env', 'AWS_SECRET_ACCESS_KEY') | length }}\n"
    [result] = run(task, answer=f"{SECRET}-answer")
    assert result["msg"] == f"{len(SECRET) + 7}-{len(SECRET) + 12}"
    server = server_of(executor)
    assert b"ansible" in memory_of(server)  # the search finds what is there
    assert SECRET.encode() not in memory_of(server)
    assert SECRET not in str(server.environ())


def test_configuration_that_changes_between_cells_counts_from_the_next_cell_on(
    executor: client.Executor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    task = "- debug: msg={{ lookup('config', 'DEFAULT_GATHERING') }}\n"
    assert run(task)[0]["msg"] == "implicit"
    first = server_of(executor).pid
    assert run(task)[0]["msg"] == "implicit"
    assert server_of(executor).pid == first
    (tmp_path / "ansible.cfg").write_text("[defaults]\ngathering = smart\n")
    assert run(task)[0]["msg"] == "smart"
    assert not psutil.pid_exists(first)
    monkeypatch.setenv("ANSIBLE_GATHERING", "explicit")
    assert run(task)[0]["msg"] == "explicit"


def test_code_that_changes_between_cells_is_loaded_anew(executor: client.Executor) -> None:
    run("- debug:\n")
    first = server_of(executor).pid
    file = ROOT / "plugins/module_utils/_time.py"
    before = file.stat()
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1_000_000))
    try:
        run("- debug:\n")
    finally:
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert server_of(executor).pid != first


def test_a_server_that_was_killed_is_replaced(executor: client.Executor) -> None:
    run("- debug:\n")
    first = server_of(executor)
    first.kill()
    assert run("- debug: msg=hello\n")[0]["msg"] == "hello"
    assert server_of(executor).pid != first.pid


def names(processes: list[psutil.Process]) -> dict[psutil.Process, str]:
    """Those that have not ended since they were listed."""
    found = {}
    for one in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            found[one] = one.name()
    return found


def test_a_killed_ansible_playbook_is_reported_at_once(executor: client.Executor) -> None:
    """Also when the server is killed with it. Nothing waits for the running task."""

    def kill(_event: dict[str, Any]) -> None:
        server = server_of(executor)
        processes: dict[psutil.Process, str] = {}
        while "sleep" not in processes.values():
            processes = names(server.children(recursive=True))
        for one, name in [(server, ""), *processes.items()]:
            if name != "sleep":
                with contextlib.suppress(psutil.NoSuchProcess):  # it has ended since
                    one.kill()

    begun = time.monotonic()
    with pytest.raises(RunbookError, match="ended with status 137"):
        ansible_play.run_tasks("- ansible.builtin.command: sleep 60\n", {}, False, kill)
    assert time.monotonic() - begun < 50


def test_modules_are_used_as_loaded_only_if_the_archive_has_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ansible.module_utils.basic as basic

    name = "ansible.module_utils.basic"
    source = Path(str(basic.__file__)).read_bytes()
    monkeypatch.setitem(module_process.LOADED, name, basic)
    monkeypatch.setitem(module_process._CHECKSUMS, name, zlib.crc32(source))
    for content, found in ((source, True), (source + b"\n# changed", False)):
        archive = tmp_path / f"{found}.zip"
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("ansible/module_utils/basic.py", content)
        monkeypatch.syspath_prepend(str(archive))
        assert bool(module_process._Loaded().find_spec(name)) is found
    monkeypatch.syspath_prepend(str(tmp_path / "no archive"))
    assert module_process._Loaded().find_spec(name) is None
