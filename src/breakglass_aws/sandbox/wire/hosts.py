# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Host headers the sandbox answers to: names of this machine, and AWS's own for clients behind a proxy.

A web page can make a browser send requests to this machine, and by DNS rebinding under a host name of the page's own.
Such names are refused.
"""

from __future__ import annotations

import ipaddress
import re

ACCEPTED = "127.0.0.1, localhost, [::1], with or without a port"
_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^\s:\[\]]+)(?::\d{1,5})?")
_BUCKET_SUFFIXES = (".localhost", ".127.0.0.1")  # BUCKET.localhost, virtual-host style
_AWS_SUFFIXES = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


def is_loopback(host: str) -> bool:
    """Whether a Host header names this machine. An absent one does: browsers always send it."""
    name = _name(host)
    if name is None:
        return not host
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name == "localhost"


def is_accepted(host: str) -> bool:
    """Whether AWS requests under a Host header are answered: this machine, its buckets, or a host name of AWS."""
    name = _name(host) or ""
    return is_loopback(host) or name.endswith((*_BUCKET_SUFFIXES, *_AWS_SUFFIXES))


def is_aws(name: str) -> bool:
    """Whether a host name without a port is one of AWS's."""
    return re.fullmatch(r"[a-z0-9.-]+", name) is not None and name.endswith(_AWS_SUFFIXES)


def _name(host: str) -> str | None:
    found = _HOST.fullmatch(host)
    return found["name"].lower() if found else None
