# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict on each recovery in an account: facts in, verdicts out. No network, no Ansible.

Each recovery yields the reasons against it. It is judged as its runbook does it with its default parameters.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import (
    MOST_ATTACHED,
    ROLE,
    ROOT_USER,
    SCP,
    policy_in_words,
)
from ansible_collections.breakglass.aws.plugins.module_utils._readiness import mailboxes, removal_of_accounts
from ansible_collections.breakglass.aws.plugins.module_utils._readiness import verdicts as words
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.account_facts import AccountFacts
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.organization_facts import OrganizationFacts
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.policy_chains import Answer, Question
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.verdicts import Reason, unknown
from ansible_collections.breakglass.aws.plugins.module_utils._targets import unusable

Reasons = Iterator[Reason]

_TURN_ON = "Turn it on: runbook enable_root_access, or breakglass.aws.root_access, "
_USE_MANAGEMENT = "Use credentials of the management account."
# Of these a run needs one, depending on what it finds: a bucket's policy is written, or deleted when nothing is left.
_ONE_OF = {v.UNLOCK_S3_BUCKET.name: ("s3:PutBucketPolicy", "s3:DeleteBucketPolicy")}
# ... and these only where the root user has access keys.
_SOMETIMES = ("iam:GetAccessKeyLastUsed",)
# Only these partitions are known to behave as the recoveries need (aws-facts 2.7).
_KNOWN_PARTITIONS = {
    "aws": v.TASKS.keys(),
    "aws-us-gov": (v.UNLOCK_S3_BUCKET.name, v.UNLOCK_SQS_QUEUE.name),
}
_READING_ROLE = ("iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies")
_CREATING_ROLE = ("iam:CreateRole", "iam:AttachRolePolicy")
_STACK_SET_ROLE = "stacksets-exec-of-the-account"  # every role of StackSets in an account is named stacksets-exec-...
_CONTROL_TOWER, _IDENTITY_CENTER = "controltower.amazonaws.com", "sso.amazonaws.com"


@dataclass(frozen=True)
class Case:
    """An account, and what is known of it and of the organization."""

    organization: OrganizationFacts
    account: Account
    facts: AccountFacts
    role_name: str = v.ACCESS_ROLE
    own_domains: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()

    def stopping(self, question: Question) -> Answer | Unread:
        """The policies that stop what the question asks about."""
        return self.facts.stops[question]


def judge(case: Case) -> dict[str, dict[str, t.Any]]:
    """The verdicts by recovery."""
    account = case.account
    if account.id == case.organization.management_account_id:
        never = words.not_applicable("management_account", "It is the management account, which is never a target.")
        return {**dict.fromkeys(words.RECOVERIES, never), words.ENABLE: words.verdict(_enable(case))}
    if account.state == "CLOSED":
        closed = words.not_applicable("account_closed", "The account is closed. Only AWS Support can reopen it.")
        return dict.fromkeys(words.RECOVERIES, closed)
    once = words.not_applicable("management_account_only", "It is run once, for the management account.")
    found = {name: words.verdict(reasons(case)) for name, reasons in _RECOVERIES.items()}
    return {name: found.get(name, once) for name in words.RECOVERIES}


def questions(role_name: str) -> list[Question]:
    """All questions about policies that the recoveries ask, with this access role."""
    tasks = [_about_task(task) for task in v.TASKS.values()]
    return [
        *(one for always, parts in tasks for one in (always, *parts)),
        _ABOUT_ROOT_USER,
        _ABOUT_DEVICE_LIST,
        *_about_role(role_name),
        _about_stack_set(role_name),
    ]


# Root sessions


def _audit(case: Case) -> Reasons:
    yield from _root_session(case, v.AUDIT_ROOT_CREDENTIALS)
    if case.facts.session_failure:
        yield case.facts.session_failure


def _remove_credentials(case: Case) -> Reasons:
    yield from _audit(case)
    yield from _root_session(case, v.DELETE_ROOT_CREDENTIALS)


def _unlock_bucket(case: Case) -> Reasons:
    return _unlock(case, v.UNLOCK_S3_BUCKET)


def _unlock_queue(case: Case) -> Reasons:
    return _unlock(case, v.UNLOCK_SQS_QUEUE)


def _unlock(case: Case, task: v.Task) -> Reasons:
    yield from _root_session(case, task)
    if failure := case.facts.unlock_failures.get(task.name):
        yield failure


