"""Credentials of the stub. All follow from the access key ID, which has the account in it: nothing is remembered."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass

MANAGEMENT = "111111111111"
CALLER_ARN = f"arn:aws:iam::{MANAGEMENT}:user/engineer"
CALLER_KEY = f"AKIA{MANAGEMENT}OPER"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_serial = itertools.count()


@dataclass(frozen=True)
class Keys:
    """An access key: temporary ones, of a root session ("R") or a role's ("A"), begin with ASIA and have a token."""

    access_key: str

    @property
    def account(self) -> str:
        return self.access_key[4:16]

    @property
    def temporary(self) -> bool:
        return self.access_key.startswith("ASIA")

    @property
    def arn(self) -> str:
        """Who acts with the key."""
        if not self.temporary:
            return CALLER_ARN
        if self.access_key[16] == "R":
            return f"arn:aws:iam::{self.account}:root"
        return f"arn:aws:sts::{self.account}:assumed-role/OrganizationAccountAccessRole/breakglass.aws"

    @property
    def secret_key(self) -> str:
        return hashlib.sha256(b"secret " + self.access_key.encode()).hexdigest()[:40]

    @property
    def token(self) -> str:
        return f"token{hashlib.sha256(b'token ' + self.access_key.encode()).hexdigest() * 4}"


CALLER = Keys(CALLER_KEY)


def new_session(account: str, *, root: bool) -> Keys:
    """Keys of a new session. 32,768 follow one another before a name comes again in an account."""
    number = next(_serial)
    letters = "".join(_LETTERS[number >> shift & 31] for shift in (10, 5, 0))
    return Keys(f"ASIA{account}{'R' if root else 'A'}{letters}")


def member(index: int) -> str:
    """The ID of the member account number ``index``, from 0."""
    return str(200_000_000_000 + index)
