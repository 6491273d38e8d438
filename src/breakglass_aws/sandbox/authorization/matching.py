# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a name matches a pattern: wildcards, policy variables, ARNs and principals."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import lru_cache

from breakglass_aws.sandbox.authorization.request import Context
from breakglass_aws.sandbox.model.principals import Principal


class Wildcard(Enum):
    """The two wildcards of the policy language."""

    ANY = "*"  # any number of characters, '/' and ':' among them
    ONE = "?"  # exactly one character


@dataclass(frozen=True, slots=True)
class Variable:
    """A policy variable, `${key}` or `${key, 'default'}`; `key` in lower case."""

    key: str
    default: str | None


# A pattern, taken apart: literal text, wildcards and variables.
Piece = str | Wildcard | Variable
Pieces = tuple[Piece, ...]

_TOKENS = re.compile(
    r"(?P<wildcard>[*?])|\$\{(?P<special>[*?$])\}|\$\{(?P<key>[^}',]+?)\s*(?:,\s*'(?P<default>[^']*)')?\}"
)
_WILDCARDS = {"*": Wildcard.ANY, "?": Wildcard.ONE}


@lru_cache(maxsize=16384)
def pieces(pattern: str, *, variables: bool) -> Pieces:
    """Take a pattern apart. Without `variables` (policy version 2008-10-17) `${...}` is plain text.

    `${*}`, `${?}` and `${$}` stand for the characters themselves (IAM User Guide, "Policy variables: special
    characters").
    """
    found: list[Piece] = []
    position = 0
    for token in _TOKENS.finditer(pattern):
        if not variables and not token["wildcard"]:
            continue
        found.append(pattern[position : token.start()])
        position = token.end()
        if token["wildcard"]:
            found.append(_WILDCARDS[token["wildcard"]])
        elif token["special"]:
            found.append(token["special"])
        else:
            found.append(Variable(token["key"].strip().lower(), token["default"]))
    found.append(pattern[position:])
    return tuple(piece for piece in found if piece != "")


def resolve(parts: Pieces, context: Context) -> Pieces | None:
    """Put values in the place of variables; None when one has no value, and the pattern can match nothing.

    A value is literal text: a wildcard in it is a character like any other. A key with several values cannot be used
    as a variable.
    """
    resolved: list[Piece] = []
    for piece in parts:
        if isinstance(piece, Variable):
            values = context.get(piece.key)
            if len(values) == 1:
                resolved.append(values[0])
            elif piece.default is not None:
                resolved.append(piece.default)
            else:
                return None
        else:
            resolved.append(piece)
    return tuple(resolved)


def has_variables(parts: Pieces) -> bool:
    """Whether a pattern must be resolved before it can be matched."""
    return any(isinstance(piece, Variable) for piece in parts)


def expression(parts: Pieces) -> str:
    """The regular expression of a resolved pattern.

    What follows a `*` is taken at its first occurrence and never reconsidered (an atomic group): the outcome is the
    same, and no pattern makes matching take more than linear time for each of its parts.
    """
    runs: list[str] = [""]
    for piece in parts:
        if piece is Wildcard.ANY:
            runs.append("")
        else:
            runs[-1] += "." if piece is Wildcard.ONE else re.escape(str(piece))  # variables are resolved
    if len(runs) == 1:
        return runs[0]
    first, *middle, last = runs
    return first + "".join(f"(?>.*?{run})" for run in middle if run) + ".*" + last


@lru_cache(maxsize=16384)
def compiled(parts: Pieces) -> re.Pattern[str]:
    """A resolved pattern, ready to match whole strings."""
    return re.compile(expression(parts), re.DOTALL)


