"""What is a policy at all, and what S3 and SQS refuse to store as one."""

import datetime
import json

import pytest

from breakglass_aws.sandbox.authorization import (
    Policies,
    PolicyError,
    Principal,
    Request,
    evaluate,
    parse,
    validate_bucket_policy,
    validate_queue_policy,
)

BUCKET = "arn:aws:s3:::b"
GOOD = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [BUCKET, f"{BUCKET}/*"]}
FIRST_BYTE = "Policies must be valid JSON and the first byte must be '{'"


def without(*names: str, **changes) -> dict:
    """The good statement with elements removed and changed."""
    return {name: value for name, value in GOOD.items() if name not in names} | changes


def policy(*statements) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


# statement, what is wrong with it
NO_STATEMENTS = [
    ("Deny", "Invalid policy syntax."),
    (without("Effect"), "Missing required field Effect"),
    (without(Effect="deny"), "Invalid effect: deny"),
    (without(Effect=["Deny"]), "Invalid effect: ['Deny']"),
    (without("Action"), "Missing required field Action"),
    (without(Action=[]), "Policy has invalid action"),
    (without(Action={"s3": "*"}), "Policy has invalid action"),
    (without(NotAction="s3:*"), "Invalid policy syntax."),
    (without(Resource=[1]), "Policy has invalid resource"),
    (without(NotResource="*"), "Invalid policy syntax."),
    (without(Principal="111122223333"), "Invalid principal in policy"),
    (without(Principal={"Aws": "*"}), "Invalid principal in policy"),
    (without(Principal={}), "Invalid principal in policy"),
    (without(Principal={"AWS": []}), "Invalid principal in policy"),
    (without(Principal={"AWS": None}), "Invalid principal in policy"),
    (without(NotPrincipal="*"), "Invalid policy syntax."),
    (without(Sid=1), "Invalid policy syntax."),
    (without(Conditions={}), "Unknown field Conditions"),
    (without(Condition=[]), "Invalid policy syntax."),
    (without(Condition={"Bool": "aws:SecureTransport"}), "Invalid policy syntax."),
    (without(Condition={"Bool": {"aws:SecureTransport": None}}), "Invalid policy syntax."),
    (without(Condition={"Boolean": {"aws:SecureTransport": "true"}}), "Invalid Condition type : Boolean"),
]


@pytest.mark.parametrize(("statement", "message"), NO_STATEMENTS)
def test_no_statement(statement, message):
    with pytest.raises(PolicyError) as error:
        parse(policy(GOOD, statement))
    assert (str(error.value), error.value.statement) == (message, 1)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("", "This policy contains invalid Json"),
        ("{", "This policy contains invalid Json"),
        ("[" * 100_000, "This policy contains invalid Json"),
        (b"\xff", "This policy contains invalid Json"),
        ("[]", FIRST_BYTE),
        ("{}", "Missing required field Statement"),
        ({"Version": "2012-10-18", "Statement": [GOOD]}, "The policy must contain a valid version string"),
        ({"Version": "2012-10-17", "Statements": [GOOD]}, "Unknown field Statements"),
        (
            {"Version": "2012-10-17", "Statement": [{**GOOD, "Sid": "a"}, {**GOOD, "Sid": "a"}]},
            "Statement IDs (SID) in a single policy must be unique.",
        ),
    ],
)
def test_no_policy(document, message):
    with pytest.raises(PolicyError) as error:
        parse(document)
    assert (str(error.value), error.value.statement) == (message, None)


def test_documents_are_parsed_once():
    assert parse(policy(GOOD)) is parse(policy(GOOD))
    assert parse(json.loads(policy(GOOD))) is parse(json.loads(policy(GOOD)))


def test_one_statement_needs_no_list_and_a_date_of_yaml_is_a_version():
    assert parse({"Version": datetime.date(2012, 10, 17), "Statement": GOOD}).version == "2012-10-17"


def test_what_is_no_policy_decides_nothing():
    principal = Principal("111122223333", "arn:aws:iam::111122223333:root", "root")
    with pytest.raises(PolicyError):
        evaluate(Request(principal, "s3:GetObject", BUCKET), Policies(resource={"Statement": "?"}))


