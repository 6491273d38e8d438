# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated organization of one drill: a sandbox in a process of its own, seen from outside.

A drill uses it as people use AWS: with calls under an identity's own keys. What AWS shows to no single caller (all
policies and root users, all calls made) it reads from the sandbox's control interface.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3

from breakglass_aws.sandbox import client as sandbox_client

# No proxy of the environment may get between this machine and itself.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))

# Seconds the sandbox may take to end after it was asked to.
STOP_TIMEOUT = 10


class StartError(Exception):
    """The simulated organization could not be started; the text says what it printed."""


@dataclass(frozen=True)
class SimulatedOrganization:
    """A running simulated organization, at `url`."""

    url: str

    def _control(self, path: str) -> Any:
        with _OPENER.open(f"{self.url}/_sandbox/{path}", timeout=30) as answer:
            return json.load(answer)

    def environment(self, identity: str) -> dict[str, str]:
        """The environment variables that make an AWS client act as `identity`."""
        return sandbox_client.environment(self.url, self._control(f"identities/{identity}"))

    def client(self, service: str, identity: str, region: str) -> Any:
        """A boto3 client for `service` that acts as `identity`."""
        credentials = self._control(f"identities/{identity}")
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=credentials["access_key"],
            aws_secret_access_key=credentials["secret_key"],
            aws_session_token=credentials["session_token"],
        )

    def snapshot(self) -> dict[str, Any]:
        """Everything a recovery could change: organization switches, root users, bucket and queue policies."""
        return self._control("snapshot")

    def events(self) -> list[dict[str, Any]]:
        """Every call made so far, oldest first."""
        return self._control("events")


@contextmanager
def started(organization: str | None = None) -> Iterator[SimulatedOrganization]:
    """Run a sandbox on a free port for as long as the block lasts.

    Raises StartError when it does not come up, with what it printed.
    """
    command = [sys.executable, "-m", "breakglass_aws.sandbox", "serve", "--port", "0"]
    if organization:
        command += ["--organization", organization]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_without_aws(os.environ))
    try:
        ready = process.stdout.readline() if process.stdout else ""
        words = ready.split()
        url = next((word for word in words if word.startswith("http://")), None)
        if url is None:
            raise StartError(f"The sandbox did not start: {ready.strip() or 'what is wrong is said above'}")
        yield SimulatedOrganization(url)
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def _without_aws(environment: Any) -> dict[str, str]:
    """The environment without the user's own AWS settings: a drill must not be able to reach a real account."""
    return {name: value for name, value in environment.items() if not name.startswith("AWS_")}


def environment_as(simulation: SimulatedOrganization, identity: str) -> dict[str, str]:
    """A process environment in which AWS clients act as `identity` in the simulated organization, and only there."""
    return {
        **_without_aws(os.environ),
        **simulation.environment(identity),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
