# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls that open a session or change something, by what CloudTrail knows them by. No Ansible."""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _started_by
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time, now

_READS = ("Describe", "Get", "Head", "List", "Lookup")
# Parameters that say what a call is about, the most telling first.
_TARGETS = (
    "TargetPrincipal",
    "AccessKeyId",
    "CertificateId",
    "SerialNumber",
    "Bucket",
    "QueueUrl",
    "RoleArn",
    "RoleName",
    "StackSetName",
    "TargetId",
    "AccountId",
    "ServicePrincipal",
)
_BEGUN = "breakglass.aws.call"  # in the context that botocore keeps of a call


class Calls:
    """Remembers the calls of clients, in ``made``. May be used from several threads."""

    def __init__(self) -> None:
        self.made: list[dict] = []

    def watch(self, client: t.Any, access_key_id: t.Callable[[], str | None]) -> None:
        """Remember what this client calls; ``access_key_id`` tells with whose key."""

        def begins(params: dict, model: t.Any, context: dict, **unused: t.Any) -> None:
            if not model.name.startswith(_READS):
                _require_starters(client, model.name)
                target = next((str(params[name]) for name in _TARGETS if params.get(name)), None)
                context[_BEGUN] = {"service": client.meta.service_model.service_name, "operation": model.name}
                # Asked for before the call, as signing does: what fails here must not follow on something done.
                context[_BEGUN].update(region=client.meta.region_name, target=target, access_key_id=access_key_id())

        def answered(parsed: dict, context: dict, **unused: t.Any) -> None:
            metadata = parsed.get("ResponseMetadata", {})
            ended(context, metadata.get("RequestId"), parsed.get("Error", {}).get("Code"))

        def unanswered(exception: BaseException, context: dict, **unused: t.Any) -> None:
            ended(context, None, type(exception).__name__)

        def ended(context: dict, request_id: str | None, error: str | None) -> None:
            if _BEGUN in context:
                self.made.append(
                    {"time": format_time(now()), **context[_BEGUN], "request_id": request_id, "error": error}
                )

        def sends(operation_name: str, **unused: t.Any) -> None:  # each attempt of a call
            if not operation_name.startswith(_READS):
                _require_starters(client, operation_name)

        client.meta.events.register("provide-client-params", begins)
        client.meta.events.register("request-created", sends)
        client.meta.events.register("after-call", answered)
        client.meta.events.register("after-call-error", unanswered)


def _require_starters(client: t.Any, operation: str) -> None:
    """Raise BreakglassError when a process that started this one has ended: nothing is changed any more."""
    if _started_by.missing():
        call = f"{client.meta.service_model.service_name}:{operation}"
        raise BreakglassError(
            f"Stopped before {call}: the process that started this task has ended.",
            "Run it again, or resume the runbook: what is done is found done.",
        )
