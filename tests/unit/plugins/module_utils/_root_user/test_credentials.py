from __future__ import annotations

from datetime import UTC, datetime, timedelta

import boto3
import pytest
from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws import retries
from ansible_collections.breakglass.aws.plugins.module_utils._errors import Unreachable
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import credentials as root_user
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time, parse_time
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

ages = st.none() | st.integers(0, 1000)


def moment(days_ago: int | None) -> str | None:
    return None if days_ago is None else format_time(NOW - timedelta(days=days_ago))


@st.composite
def credentials(draw) -> dict:
    present = draw(st.booleans())
    return {
        v.PASSWORD: {
            "present": present,
            "created": moment(draw(ages)) if present else None,
            "last_used": moment(draw(ages)) if present else None,
        },
        v.ACCESS_KEYS: [
            {
                "id": f"AKIA{number}",
                "status": "Active",
                "created": moment(draw(ages)),
                "last_used": {"date": moment(draw(ages)), "service": None, "region": None},
            }
            for number in range(draw(st.integers(0, 2)))
        ],
        v.SIGNING_CERTIFICATES: [
            {"id": f"CERT{number}", "status": "Active", "created": moment(draw(ages))}
            for number in range(draw(st.integers(0, 2)))
        ],
        v.MFA_DEVICES: [
            {"serial": f"arn:aws:iam::444455556666:mfa/device-{number}", "enabled": moment(draw(ages))}
            for number in range(draw(st.integers(0, 3)))
        ],
    }


kinds = st.sets(st.sampled_from(v.KINDS))
days = st.integers(0, 400)
allowed = st.sets(st.sampled_from(["AKIA0", "AKIA1", v.PASSWORD])).map(frozenset)


@given(credentials(), kinds, days, allowed)
def test_mfa_is_never_planned_to_go_while_a_password_stays(before, kinds, days, allowed):
    plan = root_user.plan_removal(before, kinds, root_user.Guard(NOW, days, allowed))
    after = root_user.without(before, plan)
    if after[v.PASSWORD]["present"]:
        assert after[v.MFA_DEVICES] == before[v.MFA_DEVICES]
    order = [v.KINDS.index(item.kind) for item in plan]
    assert order == sorted(order)


@given(credentials(), kinds, days, allowed, st.sets(st.integers(0, 3)))
def test_a_named_device_goes_only_if_another_stays_beside_the_password(before, kinds, days, allowed, named):
    serials = {f"arn:aws:iam::444455556666:mfa/device-{number}" for number in named}
    plan = root_user.plan_removal(before, kinds, root_user.Guard(NOW, days, allowed), serials)
    after = root_user.without(before, plan)
    gone = {item.id for item in plan if item.kind == v.MFA_DEVICES and item.outcome == v.REMOVED}
    assert gone <= serials
    if gone and after[v.PASSWORD]["present"]:
        assert after[v.MFA_DEVICES]


@given(credentials(), kinds, days, allowed)
def test_every_credential_of_the_chosen_kinds_is_accounted_for(before, kinds, days, allowed):
    plan = root_user.plan_removal(before, kinds, root_user.Guard(NOW, days, allowed))
    there = {(kind, id) for kind, ids in root_user.identify(before).items() if kind in kinds for id in ids}
    assert {(item.kind, item.id) for item in plan} == there
    assert all(item.outcome == v.REMOVED or (item.outcome == v.SKIPPED and item.reason) for item in plan)


@given(credentials(), days, allowed)
def test_what_was_used_recently_stays_unless_it_is_named(before, days, allowed):
    plan = root_user.plan_removal(before, v.KINDS, root_user.Guard(NOW, days, allowed))
    outcomes = {item.id: item.outcome for item in plan}
    uses = {key["id"]: key["last_used"]["date"] for key in before[v.ACCESS_KEYS]}
    if before[v.PASSWORD]["present"]:
        uses[v.PASSWORD] = before[v.PASSWORD]["last_used"]
    for id, used in uses.items():
        recent = used is not None and parse_time(used) > NOW - timedelta(days=days)
        assert outcomes[id] == (v.SKIPPED if recent and id not in allowed else v.REMOVED)