def _compromised(case: Case) -> Reasons:
    """The quarantine is a service control policy on the account."""
    yield from _remove_credentials(case)
    types = case.organization.policy_types
    if isinstance(types, Unread):
        yield unknown("policies_not_read", f"Whether service control policies are enabled is not known. {types.why}")
    elif SCP not in types:
        yield Reason(
            "service_control_policies_off",
            "Service control policies are not enabled in the organization, so nothing can quarantine an account.",
            "Enable them: organizations:EnablePolicyType, SERVICE_CONTROL_POLICY.",
        )
    attached = case.facts.attached
    if not isinstance(attached, Unread) and attached >= MOST_ATTACHED:
        yield unknown(
            "policy_quota",
            f"{attached} service control policies are attached to the account itself, and AWS allows {MOST_ATTACHED}. "
            "There is no room for that of the quarantine, unless it is one of them.",
            "Attach some of them to the OU instead, or merge them.",
        )


def _lost_mfa(case: Case) -> Reasons:
    """A person signs in: what stops a root user stops this person, and mail must reach them."""
    yield from _remove_credentials(case)
    yield from _root_session(case, v.OPEN_PASSWORD_RECOVERY)
    yield from _signed_in(case)


def _signed_in(case: Case) -> Reasons:
    """The person who signs in as root after a password recovery."""
    found = list(_stopped(case.stopping(_ABOUT_ROOT_USER), "root_user"))
    yield from found
    for reason in _stopped(case.stopping(_ABOUT_DEVICE_LIST), "root_user"):
        if reason.policy is None or all(one.policy != reason.policy for one in found):
            yield replace(reason, certain=False, code="policy_may_deny_root_user")
    domain = case.account.email.rpartition("@")[2].lower()
    if case.own_domains and not mailboxes.is_owned(domain, case.own_domains):
        yield unknown(
            "mail_domain_not_owned",
            f"Password recovery sends mail to {case.account.email or 'an unknown address'}, which is in none of "
            "own_domains. Whether your people read it is not known.",
            "Change the address (breakglass.aws.root_email, or new_email of the runbook), or add the domain to "
            "own_domains.",
        )


def _root_session(case: Case, task: v.Task) -> Reasons:
    """What prevents a root session for a task, or what it does."""
    yield from _account_state(case)
    yield from _switches(case, task)
    yield from _caller(case, task)
    always, parts = _about_task(task)
    found = list(_stopped(case.stopping(always), "root_session"))
    yield from found
    stopped = [list(_stopped(case.stopping(part), "root_session")) for part in parts]
    none_is_left = task.name in _ONE_OF and all(any(one.certain for one in reasons) for reasons in stopped)
    for reason in (one for reasons in stopped for one in reasons):
        if none_is_left or not reason.certain:
            yield reason
        elif not any(one.certain and one.policy == reason.policy for one in found):
            yield replace(reason, certain=False, code="policy_denies_a_part")


def _account_state(case: Case) -> Reasons:
    if problem := unusable(case.account):
        yield Reason("account_state", problem, "Nothing can be done before AWS makes it ACTIVE again.")


def _switches(case: Case, task: v.Task) -> Reasons:
    organization = case.organization
    if organization.feature_set != "ALL":
        yield _consolidated_billing()
    switches = organization.switches
    if isinstance(switches, Unread):
        yield unknown("features_not_read", f"Whether root sessions are on is not known. {switches.why}", switches.fix)
    elif switches.trusted_access is False:
        yield Reason("trusted_access_off", "Trusted access for IAM is off.", f"{_TURN_ON}trusted_access=true.")
    elif switches.features[task.feature] is False:
        yield Reason("feature_off", f"The feature {task.feature} is off.", f"{_TURN_ON}{task.feature}=true.")
    partition = organization.caller.partition
    if task.name not in _KNOWN_PARTITIONS.get(partition, ()):
        text = f"How root sessions for {task.name} behave in the partition {partition} is not documented."
        yield unknown("partition", text, "Rehearse it in an account set aside for it.")


def _consolidated_billing() -> Reason:
    text = "The organization has consolidated billing only."
    return Reason("consolidated_billing", text, "Enable all its features (organizations:EnableAllFeatures).")


def _caller(case: Case, task: v.Task) -> Reasons:
    organization = case.organization
    if organization.caller.is_root:
        yield Reason("caller_is_root", "A root user cannot open root sessions.", "Use an IAM user or role.")
    if organization.role == v.UNKNOWN:
        yield unknown("caller_not_known", "Whether the caller may open root sessions is not known.", _USE_MANAGEMENT)
    if organization.role != v.DELEGATED_ADMINISTRATOR:
        return
    if organization.caller.account_id == case.account.id:
        yield unknown(
            "own_account",
            "Whether a delegated administrator can open a root session in its own account is not documented.",
            _USE_MANAGEMENT,
        )
    yield from _stopped(case.facts.stops_caller[task.name], "caller")


_WHO = {
    "root_session": "root sessions",
    "root_user": "a root user who signs in",
    "caller": "the caller",
    "access_role": "the access role",
    "stack_set": "StackSets",
}


def _stopped(answer: Answer | Unread, who: str) -> Reasons:
    """The policies that stop someone, or why that is not known."""
    if isinstance(answer, Unread):
        yield unknown("policies_not_read", f"Whether policies deny {_WHO[who]} is not known. {answer.why}", answer.fix)
        return
    for found in answer:
        yield _of_policy(found, who)


