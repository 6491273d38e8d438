"""What a client needs to be one of the organization's people. Imports nothing heavy: the command line uses it."""

from __future__ import annotations

from collections.abc import Mapping

REGION = "us-east-1"


def environment(url: str, credentials: Mapping[str, str | None]) -> dict[str, str]:
    """The variables that point any AWS client at the sandbox, as one of its identities."""
    return {
        "AWS_ACCESS_KEY_ID": credentials["access_key"] or "",
        "AWS_SECRET_ACCESS_KEY": credentials["secret_key"] or "",
        "AWS_SESSION_TOKEN": credentials["session_token"] or "",
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
