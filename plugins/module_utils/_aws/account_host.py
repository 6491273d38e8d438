# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""S3 Control at an endpoint_url. Plain boto3, no Ansible.

S3 Control has another host for each account: botocore puts the account's ID in front of the host of endpoint_url.
An IP address and localhost have no such names, so there the ID is left out. It is in the request's headers too.
"""

from __future__ import annotations

import re
import typing as t

_LOCAL = re.compile(r"(?<=//)[0-9]{12}\.(?=(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|localhost)(?:[:/?]|\Z))", re.ASCII)


def install(client: t.Any) -> None:
    """Let the client reach S3 Control at an address of this machine or network."""
    client.meta.events.register("before-sign.s3-control", _without_account)


def _without_account(request: t.Any, **_unused: t.Any) -> None:
    request.url = _LOCAL.sub("", request.url, count=1)
