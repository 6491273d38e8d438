# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Retries, within bounds, of what AWS refuses because another change is under way. Botocore retries throttling."""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._aws import waiter
from ansible_collections.breakglass.aws.plugins.module_utils._errors import error_code

BUSY = ("ConcurrentModificationException", "ConcurrentModification", "EntityTemporarilyUnmodifiable")
PAUSES = (1, 2, 4, 8, 15, 30)


def while_busy(call: t.Callable[[], t.Any]) -> t.Any:
    """The answer of ``call``, repeated after each of the pauses (seconds) while AWS reports another change."""
    return waiter.retry(call, lambda error: error_code(error) in BUSY, PAUSES)
