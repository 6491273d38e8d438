# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credentials of a root session for other modules and tools: returned, and on request written as a profile."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._account_id import parse_account_id
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import InvalidInput, Unreachable
from ansible_collections.breakglass.aws.plugins.module_utils._files import aws_credentials
from ansible_collections.breakglass.aws.plugins.module_utils._root_access.session import RootSession, open_root_session
from ansible_collections.breakglass.aws.plugins.module_utils._targets import member_account, unusable

LONGEST_SECONDS = 900  # AWS's limit for AssumeRoot


def run(params: dict, context: Context) -> dict:
    """The result of sts_assume_root, with the secrets of the session in ``sts_creds``."""
    if params["write_profile"] is not None:
        aws_credentials.check_name(params["write_profile"])
    if params["state"] == "absent":
        return _remove_profile(params["credentials_file"], params["write_profile"], context)
    return _open_session(params, context)


def _remove_profile(path: str, name: str, context: Context) -> dict:
    if context.check_mode:
        before = aws_credentials.read(path)
        return {"changed": aws_credentials.without_profile(before, name) != before}
    return {"changed": _edit(path, lambda text: aws_credentials.without_profile(text, name), context)}


def _open_session(params: dict, context: Context) -> dict:
    account_id = parse_account_id(params["account_id"], "account_id")
    task = v.TASKS[params["task"]]
    if params["duration_seconds"] is not None:
        if not 1 <= params["duration_seconds"] <= LONGEST_SECONDS:
            accepted = f"a number from 1 to {LONGEST_SECONDS}"
            raise InvalidInput("duration_seconds", params["duration_seconds"], accepted)
        task = replace(task, seconds=params["duration_seconds"])
    path, name = params["credentials_file"], params["write_profile"]
    if name:  # an error of the file must be known before there is a session
        aws_credentials.without_profile(aws_credentials.read(path), name)
    account = member_account(context.organization, account_id, "account_id")
    if unusable(account):
        raise Unreachable(unusable(account), "Wait until AWS makes the account ACTIVE again.")
    result = {"changed": True, "account_id": account_id, "task": task.name}
    if context.check_mode:
        return {**result, "sts_creds": None}
    session = open_root_session(context.connection, context.organization, account_id, task)
    result.update(session.public, source_identity=session.source_identity)
    try:
        session.assert_root_of(account_id)
        if name:
            _write_profile(path, name, session, context)
    except Exception as error:  # the session is open until it expires, and CloudTrail has it
        raise explain(error, f"writing the profile {name}").with_result(**result) from error
    return {**result, "sts_creds": session.secrets()}


def _write_profile(path: str, name: str, session: RootSession, context: Context) -> None:
    credentials = session.secrets()
    values = {
        "aws_access_key_id": credentials["access_key"],
        "aws_secret_access_key": credentials["secret_key"],
        "aws_session_token": credentials["session_token"],
    }
    remark = f"{session.task.name} in {session.account_id}, ends {credentials['expiration']}"
    _edit(path, lambda text: aws_credentials.with_profile(text, name, values, remark), context)


def _edit(path: str, change: t.Callable[[str], str], context: Context) -> bool:
    """Change the credentials file; warns when others could read what it contained before."""
    changed, mode = aws_credentials.edit(path, change)
    if changed and mode:
        context.warn(f"credentials_file: {path} was open to others (mode {mode:04o}). It has mode 0600 now.")
    return changed
