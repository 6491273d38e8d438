from __future__ import annotations

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._aws.rate import TokenBucket
from ansible_collections.breakglass.aws.plugins.module_utils._root_user import credential_sweep, credentials, removal
from support.run_module import run

from breakglass_aws.sandbox import Box

LEGACY = "444455556666"
REPORTS = "555566667777"
# What becomes of the accounts that each stand for a case of their own, when all are to be done.
OUTCOMES_OF_ALL = {
    "management": "skipped",
    "security": "absent",
    "payments": "absent",
    "legacy-web": "removed",
    "data-lake": "removed",
    "reports": "skipped",
    "closed-shop": "skipped",
    "vault": "unreachable",
    "invited": "skipped",
}
NOTHING = {"password": False, "access_keys": [], "signing_certificates": [], "mfa_devices": []}


pytestmark = pytest.mark.usefixtures("no_waiting")


def remove(box: Box, name: str = "operator", *, check_mode: bool = False, **options) -> dict:
    return run("root_credentials", check_mode=check_mode, environment=box.environment(name), **options)


def written(box: Box) -> list[str]:
    return [event["operation"] for event in box.events() if event["write"]]


def root_users(box: Box) -> dict:
    return box.snapshot()["root_users"]


def outcomes(entry: dict) -> list[tuple[str, str]]:
    return [(item["kind"], item["outcome"]) for item in entry["credentials"]]


def test_everything_goes_in_order_and_nothing_else_is_touched(sandbox):
    before = sandbox.snapshot()
    result = remove(sandbox, account_ids=[LEGACY])
    assert result["failed"] is False
    assert result["changed"] is True
    [entry] = result["accounts"]
    assert entry["outcome"] == "removed"
    assert outcomes(entry) == [
        ("access_keys", "removed"),
        ("access_keys", "removed"),
        ("signing_certificates", "removed"),
        ("password", "removed"),
        ("mfa_devices", "removed"),
        ("mfa_devices", "removed"),
    ]
    assert written(sandbox) == [
        "DeleteAccessKey",
        "DeleteAccessKey",
        "DeleteSigningCertificate",
        "DeleteLoginProfile",
        "DeactivateMFADevice",
        "DeactivateMFADevice",
    ]
    assert {event["account"] for event in sandbox.events() if event["write"]} == {LEGACY}
    after = sandbox.snapshot()
    assert after["root_users"].pop(LEGACY) == NOTHING
    before["root_users"].pop(LEGACY)
    assert after == before
    assert entry["after"]["password"]["present"] is False


def test_it_looks_again_in_the_same_session_after_the_last_deletion(sandbox):
    [entry] = remove(sandbox, account_ids=[LEGACY])["accounts"]
    assert [event["operation"] for event in sandbox.events()].count("AssumeRoot") == 1
    session = [event for event in sandbox.events() if event["access_key_id"] == entry["session"]["access_key_id"]]
    last = max(number for number, event in enumerate(session) if event["write"])
    first = min(number for number, event in enumerate(session) if event["write"])
    reads = {"GetLoginProfile", "ListAccessKeys", "ListSigningCertificates", "ListMFADevices"}
    assert session[0]["operation"] == "GetUser"
    assert reads <= {event["operation"] for event in session[:first]}
    assert reads <= {event["operation"] for event in session[last + 1 :]}


def test_the_virtual_device_that_is_left_behind_is_mentioned(sandbox):
    [entry] = remove(sandbox, account_ids=[LEGACY])["accounts"]
    told = {item["id"]: item["reason"] for item in entry["credentials"] if item["kind"] == "mfa_devices"}
    assert {id: "stays in the account" in reason for id, reason in told.items()} == {
        f"arn:aws:iam::{LEGACY}:mfa/root-account-mfa-device": True,
        "GAHT55556666": False,
    }


def test_the_second_run_changes_nothing_and_says_so(sandbox):
    remove(sandbox, account_ids=[LEGACY])
    done = written(sandbox)
    result = remove(sandbox, account_ids=[LEGACY])
    assert result["changed"] is False
    assert result["summary"] == {"absent": 1}
    assert result["accounts"][0]["credentials"] == []
    assert result["diff"] == {"before": {}, "after": {}}
    assert written(sandbox) == done


@pytest.mark.parametrize("account_id", [LEGACY, REPORTS, "888899990000", "012345678901", "333344445555"])
def test_check_mode_foretells_and_calls_nothing_that_writes(sandbox, account_id):
    before = sandbox.snapshot()
    foretold = remove(sandbox, check_mode=True, account_ids=[account_id])
    assert written(sandbox) == []
    assert sandbox.snapshot() == before
    done = remove(sandbox, account_ids=[account_id])
    for result in (foretold, done):
        result["accounts"][0].pop("session")
    for key in ("changed", "accounts", "summary", "diff"):
        assert foretold[key] == done[key]


