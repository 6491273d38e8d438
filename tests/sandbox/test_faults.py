"""Bad days on demand, met by unmodified boto3 over HTTP."""

from __future__ import annotations

import http.client
import json
import socket
import time
import urllib.error
import urllib.request
from functools import partial
from types import SimpleNamespace
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.parsers import ResponseParserError
from hypothesis import given
from hypothesis import strategies as st
from support.refusals import refused

from breakglass_aws.sandbox.client import CONTROL_HEADER
from breakglass_aws.sandbox.faults.rate_limits import PUBLISHED, Buckets, Limit
from breakglass_aws.sandbox.faults.rules import KINDS, RuleError, rules

LEGACY = "444455556666"
AUDIT = {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}
THROTTLED = {
    "account": ("TooManyRequestsException", 429),
    "cloudformation": ("Throttling", 400),
    "cloudtrail": ("ThrottlingException", 400),
    "iam": ("Throttling", 400),
    "identitystore": ("ThrottlingException", 400),
    "organizations": ("TooManyRequestsException", 400),
    "s3": ("SlowDown", 503),
    "sqs": ("RequestThrottled", 403),
    "sso-admin": ("ThrottlingException", 400),
    "sts": ("Throttling", 400),
}
CALLS = {
    "account": "list_regions",
    "cloudformation": "list_stack_sets",
    "cloudtrail": "lookup_events",
    "iam": "list_users",
    "organizations": "list_accounts",
    "s3": "list_buckets",
    "sqs": "list_queues",
    "sso-admin": "list_instances",
    "sts": "get_caller_identity",
}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """botocore waits before it tries again; only how often it tries is of interest here."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))


def client(box, service, name="operator", attempts=1, mode="legacy", region="us-east-1"):
    keys = box.credentials(name)
    return boto3.client(
        service,
        aws_access_key_id=keys["access_key"],
        aws_secret_access_key=keys["secret_key"],
        aws_session_token=keys["session_token"],
        region_name=region,
        endpoint_url=box.url,
        config=Config(retries={"mode": mode, "total_max_attempts": attempts}),
    )


def any_call(box, service, **options):
    made = client(box, service, **options)
    if service == "identitystore":
        return partial(made.list_users, IdentityStoreId="d-1234567890")
    return getattr(made, CALLS[service])


def code(call):
    """The error code a call ends with, or None."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def ask(box, method="GET", body=None, rule=""):
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    url = f"{box.url}/_sandbox/faults{rule and '/' + rule}"
    with urllib.request.urlopen(
        urllib.request.Request(url, data=data, headers={CONTROL_HEADER: "1"}, method=method)
    ) as answer:
        return json.load(answer)


# Throttling


@pytest.mark.parametrize("service", THROTTLED)
def test_each_service_throttles_in_its_own_words(sandbox, service):
    sandbox.add_fault("throttling", service=service)
    assert refused(any_call(sandbox, service))[:2] == THROTTLED[service]
    assert sandbox.events()[-1]["fault"] == "throttling"


@pytest.mark.parametrize("mode", ["legacy", "standard"])
@pytest.mark.parametrize("service", THROTTLED)
def test_every_retry_mode_knows_it_for_throttling(sandbox, service, mode, monkeypatch):
    # One session to a client: a client of Organizations spoils botocore's legacy rules for status 429 for all others.
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    sandbox.add_fault("throttling", service=service, times=2)
    # The store that identitystore is asked for does not exist.
    assert code(any_call(sandbox, service, attempts=4, mode=mode)) in (None, "ResourceNotFoundException")
    assert [event["fault"] for event in sandbox.events()] == ["throttling", "throttling", None]


def test_the_adaptive_mode_knows_it_too(sandbox):
    """It waits for two seconds by itself."""
    sandbox.add_fault("throttling", times=1)
    answer = client(sandbox, "organizations", attempts=3, mode="adaptive").list_accounts()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1


def test_a_retry_mode_gives_up(sandbox):
    sandbox.add_fault("throttling")
    code, _, text = refused(any_call(sandbox, "iam", attempts=3, mode="standard"))
    assert (code, len(sandbox.events())) == ("Throttling", 3)
    assert text == "Rate exceeded"


