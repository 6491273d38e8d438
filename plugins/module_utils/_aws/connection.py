# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients for AWS: the caller's own, and those of a root session. Plain boto3, no Ansible."""

from __future__ import annotations

import contextlib
import functools
import re
import threading
import typing as t
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.breakglass.aws.plugins.module_utils import _redaction as redaction
from ansible_collections.breakglass.aws.plugins.module_utils._aws import answers
from ansible_collections.breakglass.aws.plugins.module_utils._aws.call_log import Calls
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain, explained
from ansible_collections.breakglass.aws.plugins.module_utils._aws.profiles import ProfileCredentials
from ansible_collections.breakglass.aws.plugins.module_utils._errors import THROTTLED, BreakglassError, InvalidInput

with contextlib.suppress(ImportError):  # BreakglassModule reports it
    import boto3
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

DEFAULT_REGION = "us-east-1"  # where STS cannot be switched off, and where IAM and Organizations live

# Throttling and broken connections are retried by botocore itself: its retries are safe in many threads at once.
_RETRIES = {"mode": "adaptive", "total_max_attempts": 8}
# The first call of a run shows whether AWS can be reached at all. That should not take a minute.
_FIRST_CALL_RETRIES = {"mode": "standard", "total_max_attempts": 2}


_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d\Z", re.ASCII)


def check_region(option: str, value: str) -> None:
    """Raises InvalidInput for a value that is not the name of a region."""
    if not _REGION.match(value):
        raise InvalidInput(option, value, "a region such as us-east-1")


@dataclass(frozen=True)
class Caller:
    """Who we are before any root session is opened."""

    account_id: str
    arn: str

    @property
    def partition(self) -> str:
        return self.arn.split(":")[1]

    @property
    def is_root(self) -> bool:
        return self.arn.endswith(":root")

    @property
    def principal_arn(self) -> str:
        """The role of a session, or the user. A role's path is not in its sessions' ARNs, and is missing here too."""
        parts = self.arn.split(":", 5)
        if parts[5].startswith("assumed-role/"):
            return f"arn:{self.partition}:iam::{self.account_id}:role/{parts[5].split('/')[1]}"
        return self.arn

    def root_arn(self, account_id: str) -> str:
        """The ARN of an account's root user in this partition."""
        return f"arn:{self.partition}:iam::{account_id}:root"


