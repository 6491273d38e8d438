# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated organization of one scenario: a sandbox in a process of its own.

A drill uses it as people use AWS: with calls under an identity's own keys. People, faults and the clock have the
sandbox's control interface.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import Any

from breakglass_aws.sandbox.client import CONTROL_HEADER, REGION, environment
from breakglass_aws.sandbox.wire.network_origin import PREFIX

# No proxy of the environment may get between this machine and itself.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))

STOP_TIMEOUT = 10  # seconds the sandbox may take to end after it was asked to


class StartError(Exception):
    """A drill cannot be run; the text says why."""


class Ended(Exception):
    """The sandbox has ended, or does not answer any more."""


class Refused(Exception):
    """The sandbox refuses a step of a person, a fault or a time; the text is its own."""


class Simulation:
    """A sandbox that runs for as long as the block lasts.

    Args:
        organization: An organization file; None for the default one.
        port: Of this machine; 0 for any free one.
    """

    def __init__(self, organization: str | None = None, port: int = 0) -> None:
        command = [sys.executable, "-m", "breakglass_aws.sandbox", "serve", "--port", str(port), "--stop-with-stdin"]
        if organization:
            command += ["--organization", organization]
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - as long as the sandbox
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # it ends with this process, however this one ends
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=without_aws(os.environ),
            start_new_session=True,  # Ctrl-C is for the drill, which still has to look at the sandbox
        )
        self.url = ""
        self.begun: dict[str, Mapping[str, Any]] = {}  # the fault rules that were added, by their name
        self._hits: dict[str, int] = {}  # of those that have ended

    def __enter__(self) -> Simulation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait_until_ready(self) -> None:
        """Wait until it serves. Raises StartError with what it printed when it does not."""
        ready = self._process.stdout.readline() if self._process.stdout else ""
        self.url = next((word for word in ready.split() if word.startswith("http://")), "")
        if not self.url:
            raise StartError(f"The sandbox did not start. {self._last_words()}")

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream:
                stream.close()

    def _last_words(self) -> str:
        """What it printed before it ended."""
        status = self._process.wait(STOP_TIMEOUT)
        self._errors.seek(0)
        return (self._errors.read().strip().splitlines() or [f"It ended with status {status}."])[-1]

    # The control interface

    def control(self, *path: str, method: str = "GET", body: Any = None) -> Any:
        """Use the control interface.

        Raises:
            Refused: With the sandbox's own words.
            Ended: It does not answer any more.
        """
        where = "/".join(urllib.parse.quote(part, safe="") for part in path)
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/_sandbox/{where}", data=data, headers={CONTROL_HEADER: "1"}, method=method
        )
        try:
            with _OPENER.open(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Refused(_problem(error)) from None
        except (OSError, ValueError) as error:
            status = self._process.poll()
            how = f"it ended with status {status}" if status is not None else str(error)
            raise Ended(f"The sandbox does not answer any more: {how}.") from None

    def events(self) -> list[dict[str, Any]]:
        """Every call so far, oldest first."""
        return list(self.control("events"))

    def add_fault(self, rule: Mapping[str, Any]) -> str:
        """Add a fault rule; return its name."""
        name = str(self.control("faults", method="POST", body=dict(rule))["names"][0])
        self.begun[name] = rule
        return name

    def end_fault(self, name: str) -> None:
        """Remove a fault rule."""
        self._hits = self.fault_hits()
        self.control("faults", name, method="DELETE")

    def end_faults(self) -> None:
        """Remove all fault rules."""
        self._hits = self.fault_hits()
        self.control("faults", method="DELETE")

    def fault_hits(self) -> dict[str, int]:
        """How many calls each rule hits, or has hit before it ended, by its name."""
        return self._hits | {rule["name"]: rule["calls_hit"] for rule in self.control("faults")["rules"]}

    # Keys

    def credentials(self, actor: str | Mapping[str, str]) -> dict[str, Any]:
        """The keys of an identity, of a root user who signs in, or of a user of the access portal."""
        if isinstance(actor, str):
            return dict(self.control("identities", actor))
        if "assume_root" in actor:
            return self._root_session(actor["assume_root"], actor["task"])
        if "root" in actor:
            return dict(self.control("person", actor["root"], "sign_in", method="POST", body=self._signing_in(actor)))
        return dict(self.control("sso", actor["portal"], actor["account"], actor["permission_set"]))

    @cached_property
    def _session(self) -> Any:
        """It keeps the service models. boto3 takes a second to import, in which the sandbox starts."""
        import boto3

        return boto3.session.Session()

    def _root_session(self, account: str, task: str) -> dict[str, Any]:
        """Open a root session as the operator, as another person than the runbook."""
        client = self.client("sts", self.credentials("operator"))
        policy = {"arn": f"arn:aws:iam::aws:policy/root-task/{task}"}
        keys = client.assume_root(TargetPrincipal=account, TaskPolicyArn=policy)["Credentials"]
        return {
            "access_key": keys["AccessKeyId"],
            "secret_key": keys["SecretAccessKey"],
            "session_token": keys["SessionToken"],
        }

    def client(self, service: str, keys: Mapping[str, Any], region: str = REGION, place: str = "") -> Any:
        """A boto3 client with these keys. The user agent says that a person calls, and not the runbook."""
        from botocore.config import Config

        from breakglass_aws.drills.judge import PEOPLE

        return self._session.client(
            service,
            region_name=region,
            endpoint_url=f"{self.url}{PREFIX}{place}" if place else self.url,
            aws_access_key_id=keys["access_key"],
            aws_secret_access_key=keys["secret_key"],
            aws_session_token=keys["session_token"],
            config=Config(user_agent_extra=PEOPLE, proxies={}),
        )

    def _signing_in(self, actor: Mapping[str, str]) -> dict[str, str]:
        devices = self.control("person", actor["root"])["mfa_devices"]
        return {"mfa": devices[0]} if devices else {}

    def environment(self, identity: str, place: str = "") -> dict[str, str]:
        """A process environment in which AWS clients act as `identity` in the sandbox, and nowhere else."""
        return {
            **without_aws(os.environ),
            **environment(self.url, self.credentials(identity), place),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }


def without_aws(variables: Mapping[str, str]) -> dict[str, str]:
    """The environment without the user's own AWS settings: a drill must not be able to reach a real account."""
    return {name: value for name, value in variables.items() if not name.startswith("AWS_")}


def _problem(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (OSError, ValueError, KeyError, TypeError):
        return str(error)