def test_check_mode_takes_the_task_that_can_only_look(sandbox):
    """The auditor may open no other session."""
    assert remove(sandbox, "auditor", check_mode=True, account_ids=[LEGACY])["summary"] == {"removed": 1}


def test_the_diff_shows_what_goes_and_what_stays(sandbox):
    result = remove(sandbox, check_mode=True, account_ids=[REPORTS, "333344445555"])
    [(account, before)] = result["diff"]["before"].items()
    after = result["diff"]["after"][account]
    assert account == f"{REPORTS} reports"
    assert [line.split(" (")[0].split(" arn")[0] for line in before if line not in after] == ["password", "MFA device"]
    assert [line.startswith("access key AKIA") for line in after] == [True]


def test_what_was_used_recently_stays(sandbox):
    result = remove(sandbox, account_ids=[REPORTS])
    [entry] = result["accounts"]
    assert result["failed"] is False
    assert entry["outcome"] == "skipped"
    assert outcomes(entry) == [("access_keys", "skipped"), ("password", "removed"), ("mfa_devices", "removed")]
    assert "Used 3 days ago" in entry["reason"]
    left = root_users(sandbox)[REPORTS]
    assert left == {**NOTHING, "access_keys": [entry["credentials"][0]["id"]]}


@pytest.mark.parametrize(
    ("options", "keys_left"),
    [
        ({"recently_used_days": 3}, 0),
        ({"recently_used_days": 4}, 1),
        ({"recently_used_days": 0}, 0),
        ({"allow_recently_used": ["AKIASOMEOTHERKEY0000"]}, 1),
    ],
)
def test_the_guard_can_be_set(sandbox, options, keys_left):
    remove(sandbox, account_ids=[REPORTS], **options)
    assert len(root_users(sandbox)[REPORTS]["access_keys"]) == keys_left


def test_what_was_used_recently_goes_when_it_is_named(sandbox):
    [key] = root_users(sandbox)[REPORTS]["access_keys"]
    result = remove(sandbox, account_ids=[REPORTS], allow_recently_used=[key])
    assert result["summary"] == {"removed": 1}
    assert "allowed by allow_recently_used" in result["accounts"][0]["credentials"][0]["reason"]
    assert root_users(sandbox)[REPORTS] == NOTHING


def test_mfa_stays_as_long_as_a_recently_used_password_stays(sandbox):
    [entry] = remove(sandbox, account_ids=[REPORTS], recently_used_days=365)["accounts"]
    assert {outcome for _, outcome in outcomes(entry)} == {"skipped"}
    assert written(sandbox) == []
    [entry] = remove(sandbox, account_ids=[REPORTS], recently_used_days=365, allow_recently_used=["password"])[
        "accounts"
    ]
    assert outcomes(entry) == [("access_keys", "skipped"), ("password", "removed"), ("mfa_devices", "removed")]


@pytest.mark.parametrize("kind", ["access_keys", "signing_certificates", "password"])
def test_one_kind_alone_goes_and_the_others_stay(sandbox, kind):
    before = root_users(sandbox)[LEGACY]
    result = remove(sandbox, account_ids=[LEGACY], kinds=[kind])
    assert result["summary"] == {"removed": 1}
    assert root_users(sandbox)[LEGACY] == {**before, kind: NOTHING[kind]}


def test_mfa_alone_stays_while_there_is_a_password(sandbox):
    before = root_users(sandbox)
    [entry] = remove(sandbox, account_ids=[LEGACY], kinds=["mfa_devices"])["accounts"]
    assert outcomes(entry) == [("mfa_devices", "skipped")] * 2
    assert "password" in entry["reason"]
    assert root_users(sandbox) == before
    remove(sandbox, account_ids=[LEGACY], kinds=["password"])
    remove(sandbox, account_ids=[LEGACY], kinds=["mfa_devices"])
    assert root_users(sandbox)[LEGACY]["mfa_devices"] == []


def test_a_lost_device_goes_alone_while_another_stays_beside_the_password(sandbox):
    before = root_users(sandbox)[LEGACY]
    options = {"account_ids": [LEGACY], "kinds": ["mfa_devices"]}
    [entry] = remove(sandbox, **options, mfa_serials=["GAHT55556666"])["accounts"]
    assert outcomes(entry) == [("mfa_devices", "removed")]
    left = [serial for serial in before["mfa_devices"] if serial != "GAHT55556666"]
    assert root_users(sandbox)[LEGACY] == {**before, "mfa_devices": left}

    [entry] = remove(sandbox, **options, mfa_serials=left)["accounts"]
    assert entry["outcome"] == "skipped"
    assert root_users(sandbox)[LEGACY]["mfa_devices"] == left


