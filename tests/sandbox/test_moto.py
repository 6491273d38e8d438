"""moto is built on, not changed: subclasses and its own routing only; and it still lacks what the sandbox adds."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from moto.iam.responses import IamResponse
from moto.organizations.responses import OrganizationsResponse
from moto.sts.responses import TokenResponse
from packaging.requirements import Requirement
from packaging.version import Version

from breakglass_aws.sandbox import Box

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("responses", "operation", "ours"),
    [
        (TokenResponse, "assume_root", "services/sts.py, assume_root"),
        (
            IamResponse,
            "list_organizations_features",
            "services/iam.py, the organization's features",
        ),
        (
            IamResponse,
            "enable_organizations_root_sessions",
            "services/iam.py, the organization's features",
        ),
        (OrganizationsResponse, "leave_organization", "services/membership.py"),
        (OrganizationsResponse, "invite_account_to_organization", "services/membership.py"),
    ],
)
def test_moto_lacks_what_the_sandbox_adds(responses: type, operation: str, ours: str) -> None:
    assert not hasattr(responses, operation), (
        f"moto {version('moto')} has {operation} itself now. Compare its answers with ours ({ours}): run the rows of "
        "the conformance table (tests/sandbox/test_conformance.py) against both. Where moto's are AWS's, forward to it "
        "and delete ours; where they are not, report it to moto and keep ours. Then shorten this list."
    )


def test_motos_versions_are_pinned_to_those_that_were_tried() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [moto] = [one for text in project["dependencies"] if (one := Requirement(text)).name == "moto"]
    installed = Version(version("moto"))
    next_minor = f"{installed.major}.{installed.minor + 1}"
    assert installed in moto.specifier
    assert Version(next_minor) not in moto.specifier, "a moto nobody has tried would be installed"


def _ours(value: Any) -> bool:
    return f"{getattr(value, '__module__', '')}.".startswith("breakglass_aws.sandbox.")


def _patched() -> Iterator[str]:
    """Names in moto's (and botocore's) modules and classes that hold functions or classes of the sandbox."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] not in ("moto", "botocore", "boto3"):
            continue
        for key, value in list(vars(module).items()):
            if callable(value) and _ours(value):
                yield f"{name}.{key}"
            if isinstance(value, type) and not _ours(value):
                yield from (f"{name}.{key}.{member}" for member, held in list(vars(value).items()) if _ours(held))


def test_nothing_of_moto_is_patched(sandbox: Box) -> None:
    """Everything that could patch has been imported, and has served a request, by then."""
    assert sandbox.client("s3", "payments-administrator").list_buckets()["Buckets"]
    assert sandbox.client("iam", "operator").list_roles()["Roles"]
    assert sandbox.client("sqs", "reports-administrator").list_queues()
    assert list(_patched()) == []


def test_a_patch_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def get_caller_identity() -> None: ...

    get_caller_identity.__module__ = "breakglass_aws.sandbox.services.sts"
    monkeypatch.setattr(TokenResponse, "get_caller_identity", get_caller_identity)
    assert "moto.sts.responses.TokenResponse.get_caller_identity" in list(_patched())
