# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The posture of each account, from the results of sweeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from breakglass_aws.engine.posture import kinds
from breakglass_aws.engine.posture.findings import SWEEPS, Finding, findings_of, is_read
from breakglass_aws.engine.posture.kinds import SEVERITIES, Kind

CLEAN, SKIPPED = "clean", "skipped"
READY, NOT_READY, NOT_KNOWN = "ready", "not_ready", "unknown"
NO_OU = "OU not known"
# The recoveries in the order in which they are shown: to get in, to lock others out, to prepare.
RECOVERIES = (
    "unlock_s3_bucket",
    "unlock_sqs_queue",
    "lost_access_role",
    "lost_root_mfa",
    "compromised_root_user",
    "remove_root_credentials",
    "audit_root_credentials",
    "enable_root_access",
    "remove_account",
)


@dataclass
class Account:
    """What is known of an account."""

    account_id: str
    name: str = ""
    ou: str = ""  # the path of names, from the root; empty when it is not known
    recoveries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # as recovery_readiness_info returns them
    findings: list[Finding] = field(default_factory=list)
    sweeps: dict[str, Mapping[str, Any]] = field(default_factory=dict)  # its newest entry of each module

    @property
    def status(self) -> str:
        """The worst severity of its findings; `clean` when a sweep read it and found nothing; else `skipped`.

        A recovery that would fail counts as a finding of high severity, one that is not known makes it unknown.
        """
        found = {finding.kind.severity for finding in self.findings}
        if self.readiness == NOT_READY:
            found.add(kinds.HIGH)
        elif self.readiness == NOT_KNOWN:
            found.add(kinds.UNKNOWN)
        worst = next((severity for severity in SEVERITIES if severity in found), "")
        return worst or (CLEAN if any(is_read(entry) for entry in self.sweeps.values()) else SKIPPED)

    @property
    def readiness(self) -> str:
        """Whether each recovery that applies works: ready, not_ready, or unknown; empty when it was not asked."""
        verdicts = {found["verdict"] for found in self.recoveries.values()} - {"not_applicable"}
        if "fails" in verdicts:
            return NOT_READY
        if "unknown" in verdicts:
            return NOT_KNOWN
        return READY if verdicts else ""

    @property
    def reason(self) -> str:
        """Why it was left out; empty for an account that was read."""
        if self.status != SKIPPED:
            return ""
        return next((str(entry["reason"]) for entry in self.sweeps.values() if entry.get("reason")), "")


@dataclass(frozen=True)
class Posture:
    """The accounts, in the order of the sweeps, and when the report was made (as text)."""

    accounts: Sequence[Account]
    made: str = ""
    title: str = "Posture of the organization"
    organization: str = ""  # its ID; empty when no result has it
    unreadable: Sequence[Mapping[str, Any]] = ()  # what readiness could not read, as the module returns it

    @cached_property
    def kinds(self) -> list[Kind]:
        """The kinds of what was found, the worst first."""
        found = {finding.kind.name: finding.kind for account in self.accounts for finding in account.findings}
        return sorted(found.values(), key=kinds.rank)

    @cached_property
    def recoveries(self) -> list[str]:
        """The recoveries that were judged, in the order in which they are shown."""
        found = dict.fromkeys(name for account in self.accounts for name in account.recoveries)
        return sorted(found, key=lambda name: RECOVERIES.index(name) if name in RECOVERIES else len(RECOVERIES))

    def of_kind(self, kind: Kind) -> list[tuple[Account, Finding]]:
        """The findings of one kind, with their accounts; those that were used last come first."""
        found = [
            (account, finding)
            for account in self.accounts
            for finding in account.findings
            if finding.kind.name == kind.name
        ]
        return sorted(found, key=lambda one: one[1].used, reverse=True)

    def readiness(self) -> dict[str, int]:
        """How many accounts are ready, not ready, and not known to be either; empty when it was not asked."""
        found = [account.readiness for account in self.accounts]
        return {one: found.count(one) for one in (NOT_READY, NOT_KNOWN, READY) if one in found}

    def counts(self) -> dict[str, int]:
        """How many accounts have each status, the worst first."""
        statuses = [account.status for account in self.accounts]
        return {one: statuses.count(one) for one in (*SEVERITIES, CLEAN, SKIPPED) if one in statuses}


def assess(
    results: Iterable[Mapping[str, Any]], *, made: str = "", title: str = "Posture of the organization"
) -> Posture:
    """The posture from the results of sweeps: mappings with `accounts`, as the modules return them.

    Results of root_credentials_info, organization_access_role_info and resource_policy_lockout_info have findings;
    those of recovery_readiness_info have verdicts on recoveries too. Those of organization_account_info add the OU of
    each account. Of several results of one module, the last counts for an account. Raises ValueError for a result of
    anything else.
    """
    accounts: dict[str, Account] = {}
    places: dict[str, str] = {}
    organization = ""
    unreadable: list[Mapping[str, Any]] = []
    for result in results:
        organization = organization_of(result) or organization
        unreadable += result.get("unreadable") or []
        for entry in _entries(result):
            account_id = entry["account_id"]
            if isinstance(entry.get("ou"), Mapping):
                places[account_id] = str(entry["ou"].get("path") or "")
                organization = organization or str(entry["ou"].get("path_ids") or "").partition("/")[0]
            elif entry.get("organizational_unit"):
                places[account_id] = str(entry["organizational_unit"])
            for sweep in SWEEPS & entry.keys():
                account = accounts.setdefault(account_id, Account(account_id))
                account.name = account.name or str(entry.get("name") or "")
                account.sweeps[sweep] = entry
    for account in accounts.values():
        account.ou = places.get(account.account_id, "")
        account.findings += [finding for entry in account.sweeps.values() for finding in findings_of(entry)]
        account.findings.sort(key=lambda finding: kinds.rank(finding.kind))
        account.recoveries = account.sweeps.get("recoveries", {}).get("recoveries") or {}
    return Posture(list(accounts.values()), made, title, organization, unreadable)


def organization_of(result: Mapping[str, Any]) -> str:
    """The ID of the organization that a result is of; empty when it does not say."""
    found = result.get("organization")
    return str(found.get("id") or "") if isinstance(found, Mapping) else ""


def _entries(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    entries = result.get("accounts")
    if not isinstance(entries, list) or not all(_is_entry(entry) for entry in entries):
        raise ValueError("This is no result of a module that sweeps: it has no list of accounts with their outcomes.")
    known = SWEEPS | {"ou"}
    if entries and not any(known & entry.keys() for entry in entries):
        raise ValueError(
            "The accounts of this result have no root_credentials, role, resources, recoveries or ou. Expected a "
            "result of root_credentials_info, organization_access_role_info, resource_policy_lockout_info, "
            "recovery_readiness_info or organization_account_info."
        )
    return entries


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, Mapping) and isinstance(entry.get("account_id"), str) and "outcome" in entry