def matches(parts: Pieces, value: str) -> bool:
    """Whether a resolved pattern matches the whole value."""
    return compiled(parts).fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class Names:
    """Patterns of an Action or Resource element that can be matched at once; a statement may have a thousand.

    `wildcard` is their regular expression, compiled when first needed: most policies never are.
    """

    literal: frozenset[str]
    wildcard: str | None

    @classmethod
    def of(cls, patterns: Iterable[Pieces]) -> Names:
        """Names of patterns that have no variables, or whose variables are resolved."""
        literal: set[str] = set()
        wildcard: list[str] = []
        for parts in patterns:
            texts = [piece for piece in parts if isinstance(piece, str)]
            if len(texts) == len(parts):
                literal.add("".join(texts))
            else:
                wildcard.append(f"(?:{expression(parts)})")
        return cls(frozenset(literal), "|".join(wildcard) or None)

    def match(self, name: str) -> bool:
        """Whether one of the patterns matches the whole name."""
        return name in self.literal or (self.wildcard is not None and _of(self.wildcard).fullmatch(name) is not None)


@lru_cache(maxsize=16384)
def _of(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.DOTALL)


@lru_cache(maxsize=16384)
def arn_matches(parts: Pieces, value: str) -> bool:
    """Whether an ARN condition matches: each of the six colon-separated parts for itself, wildcards included.

    IAM User Guide, "ARN condition operators". That a lone `*` matches every ARN is presumed.
    """
    if parts == (Wildcard.ANY,):
        return True
    segments = _segments(parts)
    values = value.split(":", 5)
    return len(segments) == len(values) == 6 and all(map(matches, segments, values))


def _segments(parts: Pieces) -> list[Pieces]:
    """Cut a resolved pattern at its first five colons."""
    segments: list[list[Piece]] = [[]]
    for piece in parts:
        if not isinstance(piece, str):
            segments[-1].append(piece)
            continue
        head, *rest = piece.split(":", 6 - len(segments))
        segments[-1].append(head)
        segments.extend([text] for text in rest)
    return [tuple(piece for piece in segment if piece != "") for segment in segments]


class Named(IntEnum):
    """How closely a Principal element names who makes the request. It decides what limits the grant.

    IAM User Guide, "AWS JSON policy elements: Principal" and "Policy evaluation for requests within a single account".
    """

    NOT = 0
    ACCOUNT = 1  # its account: the account's own policies must grant the rest
    ROLE = 2  # the role it assumed: a boundary or session policy still limits the grant
    ITSELF = 3  # the user, the session, the service, or everyone: nothing limits the grant


@dataclass(frozen=True, slots=True)
class Principals:
    """A Principal or NotPrincipal element. Accounts are kept as 12-digit ids, whichever way they were written."""

    everyone: bool
    aws: frozenset[str]
    services: frozenset[str]
    federated: frozenset[str]
    canonical_users: frozenset[str]  # S3's way of naming an account

    def name(self, principal: Principal) -> Named:
        """How closely these name the principal."""
        if self.everyone:
            return Named.ITSELF
        if principal.kind == "service":
            return Named.ITSELF if principal.arn in self.services else Named.NOT
        if principal.kind == "federated":
            return Named.ITSELF if principal.arn in self.federated else Named.NOT
        if principal.kind == "anonymous":
            return Named.NOT
        by_account = Named.ACCOUNT if principal.canonical_user_id in self.canonical_users else Named.NOT
        return max((how for name, how in _names(principal) if name in self.aws), default=by_account)

    def exempt(self, principal: Principal) -> bool:
        """Whether, as NotPrincipal, these spare the principal.

        Everything AWS validates must be named: the account, then the role, then the session or user (IAM User Guide,
        "AWS JSON policy elements: NotPrincipal").
        """
        if principal.kind in ("user", "role_session") and not self.everyone:
            named = {how for name, how in _names(principal) if name in self.aws}
            return named == {how for _, how in _names(principal)}
        return self.name(principal) is not Named.NOT


def _names(principal: Principal) -> list[tuple[str, Named]]:
    """Every name by which an AWS principal can be called in a policy, and how closely each names it.

    The root user has no name but its account's.
    """
    names = [(principal.account, Named.ACCOUNT), (principal.arn, Named.ITSELF)]
    if principal.kind == "role_session":
        names.append((principal.role_arn or "", Named.ROLE))
    unique_id_names = Named.ROLE if principal.kind == "role_session" else Named.ITSELF
    names.append((principal.unique_id, unique_id_names))
    return [(name, how) for name, how in names if name]
