# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who signed a request: key, session token, expiry and SigV4 signature, each refused with AWS's error.

The signature follows "Create a signed AWS API request" in the IAM User Guide.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote

from breakglass_aws.sandbox import clock, names
from breakglass_aws.sandbox.authorization import Principal
from breakglass_aws.sandbox.clock import now
from breakglass_aws.sandbox.errors import AwsError
from breakglass_aws.sandbox.model.sessions import Caller
from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request, Signature

ANONYMOUS = Caller(Principal("", "anonymous", "anonymous"))
_ALLOWED_SKEW = timedelta(minutes=15)
_SIGNED = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_INVALID = "The security token included in the request is invalid."
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)

# What is wrong -> by kind of service: code, HTTP status, text. "query" holds for IAM, STS and SQS too.
_REFUSALS = {
    "missing": {
        "query": ("MissingAuthenticationToken", 403, "Request is missing Authentication Token"),
        "json": ("MissingAuthenticationTokenException", 400, "Request is missing Authentication Token"),
        "s3": ("AccessDenied", 403, "Access Denied"),
    },
    "key": {
        "query": ("InvalidClientTokenId", 403, _INVALID),
        "json": ("UnrecognizedClientException", 400, _INVALID),
        "s3": ("InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records."),
    },
    "token": {
        "query": ("InvalidClientTokenId", 403, _INVALID),
        "json": ("UnrecognizedClientException", 400, _INVALID),
        "s3": ("InvalidToken", 400, "The provided token is malformed or otherwise invalid."),
    },
    "expired": {
        "query": ("ExpiredToken", 403, "The security token included in the request is expired"),
        "json": ("ExpiredTokenException", 400, "The security token included in the request is expired"),
        "s3": ("ExpiredToken", 400, "The provided token has expired."),
    },
    "signature": {
        "query": ("SignatureDoesNotMatch", 403, _MISMATCH),
        "json": ("InvalidSignatureException", 400, _MISMATCH),
        "s3": (
            "SignatureDoesNotMatch",
            403,
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
        ),
    },
    "skewed": {
        "query": ("SignatureDoesNotMatch", 403, "Signature expired: {date} is now earlier or later than allowed"),
        "json": ("InvalidSignatureException", 400, "Signature expired: {date} is now earlier or later than allowed"),
        "s3": (
            "RequestTimeTooSkewed",
            403,
            "The difference between the request time and the current time is too large.",
        ),
    },
}


class _Key(NamedTuple):
    secret: str
    caller: Caller
    token: str | None = None
    expires: datetime | None = None


def authenticate(state: State, request: Request) -> Caller:
    """The caller of a request.

    Raises:
        AwsError: As AWS refuses it.
    """
    signature = request.signature
    if signature is None:
        if request.service == "s3":
            return ANONYMOUS  # what a bucket policy may admit
        raise _refusal(request, "missing")
    key = _key(state, signature.access_key_id)
    account = state.account(key.caller.account) if key else None
    if key is None or account is None or account.state in ("SUSPENDED", "CLOSED"):
        raise _refusal(request, "key")
    token = request.header("x-amz-security-token") or _query_value(request, "X-Amz-Security-Token")
    if (token or None) != key.token:
        raise _refusal(request, "token" if token else "key")
    date = request.header("x-amz-date") or _query_value(request, "X-Amz-Date")
    _check_date(request, signature, date)
    if not hmac.compare_digest(_expected(request, signature, key.secret, date), signature.signature):
        raise _refusal(request, "signature")
    if key.expires is not None and key.expires <= now():
        raise _refusal(request, "expired")
    return key.caller


def _refusal(request: Request, problem: str, **values: str) -> AwsError:
    query = request.protocol in ("query", "ec2", "rest-xml") or request.service == "sqs"
    kind = "s3" if request.service == "s3" else "query" if query else "json"
    code, status, text = _REFUSALS[problem][kind]
    return AwsError(code, text.format(**values), status)


