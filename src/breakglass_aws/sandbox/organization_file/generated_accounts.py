# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts of a generated organization: ten with a bad day each, and the others by chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from breakglass_aws.sandbox.organization_file.generated_company import YEAR, Company, Spec
from breakglass_aws.sandbox.organization_file.generated_policies import (
    bucket_with,
    dead_endpoint,
    dead_network,
    deny_all,
    guarded,
    policy_of,
    producers,
    queue_with,
    stopped,
    tls_only,
)

_BUSINESSES = ("Retail", "Payments", "Logistics", "Media", "Insurance", "Travel", "Energy", "Health", "Games", "Bank")


_TEAMS = (
    "accounts", "analytics", "billing", "booking", "catalog", "checkout", "claims", "content", "crm", "delivery",
    "events", "fraud", "identity", "invoices", "ledger", "mobile", "orders", "partners", "portal", "pricing",
    "recommend", "reporting", "returns", "search", "shop", "stock", "support", "tariffs", "tracking", "warehouse",
)  # fmt: skip


# Environment -> share of the workload accounts.
_ENVIRONMENTS = {"Production": 35, "Staging": 20, "Test": 20, "Development": 25}


@dataclass
class GeneratedAccount:
    """An account as the file has it.

    Attributes:
        spec: Its keys and values.
        story: What a reader should know of it.
    """

    spec: Spec
    story: str = ""


