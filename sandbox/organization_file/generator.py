"""Organization files of 10 to 10,000 accounts, shaped as companies' organizations are; one seed gives one file.

The first ten accounts have a bad day each, so that the smallest organization has them all. The others follow at random
by the shares below, which are no statistics: few access keys, many old passwords, a second factor on most of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

LEAST, MOST = 10, 10_000
_ORGANIZATION = "o-generated01"
_BUSINESSES = ("Retail", "Payments", "Logistics", "Media", "Insurance", "Travel", "Energy", "Health", "Games", "Bank")
_TEAMS = (
    "accounts", "analytics", "billing", "booking", "catalog", "checkout", "claims", "content", "crm", "delivery",
    "events", "fraud", "identity", "invoices", "ledger", "mobile", "orders", "partners", "portal", "pricing",
    "recommend", "reporting", "returns", "search", "shop", "stock", "support", "tariffs", "tracking", "warehouse",
)  # fmt: skip
# Environment -> share of the workload accounts.
_ENVIRONMENTS = {"Production": 35, "Staging": 20, "Test": 20, "Development": 25}
_REGIONS = {"us-east-1": 40, "eu-west-1": 25, "eu-central-1": 20, "us-west-2": 10, "ap-southeast-2": 5}
_YEAR = 365


class _Quoted(str):
    """A text in quotes whatever it is: account IDs all look the same."""


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    def ignore_aliases(self, _: Any) -> bool:
        return True


_Dumper.add_representer(
    _Quoted, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style='"')
)

Spec = dict[str, Any]


@dataclass
class _Account:
    """An account as the file has it.

    Attributes:
        spec: Its keys and values.
        story: What a reader should know of it.
    """

    spec: Spec
    story: str = ""


@dataclass
class _Company:
    """Chance, and what is taken."""

    accounts: int
    chance: random.Random
    ids: set[str] = field(default_factory=set)
    names: dict[str, int] = field(default_factory=dict)  # how many accounts have the name, with or without a number

    def account_id(self) -> str:
        """A new ID. One of ten has a leading zero, and so has the first, that no organization is without."""
        while True:
            number = self.chance.randrange(1, 10**12 if self.ids else 10**11)
            identifier = f"{number:012d}"
            if identifier not in self.ids:
                self.ids.add(identifier)
                return _Quoted(identifier)

    def name(self, wanted: str) -> str:
        """The name wanted, with a number where it is taken."""
        self.names[wanted] = number = self.names.get(wanted, 0) + 1
        return wanted if number == 1 else f"{wanted}-{number}"

    def happens(self, share: float) -> bool:
        return self.chance.random() < share

    def one_of(self, shares: dict[str, int]) -> str:
        return self.chance.choices(list(shares), list(shares.values()))[0]

    def days(self, least: int, most: int) -> int:
        return self.chance.randint(least, max(least, most))


def generate(accounts: int, seed: int = 0) -> str:
    """An organization file.

    Args:
        accounts: 10 to 10,000.
    """
    if not LEAST <= accounts <= MOST:
        raise ValueError(f"{accounts} accounts are not accepted; accepted: {LEAST} to {MOST}")
    company = _Company(accounts, random.Random(seed))
    cast = [make(company) for make in _CAST]
    cast += [_some_account(company) for _ in range(accounts - len(cast))]
    return "".join(_file(cast, seed))


# The file


def _file(cast: list[_Account], seed: int) -> Iterator[str]:
    management, security = cast[0].spec["id"], cast[1].spec["id"]
    yield (
        "# A generated organization: nobody's, but shaped as companies' organizations are.\n"
        f"# Made by: python -m sandbox generate --accounts {len(cast)} --seed {seed}\n"
        "# The first accounts have a bad day each; the others follow at random, the same for the same seed.\n"
        "# Dates are relative to the moment the sandbox starts.\n\n"
    )
    yield _yaml(
        {
            "organization": _ORGANIZATION,
            "management_account": management,
            "created": f"{6 * _YEAR} days ago",
            "trusted_access": ["iam.amazonaws.com"],
            "features": ["RootCredentialsManagement", "RootSessions"],
            "delegated_administrators": {"iam.amazonaws.com": security},
        }
    )
    yield "\naccounts:\n"
    for account in cast:
        if account.story:
            yield f"\n  # {account.story}\n"
        yield _indented(_yaml([account.spec]))
    yield "\n# What is forbidden in the organization, whoever asks.\n"
    yield _yaml({"service_control_policies": _service_control_policies()})
    yield "\n# Whom `python -m sandbox env --as NAME` can make you, beside each account's NAME-administrator.\n"
    yield _yaml(
        {
            "identities": {
                "operator": {"account": management, "role": "BreakGlassOperator", "source_identity": "operator"},
                "auditor": {"account": management, "role": "RootAuditor", "source_identity": "auditor"},
                "nobody": {"account": management, "role": "NoPermissions"},
                "delegate": {
                    "account": security,
                    "role": "OrganizationAccountAccessRole",
                    "source_identity": "delegate",
                },
            }
        }
    )


def _yaml(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, default_flow_style=None, width=110, allow_unicode=True)


def _indented(text: str) -> str:
    return "".join(f"  {line}" for line in text.splitlines(keepends=True))


def _service_control_policies() -> Spec:
    return {
        "deny-root-user": {
            "description": "Nobody works as root; the sessions of AssumeRoot were forgotten",
            "targets": ["Vault"],
            "document": _policy(
                {
                    "Sid": "DenyRootUser",
                    "Effect": "Deny",
                    "Action": "*",
                    "Resource": "*",
                    "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}},
                }
            ),
        },
        "stay-in-the-organization": {
            "description": "No account leaves by itself",
            "targets": ["Root"],
            "document": _policy(
                {"Sid": "Stay", "Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"}
            ),
        },
    }


# The first ten


def _management(company: _Company) -> _Account:
    audit = [
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
            "password": _password(6 * _YEAR, company.days(20, 200)),
            "mfa_devices": [{"type": "hardware", "enabled": _ago(6 * _YEAR)}],
        },
        "roles": [
            {"name": "BreakGlassOperator", "policies": ["AdministratorAccess"]},
            {"name": "RootAuditor", "policies": [{"Audit": _policy(*audit)}]},
            {"name": "NoPermissions"},
        ],
    }
    return _Account(spec, "The management account keeps its root user; nothing targets it.")


def _security(company: _Company) -> _Account:
    return _Account(_member(company, "security", "Security", 5 * _YEAR), "The delegated administrator for IAM.")


def _log_archive(company: _Company) -> _Account:
    spec = _member(company, "log-archive", "Security", 5 * _YEAR)
    spec["buckets"] = [_bucket(company, spec, "trail", _guarded)]
    return _Account(spec, "Healthy, and to stay so.")


def _locked_bucket(company: _Company) -> _Account:
    spec = _member(company, "ledger-production", "Workloads/Production")
    spec["buckets"] = [_bucket(company, spec, "data", _deny_all), _bucket(company, spec, "exports", _tls_only)]
    return _Account(spec, "One bucket denies everybody everything; its neighbour is healthy.")


def _locked_queue(company: _Company) -> _Account:
    spec = _member(company, "events-production", "Workloads/Production")
    spec["queues"] = [_queue(company, spec, "events", _stopped)]
    return _Account(spec, "Its queue was stopped by denying everybody everything.")


def _legacy(company: _Company) -> _Account:
    spec = _member(company, "legacy", "Workloads/Legacy", 5 * _YEAR)
    spec["root"] = {
        "password": _password(5 * _YEAR, 800),
        "access_keys": [_key(5 * _YEAR, 1100), _key(4 * _YEAR, None)],
        "signing_certificates": [{"created": _ago(5 * _YEAR)}],
        "mfa_devices": [{"type": "virtual", "enabled": _ago(5 * _YEAR)}],
    }
    return _Account(spec, "Its root user has everything a root user can have.")


def _invited(company: _Company) -> _Account:
    return _Account(_bought(company, "acquired"), "Joined by invitation, with its own past and without the role.")


def _suspended(company: _Company) -> _Account:
    spec = _member(company, "closed-shop", "Suspended") | {"state": "SUSPENDED"}
    return _Account(spec, "Suspended: nobody gets in.")


def _vault(company: _Company) -> _Account:
    spec = _member(company, "vault", "Vault", 900) | {"root": {"password": _password(900, 700)}}
    return _Account(spec, "A service control policy denies everything to root users here, root sessions too.")


def _lost_role(company: _Company) -> _Account:
    spec = _member(company, "lost-role", "Workloads/Test") | {"administrator_role": False}
    return _Account(spec, "OrganizationAccountAccessRole was deleted.")


_CAST: tuple[Callable[[_Company], _Account], ...] = (
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


# The others


def _some_account(company: _Company) -> _Account:
    if company.happens(0.05):
        return _Account(_bought(company, company.chance.choice(_TEAMS)))
    if company.happens(0.06):
        spec = _member(company, f"sandbox-{company.chance.choice(_TEAMS)}", "Sandboxes")
        return _Account(spec | _root(company, spec, password=0.1, keys=0.01))
    if company.happens(0.01):
        spec = _member(company, f"vault-{company.chance.choice(_TEAMS)}", "Vault")
        return _Account(spec | _root(company, spec, password=0.3, keys=0.0))
    return _workload(company)


def _workload(company: _Company) -> _Account:
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
        kinds = {None: 40, _tls_only: 40, _guarded: 17, _deny_all: 1, _dead_endpoint: 1, _dead_network: 1}
        spec["buckets"] = [
            _bucket(company, spec, use, company.chance.choices(list(kinds), list(kinds.values()))[0])
            for use in ("data", "exports")[: 1 + company.happens(0.25)]
        ]
    if company.happens(0.2):
        queue_kinds = {None: 58, _producers: 40, _stopped: 2}
        kind = company.chance.choices(list(queue_kinds), list(queue_kinds.values()))[0]
        spec["queues"] = [_queue(company, spec, "events", kind)]
    return _Account(spec)


def _member(company: _Company, name: str, ou: str, joined: int | None = None) -> Spec:
    """An account that was created in the organization, `joined` days ago."""
    joined = joined or company.days(30, 5 * _YEAR)
    return {"id": company.account_id(), "name": company.name(name), "ou": ou, "joined": _ago(joined)}


def _bought(company: _Company, name: str) -> Spec:
    """An account that joined by invitation: it has a past of its own, and seldom the role."""
    joined = company.days(60, 3 * _YEAR)
    created = joined + company.days(300, 5 * _YEAR)
    spec = {
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


def _root(company: _Company, spec: Spec, *, password: float, keys: float, created: int | None = None) -> Spec:
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


def _last_use_of_key(company: _Company, age: int) -> int | None:
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


# Buckets, queues and their policies

PolicyMaker = Callable[[str], Spec]


def _bucket(company: _Company, spec: Spec, use: str, policy: PolicyMaker | None) -> Spec:
    name = f"{spec['name'].removesuffix('-production')}-{use}-{spec['id']}"
    made = {"name": name, "region": company.one_of(_REGIONS)}
    return made | ({"policy": policy(name)} if policy else {})


def _queue(company: _Company, spec: Spec, name: str, policy: PolicyMaker | None) -> Spec:
    made = {"name": name, "region": company.one_of(_REGIONS)}
    return made | ({"policy": policy(f"arn:aws:sqs:{made['region']}:{spec['id']}:{name}")} if policy else {})


def _policy(*statements: Spec) -> Spec:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _on_bucket(sid: str, bucket: str, condition: Spec | None = None) -> Spec:
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    statement = {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resources}
    return statement | ({"Condition": condition} if condition else {})


def _require_tls(bucket: str) -> Spec:
    return _on_bucket("RequireTLS", bucket, {"Bool": {"aws:SecureTransport": "false"}})


def _tls_only(bucket: str) -> Spec:
    return _policy(_require_tls(bucket))


def _guarded(bucket: str) -> Spec:
    ours = {"StringNotEquals": {"aws:PrincipalOrgID": _ORGANIZATION}}
    return _policy(_require_tls(bucket), _on_bucket("OnlyOurOrganization", bucket, ours))


def _deny_all(bucket: str) -> Spec:
    return _policy(_require_tls(bucket), _on_bucket("LockedByMistake", bucket))


def _dead_endpoint(bucket: str) -> Spec:
    condition = {"StringNotEquals": {"aws:SourceVpce": "vpce-0a1b2c3d4e5f67890"}}
    return _policy(_on_bucket("OnlyThroughOurEndpoint", bucket, condition))


def _dead_network(bucket: str) -> Spec:
    return _policy(_on_bucket("OnlyFromTheOffice", bucket, {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}))


def _producers(queue: str) -> Spec:
    condition = {"StringEquals": {"aws:PrincipalOrgID": _ORGANIZATION}}
    statement = {"Sid": "Producers", "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage"}
    return _policy(statement | {"Resource": queue, "Condition": condition})


def _stopped(queue: str) -> Spec:
    return _policy({"Sid": "StopEverything", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": queue})
