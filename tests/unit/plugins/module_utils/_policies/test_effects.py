"""What a change of a policy means for people, in words they can check."""

from __future__ import annotations

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._policies.effects import effects
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import (
    administrators_of,
    resource_of,
)

ACCOUNT = "333344445555"
BUCKET = resource_of("arn:aws:s3:::ledger", ACCOUNT, "o-ours000001")
QUEUE = resource_of(f"arn:aws:sqs:eu-west-1:{ACCOUNT}:jobs", ACCOUNT)
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/Admin"
EVERYBODY, REST = "everybody of the account", "everybody else of the account"


def deny(action, resource, **elements) -> dict:
    statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource, **elements}
    return {"Version": "2012-10-17", "Statement": [statement]}


def rows(before, after, resource=BUCKET, named=()) -> dict:
    found = effects(before, after, resource, administrators_of(resource, named))
    return {(row["who"], row["what"]): (row["before"], row["after"]) for row in found}


def test_an_outright_deny_that_goes():
    found = rows(deny("s3:*", ["arn:aws:s3:::ledger", "arn:aws:s3:::ledger/*"]), None)
    assert set(found) == {
        (EVERYBODY, what)
        for what in (
            "manage the policy",
            "list the bucket",
            "read objects",
            "write objects",
            "delete objects",
            "every other action",
        )
    }
    assert set(found.values()) == {("denied", "not_denied")}


