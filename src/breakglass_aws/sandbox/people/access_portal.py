# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other ways in, as a person sees them: Identity Center's access portal, and Control Tower's console."""

from __future__ import annotations

from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.model.iam_entities import CONTROL_TOWER_ROLE
from breakglass_aws.sandbox.model.identity_center import Assignment
from breakglass_aws.sandbox.model.sessions import Caller, Credentials, session_principal
from breakglass_aws.sandbox.state import State


class Refused(LookupError):
    """The portal does not let this person in there; the text says why."""


def portal(state: State, user_name: str, account: str, permission_set: str) -> Credentials:
    """Keys for an account, as the access portal gives them to someone who is signed in (GetRoleCredentials).

    Raises:
        Refused: No such user, permission set or assignment, or the role is gone ("No access", as the portal says).
    """
    center = state.identity_center
    if center is None:
        raise Refused("this organization has no identity_center")
    users = {user.name: user for user in center.users.values()}
    sets = {one.name: one for one in center.permission_sets.values()}
    if user_name not in users:
        raise Refused(f"no user {user_name!r} in Identity Center; there are: {', '.join(sorted(users)) or 'none'}")
    if permission_set not in sets:
        raise Refused(f"no permission set {permission_set!r}; there are: {', '.join(sorted(sets)) or 'none'}")
    user, one = users[user_name], sets[permission_set]
    member = state.organization.accounts.get(account)
    role_name = center.provisioned.get((account, one.arn))
    assigned = Assignment(account, one.arn, "USER", user.id) in center.assignments
    active = member is not None and member.state in ("ACTIVE", "PENDING_CLOSURE")
    roles = state.iam(account).roles.values() if assigned and active else ()
    role = next((role for role in roles if role.name == role_name), None)
    if role is None:
        raise Refused("No access")
    principal = session_principal(account, role.arn, role.id, user.name)
    session = state.open_session(
        lambda key: Caller(principal, key, issued=now(), mfa=True), account, max(one.seconds, 900)
    )
    state.add_service_event(
        {
            "eventSource": "sts.amazonaws.com",
            "eventName": "AssumeRoleWithSAML",
            "eventType": "AwsApiCall",
            "eventTime": now(),
            "recipientAccountId": account,
            "awsRegion": center.region,
            "userIdentity": {"type": "SAMLUser", "userName": user.name},
            "requestParameters": {"roleArn": role.arn, "roleSessionName": user.name},
            "readOnly": True,
            "responseElements": {"credentials": {"accessKeyId": session.access_key_id}},
        }
    )
    return Credentials(session.access_key_id, session.secret_key, session.token)


def unenroll(state: State, account: str) -> None:
    """Take an account out of Control Tower, which removes its execution role (aws-facts 5b, 3).

    Raises:
        Refused: Control Tower does not manage the account.
    """
    if account not in state.control_tower:
        raise Refused(f"Control Tower does not manage account {account}")
    state.control_tower.discard(account)
    backend = state.iam(account)
    role = next((role for role in backend.roles.values() if role.name == CONTROL_TOWER_ROLE), None)
    if role is not None:
        for arn in list(role.managed_policies):
            backend.detach_role_policy(arn, role.name)
        backend.delete_role(role.name)
