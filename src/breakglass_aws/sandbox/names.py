# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Identifiers in AWS's forms, derived from seeds, so that one organization file always gives the same ones.

Credentials of the sandbox are no secrets: they open nothing but a simulation on this machine. Being derived, they
stay valid when the sandbox is reset or started again.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from uuid import UUID

_KEY_OFFSET = 1 << 39  # what AWS adds to half the account ID inside an access key ID


def _digest(*seed: str) -> bytes:
    return hashlib.sha256("\0".join(seed).encode()).digest()


def _letters(count: int, *seed: str) -> str:
    return base64.b32encode(_digest(*seed))[:count].decode()


def hexadecimal(count: int, *seed: str) -> str:
    return _digest(*seed).hex()[:count]


def uuid(*seed: str) -> str:
    """A UUID from a seed; without one a random one."""
    return str(UUID(bytes=_digest(*(seed or (secrets.token_hex(),)))[:16], version=4))


def unique_id(prefix: str, account: str, *seed: str, length: int = 20) -> str:
    """An access key ID (AKIA, ASIA) or role ID (AROA, 21 long) of an account; without a seed a random one.

    Characters 5 to 13 hold the account ID, as in AWS; `account_of` reads it back.
    """
    number = int(account)
    middle = base64.b32encode((number // 2 + _KEY_OFFSET).to_bytes(5, "big")).decode()
    tail = _letters(32, *(seed or (secrets.token_hex(),)))
    # The ninth character carries the ID's last bit: A to P even, Q to 7 odd.
    alphabet = "QRSTUVWXYZ234567" if number % 2 else "ABCDEFGHIJKLMNOP"
    parity = alphabet[ord(tail[-1]) % len(alphabet)]
    return f"{prefix}{middle}{parity}{tail}"[:length]


def role_id(account: str, name: str) -> str:
    return unique_id("AROA", account, "role", name, length=21)


def account_of(key_id: str) -> str | None:
    """The account an access key ID belongs to, or None when the ID has not AWS's form."""
    try:
        number = int.from_bytes(base64.b32decode(key_id[4:12]), "big") - _KEY_OFFSET
        return f"{number * 2 + (key_id[12] in 'QRSTUVWXYZ234567'):012d}" if number >= 0 else None
    except (ValueError, IndexError):
        return None


def secret_key(*seed: str) -> str:
    return base64.b64encode(_digest("secret", *(seed or (secrets.token_hex(),))))[:40].decode()


def password(account: str) -> str:
    """The root user's password, as its owner keeps it."""
    return f"Correct-Horse-{hexadecimal(8, 'password', account)}"


def session_token(*seed: str) -> str:
    first = _digest("token", *(seed or (secrets.token_hex(),)))
    return "IQoJb3JpZ2luX2Vj" + base64.b64encode(first + hashlib.sha512(first).digest()).decode().rstrip("=")
