# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which policies stop a principal, asked for many accounts: each combination of policies is judged once.

Accounts with the same OU and the same policies of their own meet the same policies. They get the same answer unless a
policy names one of them, so the question is answered for an account that no policy names, and its ID and name are
replaced. What names accounts by a part of their ID (``1234*``) is judged for each account.
"""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass, replace
from datetime import datetime

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import (
    Account,
    Organization,
    Policy,
    Unit,
)
from ansible_collections.breakglass.aws.plugins.module_utils._aws.policy_attachments import PolicyAttachments
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import (
    RCP,
    ROOT_SESSION,
    SCP,
    ServiceControlPolicies,
)
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.unreadable import Readings

ANY_ACCOUNT = "000000000000"  # no account has this ID
_ANY_NAME = "\x01any account\x01"  # no name contains control characters
_ORDERED = re.compile(r'"(?:For(?:All|Any)Values?:)?Numeric(?:Less|Greater)\w*": *\{[^}]*Account"', re.IGNORECASE)
_PARTS_OF_IDS = re.compile(r"[0-9*?]+")
Answer = list[dict[str, t.Any]]
T = t.TypeVar("T")


@dataclass(frozen=True)
class Question:
    """What is to be known of an account: which policies stop the principal from calling some of the actions in it.

    ``acting_as`` is the role's name for the principal ``role``. ``on_role`` is the role that the actions are for.
    With ``assumes`` it is which resource control policies stop the caller from assuming that role.
    """

    principal: str = ROOT_SESSION
    actions: tuple[str, ...] = ()
    acting_as: str = v.ACCESS_ROLE
    on_role: str = ""
    assumes: bool = False


@dataclass(frozen=True)
class _Chain:
    """What accounts that are alike meet: OUs, policies of their own, all policies. ``judged`` stands for them."""

    units: list[Unit]
    own: tuple[Policy, ...]
    policies: tuple[Policy, ...]
    judged: Account

    @property
    def key(self) -> tuple[str, tuple[str, ...], str]:
        return self.units[-1].id, tuple(policy.id for policy in self.own), self.judged.id


class PolicyChains:
    """Answers questions about accounts. What cannot be read is an Unread, is asked for once, and is in ``readings``.

    ``attachments`` has those of each enabled type; with None the policies of each target are listed. :meth:`prepare`
    finds out all answers, after which several threads may ask.
    """

    def __init__(
        self,
        organization: Organization,
        attachments: t.Mapping[str, PolicyAttachments] | Unread | None,
        readings: Readings,
    ) -> None:
        self._organization = organization
        self._attachments = attachments
        self._readings = readings
        self._named: dict[str, frozenset[str] | None] = {}
        self._chains: dict[str, _Chain | Unread] = {}
        self._answers: dict[tuple, Answer | Unread] = {}
        self.judged = 0  # how many answers were found out, and not remembered

    def prepare(self, accounts: t.Iterable[Account], questions: t.Sequence[Question]) -> None:
        """Find out the answers for all accounts: once for those that are alike."""
        for account in accounts:
            for question in questions:
                if isinstance(self._find(account, question), Unread):
                    break

    def stopping(self, account: Account, question: Question) -> Answer | Unread:
        """The answer, as :meth:`ServiceControlPolicies.stopping` gives it."""
        answer = self._find(account, question)
        return answer if isinstance(answer, Unread) else [_filled(one, account) for one in answer]

    def stopping_caller(self, account: Account, task: v.Task) -> Answer | Unread:
        """The policies on the caller's account that stop it from opening a root session for a task in an account."""
        own = self._read(lambda: self._organization.account(self._organization.caller.account_id))
        chain = self._chain_of(own) if isinstance(own, Account) else own
        if chain is None or isinstance(chain, Unread):
            return [] if chain is None else chain
        named = self._named_in(chain.policies)
        target = account.id if named is None or account.id in named else ANY_ACCOUNT
        key = ("caller", task.name, target)
        if key not in self._answers:
            self._answers[key] = self._read(lambda: self._ask_about_caller(target, task))
        answer = self._answers[key]
        return answer if isinstance(answer, Unread) else [_filled(one, account) for one in answer]

    def applying(self, account: Account) -> list[Policy] | Unread:
        """The policies that apply to the account, without AWS's own that allow everything."""
        chain = self._chain_of(account)
        if isinstance(chain, Unread):
            return chain
        return [policy for policy in dict.fromkeys(chain.policies) if not policy.aws_managed]

    def attached(self, account: Account, policy_type: str) -> int | Unread:
        """How many policies of the type are attached to the account itself."""
        chain = self._chain_of(account)
        return chain if isinstance(chain, Unread) else sum(policy.type == policy_type for policy in chain.own)

    def answers(self) -> dict[str, t.Any]:
        """All answers so far, by question and chain: what verdicts rest on."""
        return {str(key): str(answer) for key, answer in self._answers.items()}

    def _find(self, account: Account, question: Question) -> Answer | Unread:
        chain = self._chain_of(account)
        if isinstance(chain, Unread):
            return chain
        key = (question, *chain.key)
        if key not in self._answers:
            self.judged += 1
            view = _View(self._organization, chain, self._policies_of)
            self._answers[key] = self._read(lambda: _ask(view, question))
        return self._answers[key]

    def _ask_about_caller(self, target: str, task: v.Task) -> Answer:
        self.judged += 1
        caller = self._organization.caller
        context = {"sts:taskpolicyarn": (task.policy_arn(caller.partition),)}
        policies = ServiceControlPolicies(self._organization)
        return policies.stopping_caller("sts:AssumeRoot", caller.root_arn(target), context)

    def _chain_of(self, account: Account) -> _Chain | Unread:
        if account.id not in self._chains:
            attachments = self._attachments
            self._chains[account.id] = (
                attachments if isinstance(attachments, Unread) else self._read(lambda: self._make_chain(account))
            )
        return self._chains[account.id]

    def _make_chain(self, account: Account) -> _Chain:
        units = self._organization.units_above(account)
        types = [one for one in (SCP, RCP) if one in self._organization.policy_types()]
        own = tuple(policy for kind in types for policy in self._policies_of(account.id, kind))
        above = [policy for unit in units for kind in types for policy in self._policies_of(unit.id, kind)]
        named = self._named_in([*above, *own])
        alike = named is not None and account.id not in named
        judged = replace(account, id=ANY_ACCOUNT, name=_ANY_NAME) if alike else account
        return _Chain(units, own, (*above, *own), judged)

    def _read(self, read: t.Callable[[], T]) -> T | Unread:
        return self._readings.read("service control policies and resource control policies", "organizations", read)

    def _policies_of(self, target_id: str, policy_type: str) -> t.Sequence[Policy]:
        if self._attachments is None or isinstance(self._attachments, Unread):
            return self._organization.policies_of(target_id, policy_type)
        return self._attachments[policy_type].of(target_id)

    def _named_in(self, policies: t.Iterable[Policy]) -> frozenset[str] | None:
        """The accounts that the policies name; None when they name some by a part of the ID, or cannot be parsed."""
        found: set[str] = set()
        for policy in policies:
            if policy.id not in self._named:
                self._named[policy.id] = _accounts_named(self._organization.policy_document(policy.id))
            named = self._named[policy.id]
            if named is None:
                return None
            found |= named
        return frozenset(found)


