"""AWS Organizations: reads, pages, who may read, and service control policies."""

from __future__ import annotations

import pytest
from refusals import refused

SCP = "SERVICE_CONTROL_POLICY"
HIDDEN = ("AccessDeniedException", 400, "You don't have permissions to access this resource.")


@pytest.fixture
def organizations(sandbox):
    return sandbox.client("organizations", "operator")


def test_describe_organization(organizations):
    organization = organizations.describe_organization()["Organization"]
    assert (organization["Id"], organization["FeatureSet"]) == ("o-breakglass1", "ALL")
    assert organization["MasterAccountId"] == "111122223333"


def test_accounts(organizations):
    accounts = {account["Id"]: account for account in organizations.list_accounts()["Accounts"]}
    assert len(accounts) >= 9
    shop = accounts["666677778888"]
    assert (shop["Name"], shop["State"], shop["Status"]) == ("closed-shop", "SUSPENDED", "SUSPENDED")
    assert accounts["888899990000"]["JoinedMethod"] == "INVITED"
    (path,) = accounts["333344445555"]["Paths"]
    assert path.startswith("o-breakglass1/r-")
    assert path.endswith("/333344445555/")
    described = organizations.describe_account(AccountId="012345678901")["Account"]
    assert described == accounts["012345678901"]


def test_pages_hold_twenty_at_most(organizations):
    """6: MaxResults <= 20."""
    first = organizations.list_accounts(MaxResults=4)
    rest = organizations.list_accounts(MaxResults=20, NextToken=first["NextToken"])
    assert len(first["Accounts"]) == 4
    assert not {account["Id"] for account in first["Accounts"]} & {account["Id"] for account in rest["Accounts"]}
    assert "NextToken" not in rest
    assert refused(lambda: organizations.list_accounts(MaxResults=21))[0] == "InvalidInputException"
    assert refused(lambda: organizations.list_accounts(NextToken="nonsense"))[0] == "InvalidInputException"


def test_walk_from_an_account_to_the_root(organizations):
    (parent,) = organizations.list_parents(ChildId="333344445555")["Parents"]
    unit = organizations.describe_organizational_unit(OrganizationalUnitId=parent["Id"])["OrganizationalUnit"]
    assert (parent["Type"], unit["Name"]) == ("ORGANIZATIONAL_UNIT", "Production")
    (above,) = organizations.list_parents(ChildId=parent["Id"])["Parents"]
    (root,) = organizations.list_parents(ChildId=above["Id"])["Parents"]
    assert root == {"Id": organizations.list_roots()["Roots"][0]["Id"], "Type": "ROOT"}
    units = organizations.list_organizational_units_for_parent(ParentId=root["Id"])["OrganizationalUnits"]
    assert {entry["Name"] for entry in units} == {"Security", "Workloads", "Suspended", "Vault"}
    children = organizations.list_children(ParentId=parent["Id"], ChildType="ACCOUNT")["Children"]
    listed = organizations.list_accounts_for_parent(ParentId=parent["Id"])["Accounts"]
    assert {child["Id"] for child in children} == {entry["Id"] for entry in listed} == {"333344445555", "012345678901"}


MISSING = [
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
    (
        "list_delegated_services_for_account",
        {"AccountId": "333344445555"},
        "AccountNotRegisteredException",
    ),
]


@pytest.mark.parametrize(("operation", "parameters", "code"), MISSING, ids=[f"{row[0]} {row[2]}" for row in MISSING])
def test_what_is_not_there(organizations, operation, parameters, code):
    assert refused(lambda: getattr(organizations, operation)(**parameters))[:2] == (code, 400)


def test_members_see_their_organization_only(sandbox):
    member = sandbox.client("organizations", "payments-administrator")
    assert member.describe_organization()["Organization"]["Id"] == "o-breakglass1"
    assert refused(member.list_accounts) == HIDDEN
    assert refused(member.list_delegated_administrators) == HIDDEN


