# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The removal of root credentials from one account: plan it, carry it out, read it back."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws import waiter
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import EXPIRED, explain
from ansible_collections.breakglass.aws.plugins.module_utils._aws.perform import REFUSED, UNKNOWN, Performed, perform
from ansible_collections.breakglass.aws.plugins.module_utils._aws.retries import while_busy
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, is_denied
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import credentials as root_user
from ansible_collections.breakglass.aws.plugins.module_utils._root_user.removal_request import Item, RemovalRequest

# Seconds between readings: IAM is eventually consistent, so a deletion can take a moment to show.
READ_BACK_PAUSES = (1, 2, 4)

# kind -> the operation that removes one, and the name of its parameter for the ID, if it has one
_REMOVAL = {
    v.ACCESS_KEYS: ("delete_access_key", "AccessKeyId"),
    v.SIGNING_CERTIFICATES: ("delete_signing_certificate", "CertificateId"),
    v.PASSWORD: ("delete_login_profile", None),
    v.MFA_DEVICES: ("deactivate_mfa_device", "SerialNumber"),
}


def plan_removal(credentials: dict, request: RemovalRequest, account_id: str = "") -> list[Item]:
    """What the request makes of each credential of the chosen kinds, in the order of removal.

    With approved items, everything else is kept, and an approved item that is gone is ``absent``.
    """
    items = [
        item
        for kind in v.KINDS
        if kind in request.kinds
        for item in _plan_kind(kind, credentials, request)
        if request.serials is None or kind != v.MFA_DEVICES or item.id in request.serials
    ]
    if request.approved is not None:
        items = [request.restrict(item, account_id) for item in items]
        found = {(item.kind, item.id) for item in items}
        items += [item for item in request.approved_in(account_id) if (item.kind, item.id) not in found]
        items.sort(key=lambda item: v.KINDS.index(item.kind))
    removed = {(item.kind, item.id) for item in items if item.outcome == v.REMOVED}
    password_stays = credentials[v.PASSWORD]["present"] and (v.PASSWORD, v.PASSWORD) not in removed
    devices = root_user.identify_kind(v.MFA_DEVICES, credentials[v.MFA_DEVICES])
    if password_stays and all((v.MFA_DEVICES, serial) in removed for serial in devices):
        items = [_keep_last_device(item) for item in items]
    return items


def without(credentials: dict, items: t.Iterable[Item]) -> dict:
    """The credentials as they are, or would be, once the removed items are gone."""
    gone = {(item.kind, item.id) for item in items if item.outcome == v.REMOVED}

    def left(kind: str, key: str) -> list[dict]:
        return [entry for entry in credentials[kind] if (kind, entry[key]) not in gone]

    no_password = (v.PASSWORD, v.PASSWORD) in gone
    return {
        v.PASSWORD: dict(root_user.NO_PASSWORD) if no_password else credentials[v.PASSWORD],
        v.ACCESS_KEYS: left(v.ACCESS_KEYS, "id"),
        v.SIGNING_CERTIFICATES: left(v.SIGNING_CERTIFICATES, "id"),
        v.MFA_DEVICES: left(v.MFA_DEVICES, "serial"),
    }