class Connection:
    """Makes boto3 clients from one set of connection options. May be used from several threads.

    ``region`` is that of the environment or of the AWS configuration files when it is not given.
    ``credentials`` are those of boto3 (aws_access_key_id, aws_secret_access_key, aws_session_token), all None to let
    boto3 find them. ``config`` is the user's botocore Config and wins over ours.
    """

    def __init__(
        self,
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
        profile: str | None = None,
        credentials: dict | None = None,
        verify: bool | str | None = None,
        config: Config | None = None,
        user_agent: str = "",
        calls: Calls | None = None,
    ) -> None:
        self._options: dict[str, t.Any] = {"endpoint_url": endpoint_url or None, "verify": verify}
        self._config = Config(user_agent_extra=user_agent, retries=_RETRIES, connect_timeout=10)
        if config:
            self._config = self._config.merge(config)
        self._listeners: list[t.Callable[[], t.Any]] = []
        self.calls = calls or Calls()  # of all clients, those with other credentials made from here too
        self._lock = threading.Lock()  # making clients is not thread-safe in boto3, using them is
        credentials = credentials or {}
        redaction.learn(credentials.get("aws_secret_access_key"), credentials.get("aws_session_token"))
        redaction.learn(_password_in(endpoint_url))
        self._core = botocore.session.get_session()
        with explained("reading the AWS configuration"):
            self._session = boto3.session.Session(
                botocore_session=self._core, profile_name=profile or None, **credentials
            )
            region = region or self._session.region_name
        # "aws-global" is botocore's name for the global endpoint, which AssumeRoot refuses.
        self.chosen_region = region if region != "aws-global" else None
        self.region = self.chosen_region or DEFAULT_REGION
        answers.guard(self._session)
        self.profile = ProfileCredentials(self._core)

    def client(self, service: str, region: str | None = None) -> t.Any:
        """A client with the caller's own credentials."""
        return self._client(service, region)

    def with_credentials(self, profile: str | None = None, credentials: dict | None = None) -> Connection:
        """The same way to AWS with other credentials: a profile's, or those of boto3's names."""
        return Connection(
            region=self.region,
            profile=profile,
            credentials=credentials,
            config=self._config,
            calls=self.calls,
            **self._options,
        )

    def regions_of(self, service: str) -> list[str]:
        """All regions of the caller's partition that have the service, as far as botocore knows."""
        return self._session.get_available_regions(service, self.caller.partition)

    def on_throttled(self, listener: t.Callable[[], t.Any]) -> None:
        """Call ``listener`` whenever AWS throttles a call of any client, those that botocore itself tries again too."""
        self._listeners.append(listener)

    @functools.cached_property
    def sts(self) -> t.Any:
        """The one STS client of a run: all accounts share its adaption to throttling."""
        return self.client("sts")

    def root_client(self, service: str, credentials: dict, region: str | None = None) -> t.Any:
        """A client with the ``Credentials`` of AssumeRoot's answer and nothing else.

        All three parts are given explicitly, so that boto3 uses no profile, variable or instance role: if one is
        missing, this fails instead of acting with other credentials.
        """
        return self._client(
            service,
            region,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )

    @functools.cached_property
    def caller(self) -> Caller:
        """Who the caller is. Raises a BreakglassError when there are no credentials or AWS cannot be reached."""
        self._access_key_id()  # explains credentials that cannot be loaded
        with explained("asking AWS who the caller is (sts:GetCallerIdentity)"):
            sts = self._client("sts", None, config=Config(retries=_FIRST_CALL_RETRIES))
            identity = sts.get_caller_identity()
        return Caller(identity["Account"], identity["Arn"])

    def _client(self, service: str, region: str | None, config: Config | None = None, **credentials: t.Any) -> t.Any:
        options = {
            **self._options,
            **credentials,
            "region_name": region or self.region,
            "config": self._config.merge(config) if config else self._config,
        }
        try:
            with self._lock:
                client = self._session.client(service, **options)
                if urlsplit(client.meta.endpoint_url).hostname == "sts.amazonaws.com":
                    # An old botocore, or AWS_STS_REGIONAL_ENDPOINTS=legacy: the global endpoint has no AssumeRoot.
                    options["endpoint_url"] = f"https://sts.{options['region_name']}.amazonaws.com"
                    client = self._session.client(service, **options)
        except BotoCoreError as error:
            raise explain(error, f"connecting to {service}") from error
        except ValueError as error:  # botocore's for an address that is none
            raise BreakglassError(
                f"No client for {service} can be made ({error}).", "Check endpoint_url, AWS_ENDPOINT_URL and region."
            ) from error
        client.meta.events.register("needs-retry", self._notice)
        self.calls.watch(client, lambda: credentials.get("aws_access_key_id") or self._access_key_id())
        return client

    def _access_key_id(self) -> str | None:
        """Whose key signs the calls; None when there are no credentials."""
        with self.profile.explained():
            credentials = self._session.get_credentials()
            frozen = credentials.get_frozen_credentials() if credentials else None
        if frozen is None:
            return None
        redaction.learn(frozen.secret_key, frozen.token)
        return frozen.access_key

    def _notice(self, response: tuple | None = None, **unused: t.Any) -> None:
        # Botocore's event after each attempt. It takes what a handler returns for a number of seconds to wait.
        code = response[1].get("Error", {}).get("Code") if response else None
        if code in THROTTLED:
            for listener in self._listeners:
                listener()


def _password_in(address: str | None) -> str | None:
    with contextlib.suppress(ValueError):
        return urlsplit(address or "").password
    return None