def test_a_guard_that_keeps_the_objects():
    guard = {"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}
    both = ["arn:aws:s3:::ledger", "arn:aws:s3:::ledger/*"]
    [statement] = deny("s3:*", both, **guard)["Statement"]
    narrowed = {key: value for key, value in statement.items() if key != "Action"}
    after = {"Version": "2012-10-17", "Statement": [{**narrowed, "NotAction": list(BUCKET.management_actions)}]}
    found = effects(deny("s3:*", both, **guard), after, BUCKET, administrators_of(BUCKET))
    assert [(row["before"], row["after"]) for row in found] == [("denied_when", "not_denied")] + 4 * [
        ("denied_when", "denied_when")
    ]
    assert found[1]["denied_when"] == ["aws:SourceVpce is not vpce-1"]


def test_a_policy_in_another_order_means_the_same_in_the_same_words():
    """AWS may show a policy in another order at each read, and an approval is bound to these words."""
    tags = {"s3:ExistingObjectTag/a": "x", "s3:ExistingObjectTag/b": ["y", "z"]}
    roles = {"aws:PrincipalArn": [f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("audit", "tax", "finance")]}
    guards = [
        *deny("s3:GetObject", ["arn:aws:s3:::ledger/a*", "arn:aws:s3:::ledger/b*"])["Statement"],
        *deny("s3:*", "arn:aws:s3:::ledger/*", Condition={"ArnNotLike": roles, "StringEquals": tags})["Statement"],
        *deny("s3:*", "arn:aws:s3:::ledger", Condition={"Null": {"aws:SourceVpce": "true"}})["Statement"],
    ]

    def reversed_all(value):
        if isinstance(value, dict):
            return {key: reversed_all(value[key]) for key in reversed(value)}
        return [reversed_all(one) for one in reversed(value)] if isinstance(value, list) else value

    shown = [
        effects(
            deny("s3:*", ["arn:aws:s3:::ledger", "arn:aws:s3:::ledger/*"]),
            {"Version": "2012-10-17", "Statement": after},
            BUCKET,
            administrators_of(BUCKET),
        )
        for after in (guards, reversed_all(guards))
    ]
    assert shown[0] == shown[1]


def test_named_administrators_and_the_rest_are_told_apart():
    after = deny("s3:*", "arn:aws:s3:::ledger", Condition={"ArnNotEquals": {"aws:PrincipalArn": ADMIN}})
    found = rows(deny("s3:*", "arn:aws:s3:::ledger"), after, named=[ADMIN])
    assert found[ADMIN, "manage the policy"] == ("denied", "not_denied")
    assert found[REST, "manage the policy"] == ("denied", "denied_when")
    assert found[REST, "read objects"] == ("not_denied", "not_denied")


def test_what_a_request_may_carry_is_not_guessed():
    """An upload may ask for encryption or not: the guard denies it under its condition, and reading never."""
    guard = {"Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}}
    found = rows(None, deny("s3:PutObject", "arn:aws:s3:::ledger/*", **guard))
    assert found[EVERYBODY, "write objects"] == ("not_denied", "denied_when")
    assert found[EVERYBODY, "read objects"] == ("not_denied", "not_denied")


def test_tls_is_no_obstacle():
    guard = deny("sqs:*", QUEUE.arn, Condition={"Bool": {"aws:SecureTransport": "false"}})
    assert set(rows(guard, guard, QUEUE).values()) == {("not_denied", "not_denied")}


SECRET, BUCKET_ARN = "arn:aws:s3:::ledger/secret/*", "arn:aws:s3:::ledger"


def objects(before, after, what="read objects") -> tuple:
    [row] = [row for row in effects(before, after, BUCKET, administrators_of(BUCKET)) if row["what"] == what]
    return (row["before"], row["objects"]["before"]), (row["after"], row["objects"]["after"]), row["denied_when"]


def test_some_objects_that_a_deletion_frees_are_named():
    before, after, when = objects(deny("s3:*", [BUCKET_ARN, SECRET]), None)
    assert (before, after, when) == (("denied_some", ["secret/*"]), ("not_denied", []), [])


def test_actions_that_a_change_frees_for_some_objects_are_not_left_out():
    found = rows(deny("s3:GetObjectVersion", SECRET), None)
    assert found[EVERYBODY, "s3:GetObjectVersion"] == ("denied_some", "not_denied")


@pytest.mark.parametrize(
    ("elements", "effect", "which"),
    [
        ({"Resource": f"{BUCKET_ARN}/*"}, "denied", []),
        ({"Resource": f"{BUCKET_ARN}*"}, "denied", []),
        ({"Resource": "arn:aws:s3:::led*"}, "denied", []),
        ({"Resource": "*"}, "denied", []),
        ({"Resource": [SECRET, f"{BUCKET_ARN}/*"]}, "denied", []),
        ({"Resource": [SECRET, f"{BUCKET_ARN}/a"]}, "denied_some", ["a", "secret/*"]),
        ({"Resource": "arn:aws:s3:::*/secret/*"}, "denied_some", ["arn:aws:s3:::*/secret/*"]),
        ({"Resource": f"{BUCKET_ARN}/?"}, "denied_some", ["?"]),
        ({"Resource": f"{BUCKET_ARN}/${{aws:username}}/*"}, "denied_some", ["${aws:username}/*"]),
        ({"Resource": "arn:aws:s3:::other/*"}, "not_denied", []),
        ({"Resource": BUCKET_ARN}, "not_denied", []),
        ({"NotResource": f"{BUCKET_ARN}/public/*"}, "denied_some", ["all but public/*"]),
        ({"NotResource": BUCKET_ARN}, "denied", []),
        ({"NotResource": "arn:aws:s3:::ledger/*"}, "not_denied", []),
    ],
)
def test_all_objects_some_or_none(elements, effect, which):
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", **elements}
    _before, after, when = objects(None, {"Version": "2012-10-17", "Statement": [statement]})
    assert (after, when) == ((effect, which), [])


def test_a_condition_that_holds_for_some_objects_says_for_which():
    guard = {"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}
    [always], [sometimes] = deny("s3:*", SECRET)["Statement"], deny("s3:*", f"{BUCKET_ARN}/vpc/*", **guard)["Statement"]
    after = {"Version": "2012-10-17", "Statement": [always, sometimes]}
    assert objects(None, after)[1:] == (
        ("denied_some", ["secret/*"]),
        ["aws:SourceVpce is not vpce-1 (objects vpc/*)"],
    )
    assert objects(None, {**after, "Statement": [sometimes]})[1][0] == "denied_when"


def test_parts_of_a_statement_mean_what_the_statement_means():
    [one], [other] = deny("s3:*", SECRET)["Statement"], deny("s3:*", f"{BUCKET_ARN}/a")["Statement"]
    apart = {"Version": "2012-10-17", "Statement": [one, other]}
    before, after, _when = objects(deny("s3:*", [SECRET, f"{BUCKET_ARN}/a"]), apart)
    assert before == after


def test_a_queue_has_no_objects():
    found = effects(deny("sqs:*", QUEUE.arn), None, QUEUE, administrators_of(QUEUE))
    assert {str(row["objects"]) for row in found} == {"{'before': [], 'after': []}"}
