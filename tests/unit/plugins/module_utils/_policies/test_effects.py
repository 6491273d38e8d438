"""What a change of a policy means for people, in words they can check."""

from __future__ import annotations

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
