"""AWS Organizations: what it shows, pages, policies and their limits (aws-facts 6, and the service's model)."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from conformance.facts import MODEL, QUOTAS, SCPS, Fact, fact
from conformance.steps import control
from support.refusals import refused

from breakglass_aws.sandbox import Box

FACTS: list[Fact] = []
SCP = "SERVICE_CONTROL_POLICY"
PAYMENTS, REPORTS, VAULT = "333344445555", "555566667777", "777788889999"
DENY = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:ListAllMyBuckets","Resource":"*"}}'


def client(box: Box) -> Any:
    return box.client("organizations", "operator")


def made(box: Box, name: str, content: str = DENY) -> str:
    policy = client(box).create_policy(Name=name, Description="", Type=SCP, Content=content)["Policy"]
    return str(policy["PolicySummary"]["Id"])


@fact(FACTS, "org", "DescribeOrganization: ID, FeatureSet ALL, and the management account", source=MODEL)
def described(box: Box) -> None:
    organization = client(box).describe_organization()["Organization"]
    assert (organization["Id"], organization["FeatureSet"]) == ("o-breakglass1", "ALL")
    assert organization["MasterAccountId"] == "111122223333"


@fact(FACTS, "org", "ListAccounts and DescribeAccount show the same of an account", source=MODEL)
def accounts(box: Box) -> None:
    listed = {account["Id"]: account for account in client(box).list_accounts()["Accounts"]}
    assert listed["888899990000"]["JoinedMethod"] == "INVITED"
    for account in ("012345678901", "666677778888"):
        assert client(box).describe_account(AccountId=account)["Account"] == listed[account]


@fact(FACTS, "org", "From an account its parents lead up to the root, from the root children lead down", source=MODEL)
def tree(box: Box) -> None:
    ask = client(box)
    [parent] = ask.list_parents(ChildId=PAYMENTS)["Parents"]
    unit = ask.describe_organizational_unit(OrganizationalUnitId=parent["Id"])["OrganizationalUnit"]
    assert (parent["Type"], unit["Name"]) == ("ORGANIZATIONAL_UNIT", "Production")
    [above] = ask.list_parents(ChildId=parent["Id"])["Parents"]
    [root] = ask.list_parents(ChildId=above["Id"])["Parents"]
    assert root == {"Id": ask.list_roots()["Roots"][0]["Id"], "Type": "ROOT"}
    units = ask.list_organizational_units_for_parent(ParentId=root["Id"])["OrganizationalUnits"]
    assert {entry["Name"] for entry in units} == {"Security", "Workloads", "Suspended", "Vault"}
    children = ask.list_children(ParentId=parent["Id"], ChildType="ACCOUNT")["Children"]
    listed = ask.list_accounts_for_parent(ParentId=parent["Id"])["Accounts"]
    assert {one["Id"] for one in children} == {one["Id"] for one in listed} == {PAYMENTS, "012345678901"}


@fact(FACTS, "org", "What is not there has an exception of its own, HTTP 400", source=MODEL)
def missing(box: Box) -> None:
    ask = client(box)
    for operation, given, code in (
        ("describe_account", {"AccountId": "987698769876"}, "AccountNotFoundException"),
        ("describe_account", {"AccountId": "12345678901"}, "InvalidInputException"),
        ("list_parents", {"ChildId": "987698769876"}, "ChildNotFoundException"),
        ("list_children", {"ParentId": "r-none", "ChildType": "ACCOUNT"}, "ParentNotFoundException"),
        ("list_accounts_for_parent", {"ParentId": "r-none"}, "ParentNotFoundException"),
        (
            "describe_organizational_unit",
            {"OrganizationalUnitId": "ou-abcd-12345678"},
            "OrganizationalUnitNotFoundException",
        ),
        ("describe_policy", {"PolicyId": "p-12345678"}, "PolicyNotFoundException"),
        ("list_policies_for_target", {"TargetId": "987698769876", "Filter": SCP}, "TargetNotFoundException"),
        ("list_delegated_services_for_account", {"AccountId": PAYMENTS}, "AccountNotRegisteredException"),
    ):
        assert refused(partial(getattr(ask, operation), **given))[:2] == (code, 400)


@fact(
    FACTS,
    "org",
    "An SCP is made, attached, binding at once, detached and deleted; each out of turn is refused",
    source=SCPS,
)
def policies(box: Box) -> None:
    ask, identifier = client(box), made(box, "no-lists")
    ask.attach_policy(PolicyId=identifier, TargetId=REPORTS)
    again = refused(lambda: ask.attach_policy(PolicyId=identifier, TargetId=REPORTS))
    assert again[0] == "DuplicatePolicyAttachmentException"
    assert refused(lambda: ask.delete_policy(PolicyId=identifier))[0] == "PolicyInUseException"
    text = refused(box.client("s3", "reports-administrator").list_buckets)[2]
    assert text.endswith("with an explicit deny in a service control policy")
    box.client("s3", "payments-administrator").list_buckets()
    ask.detach_policy(PolicyId=identifier, TargetId=REPORTS)
    ask.delete_policy(PolicyId=identifier)
    box.client("s3", "reports-administrator").list_buckets()


@fact(FACTS, "org", "ListTargetsForPolicy says where a policy is attached", source=MODEL)
def targets(box: Box) -> None:
    ask = client(box)
    vault = ask.list_parents(ChildId=VAULT)["Parents"][0]["Id"]
    attached = ask.list_policies_for_target(TargetId=vault, Filter=SCP)["Policies"]
    [target] = ask.list_targets_for_policy(PolicyId=attached[1]["Id"])["Targets"]
    assert (target["TargetId"], target["Name"], target["Type"]) == (vault, "Vault", "ORGANIZATIONAL_UNIT")


@fact(FACTS, "org", "No malformed policy, none of a name that is taken, no change of AWS's own", source=MODEL)
def refused_policies(box: Box) -> None:
    ask, make = client(box), partial(client(box).create_policy, Description="", Type=SCP)
    bad = refused(lambda: make(Name="bad", Content='{"Statement": "?"}'))
    assert bad[0] == "MalformedPolicyDocumentException"
    made(box, "taken")
    assert refused(lambda: make(Name="taken", Content=DENY))[0] == "DuplicatePolicyException"
    managed = refused(lambda: ask.update_policy(PolicyId="p-FullAWSAccess", Name="mine"))
    assert managed[0] == "PolicyChangesNotAllowedException"


@fact(
    FACTS,
    "org",
    "The last SCP of an entity cannot be detached: MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
    source=MODEL,
)
def last_policy(box: Box) -> None:
    with pytest.raises(ClientError) as caught:
        client(box).detach_policy(PolicyId="p-FullAWSAccess", TargetId=PAYMENTS)
    assert caught.value.response["Reason"] == "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"


@fact(FACTS, "org", "Accounts, OUs and policies have tags", source=MODEL)
def tags(box: Box) -> None:
    ask, tag = client(box), {"Key": "owner", "Value": "finance"}
    ask.tag_resource(ResourceId=PAYMENTS, Tags=[tag])
    assert ask.list_tags_for_resource(ResourceId=PAYMENTS)["Tags"] == [tag]
    ask.untag_resource(ResourceId=PAYMENTS, TagKeys=["owner"])
    assert ask.list_tags_for_resource(ResourceId=PAYMENTS)["Tags"] == []


# Section 6: quotas


@fact(FACTS, "6", "Pages of Organizations hold 20 entries at most; a larger MaxResults is refused", source=MODEL)
def pages(box: Box) -> None:
    ask = client(box)
    first = ask.list_accounts(MaxResults=4)
    rest = ask.list_accounts(MaxResults=20, NextToken=first["NextToken"])
    assert len(first["Accounts"]) == 4
    assert not {one["Id"] for one in first["Accounts"]} & {one["Id"] for one in rest["Accounts"]}
    assert "NextToken" not in rest
    assert refused(lambda: ask.list_accounts(MaxResults=21))[0] == "InvalidInputException"
    assert refused(lambda: ask.list_accounts(NextToken="nonsense"))[0] == "InvalidInputException"


@fact(FACTS, "6", "An SCP has 10,240 characters at most", source=QUOTAS)
def longest_policy(box: Box) -> None:
    statement = {"Effect": "Deny", "Action": "s3:*", "Resource": "x" * 10_000}
    content = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made(box, "long", content)
    with pytest.raises(ClientError) as caught:
        made(box, "longer", content.replace("xx", "xxxx", 200))
    assert caught.value.response["Reason"] == "POLICY_CONTENT_LIMIT_EXCEEDED"


@fact(FACTS, "6", "10 SCPs may be attached to a root, an OU or an account", source=QUOTAS)
def most_policies(box: Box) -> None:
    for number in range(9):
        client(box).attach_policy(PolicyId=made(box, f"policy-{number}"), TargetId=PAYMENTS)
    with pytest.raises(ClientError) as caught:
        client(box).attach_policy(PolicyId=made(box, "one-more"), TargetId=PAYMENTS)
    assert caught.value.response["Reason"] == "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED"


@fact(
    FACTS,
    "6",
    "The published request rates, when they are switched on: ListAccounts 8/s after a burst of 12",
    source=QUOTAS,
)
def rates(box: Box) -> None:
    control(box, "POST", "weather", {"kind": "published_rates"})
    ask = client(box)

    def answered() -> list[str | None]:
        return [event["error"] for event in box.events() if event["operation"] == "ListAccounts"]

    # A slow machine leaves the bucket time to fill again; botocore asks again where it is refused.
    while not any(answered()) and len(answered()) < 200:
        ask.list_accounts(MaxResults=1)
    assert answered()[:12] == [None] * 12
    assert "TooManyRequestsException" in answered()[12:]


@fact(
    FACTS,
    "6",
    "STS's quota of 600 requests a second does not name AssumeRoot, whose own is unpublished",
    verified=False,
)
def assume_root_rate(box: Box) -> None:
    control(box, "POST", "weather", {"kind": "published_rates"})
    sts, task = box.client("sts", "operator"), "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
    for _ in range(40):
        assert sts.assume_root(TargetPrincipal=PAYMENTS, TaskPolicyArn={"arn": task})["Credentials"]