def _accounts_named(text: str) -> frozenset[str] | None:
    try:
        document = json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return None
    if _ORDERED.search(document):  # such as NumericLessThan for aws:PrincipalAccount
        return None
    runs = [run for run in _PARTS_OF_IDS.findall(document) if run.strip("*?")]
    if any(set(run) & set("*?") for run in runs) or ANY_ACCOUNT in runs:
        return None
    return frozenset(run for run in runs if len(run) == len(ANY_ACCOUNT))


def _ask(view: _View, question: Question) -> Answer:
    policies, account_id = ServiceControlPolicies(view), view.judged.id
    if question.assumes:
        return policies.stopping_access(account_id, question.on_role)
    role_arn = f"arn:{view.caller.partition}:iam::{account_id}:role/{question.on_role}"
    return policies.stopping(
        account_id,
        question.principal,
        question.actions,
        role_name=question.acting_as,
        resource=role_arn if question.on_role else None,
    )


def _filled(value: t.Any, account: Account) -> t.Any:
    """A value with the account's ID and name in place of those of the account that was judged."""
    if isinstance(value, str):
        return value.replace(ANY_ACCOUNT, account.id).replace(_ANY_NAME, account.name)
    if isinstance(value, dict):
        return {key: _filled(one, account) for key, one in value.items()}
    return [_filled(one, account) for one in value] if isinstance(value, list) else value


class _View:
    """The organization with one account that has these OUs and policies: a PolicySource."""

    def __init__(
        self, organization: Organization, chain: _Chain, policies_of: t.Callable[[str, str], t.Sequence[Policy]]
    ) -> None:
        self._organization = organization
        self._chain = chain
        self._policies_of = policies_of
        self.judged = chain.judged

    @property
    def caller(self) -> t.Any:
        return self._organization.caller

    @property
    def iam(self) -> t.Any:
        return self._organization.iam

    def describe(self) -> dict | None:
        return self._organization.describe()

    def now(self) -> datetime:
        return self._organization.now()

    def account(self, account_id: str) -> Account | None:
        return self.judged if account_id == self.judged.id else self._organization.account(account_id)

    def units_above(self, account: Account) -> list[Unit]:
        return self._chain.units if account.id == self.judged.id else self._organization.units_above(account)

    def path_of(self, account: Account) -> str | None:
        return self._organization.path_of(account)

    def policy_types(self) -> list[str]:
        return self._organization.policy_types()

    def policies_of(self, target_id: str, policy_type: str) -> t.Sequence[Policy]:
        if target_id == self.judged.id:
            return [policy for policy in self._chain.own if policy.type == policy_type]
        return self._policies_of(target_id, policy_type)

    def policy_document(self, policy_id: str) -> str:
        return self._organization.policy_document(policy_id)