def _of_policy(found: dict[str, t.Any], who: str) -> Reason:
    code = f"policy_{'denies' if found['certain'] else 'may_deny'}_{who}"
    return Reason(code, policy_in_words(found), found["fix"], found["certain"], words.policy_of(found))


# What only the management account does


def _enable(case: Case) -> Reasons:
    if case.organization.role != v.MANAGEMENT_ACCOUNT:
        yield _not_management(case, "turn on centralized root access")
    if case.organization.feature_set != "ALL":
        yield _consolidated_billing()


def _not_management(case: Case, what: str) -> Reason:
    certain = case.organization.role != v.UNKNOWN
    text = f"Only the management account can {what}, and the caller is {case.organization.caller.arn}."
    return Reason("caller_not_management", text, _USE_MANAGEMENT, certain)


def _access_role(case: Case) -> Reasons:
    """The role must be usable once it is there, and one method must be able to restore it."""
    yield from _account_state(case)
    if case.organization.role != v.MANAGEMENT_ACCOUNT:
        yield _not_management(case, "restore its access role")
    for question in _about_role(case.role_name):
        yield from _stopped(case.stopping(question), "access_role")
    against = list(_stack_sets(case))
    if not against:
        return
    services = case.organization.trusted_services
    if isinstance(services, Unread) or {_CONTROL_TOWER, _IDENTITY_CENTER} & set(services):
        against = [replace(reason, certain=False) for reason in against]
        yield unknown(
            "other_method",
            "Control Tower's role or IAM Identity Center may restore it. Whether they can is not known.",
            "Check them: breakglass.aws.organization_access_role_info, with identity_center.",
        )
    yield from against


def _stack_sets(case: Case) -> Reasons:
    trusted = case.organization.stack_sets_trusted
    if isinstance(trusted, Unread):
        yield unknown("stack_sets_not_read", f"Whether StackSets are trusted is not known. {trusted.why}", trusted.fix)
    elif not trusted:
        yield Reason(
            "stack_sets_not_trusted",
            "The organization does not trust CloudFormation StackSets, which would create the role.",
            "Activate it (cloudformation:ActivateOrganizationsAccess), or run the runbook with trust_stacksets=true.",
        )
    yield from _stopped(case.stopping(_about_stack_set(case.role_name)), "stack_set")


def _remove_account(case: Case) -> Reasons:
    if case.organization.role != v.MANAGEMENT_ACCOUNT:
        yield _not_management(case, "remove an account")
    yield from removal_of_accounts.reasons(case.organization, case.account, case.facts, case.confirmed)
    if removal_of_accounts.has_working_root_user(case.facts) or unusable(case.account):
        return
    # The runbook restores the root user first (restore_root=true); what prevents that counts only where it is needed.
    known = not isinstance(case.facts.root_credentials, Unread)
    for reason in (*_root_session(case, v.OPEN_PASSWORD_RECOVERY), *_signed_in(case)):
        yield replace(reason, certain=reason.certain and known)


# Questions about policies

# A person who signs in after a password reset enrols an MFA device. The console's page lists the devices too; whether
# one can be enrolled where that is denied is not known.
_ABOUT_ROOT_USER = Question(ROOT_USER, ("iam:CreateVirtualMFADevice", "iam:EnableMFADevice"))
_ABOUT_DEVICE_LIST = Question(ROOT_USER, ("iam:ListMFADevices",))


def _about_task(task: v.Task) -> tuple[Question, list[Question]]:
    """About what the task always calls, and about each call that it makes only sometimes."""
    sometimes = [one for one in task.actions if one in _SOMETIMES or one in _ONE_OF.get(task.name, ())]
    always = tuple(action for action in task.actions if action not in sometimes)
    return Question(actions=always), [Question(actions=(action,)) for action in sometimes]


def _about_role(role_name: str) -> tuple[Question, Question]:
    return (
        Question(ROLE, _READING_ROLE, acting_as=role_name),
        Question(ROLE, acting_as=role_name, on_role=role_name, assumes=True),
    )


def _about_stack_set(role_name: str) -> Question:
    return Question(ROLE, _CREATING_ROLE, acting_as=_STACK_SET_ROLE, on_role=role_name)


_RECOVERIES: dict[str, t.Callable[[Case], Reasons]] = {
    words.AUDIT: _audit,
    words.COMPROMISED: _compromised,
    words.ACCESS_ROLE: _access_role,
    words.LOST_MFA: _lost_mfa,
    words.REMOVE_ACCOUNT: _remove_account,
    words.REMOVE_CREDENTIALS: _remove_credentials,
    words.UNLOCK_BUCKET: _unlock_bucket,
    words.UNLOCK_QUEUE: _unlock_queue,
}
