"""Run a module of the collection in a process of its own, for tests that send it signals."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_SCRIPT = """
import json, sys
from support.run_module import run
name, environment, options = json.loads(sys.stdin.read())
json.dump(run(name, environment=environment, **options), sys.stdout)
"""
_SECONDS = 120


class ModuleProcess:
    """A module that runs in a new process and session: a signal to it reaches nothing else.

    Args:
        name: The module.
        environment: All that it sees of AWS_* variables.
        options: Its options.
    """

    def __init__(self, name: str, environment: Mapping[str, str], **options: Any) -> None:
        self._given = json.dumps([name, dict(environment), options])
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],  # tests, whose folder `support` is a package of
            start_new_session=True,
        )

    def signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        self._process.send_signal(number)

    def result(self) -> dict[str, Any]:
        """Let it begin and wait for its result; a module that ends in another way ends the test."""
        try:
            output, errors = self._process.communicate(self._given, timeout=_SECONDS)
        finally:
            self._process.kill()
        assert self._process.returncode == 0, errors
        result: dict[str, Any] = json.loads(output)
        return result
