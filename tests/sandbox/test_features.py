"""The organization's root features and trusted access: aws-facts 1.3, 1.4, 1.5."""

from __future__ import annotations

import pytest
from refusals import refused

BOTH = {"RootCredentialsManagement", "RootSessions"}
ENABLE = ["enable_organizations_root_credentials_management", "enable_organizations_root_sessions"]
DISABLE = ["disable_organizations_root_credentials_management", "disable_organizations_root_sessions"]
IAM = {"ServicePrincipal": "iam.amazonaws.com"}


@pytest.mark.parametrize("who", ["operator", "delegate"], ids=["1.5 management", "1.5 delegate"])
def test_list(sandbox, who):
    answer = sandbox.client("iam", who).list_organizations_features()
    assert (answer["OrganizationId"], set(answer["EnabledFeatures"])) == ("o-breakglass1", BOTH)


@pytest.mark.parametrize("who", ["operator", "delegate"], ids=["1.5 management", "1.5 delegate"])
def test_disable_is_idempotent(sandbox, who):
    iam = sandbox.client("iam", who)
    for _ in range(2):
        assert iam.disable_organizations_root_sessions()["EnabledFeatures"] == ["RootCredentialsManagement"]
    assert sandbox.snapshot()["organization"]["features"] == ["RootCredentialsManagement"]


def test_enable_is_idempotent(sandbox):
    iam = sandbox.client("iam", "operator")
    iam.disable_organizations_root_sessions()
    for _ in range(2):
        assert set(iam.enable_organizations_root_sessions()["EnabledFeatures"]) == BOTH


@pytest.mark.parametrize("operation", ENABLE)
def test_the_delegate_cannot_enable(sandbox, operation):
    """1.3: list and disable yes, enable no."""
    iam = sandbox.client("iam", "delegate")
    assert refused(getattr(iam, operation)) == (
        "CallerIsNotManagementAccountException",
        400,
        "Caller account 222233334444 is not management account of the organization and cannot enable IAM features.",
    )


@pytest.mark.parametrize("operation", ["list_organizations_features", *ENABLE, *DISABLE])
def test_other_members_can_do_nothing(sandbox, operation):
    iam = sandbox.client("iam", "payments-administrator")
    assert refused(getattr(iam, operation)) == (
        "AccountNotManagementOrDelegatedAdministratorException",
        400,
        "Input account 333344445555 is neither management account nor delegated admin.",
    )


def test_permission_is_needed_on_everything(sandbox):
    """1.3: the resource is `*`."""
    assert refused(sandbox.client("iam", "nobody").list_organizations_features) == (
        "AccessDenied",
        403,
        "User: arn:aws:sts::111122223333:assumed-role/NoPermissions/nobody is not authorized to perform: "
        "iam:ListOrganizationsFeatures on resource: * because no identity-based policy allows the "
        "iam:ListOrganizationsFeatures action",
    )


def test_trusted_access_hides_the_flags_and_gives_them_back(sandbox):
    """1.3: flags survive."""
    iam, organizations = sandbox.client("iam", "operator"), sandbox.client("organizations", "operator")
    organizations.deregister_delegated_administrator(AccountId="222233334444", **IAM)
    organizations.disable_aws_service_access(**IAM)
    for operation in ("list_organizations_features", *ENABLE, *DISABLE):
        assert refused(getattr(iam, operation)) == (
            "ServiceAccessNotEnabledException",
            400,
            "Trusted Access for IAM not enabled by organization of input account 111122223333.",
        )
    organizations.enable_aws_service_access(**IAM)
    assert set(iam.list_organizations_features()["EnabledFeatures"]) == BOTH


def test_trusted_access_cannot_go_before_the_delegate(sandbox):
    """1.4."""
    organizations = sandbox.client("organizations", "operator")
    assert refused(lambda: organizations.disable_aws_service_access(**IAM)) == (
        "ConstraintViolationException",
        400,
        "You have delegated administrator/s for this service. De-register them in order to disable service access.",
    )
    with pytest.raises(organizations.exceptions.ConstraintViolationException) as caught:
        organizations.disable_aws_service_access(**IAM)
    assert caught.value.response["Reason"] == "DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE"


REGISTRATIONS = [
    pytest.param("222233334444", "AccountAlreadyRegisteredException", None, id="1.4 again"),
    pytest.param(
        "111122223333",
        "ConstraintViolationException",
        "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR",
        id="1.4 management",
    ),
    pytest.param(
        "666677778888",
        "ConstraintViolationException",
        "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR",
        id="1.4 suspended",
    ),
    pytest.param(
        "333344445555",
        "ConstraintViolationException",
        "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED",
        id="1.4 a second one",
    ),
    pytest.param("987698769876", "AccountNotFoundException", None, id="1.4 unknown account"),
]


@pytest.mark.parametrize(("account", "code", "reason"), REGISTRATIONS)
def test_registering_a_delegate(sandbox, account, code, reason):
    organizations = sandbox.client("organizations", "operator")
    with pytest.raises(organizations.exceptions.ClientError) as caught:
        organizations.register_delegated_administrator(AccountId=account, **IAM)
    assert (caught.value.response["Error"]["Code"], caught.value.response.get("Reason")) == (code, reason)


def test_registering_needs_trusted_access(sandbox):
    organizations = sandbox.client("organizations", "operator")
    with pytest.raises(organizations.exceptions.ConstraintViolationException) as caught:
        organizations.register_delegated_administrator(
            AccountId="333344445555", ServicePrincipal="account.amazonaws.com"
        )
    assert caught.value.response["Reason"] == "SERVICE_ACCESS_NOT_ENABLED"


def test_moving_the_delegation(sandbox):
    organizations = sandbox.client("organizations", "operator")
    organizations.deregister_delegated_administrator(AccountId="222233334444", **IAM)
    code = refused(lambda: organizations.deregister_delegated_administrator(AccountId="222233334444", **IAM))[0]
    assert code == "AccountNotRegisteredException"
    organizations.register_delegated_administrator(AccountId="333344445555", **IAM)
    (delegate,) = organizations.list_delegated_administrators(**IAM)["DelegatedAdministrators"]
    assert (delegate["Id"], delegate["Name"]) == ("333344445555", "payments")
    (service,) = organizations.list_delegated_services_for_account(AccountId="333344445555")["DelegatedServices"]
    assert service["ServicePrincipal"] == "iam.amazonaws.com"
    assert sandbox.client("iam", "payments-administrator").list_organizations_features()["OrganizationId"]
