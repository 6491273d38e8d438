# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients for AWS: the caller's own, and those of a root session. Plain boto3, no Ansible."""

from __future__ import annotations

import contextlib
import copy
import functools
import re
import threading
import typing as t
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.breakglass.aws.plugins.module_utils import _redaction as redaction
from ansible_collections.breakglass.aws.plugins.module_utils._aws import account_host, answers
from ansible_collections.breakglass.aws.plugins.module_utils._aws.call_log import Calls
from ansible_collections.breakglass.aws.plugins.module_utils._aws.client_pool import ClientPool, bound_credentials
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import EXPIRED, explain, explained
from ansible_collections.breakglass.aws.plugins.module_utils._aws.profiles import ProfileCredentials
from ansible_collections.breakglass.aws.plugins.module_utils._aws.rate import Rates
from ansible_collections.breakglass.aws.plugins.module_utils._aws.retry_policy import ATTEMPTS, RetryPolicy
from ansible_collections.breakglass.aws.plugins.module_utils._aws.session_credentials import SessionCredentials
from ansible_collections.breakglass.aws.plugins.module_utils._errors import THROTTLED, BreakglassError, InvalidInput

with contextlib.suppress(ImportError):  # BreakglassModule reports it
    import boto3
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

DEFAULT_REGION = "us-east-1"  # where STS cannot be switched off, and where IAM and Organizations live

# The first call of a run shows whether AWS can be reached at all. That should not take a minute.
_FIRST_CALL = {"total_max_attempts": 2}


_MOST_CONNECTIONS = 128  # kept open per client: 64 accounts at a time, two calls each


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

    There is one client per service and Region for the caller, and one for all sessions that the caller opens
    (:mod:`.client_pool`): :meth:`root_client` and :meth:`in_session` make no further ones.
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
        self._config = Config(
            user_agent_extra=user_agent,
            retries={"total_max_attempts": ATTEMPTS},
            connect_timeout=10,
            max_pool_connections=_MOST_CONNECTIONS,
        )
        if config:
            self._config = self._config.merge(config)
        self._limited = bool(config and config.retries)  # the user chose how many attempts a call has
        self.rates = Rates()  # of the quotas that all accounts of the run share
        self._listeners: list[t.Callable[[], t.Any]] = []
        self.calls = calls or Calls()  # of all clients, those with other credentials made from here too
        self._lock = threading.RLock()  # making clients is not thread-safe in boto3, using them is
        self._clients: dict[tuple[str, str | None], t.Any] = {}  # with the caller's credentials
        self._pool = ClientPool(self._make_session_client)
        self._credentials: SessionCredentials | None = None  # of a session that the caller opened
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
        self._core.get_component("response_parser_factory").set_parser_defaults(
            timestamp_parser=answers.parse_timestamp
        )
        self.profile = ProfileCredentials(self._core)

    def client(self, service: str, region: str | None = None) -> t.Any:
        """A client with the caller's own credentials; in a session (:meth:`in_session`) with those of the session.

        The same one each time: code that registers handlers of its events shares them with all other code.
        """
        if self._credentials:
            return self._pool.client(service, region, self._credentials)
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._client(service, region)
            return self._clients[service, region]

    def in_session(self, credentials: SessionCredentials, caller: Caller | None = None) -> Connection:
        """The same way to AWS with the temporary credentials of a session, such as a member account's role.

        Costs nothing: the clients are those of all sessions of the run, and each request is signed with the
        credentials of the session whose client sends it. ``caller`` is who the session is, where that is known
        (AssumeRole's answer has it); else AWS is asked when it is needed.
        """
        session = copy.copy(self)
        session._credentials = credentials
        for cached in ("sts", "caller"):
            session.__dict__.pop(cached, None)
        if caller:
            session.__dict__["caller"] = caller
        return session

    def with_credentials(self, profile: str | None = None, credentials: dict | None = None) -> Connection:
        """The same way to AWS with other lasting credentials: a profile's, or those of boto3's names."""
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
        """Call ``listener`` whenever AWS throttles an attempt of a call of any client, also one that is repeated."""
        self._listeners.append(listener)

    def ends_run(self, error: BreakglassError) -> bool:
        """Whether the error of a call with these credentials would meet every other account of the run too.

        So it is when the credentials have expired, and when AWS has accepted no call of a quota for a minute.
        """
        if self._credentials:  # they are those of one account
            return False
        return error.code in EXPIRED or (error.code in THROTTLED and self.rates.exhausted)

    def share(self) -> None:
        """Before this process forks: share what is known of AWS's quotas with the processes to come."""
        self.rates.share()

    def after_fork(self) -> None:
        """In a process that was forked from the one that made this: use no connection of that one."""
        for client in [*self._clients.values(), *self._pool.clients(), *([self.sts] if "sts" in self.__dict__ else [])]:
            client._endpoint.http_session.close()

    @functools.cached_property
    def sts(self) -> t.Any:
        """The one STS client of a run: all accounts share its adaption to throttling."""
        return self.client("sts")

    def root_client(self, service: str, credentials: dict, region: str | None = None) -> t.Any:
        """A client with the ``Credentials`` of AssumeRoot's answer and nothing else.

        All three parts are given explicitly, so that boto3 uses no profile, variable or instance role: if one is
        missing, this fails instead of acting with other credentials.
        """
        return self._pool.client(service, region, SessionCredentials.of(credentials))

    @functools.cached_property
    def caller(self) -> Caller:
        """Who the caller is. Raises a BreakglassError when there are no credentials or AWS cannot be reached."""
        if not self._credentials:
            self._access_key_id()  # explains credentials that cannot be loaded
        with explained("asking AWS who the caller is (sts:GetCallerIdentity)"):
            sts = self.sts if self._credentials else self._client("sts", None, Config(retries=_FIRST_CALL))
            identity = sts.get_caller_identity()
        return Caller(identity["Account"], identity["Arn"])

    def _make_session_client(self, service: str, region: str | None, credentials: dict[str, str]) -> t.Any:
        no_express = Config(s3={**(self._config.s3 or {}), "disable_s3_express_session_auth": True})
        return self._client(service, region, no_express if service == "s3" else None, **credentials)

    def _client(self, service: str, region: str | None, config: Config | None = None, **credentials: t.Any) -> t.Any:
        options = {
            **self._options,
            **credentials,
            "region_name": region or self.region,
            "config": _without_retry_mode(self._config.merge(config) if config else self._config),
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
        if service == "s3control":
            account_host.install(client)
        limited = self._limited or config is not None
        client.retry_policy = RetryPolicy(client, None if credentials else self.rates, limited, self._throttled)
        client.retry_policy.install(client)
        self.calls.watch(client, (lambda: bound_credentials().access_key) if credentials else self._access_key_id)
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

    def _throttled(self) -> None:
        for listener in self._listeners:
            listener()


def _without_retry_mode(config: Config) -> Config:
    """The mode in which botocore retries has no effect on our clients but for what it adds to a client."""
    return config.merge(Config(retries={**(config.retries or {}), "mode": "standard"}))


def _password_in(address: str | None) -> str | None:
    with contextlib.suppress(ValueError):
        return urlsplit(address or "").password
    return None
