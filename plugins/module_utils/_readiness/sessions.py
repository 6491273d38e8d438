# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What sessions in an account show, where they are wanted: root credentials, locked resources, the access role."""

from __future__ import annotations

import functools
import typing as t
from dataclasses import dataclass

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._access_role.diagnosis import REFUSED, inspect_role
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Unread
from ansible_collections.breakglass.aws.plugins.module_utils._aws.account_management import AccountManagement
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, is_denied
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import ServiceControlPolicies
from ansible_collections.breakglass.aws.plugins.module_utils._readiness import refused_roles, unreadable
from ansible_collections.breakglass.aws.plugins.module_utils._readiness import verdicts as words
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.account_facts import AccountFacts
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.organization_facts import OrganizationFacts
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.unreadable import Readings
from ansible_collections.breakglass.aws.plugins.module_utils._readiness.verdicts import Reason
from ansible_collections.breakglass.aws.plugins.module_utils._root_access.denials import explain_denial_in_root_session
from ansible_collections.breakglass.aws.plugins.module_utils._root_access.session import open_root_session
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import credentials
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.overlap import Overlap
from ansible_collections.breakglass.aws.plugins.module_utils._targets import unusable
from ansible_collections.breakglass.aws.plugins.module_utils._unlock.scan import S3, SQS, ScanRequest, scan_account

_TASKS = {S3: v.UNLOCK_S3_BUCKET, SQS: v.UNLOCK_SQS_QUEUE}


def _failure(error: BreakglassError) -> Reason:
    """Why a root session failed. Only what AWS denied will fail again: an outage, a timeout or a throttle may not."""
    return words.of_error("root_session_failed", error, certain=is_denied(error))


@dataclass(frozen=True)
class SessionOptions:
    """Which sessions to open. ``regions`` None: those that each account has enabled."""

    root: bool
    role: bool
    role_name: str
    regions: tuple[str, ...] | None

    @classmethod
    def of(cls, params: t.Mapping[str, t.Any]) -> SessionOptions:
        """From the options of a task."""
        regions = tuple(dict.fromkeys(params["regions"])) if params["regions"] else None
        return cls(params["with_root_sessions"], params["with_role_sessions"], params["role_name"], regions)


class SessionReader:
    """Opens the sessions in an account. May be used from several threads."""

    def __init__(self, context: Context, facts: OrganizationFacts, options: SessionOptions, overlap: Overlap) -> None:
        self._context = context
        self._facts = facts
        self._options = options
        self._overlap = overlap
        self._management = AccountManagement(context.connection, context.organization)
        tasks = (v.AUDIT_ROOT_CREDENTIALS, *_TASKS.values())
        self._task_arns = [task.policy_arn(facts.caller.partition) for task in tasks]

    def add(self, account: Account, facts: AccountFacts, readings: Readings, entry: dict) -> None:
        """Add to the facts of an account what sessions in it show. What cannot be read is in ``readings``."""
        if account.id == self._facts.management_account_id or unusable(account):
            return
        if self._options.root:
            self._read_root_user(account, facts, readings, entry)
            for service in _TASKS:
                self._scan(service, account, facts, readings, entry)
        if self._options.role and self._facts.role == v.MANAGEMENT_ACCOUNT:
            self._read_role(account, facts, readings)

    def _read_role(self, account: Account, facts: AccountFacts, readings: Readings) -> None:
        name = self._options.role_name
        found = readings.read(refused_roles.WHAT, "sts", lambda: inspect_role(self._context, account.id, name))
        if isinstance(found, Unread):
            return
        if found.state == REFUSED and found.certain:  # the role trusts the caller, so the caller lacks the permission
            arn = f"arn:{self._facts.caller.partition}:iam::*:role/{name.lstrip('/')}"
            readings.note(unreadable.for_role(refused_roles.WHAT, found.why, arn))
            return
        facts.role = found

    def _read_root_user(self, account: Account, facts: AccountFacts, readings: Readings, entry: dict) -> None:
        def read() -> dict:
            session = self._open(account, v.AUDIT_ROOT_CREDENTIALS)
            entry["session"] = session.public
            identify = functools.partial(session.identify_root_of, account.id)
            return credentials.read_root_credentials(
                session.client("iam"), account.id, identify, self._overlap.together
            )

        try:
            facts.root_credentials = read()
        except BreakglassError as error:
            if error.ends_run:
                raise
            explained = self._explained(error)
            readings.note_session("root credentials", explained, self._task_arns)
            facts.root_credentials = Unread(explained.cause, explained.fix)
            facts.session_failure = _failure(explained)

    def _scan(self, service: str, account: Account, facts: AccountFacts, readings: Readings, entry: dict) -> None:
        what = "buckets" if service == S3 else "queues"

        def read(session: t.Any) -> list[dict]:
            entry["sessions"] = [*entry["sessions"], session.public]
            partition, organization = self._facts.caller.partition, self._context.organization
            regions = self._regions(account, readings) if service == SQS else ()
            request = ScanRequest(partition, (service,), regions, ())
            place = {"organization_id": self._facts.id, "organization_path": organization.path_of(account)}
            found = scan_account(session, request, place, self._overlap)
            for one in found.unlisted:
                where = f"{what} in {one.region}" if one.region else what
                readings.note_session(where, self._explained(one.error), self._task_arns)
            return found.resources

        session = None
        try:
            session = self._open(account, _TASKS[service])
            facts.resources += read(session)
        except BreakglassError as error:
            if error.ends_run:
                raise
            explained = self._explained(error)
            readings.note_session(what, explained, self._task_arns)
            if session is None:
                facts.unlock_failures[_TASKS[service].name] = _failure(explained)

    def _regions(self, account: Account, readings: Readings) -> t.Sequence[str]:
        if self._options.regions:
            return self._options.regions
        found = readings.read("enabled regions", "account", lambda: self._management.regions(account.id))
        return [self._context.connection.region] if isinstance(found, Unread) else found

    def _open(self, account: Account, task: v.Task) -> t.Any:
        return open_root_session(self._context.connection, self._context.organization, account.id, task)

    def _explained(self, error: BreakglassError) -> BreakglassError:
        """The error with the policies that caused it, where a root session met it."""
        return explain_denial_in_root_session(error, ServiceControlPolicies(self._context.organization))
