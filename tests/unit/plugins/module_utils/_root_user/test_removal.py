from __future__ import annotations

from datetime import UTC, datetime, timedelta

import boto3
import pytest
from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._approved_items import ApprovedItem
from ansible_collections.breakglass.aws.plugins.module_utils._aws import call_log, retries
from ansible_collections.breakglass.aws.plugins.module_utils._errors import Unreachable
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import credentials as root_user
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import removal
from ansible_collections.breakglass.aws.plugins.module_utils._root_user.removal import Removal, plan_removal, without
from ansible_collections.breakglass.aws.plugins.module_utils._root_user.removal_request import (
    Guard,
    Item,
    RemovalRequest,
)
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time, parse_time
from botocore.exceptions import ConnectionClosedError
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st


def request(kinds, guard, serials=None, approved=None) -> RemovalRequest:
    return RemovalRequest(tuple(kinds), guard, None if serials is None else frozenset(serials), approved)


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
    plan = plan_removal(before, request(kinds, Guard(NOW, days, allowed)))
    after = without(before, plan)
    if after[v.PASSWORD]["present"]:
        assert after[v.MFA_DEVICES] == before[v.MFA_DEVICES]
    order = [v.KINDS.index(item.kind) for item in plan]
    assert order == sorted(order)


@given(credentials(), kinds, days, allowed, st.sets(st.integers(0, 3)))
def test_a_named_device_goes_only_if_another_stays_beside_the_password(before, kinds, days, allowed, named):
    serials = {f"arn:aws:iam::444455556666:mfa/device-{number}" for number in named}
    plan = plan_removal(before, request(kinds, Guard(NOW, days, allowed), serials))
    after = without(before, plan)
    gone = {item.id for item in plan if item.kind == v.MFA_DEVICES and item.outcome == v.REMOVED}
    assert gone <= serials
    if gone and after[v.PASSWORD]["present"]:
        assert after[v.MFA_DEVICES]


@given(credentials(), kinds, days, allowed)
def test_every_credential_of_the_chosen_kinds_is_accounted_for(before, kinds, days, allowed):
    plan = plan_removal(before, request(kinds, Guard(NOW, days, allowed)))
    there = {(kind, id) for kind, ids in root_user.identify(before).items() if kind in kinds for id in ids}
    assert {(item.kind, item.id) for item in plan} == there
    assert all(item.outcome == v.REMOVED or (item.outcome == v.SKIPPED and item.reason) for item in plan)


@given(credentials(), days, allowed)
def test_what_was_used_recently_stays_unless_it_is_named(before, days, allowed):
    plan = plan_removal(before, request(v.KINDS, Guard(NOW, days, allowed)))
    outcomes = {item.id: item.outcome for item in plan}
    uses = {key["id"]: key["last_used"]["date"] for key in before[v.ACCESS_KEYS]}
    if before[v.PASSWORD]["present"]:
        uses[v.PASSWORD] = before[v.PASSWORD]["last_used"]
    for id, used in uses.items():
        recent = used is not None and parse_time(used) > NOW - timedelta(days=days)
        assert outcomes[id] == (v.SKIPPED if recent and id not in allowed else v.REMOVED)


@given(credentials(), kinds, days, allowed)
def test_nothing_is_left_to_do_after_a_removal(before, kinds, days, allowed):
    guard = Guard(NOW, days, allowed)
    after = without(before, plan_removal(before, request(kinds, guard)))
    assert not [item for item in plan_removal(after, request(kinds, guard)) if item.outcome == v.REMOVED]


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
    item = Guard(NOW, 90).judge(v.ACCESS_KEYS, "AKIA0", moment(created), moment(last_used))
    assert item.outcome == outcome
    assert item.reason.startswith(told)
    assert bool(item.reason) == bool(told)


@pytest.mark.parametrize(
    ("uploaded", "allowed", "outcome"), [(5, (), v.SKIPPED), (5, ("CERT0",), v.REMOVED), (91, (), v.REMOVED)]
)
def test_certificates_have_no_last_use_so_that_new_ones_are_kept(uploaded, allowed, outcome):
    guard = Guard(NOW, 90, frozenset(allowed))
    item = guard.judge(v.SIGNING_CERTIFICATES, "CERT0", moment(uploaded), None)
    assert item.outcome == outcome
    assert ("last used" in item.reason) is (not allowed)


