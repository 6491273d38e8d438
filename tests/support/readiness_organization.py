"""An organization with 20 planted defects, and what readiness must say of each; all else in it is well."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from typing import Any

from breakglass_aws.sandbox import Box

MANAGEMENT = "111122223333"
ROOT_ARN = "arn:aws:iam::*:root"
SESSIONS = ("audit_root_credentials", "compromised_root_user", "lost_root_mfa", "remove_root_credentials")
UNLOCKS = ("unlock_s3_bucket", "unlock_sqs_queue")
# What a person has checked in these accounts, and no API returns.
CONFIRMED = ["payment_method", "support_plan", "agreement"]


@dataclass(frozen=True)
class Defect:
    """One defect: what it is, and what is said of the accounts it is in.

    ``recoveries`` are those that do not work, with the verdict and the code of the reason. ``named`` must be in the
    reason's policy, or in the finding's detail.
    """

    story: str
    accounts: tuple[str, ...]
    recoveries: dict[str, tuple[str, str]] = field(default_factory=dict)
    findings: tuple[str, ...] = ()
    named: str = ""


def fails(*recoveries: str, code: str) -> dict[str, tuple[str, str]]:
    return dict.fromkeys(recoveries, ("fails", code))


def maybe(*recoveries: str, code: str) -> dict[str, tuple[str, str]]:
    return dict.fromkeys(recoveries, ("unknown", code))


_SESSION = "policy_denies_root_session"
# Without a root session it is not known whether an account's root user must be restored before the account leaves.
_CANNOT_RESTORE = maybe("remove_account", code=_SESSION)

DEFECTS = [
    Defect(
        "An SCP of an OU denies the root user everything, root sessions too",
        ("vault",),
        {**fails(*SESSIONS, *UNLOCKS, code=_SESSION), **_CANNOT_RESTORE},
        named="deny-root-user",
    ),
    Defect(
        "Control Tower's guardrail on one account was given no exemption for root sessions",
        ("guarded",),
        {**fails(*SESSIONS, *UNLOCKS, code=_SESSION), **_CANNOT_RESTORE},
        named="aws-guardrails-root",
    ),
    Defect(
        "An SCP freezes bucket policies",
        ("ledger",),
        fails("unlock_s3_bucket", code=_SESSION),
        named="freeze-bucket-policies",
    ),
    Defect(
        "An SCP freezes the attributes of queues",
        ("ingest",),
        fails("unlock_sqs_queue", code=_SESSION),
        named="freeze-queues",
    ),
    Defect(
        "A resource control policy lets only a pipeline write bucket policies",
        ("perimeter",),
        fails("unlock_s3_bucket", code=_SESSION),
        named="only-the-pipeline",
    ),
    Defect(
        "An SCP protects access keys from deletion",
        ("sealed",),
        fails("compromised_root_user", "lost_root_mfa", "remove_root_credentials", code=_SESSION),
        named="keep-access-keys",
    ),
    Defect(
        "An SCP denies iam:CreateLoginProfile, which opens password recovery",
        ("no-recovery",),
        {**fails("lost_root_mfa", code=_SESSION), **_CANNOT_RESTORE},
        named="no-console-passwords",
    ),
    Defect(
        "An SCP exempts root sessions, and denies the person who signs in as root",
        ("no-sign-in",),
        {
            **fails("lost_root_mfa", code="policy_denies_root_user"),
            **maybe("remove_account", code="policy_denies_root_user"),
        },
        named="only-root-sessions",
    ),
    Defect(
        "FullAWSAccess was detached, and what was attached instead allows compute only",
        ("narrowed",),
        {
            **fails(*SESSIONS, *UNLOCKS, code=_SESSION),
            **fails("lost_access_role", code="policy_denies_access_role"),
            **_CANNOT_RESTORE,
        },
    ),
    Defect(
        "AWS has suspended the account",
        ("suspended",),
        fails(*SESSIONS, *UNLOCKS, "lost_access_role", "remove_account", code="account_state"),
        ("account_not_usable",),
    ),
    Defect(
        "The account was created yesterday: it cannot leave yet",
        ("newcomer",),
        fails("remove_account", code="waiting_period"),
    ),
    Defect(
        "The account administers GuardDuty for the organization",
        ("detective",),
        fails("remove_account", code="delegated_administrator"),
    ),
    Defect(
        "The phone number was never verified",
        ("no-phone",),
        fails("remove_account", code="phone_verification"),
        ("phone_not_verified",),
        named="UNVERIFIED",
    ),
    Defect("No one gets AWS's security notices", ("silent",), findings=("security_contact_missing",)),
    Defect(
        "No one gets its bills and operational notices",
        ("unbilled",),
        findings=("alternate_contact_missing",),
        named="billing, operations",
    ),
    Defect(
        "Its root mailbox is in a former owner's domain",
        ("acquired",),
        maybe("lost_root_mfa", "remove_account", code="mail_domain_not_owned"),
        ("mail_domain_not_owned",),
        named="root@acquired.example.net",
    ),
    Defect(
        "Two accounts share a root mailbox",
        ("twin-east", "twin-west"),
        findings=("mailbox_shared",),
        named="root@twins.example.com",
    ),
    Defect(
        "An SCP takes from the access role what it needs to read itself",
        ("stripped",),
        fails("lost_access_role", code="policy_denies_access_role"),
        named="blind-access-role",
    ),
    Defect(
        "An SCP lets no one but the root user create roles, so that StackSets cannot restore the access role",
        ("no-new-roles",),
        fails("lost_access_role", code="policy_denies_stack_set"),
        named="no-new-roles",
    ),
    Defect(
        "A resource control policy denies sts:AssumeRole to other accounts",
        ("closed-in",),
        fails("lost_access_role", code="policy_denies_access_role"),
        named="no-strangers",
    ),
]
# Nothing is wrong with these; a policy on the root exempts root sessions, the last one's policy denies others only.
WELL = ("security", "payments", "data-lake", "workshop")
NAMES = ("management", *WELL, *dict.fromkeys(name for defect in DEFECTS for name in defect.accounts))
IDS = {
    name: MANAGEMENT if name == "management" else f"{100000000000 + 1234567 * number}"
    for number, name in enumerate(NAMES)
}

_CONTACT = {"name": "Desk", "title": "On call", "email": "desk@example.com", "phone": "+44 20 7946 0101"}
_CONTACTS = dict.fromkeys(("billing", "operations", "security"), _CONTACT)
_SPECIAL: dict[str, dict[str, Any]] = {
    "vault": {"ou": "Workloads/Vault"},
    "suspended": {"state": "SUSPENDED"},
    "newcomer": {"joined": "1 day ago"},
    "detective": {"delegated_administrator_for": ["guardduty.amazonaws.com"]},
    "no-phone": {"phone_verified": False},
    "silent": {"alternate_contacts": dict.fromkeys(("billing", "operations"), _CONTACT)},
    "unbilled": {"alternate_contacts": {"security": _CONTACT}},
    "acquired": {"email": "root@acquired.example.net"},
    "twin-east": {"email": "root+east@twins.example.com"},
    "twin-west": {"email": "root+west@twins.example.com"},
}


def _account(name: str) -> dict[str, Any]:
    account: dict[str, Any] = {
        "id": IDS[name],
        "name": name,
        "email": f"root@{name}.example.com",
        "alternate_contacts": _CONTACTS,
    }
    if name == "management":
        return {**account, "roles": [{"name": "BreakGlassOperator", "policies": ["AdministratorAccess"]}]}
    leaving = {"payment_method": "valid", "phone_verified": True, "support_plan": "basic", "agreement": True}
    return {**account, "ou": "Workloads", "joined": "400 days ago", **leaving, **_SPECIAL.get(name, {})}


def _denial(*actions: str, **more: Any) -> dict[str, Any]:
    statement = {"Sid": "Guard", "Effect": "Deny", "Action": list(actions), "Resource": "*", **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _policy(name: str, document: dict[str, Any]) -> dict[str, Any]:
    return {"targets": [IDS[name]], "document": document}


def _others_than(*patterns: str) -> dict[str, Any]:
    return {"Condition": {"ArnNotLike": {"aws:PrincipalArn": list(patterns)}}}


_ROOT = {"ArnLike": {"aws:PrincipalArn": ROOT_ARN}}
_EVERYONE = {"Principal": "*"}
_ROLE_ARN = "arn:aws:iam::*:role/OrganizationAccountAccessRole"
ORGANIZATION: dict[str, Any] = {
    "organization": "o-defects0001",
    "management_account": MANAGEMENT,
    "trusted_access": [
        "iam.amazonaws.com",
        "account.amazonaws.com",
        "guardduty.amazonaws.com",
        "member.org.stacksets.cloudformation.amazonaws.com",
    ],
    "features": ["RootCredentialsManagement", "RootSessions"],
    "delegated_administrators": {"guardduty.amazonaws.com": IDS["detective"]},
    "accounts": [_account(name) for name in NAMES],
    "service_control_policies": {
        "no-leaving": {"targets": ["Root"], "document": _denial("organizations:LeaveOrganization")},
        "deny-root-user": {"targets": ["Workloads/Vault"], "document": _denial("*", Condition=_ROOT)},
        "aws-guardrails-root": _policy("guarded", _denial("*", Sid="GRRESTRICTROOTUSER", Condition=_ROOT)),
        "freeze-bucket-policies": _policy("ledger", _denial("s3:PutBucketPolicy", "s3:DeleteBucketPolicy")),
        "freeze-queues": _policy("ingest", _denial("sqs:Set*")),
        "keep-access-keys": _policy("sealed", _denial("iam:DeleteAccessKey")),
        "no-console-passwords": _policy("no-recovery", _denial("iam:CreateLoginProfile")),
        "only-root-sessions": _policy(
            "no-sign-in", _denial("*", Condition={**_ROOT, "Null": {"aws:AssumedRoot": "true"}})
        ),
        "blind-access-role": _policy(
            "stripped", _denial("iam:Get*", "iam:List*", Condition={"ArnLike": {"aws:PrincipalArn": _ROLE_ARN}})
        ),
        "no-new-roles": _policy("no-new-roles", _denial("iam:CreateRole", **_others_than(ROOT_ARN))),
        "not-these-roles": _policy(
            "workshop", _denial("*", Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/guest/*"}})
        ),
    },
    "resource_control_policies": {
        "only-the-pipeline": _policy(
            "perimeter",
            _denial(
                "s3:PutBucketPolicy",
                "s3:DeleteBucketPolicy",
                **_EVERYONE,
                **_others_than("arn:aws:iam::*:role/pipeline"),
            ),
        ),
        "no-strangers": _policy(
            "closed-in",
            _denial(
                "sts:AssumeRole",
                **_EVERYONE,
                Condition={"StringNotEquals": {"aws:PrincipalAccount": IDS["closed-in"]}},
            ),
        ),
    },
    "identities": {"operator": {"account": MANAGEMENT, "role": "BreakGlassOperator"}},
}


def plant(box: Box) -> None:
    """The defect that no organization file can have: FullAWSAccess detached from an account."""
    organizations = box.client("organizations", "operator")
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}
    kind = "SERVICE_CONTROL_POLICY"
    made = organizations.create_policy(Name="compute", Description="Compute", Type=kind, Content=json.dumps(document))
    organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=IDS["narrowed"])
    organizations.detach_policy(PolicyId="p-FullAWSAccess", TargetId=IDS["narrowed"])


def with_work() -> dict[str, Any]:
    """The organization with something to do for each recovery in each account."""
    organization = copy.deepcopy(ORGANIZATION)
    for account in organization["accounts"]:
        if account["id"] != MANAGEMENT:
            account.update(_work(account["id"]))
            organization["identities"][f"{account['name']}-owner"] = {"account": account["id"], "user": "owner"}
    return organization


def _work(account_id: str) -> dict[str, Any]:
    bucket, queue = f"locked-{account_id}", f"arn:aws:sqs:us-east-1:{account_id}:locked"
    arn = f"arn:aws:s3:::{bucket}"
    return {
        "users": [{"name": "owner", "policies": ["AdministratorAccess"]}],
        "root": {
            "password": {"last_used": "never"},
            "access_keys": [{"last_used": "never"}],
            "signing_certificates": [{}],
            "mfa_devices": [{"type": "virtual"}],
        },
        "buckets": [
            {
                "name": bucket,
                "region": "us-east-1",
                "policy": _denial("s3:*", Principal="*", Resource=[arn, f"{arn}/*"]),
            }
        ],
        "queues": [
            {"name": "locked", "region": "us-east-1", "policy": _denial("sqs:*", Principal="*", Resource=queue)}
        ],
    }


def expected(name: str) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """What is said of an account: the recoveries that do not work, and the findings."""
    here = [defect for defect in DEFECTS if name in defect.accounts]
    recoveries = {one: said for defect in here for one, said in defect.recoveries.items()}
    return recoveries, [code for defect in here for code in defect.findings]
