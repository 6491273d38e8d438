"""The organization's two root features: who may see and switch them, and what survives (aws-facts 1.3)."""

from __future__ import annotations

from conformance.facts import ENABLE, MODEL, RECORDED, Fact, fact
from conformance.steps import DELEGATE, MANAGEMENT, as_root, deny, grant
from support.refusals import refused

from breakglass_aws.sandbox import Box

FACTS: list[Fact] = []
PAYMENTS = "333344445555"
BOTH = {"RootCredentialsManagement", "RootSessions"}
ENABLING = ("enable_organizations_root_credentials_management", "enable_organizations_root_sessions")
DISABLING = ("disable_organizations_root_credentials_management", "disable_organizations_root_sessions")
ALL = ("list_organizations_features", *ENABLING, *DISABLING)
IAM = {"ServicePrincipal": "iam.amazonaws.com"}


def trusted_access_off(box: Box) -> None:
    organizations = box.client("organizations", "operator")
    organizations.deregister_delegated_administrator(AccountId=DELEGATE, **IAM)
    organizations.disable_aws_service_access(**IAM)


@fact(FACTS, "1.3", "The answer has the organization's ID and the enabled features", source=MODEL)
def listed(box: Box) -> None:
    for who in ("operator", "delegate"):
        answer = box.client("iam", who).list_organizations_features()
        assert (answer["OrganizationId"], set(answer["EnabledFeatures"])) == ("o-breakglass1", BOTH)


@fact(FACTS, "1.3", "Disabling a disabled feature succeeds and answers what is still enabled", source=RECORDED)
def disabling_twice(box: Box) -> None:
    iam = box.client("iam", "operator")
    for _ in range(2):
        assert iam.disable_organizations_root_sessions()["EnabledFeatures"] == ["RootCredentialsManagement"]
    assert box.snapshot()["organization"]["features"] == ["RootCredentialsManagement"]


@fact(FACTS, "1.3", "Enabling an enabled feature succeeds", verified=False)
def enabling_twice(box: Box) -> None:
    iam = box.client("iam", "operator")
    iam.disable_organizations_root_sessions()
    for _ in range(2):
        assert set(iam.enable_organizations_root_sessions()["EnabledFeatures"]) == BOTH


@fact(FACTS, "1.3", "The delegated administrator lists and disables both features", source=RECORDED)
def delegate_disables(box: Box) -> None:
    iam = box.client("iam", "delegate")
    iam.disable_organizations_root_sessions()
    assert iam.disable_organizations_root_credentials_management()["EnabledFeatures"] == []
    assert iam.list_organizations_features()["EnabledFeatures"] == []


@fact(FACTS, "1.3", "The delegated administrator cannot enable: CallerIsNotManagementAccountException", source=RECORDED)
def delegate_cannot_enable(box: Box) -> None:
    iam = box.client("iam", "delegate")
    text = f"Caller account {DELEGATE} is not management account of the organization and cannot enable IAM features."
    for operation in ENABLING:
        assert refused(getattr(iam, operation)) == ("CallerIsNotManagementAccountException", 400, text)


@fact(
    FACTS,
    "1.3",
    "Other members: AccountNotManagementOrDelegatedAdministratorException, with the Exception suffix on the wire",
    source=RECORDED,
)
def members(box: Box) -> None:
    iam = box.client("iam", "payments-administrator")
    text = f"Input account {PAYMENTS} is neither management account nor delegated admin."
    for operation in ALL:
        got = refused(getattr(iam, operation))
        assert got == ("AccountNotManagementOrDelegatedAdministratorException", 400, text)


@fact(FACTS, "1.3", "Trusted access off: ServiceAccessNotEnabledException of all five calls", source=RECORDED)
def untrusted(box: Box) -> None:
    trusted_access_off(box)
    iam = box.client("iam", "operator")
    text = f"Trusted Access for IAM not enabled by organization of input account {MANAGEMENT}."
    for operation in ALL:
        assert refused(getattr(iam, operation)) == ("ServiceAccessNotEnabledException", 400, text)


