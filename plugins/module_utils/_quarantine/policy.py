# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service control policy of a quarantine: whom it stops, and whom it must not stop. No network, no Ansible."""

from __future__ import annotations

import fnmatch
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._errors import InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._policies import scp_evaluation as judge
from ansible_collections.breakglass.aws.plugins.module_utils._policies.canonical import equivalent
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import Document, as_list, minified

ROOT_USER, ALL_PRINCIPALS = "root_user", "all_principals"
SCOPES = (ROOT_USER, ALL_PRINCIPALS)

# Characters of a service control policy (aws-facts 6).
LONGEST = 10_240
# Calls with which an attacker keeps the account, or its mailbox and phone (aws-facts 7.8).
_TAKES_THE_ACCOUNT = (
    "organizations:LeaveOrganization",
    "organizations:AcceptHandshake",
    "account:*",
    "aws-portal:*",
    "billing:*",
    "payments:*",
)
_ACCEPTED = (
    'a role or user of the account: "role/NAME", "user/NAME", or an ARN such as "arn:aws:iam::*:role/NAME"; * and ? '
    "are wildcards in the name"
)
_SHORT = re.compile(r"(?:role|user)/[\w+=,.@/*?-]+\Z", re.ASCII)
_ARN = re.compile(r"arn:(?P<partition>aws[\w-]*):iam::(?P<account>[0-9]{12}|\*):(?P<name>.+)\Z", re.ASCII)
_SESSION = re.compile(r"arn:aws[\w-]*:sts::[0-9*]+:assumed-role/(?P<role>[^/]+)", re.ASCII)
_EVERYONE = re.compile(r"(?:role|user)/[*?/]+\Z")


@dataclass(frozen=True)
class Quarantine:
    """What a task asks for: the account, whom to stop, and the ARN patterns of the principals that may go on."""

    account_id: str
    partition: str
    scope: str = ROOT_USER
    exempt: tuple[str, ...] = ()

    @property
    def policy_name(self) -> str:
        return f"breakglass-quarantine-{self.account_id}"

    @property
    def document(self) -> Document:
        """The policy. Root sessions are never stopped: with them root credentials are removed (aws-facts 2.6)."""
        return {"Version": "2012-10-17", "Statement": [self._stops(), _keeps_the_account()]}

    def _stops(self) -> dict[str, t.Any]:
        statement = {"Effect": "Deny", "Action": "*", "Resource": "*"}
        not_in_root_session = {"Null": {"aws:AssumedRoot": "true"}}
        if self.scope == ROOT_USER:
            root = {"ArnLike": {"aws:PrincipalArn": f"arn:{self.partition}:iam::*:root"}}
            return {"Sid": "RootUserOnlyInRootSessions", **statement, "Condition": {**root, **not_in_root_session}}
        others = {"ArnNotLike": {"aws:PrincipalArn": list(self.exempt)}} if self.exempt else {}
        return {"Sid": "OnlyRespondersAndRootSessions", **statement, "Condition": {**others, **not_in_root_session}}

    def exempts(self, arn: str) -> bool:
        """Whether the first statement leaves a role or user with this ARN as it is."""
        if self.scope == ROOT_USER:
            return not arn.endswith(":root")
        return any(fnmatch.fnmatchcase(arn, pattern) for pattern in self.exempt)

    def stopped(self, principal: str, arn: str, organization_path: str = "") -> list[str]:
        """The Sids of the statements that stop a principal from reading in the account, evaluated as AWS does.

        ``principal`` is one of ``scp_evaluation.PRINCIPALS``. For root sessions, all that any task calls is tried.
        """
        actions: tuple[str, ...] = ("iam:ListRoles", "cloudtrail:LookupEvents", "ec2:DescribeInstances")
        if principal == judge.ROOT_SESSION:
            actions = tuple(action for task in v.TASKS.values() for action in task.actions)
        found = {
            str(one.statement["Sid"]): None
            for action in actions
            for one in judge.denials(self.document, judge.Request(principal, arn, organization_path, action))
        }
        return list(found)


def recognized(document: t.Any, account_id: str, partition: str) -> Quarantine | None:
    """The quarantine that a policy is, as this module writes it; None for one that something else wrote or edited."""
    try:
        unless = document["Statement"][0]["Condition"].get("ArnNotLike", {})
        exempt = as_list(unless.get("aws:PrincipalArn", []))
    except (AttributeError, IndexError, KeyError, TypeError):
        return None
    candidates = (
        Quarantine(account_id, partition),
        Quarantine(account_id, partition, ALL_PRINCIPALS, tuple(map(str, exempt))),
    )
    return next((one for one in candidates if equivalent(document, one.document)), None)