def test_a_device_nobody_has_is_pointed_out(sandbox):
    result = remove(sandbox, account_ids=[LEGACY], kinds=["mfa_devices"], mfa_serials=["GAHT00000000"])
    assert (result["summary"], written(sandbox)) == ({"absent": 1}, [])
    assert "no root user has the device GAHT00000000" in str(result["warnings"])


@pytest.mark.parametrize("check_mode", [True, False])
def test_virtual_devices_that_stay_behind_are_told(sandbox, check_mode):
    [entry] = remove(sandbox, check_mode=check_mode, account_ids=[LEGACY])["accounts"]
    left = f"arn:aws:iam::{LEGACY}:mfa/root-account-mfa-device"
    assert entry["leftover_mfa_devices"] == [left]
    if not check_mode:
        unassigned = sandbox.client("iam", "legacy-web-administrator").list_virtual_mfa_devices(
            AssignmentStatus="Unassigned"
        )["VirtualMFADevices"]
        assert [device["SerialNumber"] for device in unassigned] == [left]


def opened(box: Box) -> list[str]:
    """The accounts root sessions were opened in."""
    return [event["resource"].split(":")[4] for event in box.events() if event["operation"] == "AssumeRoot"]


def test_a_sweep_that_was_broken_off_goes_on_from_its_journal(sandbox, tmp_path):
    options = {"account_ids": [LEGACY, "777788889999", REPORTS], "journal": str(tmp_path / "journal")}
    first = remove(sandbox, **options)
    assert [entry["outcome"] for entry in first["accounts"]] == ["removed", "unreachable", "skipped"]
    since = len(opened(sandbox))
    again = remove(sandbox, **options)
    assert sorted(opened(sandbox)[since:]) == [REPORTS, "777788889999"]
    entry = again["accounts"][0]
    assert entry["journal_time"]
    assert {**entry, "journal_time": None, "changed": True} == first["accounts"][0]
    assert again["changed"] is False
    assert [entry["journal_time"] for entry in again["accounts"][1:]] == [None, None]
    assert "secret" not in (tmp_path / "journal").read_text().lower()


@pytest.mark.parametrize(
    "other", [{"kinds": ["access_keys"]}, {"recently_used_days": 1}, {"allow_recently_used": ["password"]}]
)
def test_a_journal_of_other_options_is_not_believed(sandbox, tmp_path, other):
    options = {"account_ids": [LEGACY], "journal": str(tmp_path / "journal")}
    remove(sandbox, **options)
    assert remove(sandbox, **options, **other)["accounts"][0]["journal_time"] is None
    assert remove(sandbox, **options)["accounts"][0]["journal_time"]


def test_a_protected_account_stays_so_whatever_the_journal_says(sandbox, tmp_path):
    journal = str(tmp_path / "journal")
    remove(sandbox, account_ids=[LEGACY], journal=journal)
    result = remove(sandbox, all_accounts=True, protected_accounts=[LEGACY, "777788889999"], journal=journal)
    entry = next(entry for entry in result["accounts"] if entry["account_id"] == LEGACY)
    assert (entry["outcome"], entry["journal_time"]) == ("skipped", None)


def test_check_mode_neither_keeps_nor_believes_a_journal(sandbox, tmp_path):
    journal = tmp_path / "journal"
    remove(sandbox, check_mode=True, account_ids=[LEGACY], journal=str(journal))
    assert not journal.exists()
    remove(sandbox, account_ids=[LEGACY], journal=str(journal))
    before = journal.read_bytes()
    again = remove(sandbox, check_mode=True, account_ids=[LEGACY], journal=str(journal))
    assert again["accounts"][0]["journal_time"] is None
    assert journal.read_bytes() == before


def test_throttling_slows_a_sweep_down_and_fails_nothing(sandbox, monkeypatch):
    """The rate of AssumeRoot is learned from the refusals; those of an account's own calls are repeated."""
    learn, rates = TokenBucket.learn, []

    def learned(bucket, accepted):
        learn(bucket, accepted)
        rates.append(bucket.rate)

    monkeypatch.setattr(TokenBucket, "learn", learned)
    sandbox.add_fault("throttling", service="iam", share=0.1, seed=3)
    sandbox.add_fault("throttling", operation="AssumeRoot", share=0.4, seed=3)
    result = remove(sandbox, all_accounts=True, protected_accounts=["777788889999"])
    assert result["failed"] is False, result["msg"]
    assert rates[0] is None
    assert rates[-1] is not None


