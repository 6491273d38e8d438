# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What will be done to a resource's policy, decided before anything is changed. No network, no Ansible."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._policies import canonical
from ansible_collections.breakglass.aws.plugins.module_utils._policies.by_name import principals_denied_by_name
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import (
    Document,
    PolicyError,
    check_actions,
    check_limits,
    minified,
    parse,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.lockouts import (
    Lockout,
    find_lockouts,
    upcoming_lockouts,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.public_access import public_statements
from ansible_collections.breakglass.aws.plugins.module_utils._policies.repair import repair
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import (
    Administrator,
    Resource,
    administrators_of,
)

REPAIR, REPLACE, DELETE, RESTORE = "repair", "replace", "delete", "restore"
MODES = (REPAIR, REPLACE, DELETE, RESTORE)

_OTHER_MODES = "Use mode=replace with another policy, or mode=delete. Neither needs an analysis of this one."
_CORRECT = "Correct the option. Nothing was changed."
_INCOMPLETE = "The answer may be incomplete: check the network, proxies and endpoint_url, then run it again."
_NO_POLICY = (
    "There is no policy, so no policy locks administrators out. If access is denied all the same, check that this is "
    "the right resource, then check service and resource control policies, the administrators' own IAM policies and "
    "permissions boundaries, VPC endpoint policies, and the policy of its KMS key."
)


@dataclass(frozen=True)
class Plan:
    """The policy before and after, as documents and as the texts of AWS and for AWS. None is no policy."""

    mode: str
    before: Document | None
    after: Document | None
    before_text: str | None
    after_text: str | None
    lockouts: tuple[Lockout, ...]
    warnings: tuple[str, ...] = ()

    @property
    def understood(self) -> bool:
        """Can both policies be analysed? A policy of AWS may have elements that this collection does not know."""
        try:
            for document in (self.before, self.after):
                if document is not None:
                    parse(document)
        except PolicyError:
            return False
        return True

    @property
    def changes(self) -> bool:
        """Do the policies before and after differ in meaning?"""
        return not canonical.equivalent(self.before, self.after)

    @property
    def public_statements(self) -> list[int]:
        """The statements of the policy after that allow everyone access."""
        try:
            return [] if self.after is None else public_statements(parse(self.after))
        except PolicyError:
            return []

    def is_still_for(self, text: str | None) -> bool:
        """Is this text the policy that the plan was made for? AWS may show the same policy in another order."""
        return canonical.equivalent(_document(text), self.before)

    def is_reached(self, text: str | None) -> bool:
        """Is this text, read back after the write, what the plan wants?"""
        return canonical.shows(_document(text), self.after)

    def digest(self, account_id: str, identity: dict[str, str]) -> str:
        """SHA-256 over the account, the resource, the mode and the meaning of both policies."""
        policies = {"before": canonical.canonical(self.before), "after": canonical.canonical(self.after)}
        return canonical.digest({"account_id": account_id, **identity, "mode": self.mode, **policies})

    def summary(self, check_mode: bool) -> str:
        """One sentence for people."""
        if not self.changes:
            if self.before is None:
                return "it has no policy, nothing to do."
            return "its policy locks no administrator out." if self.mode == REPAIR else "it has this policy already."
        what = {REPAIR: "repaired", REPLACE: "replaced", DELETE: "deleted", RESTORE: "restored"}[self.mode]
        if self.mode == REPAIR and self.after is None:
            what = "deleted, because nothing of it remained"
        return f"its policy {'would be' if check_mode else 'was'} {what}."


def named(resource: Resource, arns: t.Sequence[str]) -> list[Administrator]:
    """The administrators in the option ``administrators``. Raises a BreakglassError for invalid ARNs."""
    try:
        return administrators_of(resource, arns)
    except PolicyError as error:
        raise BreakglassError(f"administrators: {error}", _CORRECT) from error


def replacement(text: str, service: str) -> Document:
    """The policy in the option ``policy``. Raises a BreakglassError when it is not one the service accepts."""
    try:
        document = parse(text)
        check_limits(document, service)
        check_actions(document, service)
    except PolicyError as error:
        raise BreakglassError(f"policy: {error}", _CORRECT) from error
    return document


def make(
    mode: str,
    resource: Resource,
    administrators: t.Sequence[Administrator],
    text: str | None,
    wanted: str | None,
    exempt: str,
) -> Plan:
    """Decide what to do.

    ``text`` is the policy as it is, ``wanted`` the one to replace it with or to restore, ``exempt`` what a repair
    exempts named administrators from. Raises a BreakglassError where there is no plan.
    """
    before = _document(text)
    lockouts, warnings = _analyse(before, mode, resource, administrators)
    after: Document | None
    if mode == REPAIR:
        after, more = _repaired(before, lockouts, resource, administrators, exempt)
        warnings += more
        after_text = None if after is None else minified(after)
    elif mode == REPLACE:
        after = replacement(wanted or "", resource.service)
        after_text = minified(after)
        _refuse_lockout(after, resource, administrators)
    else:
        after_text = wanted if mode == RESTORE else None
        after = _document(after_text)
    return Plan(mode, before, after, text, after_text, tuple(lockouts), tuple(warnings))


def _analyse(
    before: Document | None, mode: str, resource: Resource, administrators: t.Sequence[Administrator]
) -> tuple[list[Lockout], list[str]]:
    """The lockouts, and warnings. Only a repair needs the analysis."""
    if before is None:
        return [], []
    try:
        document = parse(before)
        warnings = [
            f"Statement {lockout.index} of the policy will lock administrators out from {date} on. {lockout.why}"
            for date, lockout in upcoming_lockouts(document, resource, administrators)
        ]
        return find_lockouts(document, resource, administrators), warnings if mode == REPAIR else []
    except PolicyError as error:
        if mode == REPAIR:
            raise BreakglassError(f"The policy cannot be analysed. {error}", _OTHER_MODES) from error
        return [], [f"The policy that was there could not be analysed: {error}"]


def _repaired(
    before: Document | None,
    lockouts: list[Lockout],
    resource: Resource,
    administrators: t.Sequence[Administrator],
    exempt: str,
) -> tuple[Document | None, list[str]]:
    """The repaired policy, and warnings."""
    if before is None:
        return None, [_NO_POLICY]
    if not lockouts:
        by_name = [] if administrators[0].named else principals_denied_by_name(before, resource)
        return before, [denied_by_name(by_name)] if by_name else []
    try:
        return repair(before, resource, administrators, exempt), []
    except PolicyError as error:
        raise BreakglassError(f"There is no repair. {error}", _OTHER_MODES) from error


def denied_by_name(names: t.Sequence[str]) -> str:
    """One sentence about principals that the policy keeps from managing it by name or pattern."""
    return (
        f"The policy denies these principals of the account to manage it, by name or by pattern: {', '.join(names)}. "
        "That is no lockout of the account. Name those that must have access in administrators."
    )


def _refuse_lockout(document: Document, resource: Resource, administrators: t.Sequence[Administrator]) -> None:
    locking = find_lockouts(document, resource, administrators)
    if locking:
        raise BreakglassError(
            f"policy: statement {locking[0].index} would lock administrators out again. {locking[0].why}",
            "Exempt them in the policy, or name in administrators those who must get in.",
        )


def _document(text: str | None) -> Document | None:
    """The policy in a text that AWS returned, or that is in a backup."""
    if text is None:
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BreakglassError("The policy that was read is not JSON.", _INCOMPLETE) from error
    if not isinstance(document, dict):
        raise BreakglassError("The policy that was read is not a JSON object.", _INCOMPLETE)
    return document
