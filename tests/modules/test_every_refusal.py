"""Every error AWS has for the calls a module makes ends in a failed task, or account, with cause and fix.

Each module runs once undisturbed, to learn its calls. Then each of these calls is refused with each error of the
service's model, and with those any call may meet. `make nightly` tries all pairs (BREAKGLASS_EVERY_REFUSAL); other
runs try each call once and each error once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._accounts import changes
from ansible_collections.breakglass.aws.plugins.module_utils._aws import retries
from ansible_collections.breakglass.aws.plugins.module_utils._quarantine import steps
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import email
from botocore.session import Session
from support.run_module import run

from breakglass_aws.sandbox import Box

ANY_CALL = ("AccessDenied", "ExpiredToken", "Throttling", "InternalFailure")
LEGACY, PAYMENTS, LAKE, LOST = "444455556666", "333344445555", "012345678901", "999900001111"
QUEUE = f"arn:aws:sqs:eu-central-1:{LAKE}:ingest-events"

# What each module is asked to do, by whom. A module with two things to do has a word more in its second line.
WORK: dict[str, tuple[str, dict]] = {
    "root_access_info": ("operator", {"account_id": LEGACY}),
    "root_access": ("operator", {"root_sessions": False, "force": True, "delegated_administrator": "", "wait": False}),
    "root_credentials_info": ("operator", {"account_ids": [LEGACY]}),
    "root_credentials": ("operator", {"account_ids": [LEGACY]}),
    "root_password_recovery": ("operator", {"account_ids": [PAYMENTS], "state": "open"}),
    "root_password_recovery closed": ("operator", {"account_ids": [LAKE], "state": "closed"}),
    "root_email": ("operator", {"account_id": LEGACY, "email": "new@example.com", "activate_trusted_access": True}),
    "sts_assume_root": ("operator", {"account_id": LEGACY, "task": "audit_root_credentials"}),
    "s3_bucket_policy_unlock": ("operator", {"account_id": PAYMENTS, "bucket": "payments-ledger-333344445555"}),
    "sqs_queue_policy_unlock": ("operator", {"account_id": LAKE, "queue": QUEUE}),
    "resource_policy_lockout_info": ("data-lake-administrator", {"regions": ["eu-central-1"]}),
    "organization_account_info": ("operator", {"account_ids": [PAYMENTS], "purpose": "remove"}),
    "organization_account": ("operator", {"account_id": LOST, "state": "in_ou", "ou": "Security"}),
    "account_quarantine": ("operator", {"account_id": LEGACY, "state": "attached"}),
    "root_activity_info": ("engineer", {"hours": 1}),
    "organization_access_role_info": ("engineer", {"account_ids": [LOST]}),
}
# Answers that tell what a module wants to know, or that somebody else was quicker: no failure.
TELLING = {
    "NoSuchEntity",
    "NoSuchEntityException",
    "AccountNotFoundException",
    "AccountNotRegisteredException",
    "AWSOrganizationsNotInUseException",
    "NoSuchBucketPolicy",
    "DuplicateAccountException",
    "ResourceNotFoundException",
    "ServiceAccessNotEnabledException",
    "ServiceAccessNotEnabled",
    "OrganizationNotFoundException",
    "OrganizationNotFound",
}


# What only spares a module other calls: without it, it makes them.
SPARING = {("organization_account", "ListAWSServiceAccessForOrganization")}
# Errors that one operation tells by, and no other.
TELLING_OF = {("GetPrimaryEmailUpdateStatus", "ValidationException"), ("CreateLoginProfile", "EntityAlreadyExists")}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch, no_waiting: object) -> None:
    monkeypatch.setattr(retries, "PAUSES", (0,))
    monkeypatch.setattr(changes, "READ_BACK_PAUSES", (0,))
    monkeypatch.setattr(steps, "READ_BACK_PAUSES", (0,))
    monkeypatch.setattr(email, "_TRUST_PAUSES", (0,))


def work(box: Box, module: str, backups: Path) -> dict:
    caller, options = WORK[module]
    more = {"backup_dir": str(backups), "wait_timeout": 0} if module.endswith("_unlock") else {}
    once = {"retries": {"total_max_attempts": 1, "mode": "standard"}}
    return run(module.split()[0], environment=box.environment(caller), aws_config=once, **options, **more)


@cache
def modelled(service: str, operation: str) -> tuple[str, ...]:
    """The codes, on the wire, of the errors that botocore's model has for an operation."""
    model = Session().get_service_model(service).operation_model(operation)
    return tuple(shape.error_code for shape in model.error_shapes)


def refusals(calls: list[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Service, operation and code of what is to be refused."""
    seen: set[str] = set()
    for service, operation in calls:
        codes = dict.fromkeys((*modelled(service, operation), *ANY_CALL))
        new = [code for code in codes if code not in seen]
        chosen = list(codes) if "BREAKGLASS_EVERY_REFUSAL" in os.environ else new or list(codes)[:1]
        seen.update(chosen)
        yield from ((service, operation, code) for code in chosen)


@pytest.mark.parametrize("module", WORK)
def test_refused_calls_end_in_cause_and_fix(sandbox: Box, tmp_path: Path, module: str) -> None:
    undisturbed = work(sandbox, module, tmp_path / "undisturbed")
    assert not undisturbed["failed"], undisturbed["msg"]
    calls = dict.fromkeys((event["service"], event["operation"]) for event in sandbox.events())
    assert calls
    wrong = []
    for service, operation, code in refusals([call for call in calls if (module, call[1]) not in SPARING]):
        sandbox.reset()
        sandbox.add_fault("refusal", service=service, operation=operation, code=code)
        result = work(sandbox, module, tmp_path / f"{operation}-{code}")
        if not is_told(result, code) and (operation, code) not in TELLING_OF:
            wrong.append(f"{operation} {code}: {result.get('msg')} {result.get('exception', '')[-300:]}")
    assert not wrong, "\n".join(wrong)


def is_told(result: dict, code: str) -> bool:
    """Failed with cause and fix; or the account is reported with them; or a warning, a reason or a finding says it."""
    if "exception" in result or "Traceback" in str(result):
        return False
    if result["failed"]:
        return bool(result.get("cause") and result.get("fix")) or all(map(explained, result.get("accounts") or [{}]))
    if code in TELLING:
        return True
    return code in str(result) or "refused" in str(result) or any(map(explained, result.get("accounts") or []))


def explained(entry: dict) -> bool:
    return entry.get("outcome") in ("unreachable", "failed", "unverified") and bool(entry["reason"])