def _key(state: State, key_id: str) -> _Key | None:
    """What is known of an access key; nothing of keys of closed accounts (what AWS answers them is UNVERIFIED)."""
    session = state.sessions.get(key_id)
    if session is not None:
        return _Key(session.secret_key, session.caller, session.token, session.expires)
    account = state.root_keys.get(key_id)
    if account is not None:
        owner = state.account(account)
        root_key = owner.root.access_keys.get(key_id) if owner else None
        if root_key is None or root_key.status != "Active":
            return None
        return _Key(root_key.secret, Caller(state.root_principal(account), key_id))
    account = names.account_of(key_id)
    if account is None or state.account(account) is None:
        return None
    backend = state.iam(account)
    user_key = backend.access_keys.get(key_id)
    if user_key is None or user_key.status != "Active" or user_key.user_name not in backend.users:
        return None
    user = backend.users[user_key.user_name]
    principal = Principal(account, user.arn, "user", user_id=user.id)
    return _Key(user_key.secret_access_key, Caller(principal, key_id, user_name=user.name))


def _query_value(request: Request, name: str) -> str:
    found = re.search(rf"(?:^|&){name}=([^&]*)", request.raw_query)
    return unquote(found[1]) if found else ""


def _check_date(request: Request, signature: Signature, date: str) -> None:
    try:
        signed = datetime.fromisoformat(date)
    except ValueError:
        raise _refusal(request, "signature") from None
    if not _SIGNED.fullmatch(date) or not date.startswith(signature.date):
        raise _refusal(request, "signature")
    # Clients sign with real time, wherever the sandbox's clock has been moved to.
    age, allowed = clock.real() - signed, _ALLOWED_SKEW
    if signature.presigned:
        seconds = _query_value(request, "X-Amz-Expires")
        allowed = timedelta(seconds=int(seconds)) if seconds.isdigit() else timedelta()
    if age > allowed or age < -_ALLOWED_SKEW:
        raise _refusal(request, "skewed", date=date)


# SigV4


def _expected(request: Request, signature: Signature, secret: str, date: str) -> str:
    canonical = "\n".join(
        (
            request.method,
            _canonical_path(request),
            _canonical_query(request.raw_query),
            *(f"{name}:{_header_value(request, name)}" for name in signature.signed_headers),
            "",
            ";".join(signature.signed_headers),
            _payload_hash(request, signature),
        )
    )
    scope = f"{signature.date}/{signature.region}/{signature.service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}"
    key = _signing_key(secret, signature.date, signature.region, signature.service)
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=20000)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _canonical_path(request: Request) -> str:
    # S3 signs the path as it is sent; every other service encodes it once more.
    return request.signed_path if request.service in ("s3", "s3control") else quote(request.signed_path, safe="/-_.~")


def _canonical_query(raw_query: str) -> str:
    if not raw_query:
        return ""
    pairs = (part.partition("=")[::2] for part in raw_query.split("&") if part)
    encoded = (
        (quote(unquote(name), safe="-_.~"), quote(unquote(value), safe="-_.~"))
        for name, value in pairs
        if name != "X-Amz-Signature"
    )
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def _header_value(request: Request, name: str) -> str:
    value = request.host if name == "host" else request.header(name)
    return re.sub(r" +", " ", value.strip())


def _payload_hash(request: Request, signature: Signature) -> str:
    if signature.presigned:
        return "UNSIGNED-PAYLOAD" if request.service == "s3" else hashlib.sha256(b"").hexdigest()
    declared = request.header("x-amz-content-sha256")
    if request.service == "s3" and (declared == "UNSIGNED-PAYLOAD" or declared.startswith("STREAMING-")):
        return declared
    actual = hashlib.sha256(request.body).hexdigest()
    if request.service == "s3" and declared and declared != actual:
        raise AwsError(
            "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed."
        )
    return actual
