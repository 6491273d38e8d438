# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Trying again, within bounds, what AWS refuses because another change is under way. Throttling botocore retries."""

from __future__ import annotations

import contextlib
import time
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._errors import error_code

with contextlib.suppress(ImportError):  # AnsibleAWSModule reports it
    from botocore.exceptions import ClientError

BUSY = ("ConcurrentModificationException", "ConcurrentModification", "EntityTemporarilyUnmodifiable")
PAUSES = (1, 2, 4, 8, 15, 30)


def while_busy(call: t.Callable[[], t.Any]) -> t.Any:
    """The answer of ``call``, tried again after each of the pauses (seconds) as long as AWS says that it is busy."""
    for pause in PAUSES:
        try:
            return call()
        except ClientError as error:
            if error_code(error) not in BUSY:
                raise
            time.sleep(pause)
    return call()