ACCOUNT, OTHER = "444455556666", "555566667777"
KEY = Item(v.ACCESS_KEYS, "AKIAIOSFODNN7EXAMPLE", v.REMOVED)
CERTIFICATE = Item(v.SIGNING_CERTIFICATES, "TA7SMP42TDN5Z26OBPJE7EXAMPLE", v.REMOVED)
SECRET = Item(v.PASSWORD, v.PASSWORD, v.REMOVED)
DEVICE = Item(v.MFA_DEVICES, "arn:aws:iam::444455556666:mfa/root-account-mfa-device", v.REMOVED)
BEFORE = {
    v.PASSWORD: dict(root_user.NO_PASSWORD),
    v.ACCESS_KEYS: [{"id": KEY.id, "created": moment(9), "last_used": {"date": None}}],
    v.SIGNING_CERTIFICATES: [{"id": CERTIFICATE.id, "created": moment(400)}],
    v.MFA_DEVICES: [],
}


@pytest.fixture
def aws(no_waiting):
    """An IAM client with prepared answers, and the pauses that were taken."""
    client = boto3.client("iam", aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")
    with Stubber(client) as stubber:
        yield client, stubber, no_waiting.slept


def remove(iam, plan: list[Item]) -> list[Item]:
    carried_out = Removal(iam, ACCOUNT, BEFORE, plan)
    carried_out.carry_out()
    return carried_out.items


def read_back(iam, items: list[Item], *, only_approved: bool = False) -> tuple[dict | None, list[Item]]:
    """What reading back shows after these items were removed."""
    carried_out = Removal(iam, ACCOUNT, BEFORE, [], only_approved=only_approved)
    carried_out.items = items
    return carried_out.read_back(), carried_out.items


def outcomes(items) -> list[str]:
    return [item.outcome for item in items]


def test_each_kind_is_removed_by_its_own_call(aws):
    iam, stubber, _ = aws
    stubber.add_response("delete_access_key", {}, {"AccessKeyId": KEY.id})
    stubber.add_response("delete_signing_certificate", {}, {"CertificateId": CERTIFICATE.id})
    stubber.add_response("delete_login_profile", {}, {})
    stubber.add_response("deactivate_mfa_device", {}, {"SerialNumber": DEVICE.id})
    assert remove(iam, [KEY, CERTIFICATE, SECRET, DEVICE]) == [KEY, CERTIFICATE, SECRET, DEVICE]
    stubber.assert_no_pending_responses()


def test_what_is_gone_already_is_absent(aws):
    iam, stubber, _ = aws
    stubber.add_client_error("delete_access_key", "NoSuchEntity", http_status_code=404)
    stubber.add_client_error("delete_login_profile", "NoSuchEntity", http_status_code=404)
    stubber.add_response("deactivate_mfa_device", {})
    assert outcomes(remove(iam, [KEY, SECRET, DEVICE])) == [v.ABSENT, v.ABSENT, v.REMOVED]


def test_one_that_fails_does_not_stop_the_others(aws):
    iam, stubber, _ = aws
    stubber.add_client_error("delete_access_key", "LimitExceeded", "Too many.", http_status_code=409)
    stubber.add_response("delete_signing_certificate", {})
    stubber.add_response("delete_login_profile", {})
    stubber.add_response("deactivate_mfa_device", {})
    done = remove(iam, [KEY, CERTIFICATE, SECRET, DEVICE])
    assert outcomes(done) == [v.FAILED, v.REMOVED, v.REMOVED, v.REMOVED]
    assert "iam:DeleteAccessKey" in done[0].reason
    assert "LimitExceeded" in done[0].reason


def test_mfa_stays_when_the_password_could_not_be_removed(aws):
    iam, stubber, _ = aws
    stubber.add_client_error("delete_login_profile", "AccessDenied", http_status_code=403)
    done = remove(iam, [SECRET, DEVICE, DEVICE])
    assert outcomes(done) == [v.FAILED, v.SKIPPED, v.SKIPPED]


@pytest.mark.parametrize("code", retries.BUSY)
def test_what_changed_moments_ago_is_tried_again_within_bounds(aws, code):
    iam, stubber, pauses = aws
    stubber.add_client_error("delete_login_profile", code, http_status_code=409)
    stubber.add_client_error("delete_login_profile", code, http_status_code=409)
    stubber.add_response("delete_login_profile", {})
    assert outcomes(remove(iam, [SECRET])) == [v.REMOVED]
    assert pauses == list(retries.PAUSES[:2])

    for _ in range(len(retries.PAUSES) + 1):
        stubber.add_client_error("delete_login_profile", code, http_status_code=409)
    assert outcomes(remove(iam, [SECRET])) == [v.FAILED]
    stubber.assert_no_pending_responses()
    assert sum(pauses) < v.DELETE_ROOT_CREDENTIALS.seconds / 2


def lay_down_reading(stubber, key_ids=(), serials=(), password=False, known=False):
    """The answers to reading everything, in the order of the calls; of ``known`` keys the last use is not read."""
    lay_down_keys(stubber, key_ids, known)
    certificate = {"CertificateId": CERTIFICATE.id, "CertificateBody": "SECRET BODY", "Status": "Active"}
    stubber.add_response("list_signing_certificates", {"Certificates": [certificate], "IsTruncated": False})
    lay_down_password(stubber, password)
    lay_down_devices(stubber, serials)


def lay_down_keys(stubber, key_ids, known=False):
    keys = [{"AccessKeyId": id, "Status": "Active", "CreateDate": NOW} for id in key_ids]
    stubber.add_response("list_access_keys", {"AccessKeyMetadata": keys, "IsTruncated": False})
    for _ in () if known else key_ids:
        never = {"ServiceName": "N/A", "Region": "N/A"}
        stubber.add_response("get_access_key_last_used", {"UserName": "", "AccessKeyLastUsed": never})


def lay_down_password(stubber, present):
    if not present:
        stubber.add_client_error("get_login_profile", "NoSuchEntity", http_status_code=404)
        return
    stubber.add_response("get_login_profile", {"LoginProfile": {"CreateDate": NOW}})
    user = {"UserId": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:root", "CreateDate": NOW}
    stubber.add_response("get_user", {"User": user})


def lay_down_devices(stubber, serials=()):
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


@pytest.mark.parametrize("denied", range(6))
def test_a_denial_is_never_nothing_found(stubber_without_validation, denied):
    iam, stubber, _ = stubber_without_validation
    lay_down_reading(stubber, [KEY.id], password=True)
    operations = [
        "list_access_keys",
        "get_access_key_last_used",
        "list_signing_certificates",
        "get_login_profile",
        "get_user",
        "list_mfa_devices",
    ]
    kept = list(stubber._queue)[:denied]
    stubber._queue.clear()
    stubber._queue.extend(kept)
    stubber.add_client_error(operations[denied], "AccessDenied", http_status_code=403)
    with pytest.raises(Unreachable, match="AccessDenied"):
        root_user.read_root_credentials(iam, ACCOUNT)


def test_a_key_that_is_listed_and_does_not_exist_is_left_out(stubber_without_validation):
    """ListAccessKeys may be stale."""
    iam, stubber, _ = stubber_without_validation
    lay_down_keys(stubber, [KEY.id], known=True)
    stubber.add_client_error("get_access_key_last_used", "NoSuchEntity", http_status_code=404)
    assert root_user.read_kind(iam, ACCOUNT, v.ACCESS_KEYS) == []


def test_reading_back_waits_a_moment_before_it_doubts(stubber_without_validation):
    iam, stubber, pauses = stubber_without_validation
    lay_down_keys(stubber, [KEY.id], known=True)
    lay_down_reading(stubber)
    after, items = read_back(iam, [KEY])
    assert outcomes(items) == [v.REMOVED]
    assert after[v.ACCESS_KEYS] == []
    assert pauses == list(removal.READ_BACK_PAUSES[:1])


def test_what_reading_back_still_shows_is_unverified(stubber_without_validation):
    iam, stubber, _ = stubber_without_validation
    for _ in removal.READ_BACK_PAUSES:
        lay_down_keys(stubber, [KEY.id], known=True)
    lay_down_reading(stubber, [KEY.id], known=True)
    _, items = read_back(iam, [KEY])
    assert outcomes(items) == [v.UNVERIFIED]
    stubber.assert_no_pending_responses()


def test_what_cannot_be_read_back_is_unverified_and_the_rest_is_confirmed(stubber_without_validation):
    """One kind that cannot be read says nothing about the others."""
    iam, stubber, pauses = stubber_without_validation
    stubber.add_client_error("list_access_keys", "ExpiredToken", http_status_code=403)
    stubber.add_response("list_signing_certificates", {"Certificates": [], "IsTruncated": False})
    lay_down_password(stubber, False)
    lay_down_devices(stubber)
    after, items = read_back(iam, [KEY, CERTIFICATE])
    assert after is None
    assert outcomes(items) == [v.UNVERIFIED, v.REMOVED]
    assert "ExpiredToken" in items[0].reason
    assert pauses == []


def test_a_reading_that_fails_once_is_repeated(stubber_without_validation):
    iam, stubber, pauses = stubber_without_validation
    stubber.add_client_error("list_access_keys", "ServiceFailure", http_status_code=500)
    lay_down_reading(stubber)
    after, items = read_back(iam, [KEY])
    assert outcomes(items) == [v.REMOVED]
    assert after is not None
    assert pauses == list(removal.READ_BACK_PAUSES[:1])


@pytest.mark.parametrize(("only_approved", "outcome"), [(False, v.FAILED), (True, v.SKIPPED)])
def test_a_credential_that_appears_meanwhile_is_reported(stubber_without_validation, only_approved, outcome):
    iam, stubber, _ = stubber_without_validation
    lay_down_reading(stubber, ["AKIANEW0000000000000"])
    _, items = read_back(iam, [KEY], only_approved=only_approved)
    assert [(item.id, item.outcome) for item in items] == [(KEY.id, v.REMOVED), ("AKIANEW0000000000000", outcome)]


def test_zero_days_keep_nothing_though_the_clock_of_this_machine_is_behind():
    soon = format_time(NOW + timedelta(minutes=3))
    assert Guard(NOW, 0).judge(v.PASSWORD, v.PASSWORD, soon, soon).outcome == v.REMOVED
    assert Guard(NOW, 0).judge(v.SIGNING_CERTIFICATES, "C", soon, None).outcome == v.REMOVED
    assert Guard(NOW, 1).judge(v.PASSWORD, v.PASSWORD, soon, soon).outcome == v.SKIPPED


# A call without an answer


def call(**ended) -> call_log.Call:
    """The ledger's entry of a call; a client with prepared answers keeps no ledger."""
    return call_log.Call("iam", "Delete", "us-east-1", None, None, **ended)


def unanswered(*arguments, **more):
    error = ConnectionClosedError(endpoint_url="https://iam.amazonaws.com")
    setattr(error, call_log._ATTRIBUTE, call(status=call_log.UNKNOWN))
    raise error


@pytest.mark.parametrize(
    ("present", "outcome", "said"),
    [
        (False, v.REMOVED, "Reading back shows that it is gone."),
        (True, v.UNVERIFIED, "Reading back still shows it: it may still be removed."),
    ],
)
def test_a_deletion_without_an_answer_is_read_back(stubber_without_validation, monkeypatch, present, outcome, said):
    iam, stubber, _ = stubber_without_validation
    monkeypatch.setattr(iam, "delete_access_key", unanswered)
    stubber.add_response("delete_signing_certificate", {})
    for _ in removal.READ_BACK_PAUSES if present else ():
        lay_down_keys(stubber, [KEY.id], known=True)
    lay_down_keys(stubber, [KEY.id] if present else [], known=True)
    stubber.add_response("list_signing_certificates", {"Certificates": [], "IsTruncated": False})
    lay_down_password(stubber, False)
    lay_down_devices(stubber)
    carried_out = Removal(iam, ACCOUNT, BEFORE, [KEY, CERTIFICATE])
    carried_out.carry_out()
    assert outcomes(carried_out.items) == [v.UNVERIFIED, v.REMOVED]
    carried_out.read_back()
    assert outcomes(carried_out.items) == [outcome, v.REMOVED]
    assert carried_out.items[0].reason.startswith("No answer while removing it (iam:DeleteAccessKey)")
    assert carried_out.items[0].reason.endswith(said)


@pytest.mark.parametrize(("gone", "outcome"), [(True, v.REMOVED), (False, v.SKIPPED)])
def test_without_an_answer_mfa_goes_only_when_the_password_is_seen_to_be_gone(
    stubber_without_validation, monkeypatch, gone, outcome
):
    iam, stubber, _ = stubber_without_validation
    monkeypatch.setattr(iam, "delete_login_profile", unanswered)
    for _ in removal.READ_BACK_PAUSES if not gone else ():
        lay_down_password(stubber, True)
    lay_down_password(stubber, not gone)
    stubber.add_response("deactivate_mfa_device", {})
    assert outcomes(remove(iam, [SECRET, DEVICE])) == [v.UNVERIFIED, outcome]


@pytest.mark.parametrize(("lost", "outcome"), [(False, v.ABSENT), (True, v.REMOVED)])
def test_gone_at_the_second_attempt_was_removed_by_the_first(aws, lost, outcome):
    iam, stubber, _ = aws
    entry = call(status=call_log.UNKNOWN, answer_lost=lost)
    answer = {call_log._ENTRY: entry}
    stubber.add_client_error("delete_access_key", "NoSuchEntity", http_status_code=404, response_meta=answer)
    [item] = remove(iam, [KEY])
    assert item.outcome == outcome
    assert ("answer was lost" in item.reason) is lost
    assert entry.may_be_done is lost


def test_a_run_that_is_stopped_leaves_nothing_out(aws, monkeypatch):
    iam, stubber, _ = aws
    stubber.add_response("delete_access_key", {})

    def stop(**arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(iam, "delete_signing_certificate", stop)
    carried_out = Removal(iam, ACCOUNT, BEFORE, [KEY, CERTIFICATE, SECRET])
    with pytest.raises(KeyboardInterrupt):
        carried_out.carry_out()
    assert outcomes(carried_out.items) == [v.REMOVED, v.UNVERIFIED, v.SKIPPED]


# Approved items


@given(credentials(), kinds, days, allowed, st.data())
def test_only_approved_items_are_planned_to_go(before, kinds, days, allowed, data):
    there = [(kind, id) for kind, ids in root_user.identify(before).items() for id in ids]
    chosen = data.draw(st.sets(st.sampled_from(there))) if there else set()
    approved = tuple(ApprovedItem(ACCOUNT, kind, id, root_user.created_at(before, kind, id)) for kind, id in chosen)
    guard = Guard(NOW, days, allowed)
    free = {(item.kind, item.id) for item in plan_removal(before, request(kinds, guard)) if item.outcome == v.REMOVED}
    plan = plan_removal(before, request(kinds, guard, approved=approved), ACCOUNT)
    removed = {(item.kind, item.id) for item in plan if item.outcome == v.REMOVED}
    assert removed <= chosen
    after = without(before, plan)
    if removed and after[v.PASSWORD]["present"] and before[v.MFA_DEVICES]:
        assert after[v.MFA_DEVICES]
    if v.PASSWORD in {kind for kind, _ in chosen} or not before[v.PASSWORD]["present"]:
        assert {one for one in chosen & free if one[0] != v.MFA_DEVICES} <= removed
    assert all(item.reason for item in plan if item.outcome == v.SKIPPED)
    assert plan_removal(before, request(kinds, guard, approved=()), OTHER) == plan_removal(
        before, request(kinds, guard, approved=approved), OTHER
    )


def test_an_item_of_the_same_id_that_was_created_later_is_kept():
    before = {**BEFORE, v.PASSWORD: {"present": True, "created": moment(1), "last_used": None}}
    before[v.ACCESS_KEYS] = before[v.SIGNING_CERTIFICATES] = []
    for created, outcome in ((moment(1), v.REMOVED), (moment(2), v.SKIPPED), (None, v.REMOVED)):
        approved = (ApprovedItem(ACCOUNT, v.PASSWORD, v.PASSWORD, created),)
        [item] = plan_removal(before, request(v.KINDS, Guard(NOW, 0), approved=approved), ACCOUNT)
        assert item.outcome == outcome
    assert moment(1) in item.reason or item.outcome == v.REMOVED


def test_an_approved_item_that_is_gone_is_absent():
    approved = (ApprovedItem(ACCOUNT, v.ACCESS_KEYS, "AKIAGONE000000000000"),)
    nothing = {kind: [] for kind in v.KINDS} | {v.PASSWORD: dict(root_user.NO_PASSWORD)}
    [item] = plan_removal(nothing, request(v.KINDS, Guard(NOW, 0), approved=approved), ACCOUNT)
    assert (item.id, item.outcome) == ("AKIAGONE000000000000", v.ABSENT)
    assert plan_removal(nothing, request(v.KINDS, Guard(NOW, 0), approved=approved), OTHER) == []