def test_delegates_read_and_do_not_write(sandbox):
    """1.4: registering for any service grants the reads."""
    delegate = sandbox.client("organizations", "delegate")
    assert len(delegate.list_accounts()["Accounts"]) >= 9
    assert refused(lambda: delegate.enable_aws_service_access(ServicePrincipal="account.amazonaws.com")) == HIDDEN


def test_permission_is_evaluated(sandbox):
    auditor = sandbox.client("organizations", "auditor")
    auditor.list_accounts()
    code, _, text = refused(lambda: auditor.enable_aws_service_access(ServicePrincipal="account.amazonaws.com"))
    assert code == "AccessDeniedException"
    assert text.endswith("because no identity-based policy allows the organizations:EnableAWSServiceAccess action")


def test_trusted_services(organizations):
    organizations.enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    enabled = organizations.list_aws_service_access_for_organization()["EnabledServicePrincipals"]
    assert {"iam.amazonaws.com", "account.amazonaws.com"} <= {entry["ServicePrincipal"] for entry in enabled}
    code = refused(lambda: organizations.enable_aws_service_access(ServicePrincipal="nonsense"))[0]
    assert code == "InvalidInputException"


def test_service_control_policies(sandbox, organizations):
    vault = organizations.list_parents(ChildId="777788889999")["Parents"][0]["Id"]
    attached = organizations.list_policies_for_target(TargetId=vault, Filter=SCP)["Policies"]
    assert [policy["Name"] for policy in attached] == ["FullAWSAccess", "deny-root-user"]
    (target,) = organizations.list_targets_for_policy(PolicyId=attached[1]["Id"])["Targets"]
    assert (target["TargetId"], target["Name"], target["Type"]) == (vault, "Vault", "ORGANIZATIONAL_UNIT")

    content = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:ListAllMyBuckets","Resource":"*"}}'
    policy = organizations.create_policy(Name="no-lists", Description="", Type=SCP, Content=content)["Policy"]
    identifier = policy["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=identifier, TargetId="555566667777")
    code = refused(lambda: organizations.attach_policy(PolicyId=identifier, TargetId="555566667777"))[0]
    assert code == "DuplicatePolicyAttachmentException"
    assert refused(lambda: organizations.delete_policy(PolicyId=identifier))[0] == "PolicyInUseException"
    text = refused(sandbox.client("s3", "reports-administrator").list_buckets)[2]
    assert text.endswith("with an explicit deny in a service control policy")
    sandbox.client("s3", "payments-administrator").list_buckets()
    organizations.detach_policy(PolicyId=identifier, TargetId="555566667777")
    organizations.delete_policy(PolicyId=identifier)
    sandbox.client("s3", "reports-administrator").list_buckets()


def test_refused_policies(organizations):
    create = organizations.create_policy
    bad = refused(lambda: create(Name="bad", Description="", Type=SCP, Content='{"Statement": "?"}'))[0]
    assert bad == "MalformedPolicyDocumentException"
    managed = refused(lambda: organizations.update_policy(PolicyId="p-FullAWSAccess", Name="mine"))[0]
    assert managed == "PolicyChangesNotAllowedException"
    last = refused(lambda: organizations.detach_policy(PolicyId="p-FullAWSAccess", TargetId="333344445555"))[0]
    assert last == "ConstraintViolationException"


def test_an_account_takes_its_policies_from_where_it_is(sandbox, organizations, root_session):
    source = organizations.list_parents(ChildId="777788889999")["Parents"][0]["Id"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.move_account(AccountId="777788889999", SourceParentId=source, DestinationParentId=root)
    assert root_session("777788889999", "IAMAuditRootUserCredentials")("iam").get_user()


def test_tags(organizations):
    organizations.tag_resource(ResourceId="333344445555", Tags=[{"Key": "owner", "Value": "finance"}])
    assert organizations.list_tags_for_resource(ResourceId="333344445555")["Tags"] == [
        {"Key": "owner", "Value": "finance"}
    ]
    organizations.untag_resource(ResourceId="333344445555", TagKeys=["owner"])
    assert organizations.list_tags_for_resource(ResourceId="333344445555")["Tags"] == []
