# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client of a running sandbox needs. Imports nothing heavy: the command line uses it."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from breakglass_aws.sandbox.wire.network_origin import PREFIX

REGION = "us-east-1"
# Control requests that change something must carry this header, with any value: no web page can send it.
CONTROL_HEADER = "X-Breakglass-Sandbox"


def environment(url: str, credentials: Mapping[str, str | None], place: str = "") -> dict[str, str]:
    """The variables that point any AWS client at the sandbox, as one of its identities, from a place."""
    return {
        "AWS_ACCESS_KEY_ID": credentials["access_key"] or "",
        "AWS_SECRET_ACCESS_KEY": credentials["secret_key"] or "",
        "AWS_SESSION_TOKEN": credentials["session_token"] or "",
        "AWS_ENDPOINT_URL": f"{url}{PREFIX}{place}" if place else url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class ControlError(RuntimeError):
    """No sandbox answers, or it refuses; the text says which.

    ``wrong_input``: it refused because of what it was asked, before it did anything.
    """

    wrong_input = False


def ask(port: int, path: list[str], method: str = "GET", body: Any = None) -> Any:
    """Use the control API of a sandbox on this machine.

    Args:
        path: Its parts below `/_sandbox/`.
        body: Sent as JSON, where there is one.

    Raises:
        ControlError: With the sandbox's own words where it has some.
    """
    where = "/".join(urllib.parse.quote(part, safe="") for part in path)
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/_sandbox/{where}", data=data, headers={CONTROL_HEADER: "1"}, method=method
    )
    # No proxy of the environment may get between this machine and itself.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        try:
            problem = json.load(error)["error"]
        except (ValueError, KeyError, TypeError):
            problem = f"what answers on port {port} is not a sandbox"
        refused = ControlError(problem)
        refused.wrong_input = error.code in (400, 404)
        raise refused from error
    except (OSError, ValueError) as error:
        raise ControlError(
            f"no sandbox answers on port {port}; start one: breakglass sandbox serve --port {port}"
        ) from error
