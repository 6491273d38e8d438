"""Actions, resources and principals: whom and what a statement is about."""

import time

import pytest

from breakglass_aws.sandbox.authorization import Policies, Principal, Request, evaluate

ACCOUNT, OTHER = "111122223333", "444455556666"
ROOT = Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", "root", canonical_user_id="c0ffee")
ALICE = Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/staff/alice", "user", "AIDAALICE", canonical_user_id="c0ffee")
SESSION = Principal(
    ACCOUNT,
    f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/bob",
    "role_session",
    "AROAADMIN:bob",
    f"arn:aws:iam::{ACCOUNT}:role/path/admin",
)
NOBODY = Principal("", "", "anonymous")
CLOUDTRAIL = Principal("", "cloudtrail.amazonaws.com", "service")
GITHUB = Principal("", f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.example", "federated")
PRINCIPALS = {
    "root": ROOT, "alice": ALICE, "session": SESSION, "anonymous": NOBODY, "cloudtrail": CLOUDTRAIL, "github": GITHUB,
}  # fmt: skip

# elements of a statement, action, resource, whether the statement covers them
COVERED = [
    ({"Action": "*", "Resource": "*"}, "s3:GetObject", "arn:aws:s3:::b/k", True),
    ({"Action": "s3:*", "Resource": "*"}, "s3:GetObject", "arn:aws:s3:::b/k", True),
    ({"Action": "s3:*", "Resource": "*"}, "s3express:CreateSession", "*", False),
    ({"Action": "s3*", "Resource": "*"}, "s3express:CreateSession", "*", True),
    ({"Action": "S3:getobject", "Resource": "*"}, "s3:GetObject", "arn:aws:s3:::b/k", True),
    ({"Action": "s3:Get*", "Resource": "*"}, "s3:GetBucketPolicy", "arn:aws:s3:::b", True),
    ({"Action": "s3:GET*", "Resource": "*"}, "s3:GetBucketPolicy", "arn:aws:s3:::b", True),
    ({"Action": "s3:Get*", "Resource": "*"}, "s3:PutObject", "arn:aws:s3:::b/k", False),
    ({"Action": "s3:*Object", "Resource": "*"}, "s3:GetObjectAcl", "arn:aws:s3:::b/k", False),
    ({"Action": "s3:?etObject", "Resource": "*"}, "s3:GetObject", "arn:aws:s3:::b/k", True),
    ({"Action": "s3:?GetObject", "Resource": "*"}, "s3:GetObject", "arn:aws:s3:::b/k", False),
    ({"Action": ["iam:*", "s3:GetObject"], "Resource": "*"}, "s3:GetObject", "arn:aws:s3:::b/k", True),
    ({"Action": "iam:*AccessKey*", "Resource": "*"}, "iam:ListAccessKeys", "*", True),
    ({"Action": "s3:GetObjec.", "Resource": "*"}, "s3:GetObject", "arn:aws:s3:::b/k", False),
    ({"NotAction": "iam:*", "Resource": "*"}, "s3:GetObject", "arn:aws:s3:::b/k", True),
    ({"NotAction": "iam:*", "Resource": "*"}, "iam:GetUser", "*", False),
    ({"NotAction": ["iam:*", "s3:*"], "Resource": "*"}, "S3:GetObject", "arn:aws:s3:::b/k", False),
    ({"Action": "*", "Resource": "arn:aws:s3:::b"}, "s3:ListBucket", "arn:aws:s3:::b", True),
    ({"Action": "*", "Resource": "arn:aws:s3:::b"}, "s3:GetObject", "arn:aws:s3:::b/k", False),
    ({"Action": "*", "Resource": "arn:aws:s3:::b/*"}, "s3:ListBucket", "arn:aws:s3:::b", False),
    ({"Action": "*", "Resource": "arn:aws:s3:::b/*"}, "s3:GetObject", "arn:aws:s3:::b/x/y:z", True),
    ({"Action": "*", "Resource": "arn:aws:s3:::b*"}, "s3:GetObject", "arn:aws:s3:::bucket/k", True),
    ({"Action": "*", "Resource": "arn:aws:s3:::B"}, "s3:ListBucket", "arn:aws:s3:::b", False),
    ({"Action": "*", "Resource": "arn:aws:iam::*:root"}, "sts:AssumeRoot", f"arn:aws:iam::{OTHER}:root", True),
    ({"Action": "*", "Resource": "arn:aws:iam::*:root"}, "iam:GetUser", f"arn:aws:iam::{OTHER}:user/root", False),
    ({"Action": "*", "Resource": "arn:aws:sqs:*:*:*"}, "sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{OTHER}:q", True),
    ({"Action": "*", "Resource": "arn:aws:s3:::b"}, "s3:ListAllMyBuckets", "*", False),
    ({"Action": "*", "NotResource": "arn:aws:s3:::b/*"}, "s3:GetObject", "arn:aws:s3:::b/k", False),
    ({"Action": "*", "NotResource": "arn:aws:s3:::b/*"}, "s3:GetObject", "arn:aws:s3:::c/k", True),
    ({"Action": "*", "NotResource": "arn:aws:iam::*:root"}, "iam:GetUser", f"arn:aws:iam::{OTHER}:user/u", True),
    ({"Action": "*", "Resource": "arn:aws:s3:::b/${aws:username}/*"}, "s3:GetObject", "arn:aws:s3:::b/alice/k", True),
    ({"Action": "*", "Resource": "arn:aws:s3:::b/${aws:username}/*"}, "s3:GetObject", "arn:aws:s3:::b/bob/k", False),
    ({"Action": "*", "Resource": "arn:aws:s3:::b/${test:tag}/*"}, "s3:GetObject", "arn:aws:s3:::b//k", False),
    ({"Action": "*", "Resource": "arn:aws:s3:::b/${test:tag, 'x'}/*"}, "s3:GetObject", "arn:aws:s3:::b/x/k", True),
    ({"Action": "*", "NotResource": "arn:aws:s3:::b/${test:tag}"}, "s3:GetObject", "arn:aws:s3:::b/k", True),
    ({"Action": "*", "Resource": "arn:aws:s3:::b/${*}"}, "s3:GetObject", "arn:aws:s3:::b/k", False),
    ({"Action": "*", "Resource": "arn:aws:s3:::b/${*}"}, "s3:GetObject", "arn:aws:s3:::b/*", True),
    ({"Action": "*", "Resource": "arn:aws:s3:::[ab]"}, "s3:ListBucket", "arn:aws:s3:::a", False),
    ({"Action": "*", "Resource": ["arn:aws:s3:::a", "arn:aws:s3:::b"]}, "s3:ListBucket", "arn:aws:s3:::b", True),
]


@pytest.mark.parametrize(("elements", "action", "resource", "covered"), COVERED)
def test_action_and_resource(elements, action, resource, covered):
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", **elements}}
    assert evaluate(Request(ALICE, action, resource), Policies(identity=[document])).allowed is covered


EVERYBODY = {"root", "alice", "session", "anonymous", "cloudtrail", "github"}
# Principal element, whom a denial with it denies
DENIED = [
    ("*", EVERYBODY),
    ({"AWS": "*"}, EVERYBODY),
    ({"AWS": ["*", OTHER]}, EVERYBODY),
    ({"AWS": ACCOUNT}, {"root", "alice", "session"}),
    ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, {"root", "alice", "session"}),
    ({"AWS": f"arn:aws-cn:iam::{ACCOUNT}:root"}, {"root", "alice", "session"}),
    ({"AWS": OTHER}, set()),
    ({"AWS": ALICE.arn}, {"alice"}),
    ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/alice"}, set()),
    ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/*"}, set()),
    ({"AWS": "AIDAALICE"}, {"alice"}),
    ({"AWS": "AIDADELETED"}, set()),
    ({"AWS": SESSION.role_arn}, {"session"}),
    ({"AWS": SESSION.arn}, {"session"}),
    ({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/carol"}, set()),
    ({"AWS": "AROAADMIN"}, {"session"}),
    ({"AWS": "AROADELETED"}, set()),
    ({"AWS": [ALICE.arn, SESSION.role_arn]}, {"alice", "session"}),
    ({"Service": "cloudtrail.amazonaws.com"}, {"cloudtrail"}),
    ({"Service": ["config.amazonaws.com"]}, set()),
    ({"Federated": GITHUB.arn}, {"github"}),
    ({"Federated": "cognito-identity.amazonaws.com"}, set()),
    ({"CanonicalUser": "c0ffee"}, {"root", "alice"}),
    ({"CanonicalUser": "beef"}, set()),
    ({"AWS": ALICE.arn, "Service": "cloudtrail.amazonaws.com"}, {"alice", "cloudtrail"}),
]
# NotPrincipal element, whom a denial with it spares
SPARED = [
    ("*", EVERYBODY),
    ({"AWS": ACCOUNT}, {"root"}),
    ({"AWS": [ALICE.arn]}, set()),
    ({"AWS": [ALICE.arn, ACCOUNT]}, {"root", "alice"}),
    ({"AWS": ["AIDAALICE", ACCOUNT]}, {"root", "alice"}),
    ({"AWS": [SESSION.arn, ACCOUNT]}, {"root"}),
    ({"AWS": [SESSION.role_arn, ACCOUNT]}, {"root"}),
    ({"AWS": [SESSION.arn, SESSION.role_arn, ACCOUNT]}, {"root", "session"}),
    ({"Service": "cloudtrail.amazonaws.com"}, {"cloudtrail"}),
    ({"Federated": GITHUB.arn}, {"github"}),
]


def denied(principal: Principal, elements: dict, **policies) -> bool:
    """Whether a resource policy that allows everyone, but for these elements, denies the principal."""
    everything = {"Action": "*", "Resource": "*"}
    resource = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": "*", **everything},
            {"Effect": "Deny", **elements, **everything},
        ],
    }
    request = Request(principal, "s3:GetObject", "arn:aws:s3:::b/k", ACCOUNT)
    return not evaluate(request, Policies(resource=resource, **policies)).allowed


@pytest.mark.parametrize(("element", "expected"), DENIED)
def test_principal(element, expected):
    assert {name for name, who in PRINCIPALS.items() if denied(who, {"Principal": element})} == expected


@pytest.mark.parametrize(("element", "expected"), SPARED)
def test_not_principal(element, expected):
    assert {name for name, who in PRINCIPALS.items() if not denied(who, {"NotPrincipal": element})} == expected


def test_not_principal_spares_nobody_with_a_boundary():
    spared = {"NotPrincipal": {"AWS": [ALICE.arn, ACCOUNT]}}
    boundary = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    assert not denied(ALICE, spared)
    assert denied(ALICE, spared, boundary=boundary)


def test_no_pattern_takes_long():
    pattern = "arn:aws:s3:::" + "*a" * 40 + "*b"
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": pattern}}
    start = time.thread_time()
    assert not evaluate(Request(ALICE, "s3:GetObject", "arn:aws:s3:::" + "a" * 1000), Policies([document])).allowed
    assert time.thread_time() - start < 1
