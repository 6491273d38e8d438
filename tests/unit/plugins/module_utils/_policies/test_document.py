from __future__ import annotations

import copy
import hashlib
import json

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._policies.canonical import digest, equivalent
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import (
    PolicyError,
    check_actions,
    check_limits,
    minified,
    parse,
    pretty,
    size,
)
from ansible_collections.breakglass.aws.plugins.module_utils._policies.lockouts import lockout_statements
from ansible_collections.breakglass.aws.plugins.module_utils._policies.repair import RepairError, repair
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import (
    administrators_of,
    resource_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

STATEMENT = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
POLICY = {"Version": "2012-10-17", "Statement": [STATEMENT]}
LEDGER = resource_of("arn:aws:s3:::ledger", "333344445555")


def with_(**elements) -> dict:
    return {"Version": "2012-10-17", "Statement": [{**STATEMENT, **elements}]}


WRONG = {
    "": "not JSON",
    "{": "not JSON",
    "[" * 100_000: "not JSON",
    "[]": "is a list",
    "null": "is nothing",
    '"*"': "is a text",
    "{}": "no Statement",
    '{"Statement": 1}': "Statement is a number",
    '{"Statement": [1]}': "Statement 0 is a number",
    '{"Statement": [], "Statement": []}': "Statement twice",
    '{"Statement": [], "Principals": []}': "Principals",
    json.dumps(with_(Effect="deny")): "Effect 'deny'",
    json.dumps(with_(Effect=None)): "Effect None",
    json.dumps(with_(Actions=[])): "Actions",
    json.dumps(with_(NotAction="s3:*")): "either Action or NotAction",
    json.dumps({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*"}}): "either Resource or NotResource",
    json.dumps(with_(Principal="arn:aws:iam::111122223333:root")): 'must be "*"',
    json.dumps(with_(Principal={"AWS": [1]})): "principals of the kind AWS",
    json.dumps(with_(Action={"s3": "*"})): "Action: every value must be a text",
    json.dumps(with_(Resource=[None])): "Resource: every value must be a text",
    json.dumps(with_(Condition=[])): "Condition that is not operators",
    json.dumps(with_(Condition={"Bool": "x"})): "Condition that is not operators",
    json.dumps(with_(Condition={"Bool": {"aws:SecureTransport": None}})): "condition Bool aws:SecureTransport",
}


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_what_is_no_policy_is_refused_with_the_reason(text):
    with pytest.raises(PolicyError, match=WRONG[text].replace("*", r"\*")):
        parse(text)


ELEMENTS = ["Statement", "Effect", "Deny", "Principal", "AWS", "Action", "Resource", "Condition", "x"]
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(ELEMENTS), inner),
)


@settings(deadline=None)
@given(ANY_JSON)
def test_no_json_is_a_traceback(value):
    try:
        policy = parse(json.dumps(value))
    except PolicyError:
        return
    lockout_statements(policy, resource=LEDGER.arn, account_id=LEDGER.account_id)


def test_odd_spacing_unicode_and_single_values_are_read():
    text = '\n { "Statement" :\t{"Sid":"Sperre für alle 🔒", "Effect":"Deny", "Principal":{"AWS":"*"},\r\n'
    text += '"Action":["s3:*"], "Resource":"*"} }  '
    policy = parse(text.encode())
    assert minified(policy) == (
        '{"Statement":{"Sid":"Sperre für alle 🔒","Effect":"Deny","Principal":{"AWS":"*"},'
        '"Action":["s3:*"],"Resource":"*"}}'
    )
    assert [one["index"] for one in lockout_statements(text, resource=LEDGER.arn, account_id=LEDGER.account_id)] == [0]


def test_a_single_statement_stays_single_when_it_is_repaired():
    guard = with_(Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-0a"}})
    policy = {"Version": "2012-10-17", "Statement": guard["Statement"][0]}
    repaired = repair(policy, LEDGER, administrators_of(LEDGER))
    assert isinstance(repaired["Statement"], dict)
    assert repaired["Statement"]["Condition"] == guard["Statement"][0]["Condition"]


def test_several_thousand_statements_are_analysed():
    guard = {**STATEMENT, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    policy = {"Version": "2012-10-17", "Statement": [*[guard] * 4000, STATEMENT]}
    found = lockout_statements(policy, resource=LEDGER.arn, account_id=LEDGER.account_id)
    assert [one["index"] for one in found] == [4000]


def test_pretty_text_has_one_order_and_is_json():
    shuffled = {"Statement": [dict(reversed(STATEMENT.items()))], "Version": "2012-10-17"}
    assert pretty(shuffled) == pretty(POLICY)
    assert json.loads(pretty(POLICY)) == POLICY
    assert pretty(None) == ""
    assert json.loads(pretty({"Invented": 1, **POLICY})) == {"Invented": 1, **POLICY}


def test_digest_is_of_the_value_and_not_of_its_order():
    assert digest(POLICY) == digest(dict(reversed(POLICY.items())))
    assert digest(POLICY) != digest(with_(Action="s3:Get*"))
    assert digest("ä") == hashlib.sha256("ä".encode()).hexdigest()


def of_size(wanted: int) -> dict:
    policy = with_(Sid="")
    policy["Statement"][0]["Sid"] = "x" * (wanted - size(policy))
    return policy


def test_the_limit_counts_bytes():
    check_limits(of_size(20480), "s3")
    with pytest.raises(PolicyError, match="20,481 bytes"):
        check_limits(of_size(20481), "s3")
    assert size(with_(Sid="ü")) == size(with_(Sid="uu"))


def test_a_repair_that_would_not_fit_is_no_repair():
    policy = of_size(20480)
    administrators = administrators_of(LEDGER, ["arn:aws:iam::333344445555:role/Admin"])
    with pytest.raises(RepairError, match="would not fit"):
        repair(policy, LEDGER, administrators)
    assert repair(policy, LEDGER, administrators_of(LEDGER)) is None


@pytest.mark.parametrize(
    "elements",
    [
        {"Action": ["s3:*"]},
        {"Principal": {"AWS": "*"}},
        {"Principal": {"AWS": ["*"]}},
    ],
)
def test_what_aws_may_give_back_is_equivalent(elements):
    assert equivalent(POLICY, with_(**elements))
    assert equivalent(POLICY, {"Version": "2012-10-17", "Statement": with_(**elements)["Statement"][0]})


def test_accounts_numbers_and_orders_are_equivalent():
    one = with_(
        Principal={"AWS": ["111122223333", "222233334444"]},
        Action=["s3:GetObject", "s3:PutObject"],
        Condition={"Bool": {"aws:SecureTransport": False}, "NumericLessThan": {"s3:TlsVersion": 1.2}},
    )
    other = with_(
        Principal={"AWS": ["arn:aws-cn:iam::222233334444:root", "arn:aws:iam::111122223333:root"]},
        Action=["s3:PutObject", "s3:GetObject"],
        Condition={"NumericLessThan": {"s3:TlsVersion": ["1.2"]}, "Bool": {"aws:SecureTransport": "false"}},
    )
    assert equivalent(one, other)


@pytest.mark.parametrize(
    "other",
    [
        None,
        with_(Effect="Allow"),
        with_(Action="s3:Get*"),
        with_(Principal={"AWS": "111122223333"}),
        with_(Condition={"Bool": {"aws:SecureTransport": "false"}}),
        {"Version": "2008-10-17", "Statement": [STATEMENT]},
        {"Version": "2012-10-17", "Statement": [STATEMENT, {**STATEMENT, "Effect": "Allow"}]},
        {"Version": "2012-10-17", "Statement": []},
    ],
)
def test_what_says_something_else_is_not_equivalent(other):
    before = copy.deepcopy(POLICY)
    assert not equivalent(POLICY, other)
    assert equivalent(None, None)
    assert before == POLICY


JOBS = resource_of("arn:aws:sqs:eu-west-1:333344445555:jobs", "333344445555")
ON_JOBS = {**STATEMENT, "Action": "sqs:SendMessage", "Resource": JOBS.arn}


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([ON_JOBS] * 21, "21 statements; SQS accepts at most 20"),
        ([ON_JOBS, {**ON_JOBS, "Action": [f"sqs:A{n}" for n in range(8)]}], "Statement 1 has 8 actions; SQS accepts"),
        ([{**ON_JOBS, "Sid": "x" * 8192}], "SQS accepts at most 8,192"),
    ],
)
def test_what_sqs_counts_is_limited_and_s3_does_not_count_it(statements, expected):
    policy = {"Version": "2012-10-17", "Statement": statements}
    with pytest.raises(PolicyError, match=expected):
        check_limits(policy, "sqs")
    check_limits(policy, "s3")


def test_a_queue_policy_may_hold_as_much_as_sqs_accepts():
    full = {**ON_JOBS, "Action": [f"sqs:A{number}" for number in range(7)]}
    check_limits({"Version": "2012-10-17", "Statement": [full, *[ON_JOBS] * 19]}, "sqs")


@pytest.mark.parametrize("action", ["sns:Publish", "s3:*", "sqs", "s*", ""])
def test_a_policy_knows_the_actions_of_its_own_service(action):
    with pytest.raises(PolicyError, match="Statement 0 has the action"):
        check_actions({"Statement": {**ON_JOBS, "Action": ["sqs:SendMessage", action]}}, "sqs")
    check_actions({"Statement": [{**ON_JOBS, "Action": ["*", "SQS:Send*"]}]}, "sqs")


def test_a_repair_of_a_queue_policy_keeps_to_seven_actions_a_statement():
    """A pattern that cannot be said without some of its actions is spelt out, in as many statements as that takes."""
    guard = {**ON_JOBS, "Sid": "Guard", "Action": "sqs:*e*", "Condition": {"Null": {"aws:SourceVpce": "true"}}}
    repaired = repair({"Version": "2012-10-17", "Statement": [guard]}, JOBS, administrators_of(JOBS))["Statement"]
    assert [len(one["Action"]) for one in repaired] == [7, 7, 4]
    assert [one["Sid"] for one in repaired] == ["Guard", "Guard2", "Guard3"]
    assert all({**one, "Sid": "Guard", "Action": "sqs:*e*"} == guard for one in repaired)


def test_a_repair_that_takes_too_many_statements_is_no_repair():
    guard = {**ON_JOBS, "Action": "sqs:*e*", "Condition": {"Null": {"aws:SourceVpce": "true"}}}
    policy = {"Version": "2012-10-17", "Statement": [*[ON_JOBS] * 18, guard]}
    with pytest.raises(RepairError, match="21 statements"):
        repair(policy, JOBS, administrators_of(JOBS))
