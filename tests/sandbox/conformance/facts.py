"""What a row of the conformance table is: one fact about AWS, with its check against the sandbox.

Each module of this folder holds the rows of one area in `FACTS`. The table in the documentation is made of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox import Box

Check = Callable[[Box], None]


@dataclass(frozen=True)
class Fact:
    """One fact.

    Attributes:
        section: Where aws-facts has it, for example `5b`.
        text: What AWS does.
        verified: False where the facts call it UNVERIFIED or inferred: the sandbox then does what is presumed.
        check: Called with the sandbox as it was loaded; speaks HTTP with unmodified boto3 and asserts.
    """

    section: str
    text: str
    verified: bool
    check: Check


def fact(rows: list[Fact], section: str, text: str, *, verified: bool = True) -> Callable[[Check], Check]:
    """Add a function to the rows as the check of a fact."""

    def add(check: Check) -> Check:
        rows.append(Fact(section, text, verified, check))
        return check

    return add
