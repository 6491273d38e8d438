# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A call that changes something, with an end that is always known: done, refused, or to be read back.

::

    deletion = perform(lambda: iam.delete_access_key(AccessKeyId=key), f"deleting {key}", root_of=account_id)
    if deletion.status == UNKNOWN or deletion.code == "NoSuchEntity" and deletion.answer_lost:
        ...  # read back; then deletion.settle(done=key_is_gone)
"""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass

from ansible_collections.breakglass.aws.plugins.module_utils._aws.call_log import (
    DONE,
    REFUSED,
    UNKNOWN,
    Call,
    call_of,
)
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, NotSent

with contextlib.suppress(ImportError):  # BreakglassModule reports it
    from botocore.exceptions import BotoCoreError, ClientError

__all__ = ("DONE", "REFUSED", "UNKNOWN", "Performed", "may_have_done", "perform", "recorded", "status_of")


@dataclass
class Performed:
    """How a call ended: DONE with its ``answer``, or REFUSED or UNKNOWN with the ``error``."""

    status: str
    answer: t.Any = None
    error: BreakglassError | None = None
    call: Call | None = None

    @property
    def code(self) -> str | None:
        """AWS's error code, if it gave one."""
        return self.error.code if self.error else None

    @property
    def failure(self) -> BreakglassError:
        """The error of a call that was refused or is unknown."""
        return self.error or BreakglassError("The call failed.", "Run the task again.")

    @property
    def answer_lost(self) -> bool:
        """Whether an earlier attempt of the call was sent and had no usable answer.

        "NoSuchEntity" then means that this call removed the thing, if it was there before.
        """
        return bool(self.call and self.call.answer_lost)

    def settle(self, done: bool) -> None:
        """Reading back showed whether it was done; the ledger has it then, too."""
        self.status = DONE if done or self.status == DONE else REFUSED
        if self.call:
            self.call.settle(done)


def perform(send: t.Callable[[], t.Any], doing: str, root_of: str | None = None) -> Performed:
    """Call ``send``, one call of a client. Raises nothing but what ends the process.

    ``doing`` and ``root_of`` are those of ``error_messages.explain``.
    """
    try:
        answer = send()
    except Exception as error:
        return Performed(status_of(error), error=explain(error, doing, root_of), call=call_of(error))
    return Performed(DONE, answer)


@contextlib.contextmanager
def recorded(done: list[str], action: str) -> t.Iterator[None]:
    """Add ``action`` to ``done`` when the call in the block was carried out, and when it may have been."""
    try:
        yield
    except Exception as error:
        if may_have_done(error):
            done.append(action)
        raise
    done.append(action)


def may_have_done(error: BaseException) -> bool:
    """Whether AWS may have carried out the call that changes something and ended in ``error``."""
    call = call_of(error)
    return bool(call and call.changes) and status_of(error) == UNKNOWN


def status_of(error: BaseException) -> str:
    """Whether the call that ended in ``error`` was REFUSED, or UNKNOWN: AWS may have carried it out."""
    call = call_of(error)
    if call:
        return call.status
    if isinstance(error, NotSent):
        return REFUSED
    if isinstance(error, BreakglassError) and error.__cause__:
        return status_of(error.__cause__)
    if isinstance(error, ClientError):  # of a client that is not watched
        return UNKNOWN if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500 else REFUSED
    return REFUSED if isinstance(error, BotoCoreError) else UNKNOWN