def test_all_accounts_are_done_but_those_that_must_not_or_cannot_be(sandbox):
    """One account out of reach fails the task, in the end and with everything in its result."""
    before = root_users(sandbox)
    result = remove(sandbox, all_accounts=True, protected_accounts=["888899990000"])
    assert result["failed"] is True
    assert result["changed"] is True
    assert result["msg"].startswith(f"1 of {len(before)} accounts are not done. vault (777788889999) is unreachable: ")
    assert {entry["account_id"] for entry in result["accounts"]} == set(before)
    outcomes = {entry["name"]: entry["outcome"] for entry in result["accounts"]}
    assert {name: outcomes[name] for name in OUTCOMES_OF_ALL} == OUTCOMES_OF_ALL
    assert {outcomes[name] for name in set(outcomes) - set(OUTCOMES_OF_ALL)} <= {"absent", "removed", "skipped"}
    after = root_users(sandbox)
    for untouched in ("111122223333", "777788889999", "888899990000", "666677778888"):
        assert after[untouched] == before[untouched]
    assert after[LEGACY] == after["012345678901"] == NOTHING
    reasons = {entry["name"]: entry["reason"] for entry in result["accounts"]}
    assert "management account" in reasons["management"]
    assert "SUSPENDED" in reasons["closed-shop"]
    assert "protected_accounts" in reasons["invited"]


