# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS requests and responses as the sandbox passes them around."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from uuid import UUID

from moto.core.model import OperationModel
from moto.core.request import Request as MotoRequest

from breakglass_aws.sandbox.model.sessions import Caller

# The services of the field. Others are answered by name, as not implemented.
SERVICES = (
    "account",
    "cloudformation",
    "cloudtrail",
    "ec2",
    "events",
    "iam",
    "identitystore",
    "organizations",
    "resourcegroupstaggingapi",
    "s3",
    "s3control",
    "sqs",
    "sso-admin",
    "sts",
)


class Response(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes
    error: str | None = None


@dataclass(frozen=True)
class Signature:
    """The parts of a SigV4 signature, from the Authorization header or the query of a presigned URL."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    presigned: bool = False


@dataclass
class Request:
    """One AWS request, read.

    Attributes:
        raw_path: Path as it came, percent-encoded, without the part that names a place.
        raw_query: Query string as it came.
        moto: The request as moto reads it, once it was needed; see `moto_request`.
        operation: Operation name of the service model, for example `PutBucketPolicy`.
        parameters: By the members of the operation's input shape. Of S3 only path, query and header parameters.
        identity: Who signed it; None before authentication.
        account: The account moto acts on: the caller's, or the one that owns the bucket or queue.
        resource: ARN of what the call is about, for the event.
        signed_path: Path as it came, with a place.
        place: Where it comes from, when the client said so; see `place`.
        network: The condition keys of that place, known when the call is identified.
    """

    environ: dict[str, Any]
    method: str
    host: str
    raw_path: str
    raw_query: str
    body: bytes
    signature: Signature | None
    service: str
    region: str
    protocol: str = "json"
    operation: str = ""
    model: OperationModel | None = None
    moto: MotoRequest | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    identity: Caller | None = None
    account: str = ""
    resource: str | None = None
    signed_path: str = "/"
    place: str = ""
    network: dict[str, str] = field(default_factory=dict)
    unique_id: str = field(default_factory=lambda: secrets.token_hex(16))

    def header(self, name: str, default: str = "") -> str:
        key = name.upper().replace("-", "_")
        return self.environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}", default)

    @property
    def request_id(self) -> str:
        """The one ID of the request: in headers, in bodies and in CloudTrail."""
        return self.unique_id[:16].upper() if self.service == "s3" else str(UUID(self.unique_id))

    @cached_property
    def fields(self) -> dict[str, str]:
        """The fields of the query string and of a form in the body; of those given twice the first."""
        pairs = parse_qsl(self.raw_query, keep_blank_values=True)
        if self.header("content-type").startswith("application/x-www-form-urlencoded"):
            pairs += parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return dict(reversed(pairs))

    @property
    def caller(self) -> Caller:
        """The authenticated caller."""
        if self.identity is None:
            raise RuntimeError("the request has not been authenticated")
        return self.identity
