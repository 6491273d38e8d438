# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which attempts of a call are repeated, and when. It takes the place of botocore's retry modes.

What is worth another attempt is botocore's decision (its "standard" mode). The modes themselves fail a sweep: their
limits are kept for each client, so that in a shared client the throttling of one account would stop the retries of all
others ("standard") or slow down all of them ("adaptive").
"""

from __future__ import annotations

import contextlib
import random
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._aws import waiter
from ansible_collections.breakglass.aws.plugins.module_utils._aws.rate import Rates, TokenBucket

with contextlib.suppress(ImportError):  # AnsibleAWSModule reports it
    from botocore.retries import standard

ATTEMPTS = 10
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 20.0  # seconds; a pause is a random part of it, and they double


class RetryPolicy:
    """The retries of one client. ``rates`` are those of the caller's quotas; None for the clients of sessions.

    A throttled call with a quota in ``rates`` is repeated as long as AWS accepts any call of that quota, and PATIENCE
    seconds longer. Any other call has as many attempts as the client's ``total_max_attempts``; with ``limited`` these
    calls have no more either. ``on_throttled`` is called for each throttled attempt.
    """

    def __init__(
        self, client: t.Any, rates: Rates | None, limited: bool, on_throttled: t.Callable[[], t.Any] = lambda: None
    ) -> None:
        self._service = client.meta.service_model.service_name
        self._rates = rates
        most = (client.meta.config.retries or {}).get("total_max_attempts") or ATTEMPTS
        self._conditions = standard.StandardRetryConditions(max_attempts=most)
        self._without_limit = standard.StandardRetryConditions(max_attempts=1000)
        self._limited = limited
        self._on_throttled = on_throttled
        self._adapter = standard.RetryEventAdapter()
        self._throttling = standard.ThrottlingErrorDetector(self._adapter)

    def install(self, client: t.Any) -> None:
        """Let this decide about the attempts of ``client``, and not botocore's retry mode."""
        events, service_id = client.meta.events, client.meta.service_model.service_id.hyphenize()
        events.unregister(f"needs-retry.{service_id}", unique_id=f"retry-config-{service_id}")
        events.register_first("request-created", self._wait_for_turn)
        events.register("needs-retry", self._needs_retry)

    def _bucket(self, operation: str) -> TokenBucket | None:
        return self._rates.of(self._service, operation) if self._rates else None

    def _wait_for_turn(self, operation_name: str, **unused: t.Any) -> None:
        """Botocore's event before an attempt is signed."""
        bucket = self._bucket(operation_name)
        if bucket:
            bucket.wait()

    def _needs_retry(self, **event: t.Any) -> int | None:
        """Botocore's event after each attempt: 0 for another one, None for none."""
        context = self._adapter.create_retry_context(**event)
        throttled = self._throttling.is_throttling_error_from_context(context)
        bucket = self._bucket(context.operation_model.name)
        if bucket and event["response"]:
            bucket.learn(accepted=not throttled)
        conditions = self._conditions
        if throttled:
            self._on_throttled()
        if bucket and throttled and not self._limited and not bucket.exhausted:
            conditions = self._without_limit
        again = conditions.is_retryable(context)
        self._adapter.adapt_retry_response_from_context(context)
        if not again:
            return None
        waiter.pause(random.random() * min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(context.attempt_number - 1, 10)))
        return 0
