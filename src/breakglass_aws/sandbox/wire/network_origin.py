# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a request comes from: clients say so in the path of their endpoint, `http://127.0.0.1:5599/_from/PLACE`.

A place is an IP address, a VPC endpoint, a VPC, or several of them with commas between. It stands for the network
that policies know by `aws:SourceIp`, `aws:SourceVpce`, `aws:SourceVpc` and `aws:VpcSourceIp`.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import unquote

PREFIX = "/_from/"
ACCEPTED = "an IP address, vpce-ID or vpc-ID, or several of these with commas between"
_ID = re.compile(r"(vpce?)-[0-9a-z]{1,40}")
_KEYS = {"vpce": "aws:SourceVpce", "vpc": "aws:SourceVpc"}


class PlaceError(ValueError):
    """What is no place."""


def split(path: str) -> tuple[str, str]:
    """The place that the path of a request names, empty when it names none, and the path AWS knows."""
    if not path.startswith(PREFIX):
        return "", path
    named, slash, rest = path.removeprefix(PREFIX).partition("/")
    return unquote(named), slash + rest


def context(named: str, address: str) -> dict[str, str]:
    """The condition keys of a place; without an IP address of its own, or without a name, it has the client's.

    Through a VPC endpoint, `aws:SourceIp` is not in the context and `aws:VpcSourceIp` is (IAM User Guide, "AWS global
    condition context keys").

    Raises:
        PlaceError: It is no place.
    """
    keys = {}
    for part in named.split(",") if named else []:
        known = _ID.fullmatch(part)
        if known:
            keys[_KEYS[known[1]]] = part
            continue
        try:
            address = str(ipaddress.ip_address(part))
        except ValueError as error:
            raise PlaceError(f"{part!r} is no place; accepted: {ACCEPTED}") from error
    return {**keys, "aws:VpcSourceIp" if keys else "aws:SourceIp": address}
