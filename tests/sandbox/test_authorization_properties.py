"""What holds of every decision, whatever the policies say."""

import re
from dataclasses import replace
from itertools import product

from hypothesis import example, given, settings
from hypothesis import strategies as st

from breakglass_aws.sandbox.authorization import Policies, Principal, Request, evaluate

ACCOUNT, OTHER = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
PRINCIPALS = [
    Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", "root"),
    Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/u", "user", "AIDAU"),
    Principal(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s", "role_session", "AROAR:s", ROLE),
    Principal("", "", "anonymous"),
    Principal("", "cloudtrail.amazonaws.com", "service"),
]
NAMED = ["*", ACCOUNT, OTHER, ROLE, *(principal.arn for principal in PRINCIPALS[1:3])]
CONDITIONS = [
    {},
    {"StringEquals": {"test:Key": "a"}},
    {"StringNotEquals": {"test:Key": "a"}},
    {"Null": {"test:Key": "true"}},
    {"ForAllValues:StringLike": {"test:Key": ["a*", "b"]}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}},
    {"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}},
]


# All statements that can be made of these, so that drawing one is quick.
STATEMENTS = [
    {"Effect": effect, **principal, **action, **resource, "Condition": condition}
    for effect, principal, action, resource, condition in product(
        ("Allow", "Deny"),
        [*({"Principal": {"AWS": name}} for name in NAMED), {"NotPrincipal": {"AWS": [ACCOUNT, NAMED[-2]]}}],
        [{"Action": "*"}, {"Action": "s3:get*"}, {"Action": ["iam:*", "s3:GetObject"]}, {"NotAction": "s3:*Policy"}],
        [{"Resource": "*"}, {"Resource": "arn:aws:s3:::a*"}, {"NotResource": ["arn:aws:s3:::b", "*:*:c"]}],
        CONDITIONS,
    )
]
statements = st.sampled_from(STATEMENTS)
allowances, denials = (
    st.sampled_from([statement for statement in STATEMENTS if statement["Effect"] == effect])
    for effect in ("Allow", "Deny")
)


def document(statements: list) -> dict:
    return {"Version": "2012-10-17", "Statement": statements}


documents = st.lists(statements, min_size=1, max_size=3).map(document)
requests = st.builds(
    Request,
    st.sampled_from(PRINCIPALS),
    st.sampled_from(["s3:GetObject", "s3:GetBucketPolicy", "iam:GetUser"]),
    st.sampled_from(["arn:aws:s3:::a", "arn:aws:s3:::b", "*"]),
    st.sampled_from([None, ACCOUNT, OTHER]),
    st.sampled_from([{}, {"test:Key": "a"}, {"test:Key": ["b", "c"]}]),
)
levels = st.none() | st.lists(st.lists(documents, min_size=1, max_size=2), min_size=1, max_size=2)
policies = st.builds(
    Policies,
    identity=st.lists(documents, max_size=2),
    boundary=st.none() | documents,
    session=st.none() | st.lists(documents, max_size=2),
    task=st.none() | documents,
    resource=st.none() | documents,
    scps=levels,
    rcps=levels,
)
DOCUMENT_KINDS = ["boundary", "task", "resource"]
LIST_KINDS = ["identity", "session"]
LEVEL_KINDS = ["scps", "rcps"]


def with_statement(given: Policies, kind: str, statement: dict) -> Policies | None:
    """The same policies with a statement more in the first document of a kind; None when there is no such document."""
    there = getattr(given, kind)
    if not there:
        return None

    def longer(old: dict) -> dict:
        return document([*old["Statement"], statement])

    if kind in DOCUMENT_KINDS:
        return replace(given, **{kind: longer(there)})
    if kind in LIST_KINDS:
        return replace(given, **{kind: [longer(there[0]), *there[1:]]})
    return replace(given, **{kind: [[longer(there[0][0]), *there[0][1:]], *there[1:]]})


kinds = st.sampled_from([*DOCUMENT_KINDS, *LIST_KINDS, *LEVEL_KINDS])
ANYTHING = {"Principal": "*", "Action": "*", "Resource": "*"}


@given(requests, policies, kinds)
def test_an_explicit_deny_always_wins(request, before, kind):
    after = with_statement(before, kind, {"Effect": "Deny", **ANYTHING})
    if after is None:
        return
    decision = evaluate(request, after)
    # But for the resource owner's root user, who may always manage the resource's policy.
    owner = kind == "resource" and request.principal.kind == "root" and request.action == "s3:GetBucketPolicy"
    assert owner or (not decision.allowed and decision.reason == "explicit_deny")


@given(requests, policies, kinds, denials, st.booleans())
def test_adding_a_deny_never_allows_more(request, before, kind, statement, resource_must_allow):
    after = with_statement(before, kind, statement)
    if after is not None and evaluate(request, after, resource_must_allow=resource_must_allow).allowed:
        assert evaluate(request, before, resource_must_allow=resource_must_allow).allowed


@given(requests, policies, kinds, allowances, st.booleans())
def test_adding_an_allow_never_allows_less(request, before, kind, statement, resource_must_allow):
    after = with_statement(before, kind, statement)
    if after is not None and evaluate(request, before, resource_must_allow=resource_must_allow).allowed:
        assert evaluate(request, after, resource_must_allow=resource_must_allow).allowed


@given(requests, policies)
def test_order_does_not_matter(request, given):
    def turned(old: dict | None) -> dict | None:
        return old and document(old["Statement"][::-1])

    def all_turned(old: list | None) -> list | None:
        return old and [turned(one) for one in reversed(old)]

    backwards = Policies(
        identity=all_turned(given.identity),
        boundary=turned(given.boundary),
        session=all_turned(given.session),
        task=turned(given.task),
        resource=turned(given.resource),
        scps=given.scps and [all_turned(level) for level in reversed(given.scps)],
        rcps=given.rcps and [all_turned(level) for level in reversed(given.rcps)],
    )
    one, other = evaluate(request, given), evaluate(request, backwards)
    assert (one.allowed, one.reason, one.source) == (other.allowed, other.reason, other.source)


@given(requests, policies)
def test_a_decision_says_why(request, given):
    decision = evaluate(request, given)
    assert decision.allowed is (decision.reason == "allowed")
    assert bool(decision.statements) is (
        decision.reason != "implicit_deny" and decision.source not in ("root user", "root user of the resource owner")
    )
    assert all(statement.source == decision.source for statement in decision.statements)


def wildcard_reference(pattern: str, value: str) -> bool:
    """Wildcards by the book, slowly: a regular expression that may go back on itself."""
    expression = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(expression, value, re.DOTALL) is not None


@settings(max_examples=300)
@given(st.text("ab/*?", max_size=8), st.text("ab/", max_size=10))
@example("*a?b*ab", "aabab/ab")
def test_wildcards(pattern, name):
    prefix = "arn:aws:s3:::"
    allowed = {"Effect": "Allow", "Action": "*", "Resource": prefix + pattern}
    decision = evaluate(Request(PRINCIPALS[1], "s3:GetObject", prefix + name), Policies([document([allowed])]))
    assert decision.allowed is wildcard_reference(pattern, name)