class Removal:
    """A plan carried out in one root session.

    ``items`` always contains the whole plan with what is known so far: whatever is raised, nothing that was done is
    missing. An item whose call got no answer is ``unverified`` until it is read back.
    """

    def __init__(
        self, iam: t.Any, account_id: str, before: dict, plan: t.Sequence[Item], only_approved: bool = False
    ) -> None:
        self._only_approved = only_approved
        self._iam = iam
        self._account_id = account_id
        self._before = before
        self._plan = list(plan)
        self._calls: dict[tuple[str, str], Performed] = {}
        not_attempted = "The run stopped before it was attempted."
        self.items = [
            replace(item, outcome=v.SKIPPED, reason=not_attempted) if item.outcome == v.REMOVED else item
            for item in plan
        ]

    def carry_out(self) -> None:
        """Make the calls, in the order of the plan. One that fails does not stop the others.

        MFA devices stay unless the password is known to be gone.
        """
        password_gone = True
        for number, planned in enumerate(self._plan):
            if planned.outcome != v.REMOVED:
                continue
            if planned.kind == v.MFA_DEVICES and not password_gone:
                self.items[number] = _keep_last_device(planned)
                continue
            self.items[number] = replace(planned, outcome=v.UNVERIFIED, reason="The call was sent and not answered.")
            self.items[number] = self._remove(planned)
            if planned.kind == v.PASSWORD:
                password_gone = self._is_password_gone(self.items[number])

    def read_back(self, kinds: t.Sequence[str] = v.KINDS) -> dict | None:
        """Read again, in the same session, and put into ``items`` what that shows; the credentials of ``kinds`` now.

        Every kind is read by itself: one that cannot be read leaves its own items ``unverified`` and the result None.
        A credential of a removed kind that is new has ``failed``, or with approved items is ``skipped``.
        """
        after: dict[str, t.Any] = {}
        unread = False
        for kind in kinds:
            found = self._read_until_gone(kind)
            if isinstance(found, BreakglassError):
                unread = True
                self._doubt(kind, f"Reading back failed. {found}")
            else:
                after[kind] = found
                self._compare(kind, root_user.identify_kind(kind, found))
        return None if unread else after

    def _remove(self, item: Item) -> Item:
        operation, parameter = _REMOVAL[item.kind]
        arguments = {parameter: item.id} if parameter else {}
        action = f"iam:{self._iam.meta.method_to_api_mapping[operation]}"
        # IAM refuses to delete what was created or changed moments ago (HTTP 409) for a while.
        call = perform(
            lambda: while_busy(lambda: getattr(self._iam, operation)(**arguments)),
            f"removing it ({action})",
            root_of=self._account_id,
        )
        self._calls[item.kind, item.id] = call
        if call.code == "NoSuchEntity":
            call.settle(done=call.answer_lost)
            return _gone_already(item, call.answer_lost)
        if call.status == REFUSED:
            return replace(item, outcome=v.FAILED, reason=str(call.error))
        if call.status == UNKNOWN:
            return replace(item, outcome=v.UNVERIFIED, reason=str(call.error))
        return item

    def _is_password_gone(self, item: Item) -> bool:
        if item.outcome != v.UNVERIFIED:
            return item.outcome in (v.REMOVED, v.ABSENT)
        found = self._read_until_gone(v.PASSWORD)
        return not isinstance(found, BreakglassError) and not found["present"]

    def _read_until_gone(self, kind: str) -> t.Any:
        """The credentials of a kind, read until those that were removed do not show; or the error of the last reading.

        An error is a reason to read again, unless AWS denies it or the session has expired.
        """
        waited_for = {item.id for item in self.items if item.kind == kind and item.outcome in _CALLED}

        def read() -> t.Any:
            try:
                return root_user.read_kind(self._iam, self._account_id, kind, known=self._before)
            except Exception as error:
                return explain(error, "reading it back", self._account_id)

        def done(found: t.Any) -> bool:
            if isinstance(found, BreakglassError):
                return is_denied(found) or found.code in EXPIRED
            return not waited_for & set(root_user.identify_kind(kind, found))

        return waiter.poll(read, done, READ_BACK_PAUSES)

    def _doubt(self, kind: str, reason: str) -> None:
        for number, item in enumerate(self.items):
            if item.kind == kind and item.outcome in _CALLED:
                reasons = [item.reason, reason] if item.outcome == v.UNVERIFIED else [reason]
                self.items[number] = replace(item, outcome=v.UNVERIFIED, reason=" ".join(reasons))

    def _compare(self, kind: str, present: list[str]) -> None:
        for number, item in enumerate(self.items):
            if item.kind == kind and item.outcome in _CALLED:
                self.items[number] = self._confirm(item, item.id in present)
        touched = [item for item in self.items if item.kind == kind and item.outcome != v.SKIPPED]
        known = root_user.identify_kind(kind, self._before[kind])
        if touched:
            outcome, reason = _NEW_UNAPPROVED if self._only_approved else _NEW
            self.items += [Item(kind, id, outcome, reason) for id in present if id not in known]

    def _confirm(self, item: Item, present: bool) -> Item:
        """A removed or doubtful item, with what reading back shows."""
        if item.outcome == v.REMOVED:
            reason = "AWS confirmed the removal, but reading back still shows it."
            return replace(item, outcome=v.UNVERIFIED, reason=reason) if present else item
        call = self._calls.get((item.kind, item.id))
        if not present:
            if call:
                call.settle(done=True)
            return replace(item, outcome=v.REMOVED, reason=f"{item.reason} Reading back shows that it is gone.")
        if call and call.code:  # AWS answered with a failure of its own, and did nothing
            call.settle(done=False)
            return replace(item, outcome=v.FAILED, reason=f"{item.reason} Reading back still shows it.")
        return replace(item, reason=f"{item.reason} Reading back still shows it: it may still be removed.")


_NEW = (v.FAILED, "It appeared while the others were removed: find out who created it, then run the task again.")
_NEW_UNAPPROVED = (v.SKIPPED, "It appeared while the approved items were removed, and is not one of them.")
_CALLED = (v.REMOVED, v.UNVERIFIED)  # outcomes of items whose deletion was called, and that may be gone


def _plan_kind(kind: str, credentials: dict, request: RemovalRequest) -> list[Item]:
    guard, found = request.guard, credentials[kind]
    if kind == v.ACCESS_KEYS:
        return [guard.judge(kind, key["id"], key["created"], key["last_used"]["date"]) for key in found]
    if kind == v.SIGNING_CERTIFICATES:
        return [guard.judge(kind, certificate["id"], certificate["created"], None) for certificate in found]
    if kind == v.PASSWORD:
        return [guard.judge(kind, v.PASSWORD, found["created"], found["last_used"])] if found["present"] else []
    return [_plan_device(device) for device in found]


def _plan_device(device: dict) -> Item:
    # The task policy allows to deactivate a device. The virtual device itself belongs to the account.
    left = "The virtual device stays in the account, unassigned. An administrator there can delete it."
    reason = left if root_user.is_virtual_device(device["serial"]) else ""
    return Item(v.MFA_DEVICES, device["serial"], v.REMOVED, reason, device["enabled"])


def _keep_last_device(item: Item) -> Item:
    if item.kind != v.MFA_DEVICES or item.outcome != v.REMOVED:
        return item
    return replace(item, outcome=v.SKIPPED, reason="The last MFA device stays as long as the root user has a password.")


def _gone_already(item: Item, answer_lost: bool) -> Item:
    if answer_lost:
        reason = "AWS's answer was lost, and the call was repeated: it was gone by then. This run removed it."
        return replace(item, reason=" ".join(filter(None, [item.reason, reason])))
    return replace(item, outcome=v.ABSENT, reason="It did not exist any more when it was to be removed.")
