"""Trusted access, the delegated administrator, and who may do what (aws-facts 1.4, 1.5)."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from conformance.facts import MODEL, RECORDED, SCPS, TASKS, Fact, fact
from conformance.steps import DELEGATE, MANAGEMENT, as_root, attach_scp, control, deny, grant
from support.refusals import refused

from breakglass_aws.sandbox import Box

FACTS: list[Fact] = []
PAYMENTS, LEGACY = "333344445555", "444455556666"
IAM = {"ServicePrincipal": "iam.amazonaws.com"}
ACCOUNT = {"ServicePrincipal": "account.amazonaws.com"}
AUDIT = "IAMAuditRootUserCredentials"
HIDDEN = ("AccessDeniedException", 400, "You don't have permissions to access this resource.")


def organizations(box: Box, who: str = "operator") -> Any:
    return box.client("organizations", who)


def reason(call: Any) -> tuple[str, str | None]:
    """Code and Reason of a refusal."""
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"], caught.value.response.get("Reason")


@fact(FACTS, "1.4", "EnableAWSServiceAccess answers nothing, and enabling twice is no error", source=MODEL)
def enable(box: Box) -> None:
    client = organizations(box)
    for _ in range(2):
        assert client.enable_aws_service_access(**ACCOUNT).keys() == {"ResponseMetadata"}
    enabled = client.list_aws_service_access_for_organization()["EnabledServicePrincipals"]
    assert {"iam.amazonaws.com", "account.amazonaws.com"} <= {entry["ServicePrincipal"] for entry in enabled}


@fact(FACTS, "1.4", "What is no service principal is refused: InvalidInputException", source=MODEL)
def no_service(box: Box) -> None:
    assert refused(lambda: organizations(box).enable_aws_service_access(ServicePrincipal="x"))[0] == (
        "InvalidInputException"
    )


@fact(
    FACTS,
    "1.4",
    "Trusted access and delegation are the management account's; permission is evaluated too",
    source=MODEL,
)
def management_only(box: Box) -> None:
    for who in ("delegate", "payments-administrator"):
        client = organizations(box, who)
        assert refused(lambda client=client: client.enable_aws_service_access(**ACCOUNT)) == HIDDEN
        asked = refused(lambda client=client: client.register_delegated_administrator(AccountId=PAYMENTS, **IAM))
        assert asked == HIDDEN
    code, status, text = refused(lambda: organizations(box, "auditor").enable_aws_service_access(**ACCOUNT))
    assert (code, status) == ("AccessDeniedException", 400)
    assert text.endswith("because no identity-based policy allows the organizations:EnableAWSServiceAccess action")


@fact(FACTS, "1.4", "Condition key organizations:ServicePrincipal limits a grant to single services")
def service_condition(box: Box) -> None:
    allow = {"Effect": "Allow", "Action": "organizations:EnableAWSServiceAccess", "Resource": "*"}
    names = {"organizations:ServicePrincipal": "account.amazonaws.com"}
    grant(box, "NoPermissions", {**allow, "Condition": {"StringEquals": names}})
    client = organizations(box, "nobody")
    client.enable_aws_service_access(**ACCOUNT)
    assert refused(lambda: client.enable_aws_service_access(**IAM))[0] == "AccessDeniedException"


@fact(FACTS, "1.4", "Registering a delegated administrator again: AccountAlreadyRegisteredException", source=MODEL)
def registered_already(box: Box) -> None:
    again = refused(lambda: organizations(box).register_delegated_administrator(AccountId=DELEGATE, **IAM))
    assert again[0] == "AccountAlreadyRegisteredException"


@fact(FACTS, "1.4", "An account that does not exist cannot be registered: AccountNotFoundException", source=MODEL)
def unknown_account(box: Box) -> None:
    got = refused(lambda: organizations(box).register_delegated_administrator(AccountId="987698769876", **IAM))
    assert got[0] == "AccountNotFoundException"


@fact(
    FACTS,
    "1.4",
    "Not the management account, no suspended account, not without trusted access: reasons of ConstraintViolation",
    source=MODEL,
)
def constraints(box: Box) -> None:
    register = organizations(box).register_delegated_administrator
    for account, service, why in (
        (MANAGEMENT, IAM, "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR"),
        ("666677778888", IAM, "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR"),
        (PAYMENTS, ACCOUNT, "SERVICE_ACCESS_NOT_ENABLED"),
    ):
        got = reason(lambda account=account, service=service: register(AccountId=account, **service))
        assert got == ("ConstraintViolationException", why)


@fact(FACTS, "1.4", "IAM has one delegated administrator", verified=False)
def one_delegate(box: Box) -> None:
    got = reason(lambda: organizations(box).register_delegated_administrator(AccountId=PAYMENTS, **IAM))
    assert got == ("ConstraintViolationException", "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED")


@fact(FACTS, "1.4", "The delegation is moved: deregister, register; deregistering twice: AccountNotRegisteredException")
def moved(box: Box) -> None:
    client = organizations(box)
    client.deregister_delegated_administrator(AccountId=DELEGATE, **IAM)
    again = refused(lambda: client.deregister_delegated_administrator(AccountId=DELEGATE, **IAM))
    assert again[0] == "AccountNotRegisteredException"
    client.register_delegated_administrator(AccountId=PAYMENTS, **IAM)
    [delegate] = client.list_delegated_administrators(**IAM)["DelegatedAdministrators"]
    assert (delegate["Id"], delegate["Name"]) == (PAYMENTS, "payments")
    [service] = client.list_delegated_services_for_account(AccountId=PAYMENTS)["DelegatedServices"]
    assert service["ServicePrincipal"] == "iam.amazonaws.com"
    assert box.client("iam", "payments-administrator").list_organizations_features()["OrganizationId"]


@fact(FACTS, "1.4", "A delegated administrator may deregister itself (the SDK model says the management account only)")
def deregisters_itself(box: Box) -> None:
    organizations(box, "delegate").deregister_delegated_administrator(AccountId=DELEGATE, **IAM)
    assert box.snapshot()["organization"]["delegated_administrators"] == {}


@fact(
    FACTS,
    "1.4",
    "Trusted access stays while there is a delegated administrator: the text and the reason",
    source=RECORDED,
)
def delegate_first(box: Box) -> None:
    text = "You have delegated administrator/s for this service. De-register them in order to disable service access."
    disable = organizations(box).disable_aws_service_access
    assert refused(lambda: disable(**IAM)) == ("ConstraintViolationException", 400, text)
    assert reason(lambda: disable(**IAM))[1] == "DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE"


@fact(FACTS, "1.4", "A delegated administrator of any service reads the organization, and writes nothing", source=MODEL)
def delegates_read(box: Box) -> None:
    client = organizations(box, "delegate")
    assert len(client.list_accounts()["Accounts"]) >= 9
    assert client.describe_account(AccountId=PAYMENTS)["Account"]["Name"] == "payments"
    assert refused(lambda: client.tag_resource(ResourceId=PAYMENTS, Tags=[{"Key": "a", "Value": "b"}])) == HIDDEN


@fact(FACTS, "1.4", "An ordinary member sees the organization, not its accounts or delegated administrators")
def members_see_little(box: Box) -> None:
    client = organizations(box, "payments-administrator")
    assert client.describe_organization()["Organization"]["Id"] == "o-breakglass1"
    assert refused(client.list_accounts) == HIDDEN
    assert refused(client.list_delegated_administrators) == HIDDEN


@fact(FACTS, "1.4", "E-mail addresses of members are a delegation of their own, to account.amazonaws.com", source=MODEL)
def account_delegation(box: Box) -> None:
    client = organizations(box)
    client.enable_aws_service_access(**ACCOUNT)
    client.register_delegated_administrator(AccountId=DELEGATE, **ACCOUNT)
    email = box.client("account", "delegate").get_primary_email(AccountId=PAYMENTS)["PrimaryEmail"]
    assert email == "aws+payments@example.com"


# 1.5


@fact(
    FACTS,
    "1.5",
    "Management account and delegated administrator open root sessions; no ordinary member does",
    source=TASKS,
)
def who_opens(box: Box) -> None:
    for who in ("operator", "delegate"):
        assert as_root(box, LEGACY, AUDIT, by=who)("iam").get_user()
    assert refused(lambda: as_root(box, LEGACY, AUDIT, by="payments-administrator"))[0] == "AccessDenied"


@fact(FACTS, "1.5", "A delegated administrator opens a root session in its own account", verified=False)
def delegate_into_itself(box: Box) -> None:
    assert as_root(box, DELEGATE, AUDIT, by="delegate")("iam").get_user()["User"]["UserId"] == DELEGATE


@fact(FACTS, "1.5", "No caller opens one in the management account", source=TASKS)
def never_management(box: Box) -> None:
    for who in ("operator", "delegate"):
        assert refused(lambda who=who: as_root(box, MANAGEMENT, AUDIT, by=who))[0] == "AccessDenied"


@fact(FACTS, "1.5", "SCPs bind the delegated administrator as a caller, not the management account", source=SCPS)
def scps_on_callers(box: Box) -> None:
    attach_scp(box, organizations(box).list_roots()["Roots"][0]["Id"], deny("sts:AssumeRoot"))
    assert refused(lambda: as_root(box, LEGACY, AUDIT, by="delegate"))[0] == "AccessDenied"
    assert as_root(box, LEGACY, AUDIT)("iam").get_user()


@fact(FACTS, "1.5", "An SCP can keep the delegated administrator from switching the features off", source=SCPS)
def scp_guards_the_switches(box: Box) -> None:
    attach_scp(box, DELEGATE, deny("iam:DisableOrganizations*"))
    code, status, text = refused(box.client("iam", "delegate").disable_organizations_root_sessions)
    assert (code, status) == ("AccessDenied", 403)
    assert text.endswith("with an explicit deny in a service control policy")


# 1.6


def sts_lags(box: Box, share: float = 1) -> None:
    control(box, "POST", "weather", {"kind": "sts_lag", "seconds": "60 seconds", "share": share, "seed": 1})


@fact(
    FACTS,
    "1.6",
    "IAM and Organizations show a change at once; STS, where it lags, still issues for a while",
    source=RECORDED,
)
def sts_notices_late(box: Box) -> None:
    sts_lags(box)
    organizations(box).deregister_delegated_administrator(AccountId=DELEGATE, **IAM)
    got = refused(box.client("iam", "delegate").list_organizations_features)
    assert got[0] == "AccountNotManagementOrDelegatedAdministratorException"
    assert as_root(box, LEGACY, AUDIT, by="delegate")
    control(box, "POST", "clock", {"advance": "3 minutes"})
    assert refused(lambda: as_root(box, LEGACY, AUDIT, by="delegate"))[0] == "AccessDenied"


@fact(FACTS, "1.6", "A feature that was just enabled may still be refused for a while (the lag is off by default)")
def enabling_lags(box: Box) -> None:
    iam = box.client("iam", "operator")
    iam.disable_organizations_root_credentials_management()
    assert refused(lambda: as_root(box, LEGACY, AUDIT))[0] == "AccessDenied"
    sts_lags(box)
    iam.enable_organizations_root_credentials_management()
    assert refused(lambda: as_root(box, LEGACY, AUDIT))[0] == "AccessDenied"
    control(box, "POST", "clock", {"advance": "2 minutes"})
    assert as_root(box, LEGACY, AUDIT)


@fact(
    FACTS, "1.6", "STS hosts do not lag alike: meanwhile the same request is now refused, now allowed", source=RECORDED
)
def hosts_differ(box: Box) -> None:
    sts_lags(box, 0.5)
    organizations(box).deregister_delegated_administrator(AccountId=DELEGATE, **IAM)
    outcomes = set()
    for _ in range(20):
        try:
            outcomes.add(bool(as_root(box, LEGACY, AUDIT, by="delegate")))
        except ClientError:
            outcomes.add(False)
    assert outcomes == {True, False}


@fact(
    FACTS,
    "1.6",
    "A login profile that was just made is visible to GetLoginProfile and GetAccountSummary",
    source=RECORDED,
)
def login_profile_shows(box: Box) -> None:
    iam = as_root(box, PAYMENTS, "IAMCreateRootUserPassword")("iam")
    iam.create_login_profile()
    assert iam.get_login_profile()["LoginProfile"]
    summary = as_root(box, PAYMENTS, AUDIT)("iam").get_account_summary()["SummaryMap"]
    assert summary["AccountPasswordPresent"] == 1
