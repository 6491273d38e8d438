# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge's own calls: AWS's through boto3, and those of the sandbox's control interface."""

from __future__ import annotations

import functools
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader

USER_AGENT = "breakglass-drill-judge"
REGION = "us-east-1"

# No proxy of the environment may get between this machine and itself.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
# Nothing of the user's own AWS settings may reach a drill.
_OWN_SETTINGS: dict[str, Any] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


class Unanswered(Exception):
    """A call that was refused or not answered; `code` is AWS's error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class _Switched(Credentials):
    """The keys of the identity that calls next: clients take long to make, so all identities share them."""

    def __init__(self) -> None:
        super().__init__("", "")
        self.now = ReadOnlyCredentials("", "", None)

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        return self.now


@functools.cache
def _models() -> Loader:
    """The models of AWS's services, which take long to read: once for all scenarios of a drill."""
    loader: Loader = botocore.session.Session(session_vars=_OWN_SETTINGS).get_component("data_loader")
    return loader


class Connection:
    """Calls to one organization, as any of its identities. For one thread."""

    def __init__(self, url: str | None, identities: Mapping[str, Mapping[str, str | None]] | None = None) -> None:
        """Connect to the sandbox at `url`, or to AWS when it is None.

        `identities` has the keys (access_key, secret_key, session_token) by name. The sandbox is asked for others.
        """
        self.url = url
        self._identities = dict(identities or {})
        self._keys = _Switched()
        self._session = botocore.session.Session(session_vars=_OWN_SETTINGS)
        self._session._credentials = self._keys
        self._session.register_component("data_loader", _models())
        self._clients: dict[tuple[str, str, str], Any] = {}

    def credentials(self, identity: str) -> Mapping[str, str | None]:
        """The keys of an identity. Raises Unanswered when there is none of that name."""
        if identity not in self._identities:
            if self.url is None:
                raise Unanswered("UnknownIdentity", f"no keys were given for {identity}")
            self._identities[identity] = self.control(f"identities/{urllib.parse.quote(identity, safe='')}")
        return self._identities[identity]

    def call(
        self, identity: str, service: str, operation: str, region: str = REGION, place: str = "", **parameters: Any
    ) -> dict[str, Any]:
        """Make a call as an identity; return AWS's answer. Raises Unanswered."""
        keys = self.credentials(identity)
        self._keys.now = ReadOnlyCredentials(keys["access_key"], keys["secret_key"], keys.get("session_token"))
        client = self._client(service, region, place)
        try:
            answer: dict[str, Any] = getattr(client, xform_name(operation))(**parameters)
        except ClientError as error:
            details = error.response.get("Error", {})
            raise Unanswered(str(details.get("Code")), str(details.get("Message"))) from None
        except BotoCoreError as error:
            raise Unanswered(type(error).__name__, str(error)) from None
        return answer

    def pages(
        self, identity: str, service: str, operation: str, key: str, region: str = REGION, **parameters: Any
    ) -> Iterator[Any]:
        """Yield the entries of every page of a list. Raises Unanswered."""
        token: dict[str, Any] = {}
        while True:
            answer = self.call(identity, service, operation, region, **parameters, **token)
            yield from answer.get(key, [])
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}

    def _client(self, service: str, region: str, place: str) -> Any:
        made = self._clients.get((service, region, place))
        if made is None:
            endpoint = f"{self.url}/_from/{place}" if self.url and place else self.url
            settings = Config(
                user_agent_extra=USER_AGENT,
                retries={"mode": "standard", "total_max_attempts": 8},
                proxies={},
            )
            made = self._session.create_client(service, region, endpoint_url=endpoint, config=settings)
            self._clients[service, region, place] = made
        return made

    def control(self, path: str) -> Any:
        """Read something of the sandbox's control interface. Raises Unanswered."""
        try:
            with _OPENER.open(f"{self.url}/_sandbox/{path}", timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Unanswered("Sandbox", f"{path}: {_problem(error)}") from None
        except (OSError, ValueError) as error:
            raise Unanswered("Sandbox", f"{path}: the sandbox at {self.url} does not answer ({error})") from None


def _problem(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (OSError, ValueError, KeyError, TypeError):
        return str(error)