def _keeps_the_account() -> dict[str, t.Any]:
    return {
        "Sid": "NobodyTakesTheAccountAway",
        "Effect": "Deny",
        "Action": list(_TAKES_THE_ACCOUNT),
        "Resource": "*",
    }


def parse(params: dict[str, t.Any], account_id: str, partition: str) -> Quarantine:
    """The quarantine that the options describe; InvalidInput for one that stops the responders or no attacker."""
    scope, given = params["scope"], params["exempt_principals"]
    if scope == ROOT_USER:
        if given is not None:
            raise InvalidInput("exempt_principals", given, "it together with scope=all_principals only")
        return Quarantine(account_id, partition)
    if given is None:
        hint = "an empty list stops everyone, so that only root sessions can act in the account"
        raise InvalidInput("exempt_principals", given, f"the responders, each as {_ACCEPTED}", hint=hint)
    exempt = tuple(dict.fromkeys(_pattern(one, account_id, partition) for one in given))
    quarantine = Quarantine(account_id, partition, scope, exempt)
    length = len(minified(quarantine.document))
    if length > LONGEST:
        hint = f"the policy would have {length:,} characters; AWS accepts {LONGEST:,}. Use wildcards"
        raise InvalidInput("exempt_principals", f"{len(exempt)} principals", "fewer of them", hint=hint)
    return quarantine


def _pattern(value: t.Any, account_id: str, partition: str) -> str:
    """One of ``exempt_principals`` as an ARN pattern."""
    text = str(value).strip()
    if _SHORT.match(text):
        text = f"arn:{partition}:iam::{account_id}:{text}"
    session = _SESSION.match(text)
    if session:
        raise _unusable(value, f"aws:PrincipalArn of a session is its role: role/{session['role']}")
    found = _ARN.match(text)
    if not found:
        raise _unusable(value)
    if found["partition"] != partition:
        raise _unusable(value, f"the account is in the partition {partition}")
    if found["account"] not in (account_id, "*"):
        raise _unusable(value, f"the policy binds principals of {account_id} only; name the role that is assumed there")
    if found["name"].startswith("root") or fnmatch.fnmatchcase("root", found["name"]):
        raise _unusable(value, "the root user cannot be exempt; its root sessions always are")
    if not _SHORT.match(found["name"]):
        raise _unusable(value)
    if _EVERYONE.match(found["name"]):
        raise _unusable(value, "this matches every role or user, the attacker's too")
    return text


def _unusable(value: t.Any, hint: str = "") -> InvalidInput:
    return InvalidInput("exempt_principals", value, _ACCEPTED, hint=hint)


def effects(quarantine: Quarantine) -> list[dict[str, t.Any]]:
    """Whom the policy stops and whom it does not: ``principal``, ``stopped`` and ``text`` each (aws-facts 2.6)."""
    access_role = f"arn:{quarantine.partition}:iam::{quarantine.account_id}:role/{v.ACCESS_ROLE}"
    everyone = quarantine.scope == ALL_PRINCIPALS
    rows: list[tuple[str, bool, str]] = [
        ("root user", True, "Signed in or with an access key, also in sessions that are open already."),
        ("root sessions", False, "Opened with sts:AssumeRoot; they remove root credentials."),
        *((arn, False, "Exempt.") for arn in quarantine.exempt),
        (f"role/{v.ACCESS_ROLE}", not quarantine.exempts(access_role), "The management account's access."),
        (
            "other IAM users and roles",
            everyone,
            "People, pipelines, functions, tasks and instances of the account: what runs loses its access to AWS."
            if everyone
            else "People and workloads go on. An attacker who has a role of the account is not stopped.",
        ),
        ("service-linked roles", False, "Service control policies do not apply to them."),
        (
            "principals of other accounts, AWS services",
            False,
            "Where a policy of a bucket, queue or key in the account allows them. Only a resource control policy stops "
            "them.",
        ),
        ("everyone, exempt or not", True, "Leaving the organization, contacts, e-mail address, billing and payments."),
    ]
    return [{"principal": principal, "stopped": stopped, "text": text} for principal, stopped, text in rows]
