"""Policies as they are met in the field: which statements lock, and what a repair makes of them.

The shapes are those of AWS's documentation ("Bucket policy examples", "Data perimeter policy examples"), of public
issues and of post-mortems; the words are ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._policies.lockouts import lockout_statements
from ansible_collections.breakglass.aws.plugins.module_utils._policies.repair import repair
from ansible_collections.breakglass.aws.plugins.module_utils._policies.request_context import (
    administrators_of,
    resource_of,
)

ACCOUNT, OTHER, ORGANIZATION = "333344445555", "999900001111", "o-ours000001"
BUCKET = "arn:aws:s3:::ledger"
OBJECTS = f"{BUCKET}/*"
BOTH = [BUCKET, OBJECTS]
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/Admin"
CLERK = f"arn:aws:iam::{ACCOUNT}:user/clerk"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/someone"
DELETED = "AROAEXAMPLE1234567890"
MANAGING = ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]
NOT_MANAGING = {"NotAction": MANAGING, "Action": None}

GONE = f"arn:aws:iam::{ACCOUNT}:role/Gone"
# What patterns on the bucket are spelled out into, without the management of the policy.
BUCKET_DELETES = ["s3:DeleteBucket", "s3:DeleteBucketMetadataTableConfiguration", "s3:DeleteBucketWebsite"]
BUCKET_PUTS = [
    "s3:PutAccelerateConfiguration",
    "s3:PutAnalyticsConfiguration",
    "s3:PutBucketAbac",
    "s3:PutBucketAcl",
    "s3:PutBucketCORS",
    "s3:PutBucketLogging",
    "s3:PutBucketNotification",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketRequestPayment",
    "s3:PutBucketTagging",
    "s3:PutBucketVersioning",
    "s3:PutBucketWebsite",
    "s3:PutEncryptionConfiguration",
    "s3:PutIntelligentTieringConfiguration",
    "s3:PutInventoryConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutMetricsConfiguration",
    "s3:PutReplicationConfiguration",
]
OBJECT_DELETES = [
    "s3:DeleteObject",
    "s3:DeleteObjectAnnotation",
    "s3:DeleteObjectTagging",
    "s3:DeleteObjectVersion",
    "s3:DeleteObjectVersionAnnotation",
    "s3:DeleteObjectVersionTagging",
]

QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:jobs"
QUEUE_MANAGING = ["sqs:GetQueueAttributes", "sqs:SetQueueAttributes"]
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:orders"

OUTSIDE = {"Condition": {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}}}


def deny(action="s3:*", resource=None, **elements) -> dict:
    """A Deny for everybody, of every action on bucket and objects, unless something else is said."""
    statement = {"Sid": "Lock", "Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource or BOTH}
    return changed(statement, **elements)


def allow(action, principal="*", resource=OBJECTS, **elements) -> dict:
    return changed(deny(action, resource), Sid="Grant", Effect="Allow", Principal=principal, **elements)


def changed(statement: dict, **elements) -> dict:
    """A copy with these elements; None takes one away."""
    return {name: value for name, value in {**statement, **elements}.items() if value is not None}


def when(operator: str, key: str, *values) -> dict:
    return {"Condition": {operator: {key: values[0] if len(values) == 1 else list(values)}}}


@dataclass(frozen=True)
class Case:
    """A policy: its ``statements``, the indexes of those that lock, and what a repair leaves."""

    name: str
    statements: list[dict]
    locked: list[int] = field(default_factory=list)
    repaired: list[dict] | None = None
    administrators: tuple[str, ...] = ()
    version: str = "2012-10-17"
    resource: str = BUCKET


def harmless(name: str, *statements: dict, **more) -> Case:
    return Case(name, list(statements), [], list(statements), **more)


def locking(name: str, statement: dict, *repaired: dict, **more) -> Case:
    return Case(name, [statement], [0], list(repaired), **more)


def on_queue(action="sqs:*", **elements) -> dict:
    return deny(action, QUEUE, **elements)


def narrowed(name: str, statement: dict, **more) -> Case:
    """A guard that locks: it stays, but for managing the policy."""
    return locking(name, statement, changed(statement, **NOT_MANAGING), **more)


def apart(statement: dict, **exemption) -> list[dict]:
    """What becomes of a Deny of every action when named administrators are exempted from policy management."""
    return [changed(statement, **NOT_MANAGING), changed(statement, Action=MANAGING, Sid="Lock2", **exemption)]


TLS = deny(Sid="TLS", **when("Bool", "aws:SecureTransport", "false"))
OUR_ORGANIZATION = deny(Sid="Org", **when("StringNotEquals", "aws:PrincipalOrgID", ORGANIZATION))

CASES = [
    # outright: nothing of them is a guard
    locking("every S3 action", deny()),
    locking("every action there is", deny("*")),
    locking("every action, as a list", deny(["*"])),
    locking("in capitals", deny("S3:*")),
    locking("among others", deny(["s3:GetObject", "s3:*"])),
    locking("on the bucket alone", deny(resource=BUCKET)),
    locking("on any resource", deny(resource="*")),
    locking("on a pattern", deny(resource=f"{BUCKET}*")),
    locking("everybody as AWS principal", deny(Principal={"AWS": "*"})),
    locking("everybody in a list", deny(Principal={"AWS": ["*"]})),
    locking("the account by ID", deny(Principal={"AWS": ACCOUNT})),
    locking("the account by its root", deny(Principal={"AWS": [ROOT, f"arn:aws:iam::{OTHER}:root"]})),
    Case("between two guards", [TLS, deny(), OUR_ORGANIZATION], [1], [TLS, OUR_ORGANIZATION]),
    Case("twice", [deny(), TLS, deny("*", Sid="Lock2")], [0, 2], [TLS]),
    # some objects with the bucket: those objects are a guard
    narrowed("the bucket and one folder", deny(resource=[BUCKET, f"{BUCKET}/secret/*"])),
    narrowed("the bucket and a folder of each user", deny(resource=[BUCKET, f"{BUCKET}/${{aws:username}}/*"])),
    narrowed("the bucket and objects with one ending", deny(resource=[BUCKET, f"{BUCKET}/*.key"])),
    narrowed("everything but a public folder", deny(Resource=None, NotResource=f"{BUCKET}/public/*")),
    # outright, with a grant to others behind it: they stay denied
    Case("with a public grant", [deny(), allow("s3:GetObject")], [0], [deny(**OUTSIDE), allow("s3:GetObject")]),
    Case(
        "with a grant to another account",
        [deny(), allow("s3:GetObject", {"AWS": OTHER})],
        [0],
        [deny(**OUTSIDE), allow("s3:GetObject", {"AWS": OTHER})],
    ),
    Case(
        "with a grant to a service",
        [deny(), allow("s3:PutObject", {"Service": "logging.s3.amazonaws.com"})],
        [0],
        [deny(**OUTSIDE), allow("s3:PutObject", {"Service": "logging.s3.amazonaws.com"})],
    ),
    Case("with a grant inside", [deny(), allow("s3:*", {"AWS": ADMIN})], [0], [allow("s3:*", {"AWS": ADMIN})]),
    Case("with a grant to the account", [deny(), allow("s3:*", {"AWS": ROOT})], [0], [allow("s3:*", {"AWS": ROOT})]),
    Case("with a grant to nobody left", [deny(), allow("s3:*", {"AWS": DELETED})], [0], []),
    # policy management
    locking("management alone", deny(MANAGING)),
    locking("management in one pattern", deny("s3:*BucketPolicy", BUCKET)),
    locking("putting alone", deny("s3:PutBucketPolicy", BUCKET)),
    locking("reading alone, in small letters", deny(["s3:getbucketpolicy"], BUCKET)),
    Case(
        "management, with a grant of it to another account",
        [deny(MANAGING), allow("s3:*", {"AWS": OTHER}, BOTH)],
        [0],
        [deny(MANAGING, **OUTSIDE), allow("s3:*", {"AWS": OTHER}, BOTH)],
    ),
    Case(
        "management, with a grant of objects to another account",
        [deny(MANAGING), allow("s3:GetObject", {"AWS": OTHER})],
        [0],
        [allow("s3:GetObject", {"AWS": OTHER})],
    ),
    # more than management, less than everything: a guard
    locking("deletion, each by name", deny(["s3:DeleteObject", *MANAGING]), deny(["s3:DeleteObject"])),
    locking(
        "deletion, by pattern",
        deny("s3:Delete*"),
        deny(BUCKET_DELETES),
        deny("s3:Delete*", [OBJECTS], Sid="Lock2"),
    ),
    locking("deletion of the bucket, by pattern", deny("s3:DeleteBucket*", BUCKET), deny(BUCKET_DELETES, BUCKET)),
    locking(
        "deletion of the bucket, by pattern in the middle",
        deny("s3:*lete*cket*", BUCKET),
        deny(BUCKET_DELETES, BUCKET),
    ),
    locking(
        "deletion, by pattern and by name",
        deny(["s3:Delete*", "s3:deletebucket"], BUCKET),
        deny(["s3:deletebucket", *BUCKET_DELETES[1:]], BUCKET),
    ),
    locking(
        "writing and listing, by pattern",
        deny(["s3:Put*", "s3:ListBucket"]),
        deny(["s3:ListBucket", *BUCKET_PUTS]),
        deny(["s3:Put*"], [OBJECTS], Sid="Lock2"),
    ),
    locking(
        "deletion, by pattern, on all resources but one folder",
        deny("s3:Delete*", Resource=None, NotResource=f"{BUCKET}/tmp/*"),
        deny([*BUCKET_DELETES, *OBJECT_DELETES], Resource=None, NotResource=f"{BUCKET}/tmp/*"),
    ),
    # S3 takes no statement with an action that none of its resources can have
    locking("management by pattern and by name, on objects too", deny(["s3:*BucketPolicy", "s3:GetBucketPolicy"])),
    locking(
        "writing by pattern, management by name, on objects too",
        deny(["s3:Put*", "s3:DeleteBucketPolicy"]),
        deny(BUCKET_PUTS),
        deny(["s3:Put*"], [OBJECTS], Sid="Lock2"),
    ),
    Case(
        "management by pattern, with a grant to another account",
        [deny(["s3:*Policy", "s3:GetBucketPolicy"]), allow("s3:*", {"AWS": OTHER}, BOTH)],
        [0],
        [deny(MANAGING, **OUTSIDE), allow("s3:*", {"AWS": OTHER}, BOTH)],
    ),
    locking(
        "everything but reading",
        deny(None, NotAction="s3:GetObject"),
        deny(None, NotAction=["s3:GetObject", *MANAGING]),
    ),
    locking(
        "everything but reading, the policy included",
        deny(None, NotAction=["s3:GetObject", "s3:GetBucketPolicy"]),
        deny(None, NotAction=["s3:GetObject", "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]),
    ),
    # networks
    narrowed("a VPC endpoint", deny(**when("StringNotEquals", "aws:SourceVpce", "vpce-0a1b2c3d"))),
    narrowed("two VPC endpoints", deny(**when("StringNotEquals", "aws:sourceVpce", "vpce-0a", "vpce-0b"))),
    narrowed("a VPC", deny(**when("StringNotEquals", "aws:SourceVpc", "vpc-0a1b2c3d"))),
    narrowed("a VPC, if there is one", deny(**when("StringNotEqualsIfExists", "aws:SourceVpc", "vpc-0a1b2c3d"))),
    narrowed("any VPC endpoint", deny(**when("Null", "aws:SourceVpce", "true"))),
    narrowed("an office", deny(**when("NotIpAddress", "aws:SourceIp", "203.0.113.0/24", "2001:db8::/32"))),
    narrowed(
        "a network perimeter",
        deny(
            Condition={
                "NotIpAddressIfExists": {"aws:SourceIp": ["203.0.113.0/24"]},
                "StringNotEqualsIfExists": {"aws:SourceVpc": ["vpc-0a1b2c3d"]},
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"},
            }
        ),
    ),
    Case(
        "a VPC endpoint, with a grant of everything to another account",
        [deny(**when("StringNotEquals", "aws:SourceVpce", "vpce-0a")), allow("s3:*", {"AWS": OTHER}, BOTH)],
        [0],
        [
            deny(None, NotAction=MANAGING, **when("StringNotEquals", "aws:SourceVpce", "vpce-0a")),
            deny(
                MANAGING,
                Sid="Lock2",
                Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-0a", "aws:PrincipalAccount": ACCOUNT}},
            ),
            allow("s3:*", {"AWS": OTHER}, BOTH),
        ],
    ),
    # who one is
    narrowed("a mistyped organization", deny(**when("StringNotEquals", "aws:PrincipalOrgID", "o-typo000001"))),
    narrowed("another account", deny(**when("StringNotEquals", "aws:PrincipalAccount", OTHER))),
    narrowed("no MFA", deny(**when("BoolIfExists", "aws:MultiFactorAuthPresent", "false"))),
    narrowed("no MFA, as AWS's guide has it", deny(**when("Null", "aws:MultiFactorAuthAge", "true"))),
    narrowed("an old MFA", deny(**when("NumericGreaterThan", "aws:MultiFactorAuthAge", 3600))),
    narrowed("a role created anew", deny(**when("StringNotLike", "aws:userId", "AROAOLD:*", ACCOUNT))),
    narrowed("all but a role", deny(**when("ArnNotLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/Gone"))),
    narrowed("all but a role, as text", deny(**when("StringNotLike", "aws:PrincipalArn", "*:role/Gone"))),
    narrowed("users", deny(**when("StringEquals", "aws:PrincipalType", "User"))),
    narrowed("the whole account", deny(**when("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:*"))),
    narrowed("a tag nobody may have", deny(**when("StringNotEquals", "aws:PrincipalTag/team", "security"))),
    narrowed("who uses TLS", deny(**when("Bool", "aws:SecureTransport", "true"))),
    narrowed("who uses TLS 1.3", deny(**when("NumericLessThan", "s3:TlsVersion", 1.4))),
    # encryption headers, but on every action: requests to manage the policy have none
    narrowed("no encryption header", deny(**when("StringNotEquals", "s3:x-amz-server-side-encryption", "aws:kms"))),
    narrowed("a null encryption header", deny(**when("Null", "s3:x-amz-server-side-encryption", "true"))),
    # keys and operators nobody knows
    narrowed("an unknown key", deny(**when("StringEquals", "acme:Weather", "rain"))),
    narrowed("an unknown operator", deny(**when("StringRhymesWith", "aws:PrincipalAccount", ACCOUNT))),
    narrowed("a date", deny(**when("DateGreaterThan", "aws:CurrentTime", "2026-01-01T00:00:00Z"))),
    # NotPrincipal
    narrowed("all but the root user", deny(Principal=None, NotPrincipal={"AWS": ROOT})),
    narrowed("all but a role, by NotPrincipal", deny(Principal=None, NotPrincipal={"AWS": [ROOT, ADMIN, SESSION]})),
    locking(
        "all but a deleted role, by NotPrincipal",
        deny(Principal=None, NotPrincipal={"AWS": DELETED}),
        deny(None, NotAction=MANAGING),
    ),
    locking(
        "all but deleted ones and a role, by NotPrincipal",
        deny(Principal=None, NotPrincipal={"AWS": [DELETED, ADMIN]}),
        deny(None, Principal=None, NotPrincipal={"AWS": [ADMIN]}, NotAction=MANAGING),
    ),
    # guards that look alike and lock nobody
    harmless("TLS only", TLS),
    harmless("TLS only, as a boolean", deny(**when("Bool", "aws:SecureTransport", False))),
    harmless("TLS only, in capitals", deny(**when("bool", "AWS:SECURETRANSPORT", "False"))),
    harmless("minimum TLS version", deny(**when("NumericLessThan", "s3:TlsVersion", 1.2))),
    harmless("our organization", OUR_ORGANIZATION),
    harmless(
        "ours, or a service",
        deny(
            Condition={
                **when("StringNotEqualsIfExists", "aws:PrincipalOrgID", ORGANIZATION)["Condition"],
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
            }
        ),
    ),
    harmless(
        "our organization's paths",
        deny(**when("ForAllValues:StringNotLike", "aws:PrincipalOrgPaths", f"{ORGANIZATION}/*")),
    ),
    harmless("our account", deny(**when("StringNotEquals", "aws:PrincipalAccount", OTHER, ACCOUNT))),
    harmless("resource account", deny(**when("StringNotEquals", "s3:ResourceAccount", ACCOUNT))),
    harmless("unencrypted uploads", deny("s3:PutObject", **when("Null", "s3:x-amz-server-side-encryption", "true"))),
    harmless(
        "wrong key for uploads",
        deny("s3:PutObject", OBJECTS, **when("StringNotEquals", "s3:x-amz-server-side-encryption", "aws:kms")),
    ),
    harmless(
        "public ACLs",
        deny(["s3:PutObjectAcl", "s3:PutBucketAcl"], **when("StringEquals", "s3:x-amz-acl", "public-read")),
    ),
    harmless(
        "any action with a public ACL", deny(**when("StringEquals", "s3:x-amz-acl", "public-read", "public-read-write"))
    ),
    harmless("objects", deny(resource=OBJECTS)),
    harmless("a folder", deny(resource=f"{BUCKET}/private/*")),
    harmless("all but the bucket", deny(Resource=None, NotResource=BUCKET)),
    harmless("another bucket", deny(resource="arn:aws:s3:::other")),
    harmless("listing one folder", deny("s3:ListBucket", BUCKET, **when("StringLike", "s3:prefix", "secret/*"))),
    harmless("the root user", deny(**when("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:root"))),
    harmless(
        "services of others",
        deny(
            Condition={"StringNotEquals": {"aws:SourceAccount": ACCOUNT}, "Bool": {"aws:PrincipalIsAWSService": "true"}}
        ),
    ),
    harmless("a blocked address", deny(**when("IpAddress", "aws:SourceIp", "198.51.100.0/24"))),
    harmless("no address at all", deny(**when("NotIpAddress", "aws:SourceIp", "0.0.0.0/0"), Principal={"AWS": OTHER})),
    harmless("a blocked endpoint", deny(**when("StringEquals", "aws:SourceVpce", "vpce-0bad"))),
    harmless("old signatures", deny(**when("StringEquals", "s3:signatureversion", "AWS"))),
    harmless("aged presigned URLs", deny(**when("NumericGreaterThan", "s3:signatureAge", 600000))),
    harmless("presigned URLs", deny(**when("StringNotEquals", "s3:authType", "REST-HEADER"))),
    harmless("another account, by principal", deny(Principal={"AWS": OTHER})),
    harmless("a service, by principal", deny(Principal={"Service": "cloudtrail.amazonaws.com"})),
    harmless("a deleted role, by principal", deny(Principal={"AWS": DELETED})),
    harmless("one role, by principal", deny(Principal={"AWS": ADMIN})),
    harmless("one role, by condition", deny(**when("ArnEquals", "aws:PrincipalArn", ADMIN))),
    harmless("an allow", allow("s3:*", resource=BOTH)),
    harmless(
        "a variable that is one's own account",
        deny(**when("StringNotEquals", "aws:ResourceAccount", "${aws:PrincipalAccount}")),
    ),
    harmless("an old version, without conditions", TLS, version="2008-10-17"),
    # a variable is no variable in the old version
    narrowed(
        "a variable in the old version",
        deny(**when("StringNotEquals", "aws:ResourceAccount", "${aws:PrincipalAccount}")),
        version="2008-10-17",
    ),
    # named administrators are exempted, everybody else stays denied
    locking(
        "everything, one named",
        deny(),
        *apart(deny(), **when("ArnNotEquals", "aws:PrincipalArn", ADMIN)),
        administrators=(ADMIN,),
    ),
    locking(
        "everything, two named",
        deny(),
        *apart(deny(), **when("ArnNotEquals", "aws:PrincipalArn", ADMIN, CLERK)),
        administrators=(ADMIN, CLERK),
    ),
    locking(
        "a network, one named",
        deny(**when("StringNotEquals", "aws:SourceVpce", "vpce-0a")),
        *apart(
            deny(**when("StringNotEquals", "aws:SourceVpce", "vpce-0a")),
            Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-0a"}, "ArnNotEquals": {"aws:PrincipalArn": ADMIN}},
        ),
        administrators=(ADMIN,),
    ),
    locking(
        "an exemption of another role, one named",
        deny(**when("ArnNotEquals", "AWS:principalARN", GONE)),
        *apart(
            deny(**when("ArnNotEquals", "AWS:principalARN", GONE)),
            **when("ArnNotEquals", "AWS:principalARN", GONE, ADMIN),
        ),
        administrators=(ADMIN,),
    ),
    locking(
        "one of two is exempt",
        deny(**when("ArnNotEquals", "aws:PrincipalArn", ADMIN)),
        *apart(
            deny(**when("ArnNotEquals", "aws:PrincipalArn", ADMIN)),
            **when("ArnNotEquals", "aws:PrincipalArn", ADMIN, CLERK),
        ),
        administrators=(ADMIN, CLERK),
    ),
    locking(
        "the named role alone",
        deny(Principal={"AWS": ADMIN}),
        deny(Principal={"AWS": ADMIN}, **NOT_MANAGING),
        administrators=(ADMIN,),
    ),
    locking(
        "a session of the named role",
        deny(Principal={"AWS": SESSION}),
        *apart(deny(Principal={"AWS": SESSION}), **when("ArnNotEquals", "aws:PrincipalArn", ADMIN)),
        administrators=(ADMIN,),
    ),
    locking(
        "a unique ID that may be the named role's",
        deny(**when("StringLike", "aws:userid", "AROAWHO:*")),
        *apart(
            deny(**when("StringLike", "aws:userid", "AROAWHO:*")),
            Condition={"StringLike": {"aws:userid": "AROAWHO:*"}, "ArnNotEquals": {"aws:PrincipalArn": ADMIN}},
        ),
        administrators=(ADMIN,),
    ),
    harmless(
        "the named user by NotPrincipal",
        deny(Principal=None, NotPrincipal={"AWS": [ROOT, CLERK]}),
        administrators=(CLERK,),
    ),
    # other sessions of the role stay denied
    locking(
        "the named role by NotPrincipal, with one session",
        deny(Principal=None, NotPrincipal={"AWS": [ROOT, ADMIN, SESSION]}),
        *apart(
            deny(Principal=None, NotPrincipal={"AWS": [ROOT, ADMIN, SESSION]}),
            **when("ArnNotEquals", "aws:PrincipalArn", ADMIN),
        ),
        administrators=(ADMIN,),
    ),
    # managing alone, one named: nothing else is touched
    locking(
        "management by pattern, one named",
        deny("s3:Delete*", BUCKET),
        deny(BUCKET_DELETES, BUCKET),
        deny("s3:DeleteBucketPolicy", BUCKET, Sid="Lock2", **when("ArnNotEquals", "aws:PrincipalArn", ADMIN)),
        administrators=(ADMIN,),
    ),
    harmless("users, a role named", deny(**when("StringEquals", "aws:PrincipalType", "User")), administrators=(ADMIN,)),
    harmless("another user's name", deny(**when("StringNotEquals", "aws:username", "clerk")), administrators=(CLERK,)),
    # --- queues ---
    locking("queue: everything", on_queue(), resource=QUEUE),
    locking("queue: everything, by pattern", on_queue("*"), resource=QUEUE),
    locking("queue: the account's own root user named", on_queue(Principal={"AWS": ACCOUNT}), resource=QUEUE),
    locking("queue: its attributes", on_queue("sqs:*Attributes"), resource=QUEUE),
    locking(
        "queue: management and one more",
        on_queue([*QUEUE_MANAGING, "sqs:DeleteQueue"]),
        on_queue(["sqs:DeleteQueue"]),
        resource=QUEUE,
    ),
    locking(
        "queue: everything that begins with S",
        on_queue("sqs:S*"),
        on_queue(["sqs:SendMessage", "sqs:StartMessageMoveTask"]),
        resource=QUEUE,
    ),
    locking(
        "queue: everything but sending",
        on_queue(Action=None, NotAction="sqs:SendMessage"),
        on_queue(Action=None, NotAction=["sqs:SendMessage", *QUEUE_MANAGING]),
        resource=QUEUE,
    ),
    locking(
        "queue: a VPC endpoint",
        on_queue(**when("StringNotEquals", "aws:SourceVpce", "vpce-0a1b")),
        on_queue(Action=None, NotAction=QUEUE_MANAGING, **when("StringNotEquals", "aws:SourceVpce", "vpce-0a1b")),
        resource=QUEUE,
    ),
    locking(
        "queue: whatever no topic sends",
        on_queue(**when("ArnNotEquals", "aws:SourceArn", TOPIC)),
        on_queue(Action=None, NotAction=QUEUE_MANAGING, **when("ArnNotEquals", "aws:SourceArn", TOPIC)),
        resource=QUEUE,
    ),
    locking(
        "queue: a role made anew",
        on_queue(**when("StringNotLike", "aws:userid", f"{DELETED}:*")),
        on_queue(Action=None, NotAction=QUEUE_MANAGING, **when("StringNotLike", "aws:userid", f"{DELETED}:*")),
        resource=QUEUE,
    ),
    locking(
        "queue: a named administrator",
        on_queue(),
        on_queue(Action=None, NotAction=QUEUE_MANAGING),
        on_queue(QUEUE_MANAGING, Sid="Lock2", **when("ArnNotEquals", "aws:PrincipalArn", ADMIN)),
        administrators=(ADMIN,),
        resource=QUEUE,
    ),
    harmless("queue: TLS", on_queue(**when("Bool", "aws:SecureTransport", "false")), resource=QUEUE),
    harmless(
        "queue: sending from elsewhere",
        on_queue("sqs:SendMessage", **when("StringNotEquals", "aws:PrincipalOrgID", "o-theirs0001")),
        resource=QUEUE,
    ),
    harmless(
        "queue: a topic that sends",
        allow("sqs:SendMessage", {"Service": "sns.amazonaws.com"}, QUEUE, **when("ArnEquals", "aws:SourceArn", TOPIC)),
        resource=QUEUE,
    ),
    harmless("queue: another queue", deny("sqs:*", f"{QUEUE}-else"), resource=QUEUE),
    harmless("queue: purging and deleting", on_queue(["sqs:PurgeQueue", "sqs:DeleteQueue"]), resource=QUEUE),
]


def policy_of(case: Case) -> dict:
    return {"Version": case.version, "Statement": case.statements}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_lockout_statements_are_those(case):
    found = lockout_statements(
        policy_of(case),
        resource=case.resource,
        account_id=ACCOUNT,
        administrators=case.administrators,
        organization_id=ORGANIZATION,
    )
    assert [one["index"] for one in found] == case.locked
    for one in found:
        assert one["statement"] == case.statements[one["index"]]
        assert one["sid"] == one["statement"].get("Sid")
        assert set(one["actions"]) <= set(MANAGING if case.resource == BUCKET else QUEUE_MANAGING)
        assert bool(one["conditions"]) == ("Condition" in one["statement"])
        assert one["why"].startswith("It denies ")
        assert one["why"].endswith(".")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_repair_is_this(case):
    resource = resource_of(case.resource, ACCOUNT, ORGANIZATION)
    policy = policy_of(case)
    repaired = repair(policy, resource, administrators_of(resource, case.administrators))
    if not case.locked:
        assert repaired is policy
    else:
        assert repaired == ({"Version": case.version, "Statement": case.repaired} if case.repaired else None)


def test_names_are_those_of_one_case_each():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) >= 120
