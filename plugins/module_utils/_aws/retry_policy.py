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

ATTEMPTS, THROTTLED_ATTEMPTS = 8, 16
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 4.0  # seconds; a pause is a random part of it, and they double


def pause_before(attempt: int) -> float:
    """Seconds to wait before an attempt, counted from 1: a random part of a time that doubles with each."""
    return random.random() * min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(max(0, attempt - 2), 10))


class RetryPolicy:
    """The retries of one client. ``rates`` are those of the caller's quotas; None for the clients of sessions.

    A throttled call with a quota in ``rates`` is repeated as long as AWS accepts any call of that quota, and PATIENCE
    seconds longer. Any other throttled call has THROTTLED_ATTEMPTS, and other calls have as many attempts as the
    client's ``total_max_attempts``; with ``limited`` no call has more. ``on_throttled`` is called for each throttled
    attempt.
    """

    def __init__(
        self, client: t.Any, rates: Rates | None, limited: bool, on_throttled: t.Callable[[], t.Any] = lambda: None
    ) -> None:
        self._service = client.meta.service_model.service_name
        self._rates = rates
        most = (client.meta.config.retries or {}).get("total_max_attempts") or ATTEMPTS
        self._conditions = standard.StandardRetryConditions(max_attempts=most)
        self._throttled = standard.StandardRetryConditions(max_attempts=max(most, THROTTLED_ATTEMPTS))
        self._by_quota = standard.StandardRetryConditions(max_attempts=10_000)
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
        return 0 if self.repeats(context) else None

    def _is_throttled(self, context: t.Any) -> bool:
        return bool(
            self._throttling.is_throttling_error(
                response=(context.http_response, context.parsed_response),
                operation=context.operation_model,
                attempts=context.attempt_number,
                caught_exception=None,
                request_dict={"context": context.request_context},
            )
        )

    def repeats(self, context: t.Any) -> bool:
        """Whether a call has another attempt after the one in botocore's RetryContext. Waits before it if it has."""
        answered = context.parsed_response is not None
        if answered and not self._rates and context.http_response.status_code < 300:
            return False
        throttled = answered and self._is_throttled(context)
        bucket = self._bucket(context.operation_model.name)
        if bucket and answered:
            bucket.learn(accepted=not throttled)
        conditions = self._conditions
        if throttled:
            self._on_throttled()
            if not self._limited:
                conditions = self._by_quota if bucket else self._throttled
        again = conditions.is_retryable(context) and not (throttled and bucket and bucket.exhausted)
        self._adapter.adapt_retry_response_from_context(context)
        if again:
            paced = bucket is not None and bucket.rate is not None  # then the next attempt waits for its turn
            waiter.pause(pause_before(1 if paced else context.attempt_number + 1))
        return bool(again)