@pytest.mark.parametrize(
    ("rule", "hit"),
    [
        ({}, True),
        ({"service": "iam"}, True),
        ({"service": "sts"}, False),
        ({"operation": "ListUsers"}, True),
        ({"operation": "List*"}, True),
        ({"operation": "Delete*"}, False),
        ({"account": "111122223333"}, True),
        ({"account": LEGACY}, False),
        ({"service": "iam", "operation": "ListUsers", "account": "111122223333"}, True),
        ({"share": 0}, False),
    ],
    ids=str,
)
def test_a_rule_hits_what_it_names(sandbox, rule, hit):
    sandbox.add_fault("throttling", **rule)
    call = client(sandbox, "iam").list_users
    assert (refused(call)[0] == "Throttling") if hit else call()


def test_the_first_rule_that_hits_decides(sandbox):
    sandbox.add_fault("server_error", times=1)
    sandbox.add_fault("throttling")
    call = client(sandbox, "iam").list_users
    assert [refused(call)[0] for _ in range(2)] == ["ServiceFailure", "Throttling"]


def pattern(box, calls=60):
    seen = len(box.events())
    call = client(box, "sts").get_caller_identity
    for _ in range(calls):
        assert code(call) in (None, "Throttling")
    return [event["fault"] for event in box.events()[seen:]]


def test_the_same_seed_hits_the_same_calls(sandbox):
    def with_seed(seed):
        sandbox.reset()
        sandbox.add_fault("throttling", share=0.5, seed=seed)
        return pattern(sandbox)

    first = with_seed(7)
    assert 15 < first.count("throttling") < 45
    assert with_seed(7) == first
    assert with_seed(8) != first


def test_what_others_do_in_between_changes_nothing(sandbox):
    sandbox.add_fault("throttling", service="sts", share=0.5, seed=3)
    first = pattern(sandbox)
    sandbox.reset()
    sandbox.add_fault("throttling", service="sts", share=0.5, seed=3)
    sandbox.add_fault("throttling", service="iam", share=0.5)
    for _ in range(5):
        pattern_of_iam = client(sandbox, "iam", attempts=5).list_users
        pattern_of_iam()
    assert pattern(sandbox) == first


@given(rate=st.floats(0.1, 100), burst=st.integers(1, 50), steps=st.lists(st.floats(0, 2), max_size=60))
def test_a_bucket_never_gives_more_than_burst_and_rate(rate, burst, steps):
    buckets, limit, moment, given_out = Buckets(), Limit("x", rate, burst), 0.0, 0
    for step in steps:
        moment += step
        given_out += buckets.take([(limit, "a")], moment)
        assert given_out <= burst + rate * moment + 1e-6


def test_a_bucket_that_is_empty_leaves_the_others_full():
    buckets, small, big = Buckets(), Limit("small", 1, 1), Limit("big", 1, 2)
    assert buckets.take([(small, "a"), (big, "a")], 0)
    assert not buckets.take([(small, "a"), (big, "a")], 0)
    assert buckets.take([(big, "a")], 0)
    assert not buckets.take([(big, "a")], 0)
    assert buckets.take([(big, "b")], 0)


def accepted(call, calls):
    """How many of some calls are not throttled."""
    codes = [code(call) for _ in range(calls)]
    assert set(codes) <= {None, "TooManyRequestsException", "Throttling"}
    return codes.count(None)


def test_published_rates(sandbox):
    """ListAccounts: 8 a second, 12 in store (aws-facts 6)."""
    sandbox.add_fault("published_rates")
    call = client(sandbox, "organizations").list_accounts
    for wait, stored in ((0, 12), (1, 8), (60, 12)):
        sandbox.advance(wait)
        begun = time.monotonic()
        assert stored <= accepted(call, 40) <= stored + 1 + 8 * (time.monotonic() - begun)


def test_the_whole_organization_has_a_rate_too(sandbox):
    """ListAccounts: 15 in store for all accounts together, however many ask (aws-facts 6)."""
    sandbox.add_fault("published_rates")
    begun = time.monotonic()
    both = sum(accepted(client(sandbox, "organizations", name).list_accounts, 20) for name in ("operator", "delegate"))
    assert 15 <= both <= 16 + 9 * (time.monotonic() - begun)