GOOD_BUCKET_POLICIES = [
    GOOD,
    without(Action="*"),
    without(Action="s3:GetObject", Resource=f"{BUCKET}/*"),
    without(Action="s3:GetObject", Resource=f"{BUCKET}*"),
    without(Action="s3:ListBucket", Resource=BUCKET),
    without("Action", NotAction="s3:GetObject", Resource=BUCKET),
    without("Resource", NotResource=f"{BUCKET}/public/*"),
    without(Principal={"AWS": ["111122223333", "arn:aws:iam::111122223333:root"]}),
    without(Principal={"AWS": "arn:aws:iam::111122223333:role/path/admin"}),
    without(Principal={"AWS": "arn:aws:sts::111122223333:assumed-role/admin/bob"}),
    without(Principal={"Service": "cloudtrail.amazonaws.com"}),
    without(Principal={"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1ABC"}),
    without("Principal", NotPrincipal={"AWS": "111122223333"}),
]
# statement, what S3 says of it
BAD_BUCKET_POLICIES = [
    (without("Principal"), "Missing required field Principal"),
    (without("Resource"), "Missing required field Resource"),
    (
        without("Principal", Effect="Allow", NotPrincipal={"AWS": "111122223333"}),
        "Allow with NotPrincipal is not allowed.",
    ),
    (without(Principal={"AWS": "AROADELETED"}), "Invalid principal in policy"),
    (without(Principal={"AWS": "AIDADELETED"}), "Invalid principal in policy"),
    (without(Principal={"AWS": "arn:aws:iam::111122223333:role/*"}), "Invalid principal in policy"),
    (without(Principal={"AWS": "arn:aws:iam::1111:root"}), "Invalid principal in policy"),
    (without(Principal={"AWS": "arn:aws:iam::111122223333:role/gone"}), "Invalid principal in policy"),
    (without(Action="sqs:SendMessage"), "Policy has invalid action"),
    (without(Action="GetObject"), "Policy has invalid action"),
    (without(Resource="*"), "Policy has invalid resource"),
    (without(Resource="arn:aws:s3:::other/*"), "Policy has invalid resource"),
    (without(Resource="arn:aws:s3:::bb"), "Policy has invalid resource"),
    (without(Resource=[BUCKET, "arn:aws:s3:::other"]), "Policy has invalid resource"),
    (without(Action="s3:GetObject", Resource=BUCKET), "Action does not apply to any resource(s) in statement"),
    (without(Action="s3:ListBucket", Resource=f"{BUCKET}/*"), "Action does not apply to any resource(s) in statement"),
]


def exists(name: str) -> bool:
    return not name.endswith("/gone")


@pytest.mark.parametrize("statement", GOOD_BUCKET_POLICIES)
def test_bucket_policy(statement):
    validate_bucket_policy(policy(statement), "b", principal_exists=exists)


@pytest.mark.parametrize(("statement", "message"), BAD_BUCKET_POLICIES)
def test_no_bucket_policy(statement, message):
    with pytest.raises(PolicyError) as error:
        validate_bucket_policy(policy(GOOD, statement), "b", principal_exists=exists)
    assert str(error.value) == message


def test_an_empty_policy_is_one_but_not_for_a_bucket():
    assert parse(policy()).statements == ()
    with pytest.raises(PolicyError, match="Statement is empty!"):
        validate_bucket_policy(policy(), "b")


@pytest.mark.parametrize("document", ["", "Deny", b"\xff", f"[{policy(GOOD)}]"])
def test_no_json_for_a_bucket(document):
    with pytest.raises(PolicyError, match=r"^Policies must be valid JSON"):
        validate_bucket_policy(document, "b")


def test_queue_policy():
    validate_queue_policy(policy({"Effect": "Deny", "Principal": "*", "Action": "SQS:*"}))
    validate_queue_policy(policy({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}))


@pytest.mark.parametrize(
    "statement",
    [{}, {"Effect": "Deny", "Action": "sqs:*"}, {"Effect": "Deny", "Principal": "*", "Action": "s3:*"}],
)
def test_no_queue_policy(statement):
    with pytest.raises(PolicyError, match=r"^Invalid value for the parameter Policy\.$"):
        validate_queue_policy(policy(statement))
