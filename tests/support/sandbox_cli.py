"""The sandbox's command line and the AWS CLI, run as a user would."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

AWS = Path(sys.executable).with_name("aws")


CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


def run_sandbox(*arguments: str, timeout: float = 30) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "breakglass_aws.sandbox", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=CLEAN, check=False)


@contextmanager
def serving(stop: signal.Signals, *options: str) -> Iterator[str]:
    """A sandbox of its own process, by its port; ended as a user or a supervisor would."""
    command = [sys.executable, "-m", "breakglass_aws.sandbox", "serve", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=CLEAN) as process:
        try:
            line = process.stdout.readline()
            ready = r"sandbox ready on http://127\.0\.0\.1:(\d+) \(organization o-breakglass1, \d+ accounts\)\n"
            found = re.fullmatch(ready, line)
            assert found, line
            yield found[1]
            process.send_signal(stop)
            assert process.wait(10) == 0
            assert process.stderr.read() == ""
        finally:
            process.kill()


def environment(port: str, name: str, **before: str) -> dict[str, str]:
    """The environment the printed lines make of one, read by a shell as a user would."""
    lines = run_sandbox("env", "--port", port, "--as", name).stdout
    assert all(line.startswith(("export AWS_", "unset AWS_")) for line in lines.splitlines())
    answer = subprocess.run(
        ["/bin/sh", "-c", f"{lines}\nenv -0"], capture_output=True, text=True, env=CLEAN | before, check=True
    )
    return dict(entry.partition("=")[::2] for entry in answer.stdout.split("\0") if entry)


def aws(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(AWS), *arguments], capture_output=True, text=True, env=env, timeout=60, check=False)


def one_line(result: subprocess.CompletedProcess[str], status: int) -> str:
    assert result.returncode == status, result.stderr
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return result.stderr
