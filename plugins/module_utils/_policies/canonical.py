# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies compared by meaning, not by text: one form for all the ways to write the same policy. No network.

AWS may return a single value without its list, values and statements in another order at each read, and an account's
ID as the ARN of its root user (IAM user guide, "AWS JSON policy elements: Principal"). Names of actions, condition
operators and condition keys ignore case. What is left as it is: Sid and Id, which people and tools look for, and
everything that this module does not know.
"""

from __future__ import annotations

import hashlib
import json
import re
import typing as t

# The version that a policy without one has (IAM user guide, "IAM JSON policy elements: Version").
DEFAULT_VERSION = "2008-10-17"

_ACCOUNT_ROOT = re.compile(r"arn:aws[\w-]*:iam::([0-9]{12}):root\Z", re.ASCII)
# How S3 shows the canonical user ID of a CloudFront origin access identity (Amazon S3 user guide, "Principals").
_SHOWN_CANONICAL_USER = re.compile(r"arn:aws[\w-]*:iam::(?:cloudfront|[0-9]{12}):[^:]+\Z", re.ASCII)
_PRINCIPALS = ("Principal", "NotPrincipal")


def equivalent(one: dict[str, t.Any] | None, other: dict[str, t.Any] | None) -> bool:
    """Do two policies mean the same?"""
    return bool(canonical(one) == canonical(other))


def shows(found: dict[str, t.Any] | None, written: dict[str, t.Any] | None) -> bool:
    """Is ``found`` the policy that was written, as AWS may show it?

    S3 shows a canonical user ID as an ARN, and which ARN belongs to an ID is not documented: as many ARNs as there
    were IDs count as these. Only for the policy that this process has just written.
    """
    if equivalent(found, written):
        return True
    shown, wanted = canonical(found), canonical(written)
    if shown is None or wanted is None or len(shown["Statement"]) != len(wanted["Statement"]):
        return False
    left = list(shown["Statement"])
    for statement in wanted["Statement"]:
        match = next((index for index, one in enumerate(left) if _is_shown_as(one, statement)), None)
        if match is None:
            return False
        del left[match]
    return all(shown.get(name) == wanted.get(name) for name in {*shown, *wanted} - {"Statement"})


def canonical(document: t.Any) -> t.Any:
    """The canonical form of a policy: nested dicts and sorted lists. None is no policy."""
    if not isinstance(document, dict):
        return document
    rest = {name: value for name, value in document.items() if name not in ("Version", "Statement")}
    found = document.get("Statement", [])
    statements = [_statement(one) for one in (found if isinstance(found, list) else [found])]
    version = document.get("Version", DEFAULT_VERSION)
    return {**rest, "Version": version, "Statement": sorted(statements, key=_sort_key)}


def digest(value: t.Any) -> str:
    """SHA-256 of a text, or of a value's canonical JSON (keys sorted, no spaces)."""
    text = value if isinstance(value, str) else _sort_key(value)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _statement(statement: t.Any) -> t.Any:
    if not isinstance(statement, dict):
        return statement
    result: dict[str, t.Any] = {}
    for name, value in statement.items():
        if name in _PRINCIPALS:
            result[name] = _principal(value)
        elif name in ("Action", "NotAction"):
            result[name] = _values(value, str.lower)
        elif name in ("Resource", "NotResource"):
            result[name] = _values(value)
        elif name == "Condition":
            if value != {}:
                result[name] = _condition(value)
        else:
            result[name] = value
    return result


def _principal(value: t.Any) -> t.Any:
    if not isinstance(value, dict):
        return value
    kinds = {kind: _values(listed, account_of_root if kind == "AWS" else str) for kind, listed in value.items()}
    return "*" if kinds == {"AWS": ["*"]} else kinds


def account_of_root(value: str) -> str:
    """The account ID, for the ARN of an account's root user: as a principal both mean the account. Else the value."""
    found = _ACCOUNT_ROOT.match(value)
    return found.group(1) if found else value


def _condition(block: t.Any) -> t.Any:
    """Each entry as [operator, key, values], sorted: one operator may stand there twice in other letters."""
    if not isinstance(block, dict) or not all(isinstance(keys, dict) for keys in block.values()):
        return block
    entries = [
        [operator.lower(), key.lower(), _values(values, _flag if operator.lower().startswith(_FLAGS) else str)]
        for operator, keys in block.items()
        for key, values in keys.items()
    ]
    return sorted(entries, key=_sort_key)


_FLAGS = ("bool", "null")  # operators whose values ignore case


def _flag(value: str) -> str:
    return value.lower()


def _values(value: t.Any, form: t.Callable[[str], str] = str) -> t.Any:
    """A value or a list of values as the sorted list of different texts; 5 and "5" are alike, as in AWS."""
    listed = value if isinstance(value, list) else [value]
    if not all(isinstance(one, (str, int, float)) for one in listed):
        return value
    return sorted({form(str(one).lower() if isinstance(one, bool) else str(one)) for one in listed})


def _sort_key(value: t.Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


# --- canonical user IDs ---


def _is_shown_as(found: t.Any, written: t.Any) -> bool:
    """Is one canonical statement another, in which ARNs may have taken the place of canonical user IDs?"""
    if not isinstance(found, dict) or not isinstance(written, dict) or set(found) != set(written):
        return bool(found == written)
    if any(found[name] != written[name] for name in written if name not in _PRINCIPALS):
        return False
    return all(_is_principal_shown(found[name], written[name]) for name in _PRINCIPALS if name in written)


def _is_principal_shown(found: t.Any, written: t.Any) -> bool:
    if not isinstance(found, dict) or not isinstance(written, dict):
        return bool(found == written)
    kinds = (set(found) | set(written)) - {"AWS", "CanonicalUser"}
    if any(found.get(kind) != written.get(kind) for kind in kinds):
        return False
    hidden = set(written.get("CanonicalUser", [])) - set(found.get("CanonicalUser", []))
    added = set(found.get("AWS", [])) - set(written.get("AWS", []))
    missing = set(written.get("AWS", [])) - set(found.get("AWS", []))
    return not missing and len(added) == len(hidden) and all(_SHOWN_CANONICAL_USER.match(arn) for arn in added)
