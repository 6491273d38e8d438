"""Results of recovery_readiness_info for organizations of any size: always the same ones for the same size."""

from __future__ import annotations

import random
from typing import Any

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
READ_AT = "2026-11-28T03:00:00Z"
UNITS = (
    "Root/Security",
    "Root/Infrastructure/Network",
    "Root/Infrastructure/Shared services",
    "Root/Workloads/Production",
    "Root/Workloads/Staging",
    "Root/Workloads/Development",
    "Root/Sandbox",
    "Root/Suspended",
)
DENIES_ROOT = {
    "id": "p-denyroot1",
    "name": "DenyRootUser",
    "type": "SERVICE_CONTROL_POLICY",
    "target": "OU Production (ou-ex01-prod0001)",
    "target_id": "ou-ex01-prod0001",
}
DENIES_SQS = {
    "id": "p-nosqs0001",
    "name": "OnlyApprovedServices",
    "type": "SERVICE_CONTROL_POLICY",
    "target": "OU Sandbox (ou-ex01-sand0001)",
    "target_id": "ou-ex01-sand0001",
}
BLOCKED = {
    "code": "policy_denies_root_session",
    "certain": True,
    "text": "Statement DenyRoot of the SCP DenyRootUser denies root sessions in account {account}.",
    "fix": "Exempt root sessions in the statement: add the condition Null aws:AssumedRoot true.",
    "policy": DENIES_ROOT,
}
NO_ROLE = {
    "code": "access_role_missing",
    "certain": True,
    "text": "OrganizationAccountAccessRole is missing in account {account}.",
    "fix": "Restore it with the runbook lost_access_role.",
    "policy": None,
}
PHONE = {
    "code": "phone_not_known",
    "certain": False,
    "text": "AWS has no operation that reads whether the phone number of the root user is verified.",
    "fix": "Look at the contact information of the account in its console.",
    "policy": None,
}


def finding(code: str, severity: str, title: str, detail: str = "", fix: str = "Fix it.") -> dict[str, Any]:
    return {"code": code, "severity": severity, "title": title, "detail": detail, "fix": fix}


KEY = finding(
    "root_access_key",
    "critical",
    "Active access key of a root user",
    "AKIAEXAMPLE, last used 2026-11-01",
    "Remove it with the runbook remove_root_credentials.",
)


def works() -> dict[str, Any]:
    return {"verdict": "works", "reasons": []}


def account(account_id: str, name: str = "one", unit: str = "Root/Workloads", **changes: Any) -> dict[str, Any]:
    """A well account; `changes` replace its keys, those named like recoveries the verdict: (verdict, reason, …)."""
    recoveries = {recovery: works() for recovery in RECOVERIES}
    for recovery in RECOVERIES:
        if recovery in changes:
            verdict, *reasons = changes.pop(recovery)
            recoveries[recovery] = {
                "verdict": verdict,
                "reasons": [{**one, "text": one["text"].replace("{account}", account_id)} for one in reasons],
            }
    return {
        "account_id": account_id,
        "name": name,
        "organizational_unit": unit,
        "state": "ACTIVE",
        "outcome": "unchanged",
        "recoveries": recoveries,
        "findings": [],
        **changes,
    }


def result(*accounts: dict[str, Any], read_at: str = READ_AT, **changes: Any) -> dict[str, Any]:
    summary: dict[str, dict[str, int]] = {}
    for one in accounts:
        for recovery, found in one["recoveries"].items():
            counts = summary.setdefault(recovery, {})
            counts[found["verdict"]] = counts.get(found["verdict"], 0) + 1
    return {
        "changed": False,
        "organization": {"id": "o-exampleorg1", "management_account_id": "999999999999"},
        "read_at": read_at,
        "with_root_sessions": True,
        "with_role_sessions": False,
        "own_domains": [],
        "all_accounts": False,
        "unreadable": [],
        "accounts": list(accounts),
        "summary": summary,
        "calls": {},
        **changes,
    }


def organization(size: int, seed: int = 1, **changes: Any) -> dict[str, Any]:
    """An organization as they are: a policy binds one OU, some roles and mailboxes are lost, few root keys are left."""
    chance = random.Random(seed)
    return result(*(_some_account(number, chance) for number in range(size)), **changes)


def _some_account(number: int, chance: random.Random) -> dict[str, Any]:
    account_id = f"{100000000000 + number * 7919:012d}"
    unit = UNITS[chance.choices(range(len(UNITS)), (1, 2, 2, 30, 20, 25, 15, 3))[0]]
    name = f"{unit.rpartition('/')[2].lower().replace(' ', '-')}-{number:04d}"
    changes: dict[str, Any] = {"findings": []}
    if unit == "Root/Suspended":
        none = dict.fromkeys(RECOVERIES, ("not_applicable",))
        return account(account_id, name, unit, state="SUSPENDED", outcome="skipped", **none)
    if chance.random() < 0.02:
        unread = {
            "code": "not_read",
            "certain": False,
            "text": "organizations:DescribeAccount was throttled.",
            "fix": "Run it again.",
        }
        none = {recovery: ("unknown", {**unread, "policy": None}) for recovery in RECOVERIES}
        return account(account_id, name, unit, outcome="failed", **none)
    if chance.random() < 0.1:
        changes["lost_root_mfa"] = ("unknown", PHONE)
    if unit == "Root/Workloads/Production":
        for recovery in ("unlock_s3_bucket", "unlock_sqs_queue", "remove_root_credentials", "audit_root_credentials"):
            changes[recovery] = ("fails", BLOCKED)
    if unit == "Root/Sandbox":
        text = "The SCP OnlyApprovedServices does not allow sqs:SetQueueAttributes in account {account}."
        changes["unlock_sqs_queue"] = (
            "fails",
            {**BLOCKED, "code": "scp_allows_no_sqs", "text": text, "policy": DENIES_SQS},
        )
    if chance.random() < 0.05:
        changes["lost_access_role"] = changes["remove_account"] = ("fails", NO_ROLE)
    if chance.random() < 0.03:
        changes["findings"].append({**KEY, "detail": f"AKIA{number:012d}, last used 2026-11-{1 + number % 27:02d}"})
    if chance.random() < 0.06:
        owner = f"root-{number}@gone.example"
        changes["lost_root_mfa"] = (
            "fails",
            {**NO_ROLE, "code": "mail_domain_not_owned", "text": f"{owner} is not yours."},
        )
        changes["findings"].append(
            finding("mail_domain_not_owned", "high", "Root mail address in a domain that is not yours", owner)
        )
    if chance.random() < 0.2:
        changes["findings"].append(
            finding("alternate_contact_missing", "low", "No alternate contact for security", "SECURITY is missing")
        )
    return account(account_id, name, unit, **changes)