def test_what_has_no_published_rate_is_not_held_to_one(sandbox):
    assert ("sts", "AssumeRoot") not in PUBLISHED
    sandbox.add_fault("published_rates")
    call = client(sandbox, "sts").assume_root
    assert accepted(partial(call, TargetPrincipal=LEGACY, TaskPolicyArn=AUDIT), 40) == 40


def test_an_adaptive_client_gets_through_all_pages_at_the_published_rate(sandbox, monkeypatch):
    """The wait between attempts moves the sandbox's clock instead of the test's."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: sandbox.advance(seconds + 0.2)))
    sandbox.add_fault("published_rates")
    organizations = client(sandbox, "organizations", attempts=10, mode="standard")
    for _ in range(40):
        assert organizations.list_accounts()["Accounts"]
    assert "throttling" in [event["fault"] for event in sandbox.events()]


def test_a_rate_of_ones_own(sandbox):
    sandbox.add_fault("throttling", service="sts", operation="AssumeRoot", rate=0.01, burst=3)
    call = partial(client(sandbox, "sts").assume_root, TargetPrincipal=LEGACY, TaskPolicyArn=AUDIT)
    assert accepted(call, 10) == 3
    sandbox.advance(250)
    assert accepted(call, 10) == 2


# Failures and broken connections


@pytest.mark.parametrize(
    ("service", "status", "code"),
    [
        ("iam", 500, "ServiceFailure"),
        ("sts", 500, "InternalFailure"),
        ("organizations", 500, "ServiceException"),
        ("account", 500, "InternalServerException"),
        ("sso-admin", 500, "InternalServerException"),
        ("s3", 500, "InternalError"),
        ("sqs", 500, "InternalFailure"),
        *((service, 503, "ServiceUnavailable") for service in THROTTLED),
    ],
)
def test_server_errors(sandbox, service, status, code):
    sandbox.add_fault("server_error", service=service, status=status, times=1)
    assert refused(any_call(sandbox, service))[:2] == (code, status)
    assert sandbox.events()[-1]["fault"] == "server_error"


def password(box):
    return box.snapshot()["root_users"][LEGACY]["password"]


@pytest.fixture
def remover(sandbox):
    """IAM as a root session that may delete, without retries."""
    keys = sandbox.client("sts", "operator").assume_root(
        TargetPrincipal=LEGACY, TaskPolicyArn={"arn": AUDIT["arn"].replace("Audit", "Delete")}
    )["Credentials"]
    return boto3.client(
        "iam",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name="us-east-1",
        endpoint_url=sandbox.url,
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.mark.parametrize("kind", ["throttling", "server_error", "reset"])
def test_a_call_that_is_refused_is_not_done(sandbox, remover, kind):
    sandbox.add_fault(kind, operation="DeleteLoginProfile", times=1)
    with pytest.raises(Exception, match=r"closed|Rate exceeded|unknown error"):
        remover.delete_login_profile()
    assert password(sandbox)
    remover.delete_login_profile()
    assert not password(sandbox)


@pytest.mark.parametrize("kind", ["lost_answer", "cut"])
def test_a_call_whose_answer_is_lost_is_done(sandbox, remover, kind):
    sandbox.add_fault(kind, operation="DeleteLoginProfile", times=1)
    with pytest.raises((ConnectionClosedError, ResponseParserError)):
        remover.delete_login_profile()
    assert not password(sandbox)
    assert [(event["status"], event["fault"]) for event in sandbox.events()[-1:]] == [(200, kind)]


def test_a_retry_after_a_lost_answer_finds_it_done(sandbox, root_session):
    iam = root_session(LEGACY, "IAMDeleteRootUserCredentials")("iam")
    sandbox.add_fault("lost_answer", operation="DeleteLoginProfile", times=1)
    assert refused(iam.delete_login_profile)[0] == "NoSuchEntity"


@pytest.mark.parametrize("kind", ["reset", "lost_answer"])
def test_the_connection_is_really_reset(sandbox, kind):
    sandbox.add_fault(kind, service="s3")
    place = urlsplit(sandbox.url)
    with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
        connection.sendall(b"GET /reports-555566667777 HTTP/1.1\r\nHost: s3.amazonaws.com\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_an_answer_is_cut_in_the_middle(sandbox):
    sandbox.add_fault("cut", service="s3")
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=10)
    connection.request("GET", "/reports-555566667777")
    answer = connection.getresponse()
    with pytest.raises(http.client.IncompleteRead) as caught:
        answer.read()
    assert 0 < len(caught.value.partial) < int(answer.headers["Content-Length"])
    connection.close()


def test_a_proxy_appends_text_to_an_answer(sandbox, remover):
    """The call is done, and the client gets the whole answer with something behind it that is not XML."""
    sandbox.add_fault("appended", operation="DeleteLoginProfile", times=1, text="\n<!-- proxy --> & more")
    with pytest.raises(ResponseParserError):
        remover.delete_login_profile()
    assert not password(sandbox)
    assert [(event["status"], event["fault"]) for event in sandbox.events()[-1:]] == [(200, "appended")]


def test_the_first_requests_pass(sandbox):
    sandbox.add_fault("server_error", operation="ListUsers", skip=2, times=1)
    listing = client(sandbox, "iam").list_users
    assert [code(listing) for _ in range(4)] == [None, None, "ServiceFailure", None]


def test_appended_text_has_a_default_and_fits_the_length_that_is_declared(sandbox):
    sandbox.add_fault("appended", service="s3", times=1)
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=10)
    connection.request("GET", "/reports-555566667777")
    spoiled = connection.getresponse().read()
    connection.request("GET", "/reports-555566667777")
    plain = connection.getresponse().read()
    connection.close()
    assert spoiled.endswith(b"<!-- Scanned by proxy.example.com. No threat was found. -->\n")
    assert len(spoiled) > len(plain)


def test_a_policy_is_shown_in_another_order_at_each_read(sandbox):
    """Its lists of text only: the order of statements, and the policy that the sandbox holds, stay as they are."""
    s3, bucket = client(sandbox, "s3", "reports-administrator"), "reports-555566667777"
    actions = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject", "s3:GetObjectAcl"]
    statement = {"Effect": "Deny", "Principal": "*", "Action": actions, "Resource": f"arn:aws:s3:::{bucket}/x"}
    policy = {"Version": "2012-10-17", "Statement": [statement, {**statement, "Action": "s3:GetObjectTagging"}]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    sandbox.add_fault("reordered", seed=1)
    shown = [json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) for _ in range(3)]
    assert len({json.dumps(one) for one in shown}) == 3
    for one in shown:
        assert sorted(one["Statement"][0]["Action"]) == sorted(actions)
        assert one["Statement"][1] == policy["Statement"][1]
    assert sandbox.snapshot()["bucket_policies"][bucket] == policy
    assert {event["fault"] for event in sandbox.events() if event["operation"] == "PutBucketPolicy"} == {None}


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
@pytest.mark.parametrize("kind", ["reset", "lost_answer", "server_error"])
def test_reads_survive(sandbox, kind, mode):
    sandbox.add_fault(kind, times=2)
    answer = client(sandbox, "iam", attempts=4, mode=mode).list_users()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 2


def test_slow_answers(sandbox):
    sandbox.add_fault("slow", seconds=0.3, times=1)
    call = client(sandbox, "sts").get_caller_identity
    begun = time.monotonic()
    call()
    assert time.monotonic() - begun >= 0.3
    call()
    assert [event["fault"] for event in sandbox.events()[-2:]] == ["slow", None]


def test_trail_knows_of_what_arrived_only(sandbox):
    trail = client(sandbox, "cloudtrail")
    for kind in ("throttling", "reset"):
        sandbox.add_fault(kind, operation="ListUsers", times=1)
        with pytest.raises(Exception, match=r"Rate exceeded|closed"):
            client(sandbox, "iam").list_users()
    shown = trail.lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "ListUsers"}])
    assert [json.loads(event["CloudTrailEvent"])["errorCode"] for event in shown["Events"]] == ["Throttling"]


# What happens to sessions, accounts and Regions


@pytest.mark.parametrize("calls", [0, 1, 3])
def test_a_session_expires_in_the_middle(sandbox, root_session, calls):
    iam, other = (root_session(LEGACY, "IAMAuditRootUserCredentials")("iam") for _ in range(2))
    sandbox.add_fault("expiry", calls=calls, times=1)
    for _ in range(calls):
        iam.get_user()
    assert [refused(iam.get_user)[0] for _ in range(2)] == ["ExpiredToken"] * 2
    assert sandbox.events()[-2]["fault"] == "expiry"
    sandbox.clear_faults()
    assert refused(iam.get_user)[0] == "ExpiredToken"
    assert other.get_user()


def test_identities_of_the_file_do_not_expire(sandbox):
    sandbox.add_fault("expiry", calls=0)
    assert client(sandbox, "sts").get_caller_identity()


def test_a_deactivated_region(sandbox):
    """RegionDisabledException is about the account that is asked for credentials (aws-facts 1.1)."""
    rule = sandbox.add_fault("region_deactivated", account=LEGACY, region="eu-west-1")
    there, elsewhere = (client(sandbox, "sts", region=region) for region in ("eu-west-1", "us-east-1"))
    for target in (LEGACY, f"arn:aws:iam::{LEGACY}:root"):
        assert refused(partial(there.assume_root, TargetPrincipal=target, TaskPolicyArn=AUDIT)) == (
            "RegionDisabledException",
            403,
            f"STS is not activated in this region for account:{LEGACY}. "
            "Your account administrator can activate STS in this region using the IAM Console.",
        )
    role = f"arn:aws:iam::{LEGACY}:role/OrganizationAccountAccessRole"
    assume = partial(there.assume_role, RoleArn=role, RoleSessionName="x1")
    assert refused(assume)[0] == "RegionDisabledException"
    assert elsewhere.assume_root(TargetPrincipal=LEGACY, TaskPolicyArn=AUDIT)
    assert there.assume_root(TargetPrincipal="555566667777", TaskPolicyArn=AUDIT)
    assert there.get_caller_identity()
    sandbox.clear_faults(rule)
    assert there.assume_root(TargetPrincipal=LEGACY, TaskPolicyArn=AUDIT)


def test_a_suspended_account(sandbox):
    administrator = client(sandbox, "iam", "legacy-web-administrator")
    rule = sandbox.add_fault("account_suspended", account=LEGACY)
    describe = partial(client(sandbox, "organizations").describe_account, AccountId=LEGACY)
    assert describe()["Account"]["State"] == "SUSPENDED"
    assert refused(administrator.list_users)[0] == "InvalidClientTokenId"
    assume = partial(client(sandbox, "sts").assume_root, TargetPrincipal=LEGACY, TaskPolicyArn=AUDIT)
    assert refused(assume)[0] == "AccessDenied"
    sandbox.clear_faults(rule)
    assert describe()["Account"]["State"] == "ACTIVE"
    assert administrator.list_users()
    assert assume()


@pytest.mark.parametrize("target", [LEGACY, None])
def test_a_policy_that_denies_root(sandbox, root_session, target):
    before = sandbox.client("organizations", "operator").list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
    sandbox.add_fault("root_denied", **({"account": target} if target else {}))
    iam = root_session(LEGACY, "IAMAuditRootUserCredentials")("iam")
    code, _, text = refused(iam.get_user)
    assert (code, text.endswith("with an explicit deny in a service control policy")) == ("AccessDenied", True)
    assert client(sandbox, "iam", "legacy-web-administrator").list_users(), "only root is denied"
    sandbox.clear_faults()
    assert iam.get_user()
    after = sandbox.client("organizations", "operator").list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
    assert before == after


# The lag of STS (aws-facts 1.6)


def opens(box, name="operator", task="IAMAuditRootUserCredentials"):
    arn = {"arn": f"arn:aws:iam::aws:policy/root-task/{task}"}
    answer = code(partial(client(box, "sts", name).assume_root, TargetPrincipal=LEGACY, TaskPolicyArn=arn))
    assert answer in (None, "AccessDenied")
    return answer is None


def test_sts_notices_a_disabled_feature_late_and_iam_at_once(sandbox):
    sandbox.add_fault("sts_lag", seconds="2 minutes")
    iam = client(sandbox, "iam")
    iam.disable_organizations_root_credentials_management()
    assert iam.list_organizations_features()["EnabledFeatures"] == ["RootSessions"]
    assert opens(sandbox)
    sandbox.advance("1 minute")
    assert opens(sandbox)
    assert opens(sandbox, task="S3UnlockBucketPolicy")
    sandbox.advance("61 seconds")
    assert not opens(sandbox)
    iam.enable_organizations_root_credentials_management()
    assert not opens(sandbox)
    sandbox.advance("2 minutes")
    assert opens(sandbox)


@pytest.mark.parametrize("seconds", [60, 180])
def test_sts_notices_delegation_late(sandbox, seconds):
    sandbox.add_fault("sts_lag", seconds=seconds)
    organizations = client(sandbox, "organizations")
    who = {"AccountId": "222233334444", "ServicePrincipal": "iam.amazonaws.com"}
    assert opens(sandbox, "delegate")
    organizations.deregister_delegated_administrator(**who)
    sandbox.advance(seconds - 30)
    assert opens(sandbox, "delegate")
    sandbox.advance(31)
    assert not opens(sandbox, "delegate")
    organizations.register_delegated_administrator(**who)
    assert not opens(sandbox, "delegate")
    sandbox.advance(seconds)
    assert opens(sandbox, "delegate")


def test_sts_notices_trusted_access_late(sandbox):
    sandbox.add_fault("sts_lag", seconds=60)
    organizations, service = client(sandbox, "organizations"), {"ServicePrincipal": "iam.amazonaws.com"}
    organizations.deregister_delegated_administrator(AccountId="222233334444", **service)
    organizations.disable_aws_service_access(**service)
    assert opens(sandbox)
    sandbox.advance(60)
    assert not opens(sandbox)


def test_hosts_of_sts_do_not_all_know(sandbox):
    """Denied at once, allowed 15 seconds later, then denied: as it was observed."""
    sandbox.add_fault("sts_lag", seconds=60, share=0.5, seed=1)
    client(sandbox, "iam").disable_organizations_root_credentials_management()
    assert {opens(sandbox) for _ in range(20)} == {True, False}


def test_without_the_rule_there_is_no_lag(sandbox):
    rule = sandbox.add_fault("sts_lag", seconds=600)
    client(sandbox, "iam").disable_organizations_root_credentials_management()
    assert opens(sandbox)
    sandbox.clear_faults(rule)
    assert not opens(sandbox)


# Rules


def test_rules_over_http(sandbox):
    assert ask(sandbox, "POST", {"kind": "slow", "seconds": "1 second", "service": "s3"}) == {"names": ["1"]}
    assert ask(sandbox, "POST", [{"kind": "reset", "service": "sqs"}, {"kind": "cut", "times": 3}])["names"] == [
        "2",
        "3",
    ]
    told = ask(sandbox)
    assert told["kinds"].keys() == KINDS.keys()
    assert told["rules"] == sandbox.faults()
    assert told["rules"][0] == {
        "name": "1",
        "kind": "slow",
        "service": "s3",
        "seconds": 1.0,
        "calls_met": 0,
        "calls_hit": 0,
    }
    ask(sandbox, "DELETE", rule="2")
    assert [rule["name"] for rule in sandbox.faults()] == ["1", "3"]
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(sandbox, "DELETE", rule="2")
    assert (caught.value.code, json.load(caught.value)["error"]) == (404, "no rule '2'; there are: 1, 3")
    ask(sandbox, "DELETE")
    assert sandbox.faults() == []


WRONG = [
    ({"kind": "thunder"}, "kind: 'thunder'", "throttling, published_rates"),
    ({"kind": ["reset"]}, "kind: ['reset']", "throttling"),
    ({"service": "iam"}, "kind: None", "throttling"),
    ({"kind": "reset", "speed": 3}, "speed: unknown key of reset", "service, operation, account"),
    ({"kind": "reset", "seconds": 3}, "seconds: unknown key of reset", "service"),
    ({"kind": "reset", "service": "dynamodb"}, "service: 'dynamodb'", "account, cloudformation"),
    ({"kind": "reset", "operation": "GetNothing"}, "operation: 'GetNothing'", "the name of an operation of account"),
    ({"kind": "reset", "service": "sts", "operation": "ListUsers"}, "operation: 'ListUsers'", "an operation of sts"),
    ({"kind": "reset", "operation": "a b"}, "operation: 'a b'", "the name of an operation"),
    ({"kind": "reset", "account": "12"}, "account: '12'", "12 digits"),
    ({"kind": "reset", "account": 444455556666}, "account: 444455556666", "12 digits, in quotes"),
    ({"kind": "reset", "account": "123123123123"}, "account: '123123123123'", "an account of this organization"),
    *(({"kind": "reset", "share": value}, f"share: {value!r}", "a number from 0 to 1") for value in (-1, 2, "1", True)),
    *(({"kind": "reset", "times": value}, f"times: {value!r}", "at least 1") for value in (0, 1.5, "2", False)),
    ({"kind": "reset", "seed": -1}, "seed: -1", "at least 0"),
    ({"kind": "throttling", "rate": 5}, "rate, burst: one without the other", "both or none"),
    ({"kind": "throttling", "rate": 0, "burst": 1}, "rate: 0", "a number from 0.001"),
    ({"kind": "server_error", "status": 404}, "status: 404", "500, 503"),
    ({"kind": "slow"}, "seconds: missing", "slow needs seconds"),
    ({"kind": "slow", "seconds": -1}, "seconds: -1", "a time span"),
    ({"kind": "slow", "seconds": "soon"}, "seconds: 'soon'", "a time span"),
    ({"kind": "slow", "seconds": 301}, "seconds: 301", "up to 300"),
    ({"kind": "expiry"}, "calls: missing", "expiry needs calls"),
    ({"kind": "expiry", "calls": -1}, "calls: -1", "at least 0"),
    ({"kind": "account_suspended"}, "account: missing", "account_suspended needs account"),
    ({"kind": "region_deactivated", "account": LEGACY}, "region: missing", "account, region"),
    ({"kind": "region_deactivated", "account": LEGACY, "region": "Frankfurt"}, "region: 'Frankfurt'", "eu-west-1"),
    ({"kind": "region_deactivated", "account": LEGACY, "region": "us-east-1"}, "region: 'us-east-1'", "but us-east-1"),
    ("reset", "'reset' is not a rule", "a mapping"),
    (7, "7 is not a rule", "a mapping"),
]


@pytest.mark.parametrize(("rule", "problem", "accepted"), WRONG, ids=[str(row[0]) for row in WRONG])
def test_wrong_rules_are_refused_and_none_is_kept(sandbox, rule, problem, accepted):
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(sandbox, "POST", [{"kind": "account_suspended", "account": LEGACY}, rule])
    assert caught.value.code == 400
    text = json.load(caught.value)["error"]
    assert text.startswith(problem), text
    assert accepted in text, text
    assert sandbox.faults() == []
    assert client(sandbox, "iam", "legacy-web-administrator").list_users()


def test_no_json(sandbox):
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(sandbox, "POST", b"{")
    assert (caught.value.code, json.load(caught.value)) == (400, {"error": "the body is not JSON"})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2),
    max_leaves=4,
)


@given(
    st.fixed_dictionaries(
        {"kind": st.sampled_from([*KINDS]) | json_values},
        optional={key: json_values for kind in KINDS.values() for key in kind.keys},
    )
)
def test_any_rule_is_taken_or_refused(rule):
    try:
        assert len(rules(rule, lambda _: True)) == 1
    except RuleError as error:
        assert "accepted" in str(error) or "missing" in str(error)  # noqa: PT017


def test_faults_hit_aws_only(sandbox):
    sandbox.add_fault("reset")
    with urllib.request.urlopen(f"{sandbox.url}/_sandbox/ready") as answer:
        assert answer.status == 200


def test_a_reset_brings_good_weather(sandbox):
    sandbox.add_fault("account_suspended", account=LEGACY)
    sandbox.add_fault("throttling")
    sandbox.reset()
    assert sandbox.faults() == []
    assert client(sandbox, "iam", "legacy-web-administrator").list_users()


def test_events_of_good_weather_have_no_fault(sandbox):
    client(sandbox, "sts").get_caller_identity()
    assert sandbox.events()[-1]["fault"] is None


def test_a_lag_may_end_while_a_call_waits_to_notice_it(sandbox, monkeypatch):
    """Queues are served side by side: an hour's soak met this."""
    sandbox.add_fault("sts_lag", seconds=60)
    state = sandbox._state
    real = state.lock

    class EndedMeanwhile:
        def __enter__(self):
            sandbox._faults._lag = None
            return real.__enter__()

        def __exit__(self, *error):
            return real.__exit__(*error)

    with monkeypatch.context() as patched:
        patched.setattr(state, "lock", EndedMeanwhile())
        sandbox._faults.notice()