@fact(
    FACTS,
    "1.3",
    "Disabling trusted access hides the flags; enabling it again gives the same flags back",
    source=RECORDED,
)
def flags_survive(box: Box) -> None:
    iam = box.client("iam", "operator")
    iam.disable_organizations_root_sessions()
    trusted_access_off(box)
    box.client("organizations", "operator").enable_aws_service_access(**IAM)
    assert iam.list_organizations_features()["EnabledFeatures"] == ["RootCredentialsManagement"]


@fact(FACTS, "1.3", "By API the features do not enable trusted access: it is a call of its own", source=RECORDED)
def no_trusted_access_by_itself(box: Box) -> None:
    trusted_access_off(box)
    assert refused(box.client("iam", "operator").enable_organizations_root_sessions)[0] == (
        "ServiceAccessNotEnabledException"
    )
    assert "iam.amazonaws.com" not in box.snapshot()["organization"]["trusted_access"]


@fact(
    FACTS,
    "1.3",
    "The permission is the IAM action on every resource; scoped to a root user it is denied",
    source=RECORDED,
)
def permission(box: Box) -> None:
    text = (
        f"User: arn:aws:sts::{MANAGEMENT}:assumed-role/NoPermissions/nobody is not authorized to perform: "
        "iam:ListOrganizationsFeatures on resource: * because no identity-based policy allows the "
        "iam:ListOrganizationsFeatures action"
    )
    iam = box.client("iam", "nobody")
    allow = {"Effect": "Allow", "Action": "iam:ListOrganizationsFeatures"}
    for resource in ("arn:aws:iam::*:user/none", f"arn:aws:iam::{MANAGEMENT}:root"):
        grant(box, "NoPermissions", {**allow, "Resource": resource})
        assert refused(iam.list_organizations_features) == ("AccessDenied", 403, text)
    grant(box, "NoPermissions", {**allow, "Resource": "*"})
    assert set(iam.list_organizations_features()["EnabledFeatures"]) == BOTH


@fact(FACTS, "1.3", "The caller needs no permission of Organizations for the five calls", source=RECORDED)
def no_organizations_permission(box: Box) -> None:
    allow = {"Effect": "Allow", "Action": "iam:*Organizations*", "Resource": "*"}
    grant(box, "NoPermissions", allow, deny("organizations:*"))
    iam = box.client("iam", "nobody")
    iam.disable_organizations_root_sessions()
    assert set(iam.enable_organizations_root_sessions()["EnabledFeatures"]) == BOTH


@fact(FACTS, "1.3", "Switching a feature deletes and restores no credential", source=RECORDED)
def credentials_stay(box: Box) -> None:
    before = box.snapshot()["root_users"]
    iam = box.client("iam", "operator")
    for operation in (*DISABLING, *ENABLING):
        getattr(iam, operation)()
    assert box.snapshot()["root_users"] == before


@fact(FACTS, "1.3", "Accounts keep their root credentials until they are deleted, features on or not", source=ENABLE)
def accounts_keep_credentials(box: Box) -> None:
    summary = as_root(box, "444455556666", "IAMAuditRootUserCredentials")("iam").get_account_summary()["SummaryMap"]
    assert summary["AccountPasswordPresent"] == 1


@fact(
    FACTS,
    "1.3",
    "Password recovery needs RootCredentialsManagement alone (documentation asks for RootSessions as well)",
    source=RECORDED,
)
def recovery(box: Box) -> None:
    box.client("iam", "operator").disable_organizations_root_sessions()
    iam = as_root(box, PAYMENTS, "IAMCreateRootUserPassword")("iam")
    iam.create_login_profile()
    assert iam.get_login_profile()["LoginProfile"]
    as_root(box, PAYMENTS, "IAMDeleteRootUserCredentials")("iam").delete_login_profile()
    assert box.snapshot()["root_users"][PAYMENTS]["password"] is False


@fact(FACTS, "1.3", "An account in no organization: OrganizationNotFoundException", source=MODEL)
def no_organization(box: Box) -> None:
    box.client("organizations", "operator").remove_account_from_organization(AccountId="343434343434")
    iam = box.client("iam", "spin-off-administrator")
    for operation in ALL:
        assert refused(getattr(iam, operation))[:2] == ("OrganizationNotFoundException", 400)