def _management(company: Company) -> GeneratedAccount:
    audit: list[Spec] = [
        {
            "Sid": "OnlyTheAuditTask",
            "Effect": "Allow",
            "Action": "sts:AssumeRoot",
            "Resource": "arn:aws:iam::*:root",
            "Condition": {
                "StringEquals": {"sts:TaskPolicyArn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}
            },
        },
        {
            "Sid": "ReadTheOrganization",
            "Effect": "Allow",
            "Action": ["iam:ListOrganizationsFeatures", "organizations:Describe*", "organizations:List*"],
            "Resource": "*",
        },
    ]
    spec = {
        "id": company.account_id(),
        "name": company.name("management"),
        "root": {
            "password": _password(6 * YEAR, company.days(20, 200)),
            "mfa_devices": [{"type": "hardware", "enabled": _ago(6 * YEAR)}],
        },
        "roles": [
            {"name": "BreakGlassOperator", "policies": ["AdministratorAccess"]},
            {"name": "RootAuditor", "policies": [{"Audit": policy_of(*audit)}]},
            {"name": "NoPermissions"},
        ],
    }
    return GeneratedAccount(spec, "The management account keeps its root user; nothing targets it.")


def _security(company: Company) -> GeneratedAccount:
    return GeneratedAccount(_member(company, "security", "Security", 5 * YEAR), "The delegated administrator for IAM.")


def _log_archive(company: Company) -> GeneratedAccount:
    spec = _member(company, "log-archive", "Security", 5 * YEAR)
    spec["buckets"] = [bucket_with(company, spec, "trail", guarded)]
    return GeneratedAccount(spec, "Healthy, and to stay so.")


def _locked_bucket(company: Company) -> GeneratedAccount:
    spec = _member(company, "ledger-production", "Workloads/Production")
    spec["buckets"] = [bucket_with(company, spec, "data", deny_all), bucket_with(company, spec, "exports", tls_only)]
    return GeneratedAccount(spec, "One bucket denies everybody everything; its neighbour is healthy.")


def _locked_queue(company: Company) -> GeneratedAccount:
    spec = _member(company, "events-production", "Workloads/Production")
    spec["queues"] = [queue_with(company, spec, "events", stopped)]
    return GeneratedAccount(spec, "Its queue was stopped by denying everybody everything.")


def _legacy(company: Company) -> GeneratedAccount:
    spec = _member(company, "legacy", "Workloads/Legacy", 5 * YEAR)
    spec["root"] = {
        "password": _password(5 * YEAR, 800),
        "access_keys": [_key(5 * YEAR, 1100), _key(4 * YEAR, None)],
        "signing_certificates": [{"created": _ago(5 * YEAR)}],
        "mfa_devices": [{"type": "virtual", "enabled": _ago(5 * YEAR)}],
    }
    return GeneratedAccount(spec, "Its root user has everything a root user can have.")


def _invited(company: Company) -> GeneratedAccount:
    return GeneratedAccount(
        _bought(company, "acquired"), "Joined by invitation, with its own past and without the role."
    )


def _suspended(company: Company) -> GeneratedAccount:
    spec = _member(company, "closed-shop", "Suspended") | {"state": "SUSPENDED"}
    return GeneratedAccount(spec, "Suspended: no one can sign in or assume a role.")


def _vault(company: Company) -> GeneratedAccount:
    spec = _member(company, "vault", "Vault", 900) | {"root": {"password": _password(900, 700)}}
    return GeneratedAccount(spec, "A service control policy denies everything to root users here, root sessions too.")


def _lost_role(company: Company) -> GeneratedAccount:
    spec = _member(company, "lost-role", "Workloads/Test") | {"administrator_role": False}
    return GeneratedAccount(spec, "OrganizationAccountAccessRole was deleted.")


FIRST_ACCOUNTS: tuple[Callable[[Company], GeneratedAccount], ...] = (
    _management,
    _security,
    _log_archive,
    _locked_bucket,
    _locked_queue,
    _legacy,
    _invited,
    _suspended,
    _vault,
    _lost_role,
)


def random_account(company: Company) -> GeneratedAccount:
    if company.happens(0.05):
        return GeneratedAccount(_bought(company, company.chance.choice(_TEAMS)))
    if company.happens(0.06):
        spec = _member(company, f"sandbox-{company.chance.choice(_TEAMS)}", "Sandboxes")
        return GeneratedAccount(spec | _root(company, spec, password=0.1, keys=0.01))
    if company.happens(0.01):
        spec = _member(company, f"vault-{company.chance.choice(_TEAMS)}", "Vault")
        return GeneratedAccount(spec | _root(company, spec, password=0.3, keys=0.0))
    return _workload(company)


def _workload(company: Company) -> GeneratedAccount:
    team, environment = company.chance.choice(_TEAMS), company.one_of(_ENVIRONMENTS)
    # One business has all its workloads in one place; a group has each business's in a place of its own.
    business = _BUSINESSES[: company.accounts // 200]
    above = f"/{company.chance.choice(business)}" if business else ""
    spec = _member(company, f"{team}-{environment.lower()}", f"Workloads{above}/{environment}")
    spec |= _root(company, spec, password=0.35, keys=0.03)
    if company.happens(0.02):
        spec |= {"state": "SUSPENDED", "ou": "Suspended"}
    elif company.happens(0.02):
        spec["administrator_role"] = False
    if company.happens(0.5):
        kinds = {None: 40, tls_only: 40, guarded: 17, deny_all: 1, dead_endpoint: 1, dead_network: 1}
        spec["buckets"] = [
            bucket_with(company, spec, use, company.chance.choices(list(kinds), list(kinds.values()))[0])
            for use in ("data", "exports")[: 1 + company.happens(0.25)]
        ]
    if company.happens(0.2):
        queue_kinds = {None: 58, producers: 40, stopped: 2}
        kind = company.chance.choices(list(queue_kinds), list(queue_kinds.values()))[0]
        spec["queues"] = [queue_with(company, spec, "events", kind)]
    return GeneratedAccount(spec)


def _member(company: Company, name: str, ou: str, joined: int | None = None) -> Spec:
    """An account that was created in the organization, `joined` days ago."""
    joined = joined or company.days(30, 5 * YEAR)
    return {"id": company.account_id(), "name": company.name(name), "ou": ou, "joined": _ago(joined)}


def _bought(company: Company, name: str) -> Spec:
    """An account that joined by invitation: it has a past of its own, and seldom the role."""
    joined = company.days(60, 3 * YEAR)
    created = joined + company.days(300, 5 * YEAR)
    spec: Spec = {
        "id": company.account_id(),
        "name": company.name(f"{name}-acquired" if name != "acquired" else name),
        "ou": "Acquired",
        "joined": _ago(joined),
        "joined_method": "INVITED",
        "created": _ago(created),
    }
    if company.happens(0.2):
        spec["administrator_role"] = True
    return spec | _root(company, spec, password=0.95, keys=0.3, created=created)


def _root(company: Company, spec: Spec, *, password: float, keys: float, created: int | None = None) -> Spec:
    """The root user's credentials by their shares; none for most."""
    age = created or int(spec["joined"].split()[0])
    root: Spec = {}
    if company.happens(password):
        used = None if company.happens(0.3) else company.days(10, age)
        root["password"] = _password(age, used)
    if company.happens(keys):
        count = 1 + company.happens(0.2)
        root["access_keys"] = [_key(age, _last_use_of_key(company, age)) for _ in range(count)]
    if company.happens(keys / 10):
        root["signing_certificates"] = [{"created": _ago(age)}]
    # Most of those who use a root user have given it a second factor.
    if root and company.happens(0.65):
        kind = "hardware" if company.happens(0.1) else "virtual"
        root["mfa_devices"] = [{"type": kind, "enabled": _ago(company.days(1, age))}]
    return {"root": root} if root else {}


def _last_use_of_key(company: Company, age: int) -> int | None:
    """Most keys were forgotten; some job still runs on one of eight."""
    if company.happens(0.3):
        return None
    return company.days(0, 30) if company.happens(0.12) else company.days(91, age)


def _ago(days: int) -> str:
    return f"{days} days ago"


def _password(created: int, used: int | None) -> Spec:
    return {"created": _ago(created), "last_used": "never" if used is None else _ago(used)}


def _key(created: int, used: int | None) -> Spec:
    if used is None:
        return {"created": _ago(created), "last_used": "never"}
    return {"created": _ago(created), "last_used": _ago(used), "service": "s3", "region": "us-east-1"}
