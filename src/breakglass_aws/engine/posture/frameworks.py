# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""To which controls of frameworks and to which checks of scanners a finding belongs.

Sources: docs/reference/frameworks.md. A finding without a control of a framework has none there: no benchmark asks for
signing certificates of root users, for example.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from breakglass_aws.engine.posture.codes import ROOT_CREDENTIALS, code_of

CIS_3 = "CIS AWS Foundations Benchmark v3.0.0"
CIS_5 = "CIS AWS Foundations Benchmark v5.0.0"
CIS_7 = "CIS AWS Foundations Benchmark v7.0.0"
SECURITY_HUB = "AWS Security Hub CSPM"
PROWLER = "Prowler 5.46"
NIST = "NIST CSF 2.0"
SHORT = {CIS_3: "CIS 3.0.0", CIS_5: "CIS 5.0.0", CIS_7: "CIS 7.0.0", SECURITY_HUB: "Security Hub", NIST: NIST}
SHORT[PROWLER] = PROWLER

Controls = Mapping[str, tuple[str, ...]]

_KEY: Controls = {CIS_3: ("1.4",), CIS_5: ("1.3",), CIS_7: ("2.4",), SECURITY_HUB: ("IAM.4",)}
_MFA: Controls = {CIS_3: ("1.5",), CIS_5: ("1.4",), CIS_7: ("2.5",), SECURITY_HUB: ("IAM.9",)}
_CONTACTS: Controls = {CIS_3: ("1.1",), CIS_5: ("1.1",), CIS_7: ("2.2",)}
_CREDENTIALS: Controls = {NIST: ("PR.AA-01", "PR.AA-05")}
_RECOVERY: Controls = {NIST: ("RC.RP-02", "ID.IM-04")}
_CENTRALIZED: Controls = {CIS_7: ("2.1.1",), PROWLER: ("iam_root_credentials_management_enabled",)}

OF_FINDINGS: Mapping[str, Controls] = {
    "root_access_key": {**_KEY, PROWLER: ("iam_no_root_access_key",), **_CREDENTIALS},
    "root_inactive_access_key": {**_KEY, **_CREDENTIALS},
    "root_password_without_mfa": {
        **_MFA,
        PROWLER: ("iam_root_mfa_enabled",),
        NIST: ("PR.AA-01", "PR.AA-03", "PR.AA-05"),
    },
    "root_password": _CREDENTIALS,
    "root_signing_certificate": _CREDENTIALS,
    "root_mfa_device": _CREDENTIALS,
    "security_contact_missing": {
        CIS_3: ("1.2",),
        CIS_5: ("1.2",),
        CIS_7: ("2.3",),
        SECURITY_HUB: ("Account.1",),
        PROWLER: ("account_security_contact_information_is_registered",),
        NIST: ("RS.CO-02",),
    },
    "alternate_contact_missing": {
        PROWLER: ("account_maintain_different_contact_details_to_security_billing_and_operations",),
        NIST: ("RS.CO-02",),
    },
    "contact_incomplete": {**_CONTACTS, PROWLER: ("account_maintain_current_contact_details",), NIST: ("RS.CO-02",)},
    "phone_not_verified": {**_CONTACTS, **_RECOVERY},
    "mail_domain_not_owned": {**_CONTACTS, NIST: ("PR.AA-01", "RC.RP-02")},
    "mailbox_shared": {NIST: ("PR.AA-01", "PR.AA-05")},
    "access_role": _RECOVERY,
    "account_not_usable": _RECOVERY,
    "locked_bucket": {NIST: ("RC.RP-02",)},
    "locked_queue": {NIST: ("RC.RP-02",)},
    "possibly_locked_bucket": {NIST: ("RC.RP-02",)},
    "possibly_locked_queue": {NIST: ("RC.RP-02",)},
    # Of an audit and of other sweeps:
    "locked_resource": {NIST: ("RC.RP-02",)},
    "possibly_locked_resource": {NIST: ("RC.RP-02",)},
}
# Of reasons because of which a recovery would fail: these, and those of recoveries.
_OF_REASONS: Mapping[str, Controls] = {"feature_off": _CENTRALIZED, "trusted_access_off": _CENTRALIZED}
_CONTAINS = ("compromised_root_user",)  # the recoveries that contain an incident: RS.MI-01


def controls_of(code: str) -> Controls:
    """Return the controls that a finding belongs to, by framework. `code` may be the kind of an audit, too."""
    return OF_FINDINGS.get(code_of(code), {})


def controls_of_reason(code: str, recoveries: Iterable[str]) -> Controls:
    """Return the controls that are at stake when these recoveries would fail for this reason."""
    contains = any(name in _CONTAINS for name in recoveries)
    at_stake = ("RC.RP-02", "ID.IM-04", *(("RS.MI-01",) if contains else ()))
    return {**_OF_REASONS.get(code, {}), NIST: at_stake}


def labels(code: str) -> list[str]:
    """Return the controls of a finding in short words, such as "CIS 5.0.0: 1.3"."""
    return short(controls_of(code))


def short(controls: Controls) -> list[str]:
    """Return controls in short words, one string for each framework."""
    return [f"{SHORT[framework]}: {', '.join(identifiers)}" for framework, identifiers in controls.items()]


def is_root_credential(code: str) -> bool:
    """Whether a finding, or a kind of an audit, is a credential of a root user."""
    return code_of(code) in ROOT_CREDENTIALS
