"""Signature Version 4, computed anew from a request: whose key signed it. Written against AWS's documentation, not
with botocore, so that a fault in the client is not repeated here.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
from urllib.parse import parse_qsl, quote, unquote

from benchmarks.stub.keys import Keys
from benchmarks.stub.request import Request

_AUTHORIZATION = re.compile(
    r"Credential=[A-Z0-9]+/(\d+)/\S+?, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})", re.IGNORECASE
)


def is_valid(request: Request) -> bool:
    """Whether the signature is that of the request's access key."""
    headers: dict[str, str] = {}
    for line in request.head.decode("latin-1").split("\r\n")[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = " ".join(value.split())
    found = _AUTHORIZATION.search(headers.get("authorization", ""))
    if not found:
        return False
    day, signed, signature = found.groups()
    payload = headers.get("x-amz-content-sha256") or hashlib.sha256(request.body).hexdigest()
    canonical = "\n".join(
        [
            request.method,
            request.path if request.service == "s3" else quote(unquote(request.path), safe="/~-_."),
            _canonical_query(request.query),
            *(f"{name}:{headers.get(name, '')}" for name in signed.split(";")),
            "",
            signed,
            payload,
        ]
    )
    scope = f"{day}/{request.region}/{request.service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{headers.get('x-amz-date', '')}\n{scope}\n{digest}"
    key = _signing_key(Keys(request.access_key).secret_key, day, request.region, request.service)
    return hmac.compare_digest(hmac.new(key, text.encode(), hashlib.sha256).hexdigest(), signature)


def _canonical_query(query: str) -> str:
    pairs = [(quote(name, safe="~-_."), quote(value, safe="~-_.")) for name, value in parse_qsl(query, True)]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


@functools.lru_cache(4096)
def _signing_key(secret: str, *scope: str) -> bytes:
    key = b"AWS4" + secret.encode()
    for part in (*scope, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
