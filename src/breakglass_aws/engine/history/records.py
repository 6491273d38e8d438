# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the history keeps of a run: of a result of recovery_readiness_info, or of the document of an audit."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from breakglass_aws.engine import times
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import redaction
from breakglass_aws.engine.history.parts import parts_of_audit, parts_of_readiness
from breakglass_aws.engine.posture.codes import code_of

READINESS, AUDIT = "readiness", "audit"
POLICY = ("id", "name", "type", "target", "target_id")  # the keys of a reason's policy
_ACCEPTED = (
    "Expected a result of recovery_readiness_info, or posture.json of an audit, with the ID of the organization."
)


@dataclass(frozen=True)
class Reason:
    """Why a recovery would fail, or why it is not known whether it works."""

    code: str
    text: str = ""
    fix: str = ""
    certain: bool = True  # whether it alone makes the recovery fail
    policy_id: str | None = None
    policy_name: str | None = None
    policy_type: str | None = None
    policy_target: str | None = None
    policy_target_id: str | None = None


@dataclass(frozen=True)
class Verdict:
    """Whether a recovery works in an account: works, fails, unknown or not_applicable."""

    recovery: str
    verdict: str
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Found:
    """A finding in an account."""

    code: str
    severity: str
    title: str
    detail: str = ""
    fix: str = ""


@dataclass(frozen=True)
class Content:
    """All that was found in an account. Two runs that found the same have the same content."""

    account_id: str
    name: str
    organizational_unit: str  # the path of names from the root; empty when it is not known
    state: str
    outcome: str
    parts: tuple[str, ...] = ()  # what of the account was read, see `parts`
    verdicts: tuple[Verdict, ...] = ()
    findings: tuple[Found, ...] = ()

    @property
    def digest(self) -> str:
        """The SHA-256 of the content."""
        return _sha256(dataclasses.astuple(self))


@dataclass(frozen=True)
class Record:
    """A run, as the history keeps it."""

    kind: str
    organization_id: str
    management_account_id: str
    read_at: str  # "2026-01-31T03:00:00Z"
    with_root_sessions: bool
    contents: tuple[Content, ...]
    all_accounts: bool = False  # whether every account of the organization is in the contents

    @property
    def digest(self) -> str:
        """The SHA-256 of the run: a result that is added twice is kept once."""
        accounts = sorted(content.digest for content in self.contents)
        return _sha256((self.kind, self.organization_id, self.read_at, self.with_root_sessions, accounts))


def record_of(result: Mapping[str, Any]) -> Record:
    """Return the record of a result of recovery_readiness_info. Raises RunbookError for anything else."""
    result = redaction.visible_data(redaction.ENGINE.data(result))
    try:
        organization = result["organization"]
        return Record(
            kind=READINESS,
            organization_id=_identifier(organization["id"]),
            management_account_id=str(organization.get("management_account_id") or ""),
            read_at=_time(result["read_at"]),
            with_root_sessions=bool(result["with_root_sessions"]),
            contents=_contents(_readiness_content(result, entry) for entry in result["accounts"]),
            all_accounts=bool(result.get("all_accounts")),
        )
    except (KeyError, TypeError, AttributeError, ValueError):
        raise RunbookError(f"This result cannot be added to a history. {_ACCEPTED}") from None


def record_of_audit(document: Mapping[str, Any]) -> Record:
    """Return the record of posture.json, as an audit writes it (see posture.as_json).

    Raises RunbookError for anything else, and for one of a version that did not write the organization into it.
    """
    document = redaction.visible_data(redaction.ENGINE.data(document))
    try:
        return Record(
            kind=AUDIT,
            organization_id=_identifier(document["organization"]),
            management_account_id="",
            read_at=_time(document["made"]),
            with_root_sessions=True,
            contents=_contents(_audit_content(entry) for entry in document["accounts"]),
        )
    except (KeyError, TypeError, AttributeError, ValueError):
        raise RunbookError(f"This document cannot be added to a history. {_ACCEPTED}") from None


def _identifier(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(value)
    return value


def _time(value: Any) -> str:
    """Return a time as all times in the file are written, so that their order is that of the text."""
    found = datetime.fromisoformat(_identifier(value))
    return times.text(found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC))


def _contents(contents: Iterable[Content]) -> tuple[Content, ...]:
    """Return the contents, one for each account: of several, the last."""
    return tuple({content.account_id: content for content in contents}.values())


def _readiness_content(result: Mapping[str, Any], entry: Mapping[str, Any]) -> Content:
    return Content(
        account_id=_identifier(entry["account_id"]),
        name=str(entry.get("name") or ""),
        organizational_unit=str(entry.get("organizational_unit") or ""),
        state=str(entry.get("state") or ""),
        outcome=str(entry["outcome"]),
        parts=parts_of_readiness(result, entry),
        verdicts=tuple(_verdict(recovery, found) for recovery, found in (entry.get("recoveries") or {}).items()),
        findings=tuple(_found(finding) for finding in entry.get("findings") or ()),
    )


def _audit_content(entry: Mapping[str, Any]) -> Content:
    return Content(
        account_id=_identifier(entry["account_id"]),
        name=str(entry.get("name") or ""),
        organizational_unit=str(entry.get("ou") or ""),
        state="",
        outcome=str(entry["status"]),
        parts=parts_of_audit(entry),
        findings=tuple(_found({**finding, "code": code_of(finding["kind"])}) for finding in entry["findings"]),
    )


def _verdict(recovery: str, found: Mapping[str, Any]) -> Verdict:
    return Verdict(recovery, str(found["verdict"]), tuple(_reason(one) for one in found.get("reasons") or ()))


def _reason(reason: Mapping[str, Any]) -> Reason:
    policy = reason.get("policy") or {}
    return Reason(
        str(reason["code"]),
        str(reason.get("text") or ""),
        str(reason.get("fix") or ""),
        bool(reason.get("certain", True)),
        *(policy.get(key) for key in POLICY),
    )


def _found(finding: Mapping[str, Any]) -> Found:
    return Found(*(str(finding.get(name) or "") for name in ("code", "severity", "title", "detail", "fix")))


def _sha256(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