def test_a_protected_account_that_does_not_exist_is_pointed_out(sandbox):
    result = remove(sandbox, check_mode=True, all_accounts=True, protected_accounts=["888899990001"])
    assert "888899990001 is not in the organization" in str(result["warnings"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"account_ids": ["111122223333"]}, "never a target"),
        ({"account_ids": [LEGACY, "111122223333"]}, "never a target"),
        ({"account_ids": [LEGACY, "999999999999"]}, "999999999999 is not in it"),
        ({"account_ids": [LEGACY], "protected_accounts": [LEGACY]}, "protected_accounts"),
        ({"account_ids": [LEGACY], "protected_accounts": ["vault"]}, "protected_accounts: 'vault'"),
        ({"account_ids": [LEGACY, 12345678901]}, '"012345678901"'),
        ({"account_ids": [LEGACY], "kinds": ["ssh_keys"]}, "ssh_keys"),
        ({"account_ids": [LEGACY], "recently_used_days": -1}, "recently_used_days"),
        ({"account_ids": [LEGACY], "recently_used_days": "many"}, "recently_used_days"),
        ({"account_ids": [LEGACY], "state": "present"}, "state"),
        ({"account_ids": [LEGACY], "recently_used_days": 36_501}, "recently_used_days"),
        ({"account_ids": [LEGACY], "allow_recently_used": ["legacy-web"]}, "allow_recently_used: 'legacy-web'"),
        ({"account_ids": [LEGACY], "kinds": []}, "Invalid value for kinds: []. Expected at least one"),
        ({"account_ids": [LEGACY], "workers": 0}, "Invalid value for workers: 0. Expected a number from 1 to 64"),
        ({"account_ids": [LEGACY], "workers": 65}, "workers: 65"),
        ({"account_ids": [LEGACY], "workers": "all"}, "workers"),
        ({"account_ids": [LEGACY], "journal": "/"}, "The journal / cannot be used"),
        ({"account_ids": [LEGACY], "mfa_serials": []}, "mfa_serials: []"),
        ({"account_ids": [LEGACY], "mfa_serials": ["short"]}, "mfa_serials: 'short'"),
        ({"account_ids": [LEGACY], "mfa_serials": ["GAHT 55556666"]}, "mfa_serials"),
        ({"account_ids": [LEGACY], "mfa_serials": ["GAHT55556666"], "kinds": ["password"]}, "unless kinds has mfa_dev"),
        ({"account_ids": [LEGACY], "mfa_serials": [f"arn:aws:iam::{REPORTS}:mfa/x"]}, "a device of an account this"),
        ({"account_ids": [LEGACY], "mfa_serials": [f"arn:aws-cn:iam::{LEGACY}:mfa/x"]}, "arn:aws:iam::ACCOUNT"),
        ({"account_ids": [LEGACY], "mfa_serials": [f"arn:aws:iam::{LEGACY}:user/x"]}, "arn:aws:iam::ACCOUNT"),
        ({"account_ids": []}, "at least one account ID"),
        ({}, "at least one account ID"),
        ({"account_ids": [LEGACY], "all_accounts": True}, "all_accounts"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_session_is_opened(sandbox, options, said):
    result = remove(sandbox, **options)
    assert result["failed"] is True
    assert said in result["msg"]
    assert not {"AssumeRoot"} & {event["operation"] for event in sandbox.events()}


def test_a_session_that_is_not_the_targets_root_deletes_nothing(sandbox, monkeypatch):
    """The promise that comes before all others: here AssumeRoot is made to answer with another account's root."""
    opened = credential_sweep.open_root_session
    monkeypatch.setattr(
        credential_sweep,
        "open_root_session",
        lambda connection, organization, account_id, task: opened(connection, organization, "888899990000", task),
    )
    before = sandbox.snapshot()
    result = remove(sandbox, account_ids=[LEGACY])
    assert result["failed"] is True
    [entry] = result["accounts"]
    assert entry["outcome"] == "failed"
    assert "not as arn:aws:iam::444455556666:root" in entry["reason"]
    assert written(sandbox) == []
    assert sandbox.snapshot() == before


def test_a_deletion_that_does_not_show_is_unverified(sandbox, monkeypatch):
    """A module that says removed without looking must not pass: here the call that deletes is a mere look."""
    monkeypatch.setitem(removal._REMOVAL, "access_keys", ("get_access_key_last_used", "AccessKeyId"))
    result = remove(sandbox, account_ids=[LEGACY])
    assert result["failed"] is True
    [entry] = result["accounts"]
    assert entry["outcome"] == "unverified"
    assert outcomes(entry)[:3] == [
        ("access_keys", "unverified"),
        ("access_keys", "unverified"),
        ("signing_certificates", "removed"),
    ]
    assert len(root_users(sandbox)[LEGACY]["access_keys"]) == 2


def test_a_deletion_that_aws_denies_is_told_and_stops_no_other(sandbox, monkeypatch):
    """The task policy allows no CreateLoginProfile: AWS's denial stands for any that a deletion may meet."""
    monkeypatch.setitem(removal._REMOVAL, "password", ("create_login_profile", None))
    result = remove(sandbox, account_ids=[LEGACY])
    [entry] = result["accounts"]
    assert entry["outcome"] == "failed"
    assert outcomes(entry) == [
        ("access_keys", "removed"),
        ("access_keys", "removed"),
        ("signing_certificates", "removed"),
        ("password", "failed"),
        ("mfa_devices", "skipped"),
        ("mfa_devices", "skipped"),
    ]
    assert "AccessDenied" in entry["reason"]
    assert result["failed"] is True
    assert result["changed"] is True
    left = root_users(sandbox)[LEGACY]
    assert left["password"] is True
    assert len(left["mfa_devices"]) == 2


def test_what_somebody_else_removes_meanwhile_is_absent(sandbox):
    key = root_users(sandbox)[LEGACY]["access_keys"][1]

    def interfere(event):
        if event["operation"] == "DeleteAccessKey" and not raced:
            raced.append(event)
            session = sandbox.client("sts", "operator").assume_root(
                TargetPrincipal=LEGACY,
                TaskPolicyArn={"arn": "arn:aws:iam::aws:policy/root-task/IAMDeleteRootUserCredentials"},
            )["Credentials"]
            keys = (session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
            sandbox.client_with("iam", *keys).delete_access_key(AccessKeyId=key)

    raced = []
    sandbox.on_event(interfere)
    result = remove(sandbox, account_ids=[LEGACY])
    assert result["failed"] is False
    [entry] = result["accounts"]
    assert outcomes(entry)[:2] == [("access_keys", "removed"), ("access_keys", "absent")]
    assert entry["outcome"] == "removed"
    assert root_users(sandbox)[LEGACY] == NOTHING


def test_an_account_shut_off_by_policy_is_unreachable_and_keeps_everything(sandbox):
    before = root_users(sandbox)["777788889999"]
    result = remove(sandbox, account_ids=["777788889999"])
    assert result["failed"] is True
    assert result["changed"] is False
    assert "service control policy" in result["msg"]
    assert root_users(sandbox)["777788889999"] == before


def test_the_delegated_administrator_can_do_it_too(sandbox):
    assert remove(sandbox, "delegate", account_ids=[LEGACY])["summary"] == {"removed": 1}
    assert root_users(sandbox)[LEGACY] == NOTHING


# A network that breaks answers off

ONCE = {"aws_config": {"retries": {"total_max_attempts": 1}}}
DELETIONS = ("DeleteAccessKey", "DeleteSigningCertificate", "DeleteLoginProfile", "DeactivateMFADevice")
KIND = dict(zip(DELETIONS, ("access_keys", "signing_certificates", "password", "mfa_devices"), strict=True))


def ids(left: dict) -> set[tuple[str, str]]:
    """Kind and ID of what a root user has, of the sandbox's snapshot."""
    found = {(kind, one) for kind in left if kind != "password" for one in left[kind]}
    return found | ({("password", "password")} if left["password"] else set())


def agrees(box: Box, entry: dict, before: dict) -> None:
    """The entry of an account claims nothing that was not done, and lacks nothing that was."""
    gone = ids(before) - ids(root_users(box)[entry["account_id"]])
    claimed = {(item["kind"], item["id"]) for item in entry["credentials"] if item["outcome"] == "removed"}
    unknown = {(item["kind"], item["id"]) for item in entry["credentials"] if item["outcome"] == "unverified"}
    assert claimed <= gone <= claimed | unknown
    assert entry["changed"] or not gone
    assert entry["session"]


@pytest.mark.parametrize("operation", DELETIONS)
@pytest.mark.parametrize("fault", ["reset", "lost_answer", "cut", "server_error", "appended"])
def test_a_broken_connection_loses_nothing_that_was_done(sandbox, fault, operation):
    before = root_users(sandbox)[LEGACY]
    sandbox.add_fault(fault, operation=operation)
    result = remove(sandbox, account_ids=[LEGACY], **ONCE)
    [entry] = result["accounts"]
    agrees(sandbox, entry, before)
    done = fault in ("lost_answer", "cut", "appended")
    hit = {item["outcome"] for item in entry["credentials"] if item["kind"] == KIND[operation]}
    assert hit == {"removed"} if done else hit <= {"unverified", "failed"}
    assert result["failed"] is not done
    assert result["changed"] is True
    assert "(None)" not in result.get("msg", "")
    if operation == "DeleteLoginProfile" and not done:
        assert [item["outcome"] for item in entry["credentials"] if item["kind"] == "mfa_devices"] == ["skipped"] * 2


@pytest.mark.parametrize("read", ["ListAccessKeys", "ListSigningCertificates", "GetLoginProfile", "ListMFADevices"])
@pytest.mark.parametrize("fault", ["reset", "cut", "server_error"])
def test_one_kind_that_cannot_be_read_back_leaves_the_others_confirmed(sandbox, fault, read):
    before = root_users(sandbox)[LEGACY]
    kind = {"GetLoginProfile": "password", "ListAccessKeys": "access_keys", "ListMFADevices": "mfa_devices"}.get(read)

    def break_off(event: dict) -> None:
        if event["operation"] == "DeleteAccessKey":
            sandbox.add_fault(fault, operation=read)

    sandbox.on_event(break_off)
    result = remove(sandbox, account_ids=[LEGACY], **ONCE)
    [entry] = result["accounts"]
    agrees(sandbox, entry, before)
    unverified = {item["kind"] for item in entry["credentials"] if item["outcome"] == "unverified"}
    assert unverified == {kind or "signing_certificates"}
    assert (result["failed"], entry["outcome"], entry["after"]) == (True, "unverified", None)


def test_a_reading_that_fails_for_a_moment_is_repeated(sandbox):
    def break_off(event: dict) -> None:
        if event["operation"] == "DeleteSigningCertificate":
            sandbox.add_fault("reset", operation="ListAccessKeys", times=2)

    sandbox.on_event(break_off)
    result = remove(sandbox, account_ids=[LEGACY], **ONCE)
    assert (result["failed"], result["summary"]) == (False, {"removed": 1})


def test_a_list_that_is_stale_is_read_again(sandbox, monkeypatch):
    """One answer of ListAccessKeys still shows a key that is gone: it is waited for, and spoils nothing else."""
    stale = root_users(sandbox)[LEGACY]["access_keys"]
    read_kind = credentials.read_kind
    answers = []

    def read(iam, account_id, kind, known=None):
        found = read_kind(iam, account_id, kind, known)
        if kind == "access_keys" and known:
            answers.append(found)
            return known[kind] if len(answers) == 1 else found
        return found

    monkeypatch.setattr(credentials, "read_kind", read)
    result = remove(sandbox, account_ids=[LEGACY])
    assert (result["failed"], result["summary"], len(answers)) == (False, {"removed": 1}, 2)
    assert stale
    assert result["accounts"][0]["after"]["access_keys"] == []


def test_a_session_that_expires_in_the_middle_leaves_a_true_result(sandbox):
    before = root_users(sandbox)[LEGACY]
    sandbox.add_fault("expiry", account=LEGACY, calls=10)
    result = remove(sandbox, account_ids=[LEGACY], **ONCE)
    [entry] = result["accounts"]
    agrees(sandbox, entry, before)
    assert (result["failed"], entry["after"]) == (True, None)
    assert {item["outcome"] for item in entry["credentials"]} == {"unverified", "failed", "skipped"}


@pytest.mark.parametrize("operation", DELETIONS)
def test_the_retry_after_a_lost_answer_counts_as_this_runs(sandbox, operation, monkeypatch):
    """Botocore repeats the call by itself, and AWS then answers NoSuchEntity."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    sandbox.add_fault("lost_answer", operation=operation, times=1)
    result = remove(sandbox, account_ids=[LEGACY])
    [entry] = result["accounts"]
    assert (result["failed"], result["changed"], entry["outcome"]) == (False, True, "removed")
    assert {item["outcome"] for item in entry["credentials"]} == {"removed"}
    assert "answer was lost" in " ".join(
        item["reason"] for item in entry["credentials"] if item["kind"] == KIND[operation]
    )


# Approved items


def planned(box: Box, **options) -> list[dict]:
    return remove(box, check_mode=True, **options)["plan_items"]


def new_key(box: Box) -> str:
    """A second access key of the root user of `reports`, created with its first one: no root session could."""
    return box.client("iam", "nightly-job").create_access_key()["AccessKey"]["AccessKeyId"]


def test_the_plan_is_the_approval_of_the_act(sandbox):
    options = {"account_ids": [LEGACY, REPORTS]}
    approved = planned(sandbox, **options)
    assert {item["account_id"] for item in approved} == {LEGACY, REPORTS}
    assert {key for item in approved for key in item} == {"account_id", "kind", "id", "created"}
    foretold = remove(sandbox, check_mode=True, **options)
    result = remove(sandbox, **options, approved_items=approved)
    assert result["diff"] == foretold["diff"]
    done = [
        {"account_id": entry["account_id"], "kind": item["kind"], "id": item["id"], "created": item["created"]}
        for entry in result["accounts"]
        for item in entry["credentials"]
        if item["outcome"] == "removed"
    ]
    assert sorted(done, key=str) == sorted(approved, key=str)
    assert root_users(sandbox)[LEGACY] == NOTHING


def test_only_the_approved_items_go(sandbox):
    approved = [item for item in planned(sandbox, account_ids=[LEGACY]) if item["kind"] == "access_keys"][:1]
    before = root_users(sandbox)
    result = remove(sandbox, account_ids=[LEGACY, "012345678901"], approved_items=approved)
    after = root_users(sandbox)
    assert ids(before[LEGACY]) - ids(after[LEGACY]) == {("access_keys", approved[0]["id"])}
    assert {id: after[id] for id in after if id != LEGACY} == {id: before[id] for id in before if id != LEGACY}
    kept = [item for entry in result["accounts"] for item in entry["credentials"] if item["outcome"] == "skipped"]
    assert {item["reason"] for item in kept} == {"It is not one of the approved items."}
    assert written(sandbox) == ["DeleteAccessKey"]


def test_an_account_without_approved_items_gets_a_session_that_can_only_read(sandbox):
    result = remove(sandbox, account_ids=[LEGACY, "333344445555"], approved_items=[])
    tasks = [event["resource"] for event in sandbox.events() if event["operation"] == "AssumeRoot"]
    assert len(tasks) == 2
    assert result["changed"] is False
    assert result["summary"] == {"skipped": 1, "absent": 1}
    assert remove(sandbox, "auditor", account_ids=[LEGACY], approved_items=[])["failed"] is False


@pytest.mark.parametrize("when", ["between plan and act", "during the act"])
def test_a_key_that_is_new_stays_and_is_reported(sandbox, when):
    approved = planned(sandbox, account_ids=[REPORTS], recently_used_days=0)
    made: list[str] = []

    def interfere(event: dict) -> None:
        if event["operation"] == "ListMFADevices" and not made:  # the last reading before the first deletion
            made.append(new_key(sandbox))

    if when == "during the act":
        sandbox.on_event(interfere)
    else:
        made.append(new_key(sandbox))
    result = remove(sandbox, account_ids=[REPORTS], recently_used_days=0, approved_items=approved)
    [entry] = result["accounts"]
    assert root_users(sandbox)[REPORTS]["access_keys"] == made
    assert [item["outcome"] for item in entry["credentials"] if item["id"] == made[0]] == ["skipped"]
    assert made[0] in entry["reason"]
    assert (entry["outcome"], result["changed"], result["failed"]) == ("skipped", True, False)


def test_a_password_that_was_set_anew_is_another_one(sandbox):
    lake = "012345678901"
    approved = planned(sandbox, account_ids=[lake])
    remove(sandbox, account_ids=[lake])
    sandbox.advance("1 hour")
    run("root_password_recovery", environment=sandbox.environment("operator"), state="open", account_ids=[lake])
    result = remove(sandbox, account_ids=[lake], approved_items=approved)
    assert root_users(sandbox)[lake]["password"] is True
    [item] = [item for item in result["accounts"][0]["credentials"] if item["kind"] == "password"]
    assert item["outcome"] == "skipped"
    assert "the approved one at" in item["reason"]


def test_an_approved_item_that_is_gone_is_absent(sandbox):
    approved = planned(sandbox, account_ids=[LEGACY])
    remove(sandbox, account_ids=[LEGACY])
    [entry] = remove(sandbox, account_ids=[LEGACY], approved_items=approved)["accounts"]
    assert {item["outcome"] for item in entry["credentials"]} == {"absent"}
    assert len(entry["credentials"]) == len(approved)


def test_the_guard_holds_for_what_was_used_since_the_plan(sandbox):
    [key] = root_users(sandbox)[REPORTS]["access_keys"]
    approved = [{"account_id": REPORTS, "kind": "access_keys", "id": key}]
    [entry] = remove(sandbox, account_ids=[REPORTS], approved_items=approved)["accounts"]
    assert root_users(sandbox)[REPORTS]["access_keys"] == [key]
    assert "Used 3 days ago" in entry["credentials"][0]["reason"]


def test_a_journal_of_another_approval_is_not_believed(sandbox, tmp_path):
    options = {"account_ids": [LEGACY], "journal": str(tmp_path / "journal")}
    approved = planned(sandbox, account_ids=[LEGACY])
    assert remove(sandbox, **options, approved_items=approved)["summary"] == {"removed": 1}
    assert remove(sandbox, **options, approved_items=approved)["accounts"][0]["journal_time"]
    assert remove(sandbox, **options, approved_items=approved[:1])["accounts"][0]["journal_time"] is None
    assert remove(sandbox, **options)["accounts"][0]["journal_time"] is None


APPROVED = {"account_id": LEGACY, "kind": "password", "id": "password"}


@pytest.mark.parametrize(
    ("approved", "said"),
    [
        ([{**APPROVED, "account_id": REPORTS}], "approved_items[0].account_id: '555566667777'"),
        ([{**APPROVED, "account_id": "legacy-web"}], "approved_items[0].account_id: 'legacy-web'"),
        ([{**APPROVED, "account_id": 12345678901}], '"012345678901"'),
        ([APPROVED, APPROVED], "approved_items[1]"),
        ([APPROVED, {**APPROVED, "created": "2026-01-31T03:00:00Z"}], "approved_items[1]"),
        ([{**APPROVED, "kind": "ssh_keys"}], "approved_items[0].kind: 'ssh_keys'"),
        ([{**APPROVED, "kind": "access_keys"}], "approved_items[0].id: 'password'"),
        ([{**APPROVED, "id": "secret"}], "approved_items[0].id: 'secret'"),
        ([{**APPROVED, "kind": "mfa_devices", "id": "x"}], "approved_items[0].id: 'x'"),
        ([{**APPROVED, "kind": "signing_certificates", "id": "cert"}], "approved_items[0].id: 'cert'"),
        ([{**APPROVED, "created": "yesterday"}], "approved_items[0].created: 'yesterday'"),
        ([{**APPROVED, "outcome": "removed"}], "outcome"),
        ([{"account_id": LEGACY, "kind": "password"}], "id"),
        (["password"], "dictionary requested"),
    ],
)
def test_an_invalid_approved_item_is_refused_before_any_session_is_opened(sandbox, approved, said):
    result = remove(sandbox, account_ids=[LEGACY], approved_items=approved)
    assert result["failed"] is True
    assert said in result["msg"]
    assert "AssumeRoot" not in [event["operation"] for event in sandbox.events()]


def test_an_approved_item_of_a_protected_account_or_an_excluded_kind_is_refused(sandbox):
    protected = {"all_accounts": True, "protected_accounts": [LEGACY]}
    for options, said in (
        (protected, "an account that may be changed; The account is in protected_accounts"),
        ({"account_ids": [LEGACY], "kinds": ["access_keys"]}, "one of access_keys"),
    ):
        result = remove(sandbox, **options, approved_items=[APPROVED])
        assert result["failed"] is True
        assert said in result["msg"]
    assert "AssumeRoot" not in [event["operation"] for event in sandbox.events()]
