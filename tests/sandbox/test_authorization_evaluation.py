"""The flow from policies to a decision, row by row, after the IAM and Organizations User Guides.

Two buckets, one in each of two accounts, one action. A row says who asks, which policies apply, and what decides.
"""

from dataclasses import dataclass, field

import pytest

from breakglass_aws.sandbox.authorization import Policies, Principal, Request, evaluate

ACCOUNT, OTHER = "111122223333", "444455556666"
OURS, THEIRS = "arn:aws:s3:::ours", "arn:aws:s3:::theirs"
OWNERS = {OURS: ACCOUNT, THEIRS: OTHER, "*": None}

ROOT = Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", "root")
ALICE = Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/alice", "user", "AIDAALICE")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/admin"
SESSION = Principal(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/bob", "role_session", "AROAADMIN:bob", ROLE)
NOBODY = Principal("", "", "anonymous")
CLOUDTRAIL = Principal("", "cloudtrail.amazonaws.com", "service")
GITHUB = Principal("", f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.example", "federated")


def document(*statements: dict) -> dict:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def statement(effect: str, principal=None, action="*", **more) -> dict:
    named = {} if principal is None else {"Principal": principal if principal == "*" else {"AWS": principal}}
    return {"Effect": effect, "Action": action, "Resource": "*", **named, **more}


def allow(principal=None, action="*", **more) -> dict:
    return document(statement("Allow", principal, action, **more))


def deny(principal=None, action="*", **more) -> dict:
    return document(statement("Deny", principal, action, **more))


FULL = allow()
NOT_S3 = allow(action="iam:*")
LOCK = deny("*", "s3:*")
NO_ROOT = deny(Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}, "Null": {"aws:AssumedRoot": "true"}})
ROOT_SESSION = {"aws:AssumedRoot": "true"}
# AWS's examples: an SCP that keeps work in some regions, an RCP that keeps resources to the organization.
REGION_GUARD = document(
    {
        "Effect": "Deny",
        "NotAction": ["iam:*", "sts:*", "s3:ListAllMyBuckets"],
        "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}},
    }
)
PERIMETER = deny(
    "*",
    "s3:*",
    Condition={
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-ours"},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    },
)
# A condition key's name is case-insensitive: AWS itself writes both TaskPolicyArn and TaskPolicyARN.
TASKS = "arn:aws:iam::aws:policy/root-task"
MAY_AUDIT = allow(
    action="sts:AssumeRoot",
    Condition={"StringEquals": {"sts:TaskPolicyARN": f"{TASKS}/IAMAuditRootUserCredentials"}},
)


@dataclass
class Case:
    what: str
    who: Principal
    decision: str  # "allowed by ...", "denied by ..." (explicitly), "not allowed by ..."
    policies: dict = field(default_factory=dict)
    resource: str = OURS
    action: str = "s3:GetObject"
    context: dict = field(default_factory=dict)
    resource_must_allow: bool = False


CASES = [
    # -- Default: everything is denied but to the root user in its own account
    Case("nothing applies", ALICE, "not allowed by identity policy"),
    Case("nothing applies, a session", SESSION, "not allowed by identity policy"),
    Case("nothing applies, anonymous", NOBODY, "not allowed by resource policy"),
    Case("nothing applies, a service", CLOUDTRAIL, "not allowed by resource policy"),
    Case("root", ROOT, "allowed by root user"),
    Case("root, no owned resource", ROOT, "allowed by root user", resource="*"),
    Case("root abroad", ROOT, "not allowed by resource policy", resource=THEIRS),
    Case("root abroad, invited", ROOT, "allowed by root user", {"resource": allow(ACCOUNT)}, THEIRS),
    Case("root, other actions allowed", ROOT, "allowed by root user", {"resource": allow(OTHER)}),
    # -- Identity policies
    Case("identity", ALICE, "allowed by identity policy", {"identity": [FULL]}),
    Case("identity, of no owned resource", ALICE, "allowed by identity policy", {"identity": [FULL]}, "*"),
    Case("one of several", ALICE, "allowed by identity policy", {"identity": [NOT_S3, FULL]}),
    Case("other action", ALICE, "not allowed by identity policy", {"identity": [NOT_S3]}),
    Case("identity denies", ALICE, "denied by identity policy", {"identity": [FULL, deny(action="s3:Get*")]}),
    Case("identity denies another action", ALICE, "allowed by identity policy",
         {"identity": [FULL, deny(action="s3:P*")]}),
    Case("identity denies what the resource allows", ALICE, "denied by identity policy",
         {"identity": [deny()], "resource": allow(ALICE.arn)}),
    Case("deny unless MFA, no MFA", ALICE, "denied by identity policy",
         {"identity": [FULL, deny(Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})]}),
    Case("deny unless MFA, MFA", ALICE, "allowed by identity policy",
         {"identity": [FULL, deny(Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})]},
         context={"aws:MultiFactorAuthPresent": "true"}),
    # -- Resource policies within one account
    Case("resource names the user", ALICE, "allowed by resource policy", {"resource": allow(ALICE.arn)}),
    Case("resource names the user's id", ALICE, "allowed by resource policy", {"resource": allow("AIDAALICE")}),
    Case("resource names the user and the account", ALICE, "allowed by resource policy",
         {"resource": document(statement("Allow", ALICE.arn), statement("Allow", ACCOUNT))}),
    Case("resource names someone else", ALICE, "not allowed by identity policy", {"resource": allow(ROLE)}),
    Case("resource names everyone", ALICE, "allowed by resource policy", {"resource": allow("*")}),
    Case("resource names the account: no grant", ALICE, "not allowed by identity policy", {"resource": allow(ACCOUNT)}),
    Case("resource names the account, identity allows", ALICE, "allowed by identity policy",
         {"identity": [FULL], "resource": allow(ACCOUNT)}),
    Case("resource names another account, identity allows", ALICE, "allowed by identity policy",
         {"identity": [FULL], "resource": allow(OTHER)}),
    Case("resource names the role", SESSION, "allowed by resource policy", {"resource": allow(ROLE)}),
    Case("resource names the session", SESSION, "allowed by resource policy", {"resource": allow(SESSION.arn)}),
    Case("resource names another session", SESSION, "not allowed by identity policy",
         {"resource": allow(f"arn:aws:sts::{ACCOUNT}:assumed-role/admin/carol")}),
    Case("resource names the account, a session", SESSION, "not allowed by identity policy",
         {"resource": allow(ACCOUNT)}),
    Case("resource denies everyone", ALICE, "denied by resource policy", {"identity": [FULL], "resource": LOCK}),
    Case("resource denies everyone, a session", SESSION, "denied by resource policy",
         {"identity": [FULL], "resource": LOCK}),
    Case("resource denies everyone, root", ROOT, "denied by resource policy", {"resource": LOCK}),
    Case("resource denies the account: all of it", ALICE, "denied by resource policy",
         {"identity": [FULL], "resource": deny(ACCOUNT)}),
    Case("resource denies the role", SESSION, "denied by resource policy",
         {"identity": [FULL], "resource": deny(ROLE)}),
    Case("resource without a Principal says nothing", ALICE, "not allowed by identity policy", {"resource": allow()}),
    Case("resource without a Principal denies nothing", ALICE, "allowed by identity policy",
         {"identity": [FULL], "resource": deny()}),
    Case("TLS only, without TLS", SESSION, "denied by resource policy",
         {"identity": [FULL], "resource": deny("*", Condition={"Bool": {"aws:SecureTransport": "false"}})},
         context={"aws:SecureTransport": "false"}),
    Case("TLS only, with TLS", SESSION, "allowed by identity policy",
         {"identity": [FULL], "resource": deny("*", Condition={"Bool": {"aws:SecureTransport": "false"}})},
         context={"aws:SecureTransport": "true"}),
    Case("organization guard, our organization", SESSION, "allowed by identity policy",
         {"identity": [FULL], "resource": deny("*", Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-ours"}})},
         context={"aws:PrincipalOrgID": "o-ours"}),
    Case("organization guard, no organization", SESSION, "denied by resource policy",
         {"identity": [FULL], "resource": deny("*", Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-ours"}})}),
    Case("VPC endpoint guard from elsewhere", SESSION, "denied by resource policy",
         {"identity": [FULL], "resource": deny("*", Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1"}})}),
    Case("VPC endpoint guard through the endpoint", SESSION, "allowed by identity policy",
         {"identity": [FULL], "resource": deny("*", Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1"}})},
         context={"aws:SourceVpce": "vpce-1"}),
    # -- Principals of no account
    Case("anonymous, public", NOBODY, "allowed by resource policy", {"resource": allow("*")}),
    Case("anonymous, for an account", NOBODY, "not allowed by resource policy", {"resource": allow(ACCOUNT)}),
    Case("anonymous, locked", NOBODY, "denied by resource policy",
         {"resource": document(statement("Allow", "*"), statement("Deny", "*"))}),
    Case("anonymous, RCP", NOBODY, "denied by resource control policy",
         {"resource": allow("*"), "rcps": [[deny("*")]]}),
    Case("a service, named", CLOUDTRAIL, "allowed by resource policy",
         {"resource": document(statement("Allow", Principal={"Service": CLOUDTRAIL.arn}))}),
    Case("a service, another named", CLOUDTRAIL, "not allowed by resource policy",
         {"resource": document(statement("Allow", Principal={"Service": "config.amazonaws.com"}))}),
    Case("federated, named", GITHUB, "allowed by resource policy",
         {"resource": document(statement("Allow", Principal={"Federated": GITHUB.arn}))}, resource_must_allow=True),
    # -- Across accounts both sides must allow
    Case("abroad, neither", ALICE, "not allowed by identity policy", {}, THEIRS),
    Case("abroad, identity only", ALICE, "not allowed by resource policy", {"identity": [FULL]}, THEIRS),
    Case("abroad, resource only", ALICE, "not allowed by identity policy", {"resource": allow(ALICE.arn)}, THEIRS),
    Case("abroad, resource only, everyone", ALICE, "not allowed by identity policy", {"resource": allow("*")}, THEIRS),
    Case("abroad, both", ALICE, "allowed by identity policy",
         {"identity": [FULL], "resource": allow(ALICE.arn)}, THEIRS),
    Case("abroad, both, the account", ALICE, "allowed by identity policy",
         {"identity": [FULL], "resource": allow(ACCOUNT)}, THEIRS),
    Case("abroad, both, everyone", ALICE, "allowed by identity policy",
         {"identity": [FULL], "resource": allow("*")}, THEIRS),
    Case("abroad, another account", ALICE, "not allowed by resource policy",
         {"identity": [FULL], "resource": allow(OTHER)}, THEIRS),
    Case("abroad, both, the role", SESSION, "allowed by identity policy",
         {"identity": [FULL], "resource": allow(ROLE)}, THEIRS),
    Case("abroad, resource only, the role", SESSION, "not allowed by identity policy",
         {"resource": allow(ROLE)}, THEIRS),
    Case("abroad, resource only, the session", SESSION, "not allowed by identity policy",
         {"resource": allow(SESSION.arn)}, THEIRS),
    Case("abroad, denied there", ALICE, "denied by resource policy",
         {"identity": [FULL], "resource": document(statement("Allow", "*"), statement("Deny", ACCOUNT))}, THEIRS),
    Case("abroad, boundary", ALICE, "not allowed by permissions boundary",
         {"identity": [FULL], "boundary": NOT_S3, "resource": allow(ALICE.arn)}, THEIRS),
    # -- Permissions boundary: a ceiling, never a grant
    Case("boundary alone", ALICE, "not allowed by identity policy", {"boundary": FULL}),
    Case("boundary allows", ALICE, "allowed by identity policy",
         {"identity": [FULL], "boundary": allow(action="s3:*")}),
    Case("boundary leaves out", ALICE, "not allowed by permissions boundary", {"identity": [FULL], "boundary": NOT_S3}),
    Case("boundary denies", ALICE, "denied by permissions boundary",
         {"identity": [FULL], "boundary": document(statement("Allow"), statement("Deny", action="s3:*"))}),
    Case("boundary leaves out, resource names the user", ALICE, "allowed by resource policy",
         {"boundary": NOT_S3, "resource": allow(ALICE.arn)}),
    Case("boundary leaves out, resource names the role", SESSION, "not allowed by permissions boundary",
         {"boundary": NOT_S3, "resource": allow(ROLE)}),
    Case("boundary leaves out, resource names the session", SESSION, "allowed by resource policy",
         {"boundary": NOT_S3, "resource": allow(SESSION.arn)}),
    Case("boundary leaves out, resource names the role in a condition", SESSION, "allowed by resource policy",
         {"boundary": NOT_S3, "resource": allow("*", Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}})}),
    Case("boundary denies, resource names the session", SESSION, "denied by permissions boundary",
         {"boundary": deny(), "resource": allow(SESSION.arn)}),
    # -- Session policies: the intersection with what the role may do
    Case("session policy alone", SESSION, "not allowed by identity policy", {"session": [FULL]}),
    Case("session policy allows", SESSION, "allowed by identity policy", {"identity": [FULL], "session": [FULL]}),
    Case("one of several session policies", SESSION, "allowed by identity policy",
         {"identity": [FULL], "session": [NOT_S3, FULL]}),
    Case("session policy leaves out", SESSION, "not allowed by session policy",
         {"identity": [FULL], "session": [NOT_S3]}),
    Case("session policy denies", SESSION, "denied by session policy", {"identity": [FULL], "session": [deny()]}),
    Case("session policy leaves out, resource names the role", SESSION, "not allowed by session policy",
         {"session": [NOT_S3], "resource": allow(ROLE)}),
    Case("session policy leaves out, resource names the session", SESSION, "allowed by resource policy",
         {"session": [NOT_S3], "resource": allow(SESSION.arn)}),
    Case("no session policies", SESSION, "allowed by identity policy", {"identity": [FULL], "session": []}),
    # -- Service control policies
    Case("SCPs allow", ALICE, "allowed by identity policy", {"identity": [FULL], "scps": [[FULL], [FULL], [FULL]]}),
    Case("SCPs grant nothing", ALICE, "not allowed by identity policy", {"scps": [[FULL], [FULL]]}),
    Case("an OU without an allow", ALICE, "not allowed by service control policy",
         {"identity": [FULL], "scps": [[FULL], [NOT_S3], [FULL]]}),
    Case("an OU with nothing attached", ALICE, "not allowed by service control policy",
         {"identity": [FULL], "scps": [[FULL], [], [FULL]]}),
    Case("allowed by another policy of the OU", ALICE, "allowed by identity policy",
         {"identity": [FULL], "scps": [[FULL], [NOT_S3, allow(action="s3:*")], [FULL]]}),
    Case("denied at the top", ALICE, "denied by service control policy",
         {"identity": [FULL], "scps": [[FULL, deny(action="s3:*")], [FULL]]}),
    Case("SCP and resource policy", ALICE, "not allowed by service control policy",
         {"resource": allow(ALICE.arn), "scps": [[NOT_S3]]}),
    Case("SCPs bind root", ROOT, "denied by service control policy", {"scps": [[FULL, NO_ROOT]]}),
    Case("SCPs bind root abroad", ROOT, "denied by service control policy",
         {"resource": allow(ACCOUNT), "scps": [[FULL, NO_ROOT]]}, THEIRS),
    Case("a root session is exempt where the SCP says so", ROOT, "allowed by root user",
         {"scps": [[FULL, NO_ROOT]]}, context=ROOT_SESSION),
    Case("that SCP leaves others alone", SESSION, "allowed by identity policy",
         {"identity": [FULL], "scps": [[FULL, NO_ROOT]]}),
    Case("an SCP without exemption binds root sessions", ROOT, "denied by service control policy",
         {"scps": [[FULL, deny(Condition={"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}})]]},
         context=ROOT_SESSION),
    Case("region guard, elsewhere", ALICE, "denied by service control policy",
         {"identity": [FULL], "scps": [[FULL, REGION_GUARD]]},
         context={"aws:RequestedRegion": "us-west-2"}),
    Case("region guard, exempt action", ALICE, "allowed by identity policy",
         {"identity": [FULL], "scps": [[FULL, REGION_GUARD]]},
         "*", "s3:ListAllMyBuckets", {"aws:RequestedRegion": "us-west-2"}),
    Case("leaving is denied, root included", ROOT, "denied by service control policy",
         {"scps": [[FULL, deny(action="organizations:LeaveOrganization")]]}, "*", "organizations:LeaveOrganization"),
    Case("the access role is protected", ALICE, "denied by service control policy",
         {"identity": [FULL], "scps": [[FULL, document(
             {"Effect": "Deny", "Action": "iam:DeleteRole",
              "Resource": "arn:aws:iam::*:role/OrganizationAccountAccessRole",
              "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/stacksets-exec-*"}}})]]},
         f"arn:aws:iam::{ACCOUNT}:role/OrganizationAccountAccessRole", "iam:DeleteRole"),
    # -- Resource control policies
    Case("RCP denies", ALICE, "denied by resource control policy",
         {"identity": [FULL], "rcps": [[], [deny("*", "s3:*")]]}),
    Case("RCP about others", ALICE, "allowed by identity policy", {"identity": [FULL], "rcps": [[deny("*", "sqs:*")]]}),
    Case("RCP about another account", ALICE, "allowed by identity policy",
         {"identity": [FULL], "rcps": [[deny(OTHER)]]}),
    Case("RCP denies root", ROOT, "denied by resource control policy", {"rcps": [[deny("*", "s3:*")]]}),
    Case("RCP guard, ours", SESSION, "allowed by identity policy",
         {"identity": [FULL], "rcps": [[PERIMETER]]}, context={"aws:PrincipalOrgID": "o-ours"}),
    Case("RCP guard, foreign", SESSION, "denied by resource control policy",
         {"identity": [FULL], "resource": allow(ROLE), "rcps": [[PERIMETER]]}, THEIRS,
         context={"aws:PrincipalOrgID": "o-other"}),
    Case("RCP guard, a service", CLOUDTRAIL, "allowed by resource policy",
         {"resource": document(statement("Allow", Principal={"Service": CLOUDTRAIL.arn})),
          "rcps": [[PERIMETER]]}),
    # -- Task policies cap a root session
    Case("task policy denies", ROOT, "denied by task policy", {"task": deny(action="s3:*")}, context=ROOT_SESSION),
    Case("task policy leaves alone", ROOT, "allowed by root user",
         {"task": deny(action="iam:*")}, context=ROOT_SESSION),
    # -- The owner's root user and the policy of its bucket or queue
    *(
        Case(f"{action} by root of a locked resource", ROOT, "allowed by root user of the resource owner",
             {"resource": deny("*")}, action=action)
        for action in ("s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:putbucketpolicy",
                       "sqs:GetQueueAttributes", "sqs:SetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueues")
    ),
    *(
        Case(f"{action} by root of a locked resource", ROOT, "denied by resource policy",
             {"resource": deny("*")}, action=action)
        for action in ("s3:ListBucket", "s3:PutObject", "s3:DeleteBucket", "s3:PutBucketAcl",
                       "sqs:ReceiveMessage", "sqs:PurgeQueue")
    ),
    Case("unlocked by an administrator", SESSION, "denied by resource policy",
         {"identity": [FULL], "resource": LOCK}, action="s3:DeleteBucketPolicy"),
    Case("unlocked by a foreign root", ROOT, "denied by resource policy",
         {"resource": LOCK}, THEIRS, "s3:DeleteBucketPolicy"),
    Case("unlocked against an SCP", ROOT, "denied by service control policy",
         {"resource": LOCK, "scps": [[FULL, NO_ROOT]]}, action="s3:DeleteBucketPolicy"),
    Case("unlocked without an SCP that allows", ROOT, "not allowed by service control policy",
         {"resource": LOCK, "scps": [[NOT_S3]]}, action="s3:DeleteBucketPolicy"),
    Case("unlocked against an RCP", ROOT, "denied by resource control policy",
         {"resource": LOCK, "rcps": [[deny("*", "s3:*")]]}, action="s3:DeleteBucketPolicy"),
    Case("unlocked in the wrong task", ROOT, "denied by task policy",
         {"resource": LOCK, "task": deny(action="s3:*")}, action="s3:DeleteBucketPolicy"),
    Case("root of a bucket that is not locked", ROOT, "allowed by root user", {"resource": deny(OTHER)},
         action="s3:DeleteBucketPolicy"),
    # -- Trust policies must allow even within one account
    Case("assume: trust and identity", ALICE, "allowed by identity policy",
         {"identity": [FULL], "resource": allow(ACCOUNT)}, action="sts:AssumeRole", resource_must_allow=True),
    Case("assume: identity only", ALICE, "not allowed by resource policy",
         {"identity": [FULL], "resource": allow(OTHER)}, action="sts:AssumeRole", resource_must_allow=True),
    Case("assume: trust in the account only", ALICE, "not allowed by identity policy",
         {"resource": allow(ACCOUNT)}, action="sts:AssumeRole", resource_must_allow=True),
    Case("assume: trust in the user", ALICE, "allowed by resource policy",
         {"resource": allow(ALICE.arn)}, action="sts:AssumeRole", resource_must_allow=True),
    Case("assume: trust in the role", SESSION, "allowed by resource policy",
         {"resource": allow(ROLE)}, action="sts:AssumeRole", resource_must_allow=True),
    Case("assume: trust in the role, boundary", SESSION, "not allowed by permissions boundary",
         {"resource": allow(ROLE), "boundary": NOT_S3}, action="sts:AssumeRole", resource_must_allow=True),
    Case("assume: trust denies", ALICE, "denied by resource policy",
         {"identity": [FULL], "resource": document(statement("Allow", "*"), statement("Deny", ALICE.arn))},
         action="sts:AssumeRole", resource_must_allow=True),
    Case("assume: no Resource in a trust policy", ALICE, "allowed by identity policy",
         {"identity": [FULL], "resource": document(
             {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})},
         "arn:aws:iam::111122223333:role/r", "sts:AssumeRole", resource_must_allow=True),
    Case("assume abroad: trust and identity", ALICE, "allowed by identity policy",
         {"identity": [FULL], "resource": allow(ACCOUNT)}, THEIRS, "sts:AssumeRole", resource_must_allow=True),
    Case("assume: a service", CLOUDTRAIL, "allowed by resource policy",
         {"resource": document(
             {"Effect": "Allow", "Principal": {"Service": CLOUDTRAIL.arn}, "Action": "sts:AssumeRole"})},
         action="sts:AssumeRole", resource_must_allow=True),
    # -- Least privilege for opening root sessions (condition on the task)
    Case("audit task allowed", ALICE, "allowed by identity policy",
         {"identity": [MAY_AUDIT]},
         f"arn:aws:iam::{OTHER}:root", "sts:AssumeRoot",
         {"sts:TaskPolicyArn": f"{TASKS}/IAMAuditRootUserCredentials"}),
    Case("other task not allowed", ALICE, "not allowed by identity policy",
         {"identity": [MAY_AUDIT]},
         f"arn:aws:iam::{OTHER}:root", "sts:AssumeRoot",
         {"sts:TaskPolicyArn": f"{TASKS}/S3UnlockBucketPolicy"}),
    Case("trusted access for two services only", ALICE, "not allowed by identity policy",
         {"identity": [allow(action="organizations:EnableAWSServiceAccess", Condition={
             "StringEquals": {"organizations:ServicePrincipal": ["iam.amazonaws.com", "account.amazonaws.com"]}})]},
         "*", "organizations:EnableAWSServiceAccess", {"organizations:ServicePrincipal": "ram.amazonaws.com"}),
]  # fmt: skip
_REASONS = {"allowed": "allowed by", "explicit_deny": "denied by", "implicit_deny": "not allowed by"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_decision(case):
    request = Request(case.who, case.action, case.resource, OWNERS.get(case.resource), case.context)
    decision = evaluate(request, Policies(**case.policies), resource_must_allow=case.resource_must_allow)
    assert f"{_REASONS[decision.reason]} {decision.source}" == case.decision
    assert decision.allowed is case.decision.startswith("allowed")


def test_deciding_statements_are_named():
    policies = Policies(
        identity=[FULL],
        resource=document(
            statement("Allow", "*", Sid="Public"), statement("Deny", "*", Sid="Locked"), statement("Deny", ALICE.arn)
        ),
    )
    decision = evaluate(Request(ALICE, "s3:GetObject", OURS, ACCOUNT), policies)
    assert [(one.source, one.index, one.sid, one.document) for one in decision.statements] == [
        ("resource policy", 1, "Locked", 0),
        ("resource policy", 2, None, 0),
    ]


def test_deciding_documents_are_numbered():
    decision = evaluate(Request(ALICE, "s3:GetObject", OURS, ACCOUNT), Policies(identity=[NOT_S3, FULL]))
    assert [(one.document, one.index) for one in decision.statements] == [(1, 0)]


@pytest.mark.parametrize(
    ("policies", "clause"),
    [
        ({"identity": [FULL]}, ""),
        ({}, "because no identity-based policy allows the s3:GetObject action"),
        ({"scps": [[NOT_S3]]}, "because no service control policy allows the s3:GetObject action"),
        ({"identity": [FULL], "boundary": NOT_S3}, "because no permissions boundary allows the s3:GetObject action"),
        ({"identity": [deny()]}, "with an explicit deny in an identity-based policy"),
        ({"resource": LOCK}, "with an explicit deny in a resource-based policy"),
        ({"rcps": [[LOCK]]}, "with an explicit deny in a resource control policy"),
    ],
)
def test_clause_of_the_error_message(policies, clause):
    decision = evaluate(Request(ALICE, "s3:GetObject", OURS, ACCOUNT), Policies(**policies))
    assert decision.clause("s3:GetObject") == clause