@given(credentials(), kinds, days, allowed)
def test_nothing_is_left_to_do_after_a_removal(before, kinds, days, allowed):
    guard = root_user.Guard(NOW, days, allowed)
    after = root_user.without(before, root_user.plan_removal(before, kinds, guard))
    assert not [item for item in root_user.plan_removal(after, kinds, guard) if item.outcome == v.REMOVED]


@pytest.mark.parametrize(
    ("created", "last_used", "outcome", "told"),
    [
        (400, 89, v.SKIPPED, "Used 89 days ago"),
        (400, 90, v.REMOVED, ""),
        (400, 0, v.SKIPPED, "Used less than a day ago"),
        (400, None, v.REMOVED, ""),
        (5, None, v.REMOVED, "Created 5 days ago and never used."),
    ],
)
def test_the_guard_says_why(created, last_used, outcome, told):
    item = root_user.Guard(NOW, 90).judge(v.ACCESS_KEYS, "AKIA0", moment(created), moment(last_used))
    assert item.outcome == outcome
    assert item.reason.startswith(told)
    assert bool(item.reason) == bool(told)


@pytest.mark.parametrize(
    ("uploaded", "allowed", "outcome"), [(5, (), v.SKIPPED), (5, ("CERT0",), v.REMOVED), (91, (), v.REMOVED)]
)
def test_certificates_have_no_last_use_so_that_new_ones_are_kept(uploaded, allowed, outcome):
    guard = root_user.Guard(NOW, 90, frozenset(allowed))
    item = guard.judge(v.SIGNING_CERTIFICATES, "CERT0", moment(uploaded), None)
    assert item.outcome == outcome
    assert ("last used" in item.reason) is (not allowed)


ACCOUNT = "444455556666"
KEY = root_user.Item(v.ACCESS_KEYS, "AKIAIOSFODNN7EXAMPLE", v.REMOVED)
CERTIFICATE = root_user.Item(v.SIGNING_CERTIFICATES, "TA7SMP42TDN5Z26OBPJE7EXAMPLE", v.REMOVED)
SECRET = root_user.Item(v.PASSWORD, v.PASSWORD, v.REMOVED)
DEVICE = root_user.Item(v.MFA_DEVICES, "arn:aws:iam::444455556666:mfa/root-account-mfa-device", v.REMOVED)
BEFORE = {
    v.PASSWORD: {"present": False},
    v.ACCESS_KEYS: [{"id": KEY.id}],
    v.SIGNING_CERTIFICATES: [{"id": CERTIFICATE.id}],
    v.MFA_DEVICES: [],
}


