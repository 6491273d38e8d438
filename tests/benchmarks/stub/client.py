"""Starts a stub as a process of its own, and talks to it."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.stub import certificates
from benchmarks.stub.config import Config
from benchmarks.stub.keys import CALLER

_TESTS = Path(__file__).parents[2]


class Stub:
    """A running stub; use it as a context manager. Settings are those of :class:`Config`, and ``tls``."""

    def __init__(self, *, tls: bool = False, **settings: Any) -> None:
        self._config = Config().updated(settings)
        self._tls = tls

    def __enter__(self) -> Stub:
        self._folder = tempfile.TemporaryDirectory(prefix="breakglass-stub-")
        command = [sys.executable, "-m", "benchmarks.stub"]
        if self._tls:
            both, self._trusted = certificates.make(Path(self._folder.name))
            command += ["--certificate", str(both)]
        environment = {**os.environ, "PYTHONPATH": str(_TESTS)}
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line.strip().isdigit():
            self.__exit__()
            raise RuntimeError(f"the stub did not start: {line!r}")
        self.port = int(line)
        self.configure(**self._config.__dict__)
        return self

    def __exit__(self, *unused: object) -> None:
        self._process.terminate()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._folder.cleanup()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def trusted(self) -> str | None:
        """The file of certificates that clients must trust; None without TLS."""
        return str(self._trusted) if self._tls else None

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead boto3 here, as the organization's operator, and to no configuration file."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": CALLER.access_key,
            "AWS_SECRET_ACCESS_KEY": CALLER.secret_key,
            "AWS_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            **({"AWS_CA_BUNDLE": str(self._trusted)} if self._tls else {}),
        }

    def configure(self, **changes: Any) -> None:
        """Change settings, and begin counting anew."""
        self._ask("configure", changes)

    def stats(self) -> dict[str, Any]:
        """What was counted since; see ``Server.stats``."""
        return self._ask("stats", {})

    def _ask(self, what: str, content: dict[str, Any]) -> dict[str, Any]:
        if self._tls:
            context = ssl.create_default_context(cafile=self.trusted)
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                "127.0.0.1", self.port, context=context, timeout=30
            )
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", f"/-/{what}", json.dumps(content).encode())
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return answer