@pytest.fixture
def aws(monkeypatch):
    """An IAM client whose answers are laid down in order, and the pauses that were taken."""
    client = boto3.client("iam", aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")
    pauses = []
    monkeypatch.setattr(root_user.time, "sleep", pauses.append)
    with Stubber(client) as stubber:
        yield client, stubber, pauses


def outcomes(items) -> list[str]:
    return [item.outcome for item in items]


def test_each_kind_is_removed_by_its_own_call(aws):
    iam, stubber, _ = aws
    stubber.add_response("delete_access_key", {}, {"AccessKeyId": KEY.id})
    stubber.add_response("delete_signing_certificate", {}, {"CertificateId": CERTIFICATE.id})
    stubber.add_response("delete_login_profile", {}, {})
    stubber.add_response("deactivate_mfa_device", {}, {"SerialNumber": DEVICE.id})
    assert root_user.remove(iam, ACCOUNT, [KEY, CERTIFICATE, SECRET, DEVICE]) == [KEY, CERTIFICATE, SECRET, DEVICE]
    stubber.assert_no_pending_responses()


def test_what_is_gone_already_is_absent(aws):
    iam, stubber, _ = aws
    stubber.add_client_error("delete_access_key", "NoSuchEntity", http_status_code=404)
    stubber.add_client_error("delete_login_profile", "NoSuchEntity", http_status_code=404)
    stubber.add_response("deactivate_mfa_device", {})
    assert outcomes(root_user.remove(iam, ACCOUNT, [KEY, SECRET, DEVICE])) == [v.ABSENT, v.ABSENT, v.REMOVED]


def test_one_that_fails_does_not_stop_the_others(aws):
    iam, stubber, _ = aws
    stubber.add_client_error("delete_access_key", "LimitExceeded", "Too many.", http_status_code=409)
    stubber.add_response("delete_signing_certificate", {})
    stubber.add_response("delete_login_profile", {})
    stubber.add_response("deactivate_mfa_device", {})
    done = root_user.remove(iam, ACCOUNT, [KEY, CERTIFICATE, SECRET, DEVICE])
    assert outcomes(done) == [v.FAILED, v.REMOVED, v.REMOVED, v.REMOVED]
    assert "iam:DeleteAccessKey" in done[0].reason
    assert "LimitExceeded" in done[0].reason


def test_mfa_stays_when_the_password_could_not_be_removed(aws):
    iam, stubber, _ = aws
    stubber.add_client_error("delete_login_profile", "AccessDenied", http_status_code=403)
    done = root_user.remove(iam, ACCOUNT, [SECRET, DEVICE, DEVICE])
    assert outcomes(done) == [v.FAILED, v.SKIPPED, v.SKIPPED]


@pytest.mark.parametrize("code", retries.BUSY)
def test_what_changed_moments_ago_is_tried_again_within_bounds(aws, code):
    iam, stubber, pauses = aws
    stubber.add_client_error("delete_login_profile", code, http_status_code=409)
    stubber.add_client_error("delete_login_profile", code, http_status_code=409)
    stubber.add_response("delete_login_profile", {})
    assert outcomes(root_user.remove(iam, ACCOUNT, [SECRET])) == [v.REMOVED]
    assert pauses == list(retries.PAUSES[:2])

    for _ in range(len(retries.PAUSES) + 1):
        stubber.add_client_error("delete_login_profile", code, http_status_code=409)
    assert outcomes(root_user.remove(iam, ACCOUNT, [SECRET])) == [v.FAILED]
    stubber.assert_no_pending_responses()
    assert sum(pauses) < v.DELETE_ROOT_CREDENTIALS.seconds / 2


def lay_down_reading(stubber, key_ids=(), serials=(), password=False):
    stubber.add_response(
        "get_user", {"User": {"UserId": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:root", "CreateDate": NOW}}
    )
    if password:
        stubber.add_response("get_login_profile", {"LoginProfile": {"CreateDate": NOW}})
    else:
        stubber.add_client_error("get_login_profile", "NoSuchEntity", http_status_code=404)
    keys = [{"AccessKeyId": id, "Status": "Active", "CreateDate": NOW} for id in key_ids]
    stubber.add_response("list_access_keys", {"AccessKeyMetadata": keys, "IsTruncated": False})
    for _ in key_ids:
        never = {"ServiceName": "N/A", "Region": "N/A"}
        stubber.add_response("get_access_key_last_used", {"UserName": "", "AccessKeyLastUsed": never})
    certificate = {"CertificateId": CERTIFICATE.id, "CertificateBody": "SECRET BODY", "Status": "Active"}
    stubber.add_response("list_signing_certificates", {"Certificates": [certificate], "IsTruncated": False})
    devices = [{"SerialNumber": serial, "EnableDate": NOW} for serial in serials]
    stubber.add_response("list_mfa_devices", {"MFADevices": devices, "IsTruncated": False})


@pytest.fixture
def stubber_without_validation(aws):
    """AWS leaves out of the root user's answers what its own model marks as required (UserName, Path)."""
    iam, stubber, pauses = aws
    stubber._validate_operation_response = lambda *_: None
    return iam, stubber, pauses


def test_answers_without_user_names_are_read(stubber_without_validation):
    iam, stubber, _ = stubber_without_validation
    lay_down_reading(stubber, [KEY.id], [DEVICE.id], password=True)
    read = root_user.read_root_credentials(iam, ACCOUNT)
    assert root_user.identify(read) == {
        v.ACCESS_KEYS: [KEY.id],
        v.SIGNING_CERTIFICATES: [CERTIFICATE.id],
        v.PASSWORD: [v.PASSWORD],
        v.MFA_DEVICES: [DEVICE.id],
    }
    assert read[v.ACCESS_KEYS][0]["last_used"] == {"date": None, "service": None, "region": None}
    assert "SECRET BODY" not in str(read)


@pytest.mark.parametrize("denied", range(5))
def test_a_denial_is_never_nothing_found(stubber_without_validation, denied):
    iam, stubber, _ = stubber_without_validation
    lay_down_reading(stubber)
    kept = list(stubber._queue)[:denied]
    stubber._queue.clear()
    stubber._queue.extend(kept)
    operation = ["get_user", "get_login_profile", "list_access_keys", "list_signing_certificates", "list_mfa_devices"]
    stubber.add_client_error(operation[denied], "AccessDenied", http_status_code=403)
    with pytest.raises(Unreachable, match="AccessDenied"):
        root_user.read_root_credentials(iam, ACCOUNT)


def test_reading_back_waits_a_moment_before_it_doubts(stubber_without_validation):
    iam, stubber, pauses = stubber_without_validation
    lay_down_reading(stubber, [KEY.id])
    lay_down_reading(stubber)
    after, items = root_user.read_back(iam, ACCOUNT, BEFORE, [KEY])
    assert outcomes(items) == [v.REMOVED]
    assert after[v.ACCESS_KEYS] == []
    assert pauses == list(root_user.READ_BACK_PAUSES[:2])


def test_what_reading_back_still_shows_is_unverified(stubber_without_validation):
    iam, stubber, _ = stubber_without_validation
    for _ in root_user.READ_BACK_PAUSES:
        lay_down_reading(stubber, [KEY.id])
    _, items = root_user.read_back(iam, ACCOUNT, BEFORE, [KEY])
    assert outcomes(items) == [v.UNVERIFIED]


def test_what_cannot_be_read_back_is_unverified(stubber_without_validation):
    iam, stubber, _ = stubber_without_validation
    stubber.add_client_error("get_user", "ExpiredToken", http_status_code=403)
    after, items = root_user.read_back(iam, ACCOUNT, BEFORE, [KEY])
    assert after is None
    assert outcomes(items) == [v.UNVERIFIED]
    assert "ExpiredToken" in items[0].reason


def test_a_credential_that_appears_meanwhile_fails_the_account(stubber_without_validation):
    iam, stubber, _ = stubber_without_validation
    lay_down_reading(stubber, ["AKIANEW0000000000000"])
    _, items = root_user.read_back(iam, ACCOUNT, BEFORE, [KEY])
    assert [(item.id, item.outcome) for item in items] == [(KEY.id, v.REMOVED), ("AKIANEW0000000000000", v.FAILED)]


def test_zero_days_keep_nothing_though_the_clock_of_this_machine_is_behind():
    soon = format_time(NOW + timedelta(minutes=3))
    assert root_user.Guard(NOW, 0).judge(v.PASSWORD, v.PASSWORD, soon, soon).outcome == v.REMOVED
    assert root_user.Guard(NOW, 0).judge(v.SIGNING_CERTIFICATES, "C", soon, None).outcome == v.REMOVED
    assert root_user.Guard(NOW, 1).judge(v.PASSWORD, v.PASSWORD, soon, soon).outcome == v.SKIPPED
