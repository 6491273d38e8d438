# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Organization files of 10 to 10,000 accounts, shaped as companies' organizations are; one seed gives one file.

The first ten accounts have a bad day each, so that the smallest organization has them all. The others follow at random
by the shares below, which are no statistics: few access keys, many old passwords, a second factor on most of them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import yaml

from breakglass_aws.sandbox.organization_file.generated_accounts import FIRST_ACCOUNTS, GeneratedAccount, random_account
from breakglass_aws.sandbox.organization_file.generated_company import ORGANIZATION_ID, YEAR, Company, Quoted, Spec
from breakglass_aws.sandbox.organization_file.generated_policies import policy_of

LEAST, MOST = 10, 10_000


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    def ignore_aliases(self, _: Any) -> bool:
        return True


_Dumper.add_representer(
    Quoted, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style='"')
)


def generate(accounts: int, seed: int = 0) -> str:
    """An organization file.

    Args:
        accounts: 10 to 10,000.
    """
    if not LEAST <= accounts <= MOST:
        raise ValueError(f"{accounts} accounts are not accepted; accepted: {LEAST} to {MOST}")
    company = Company(accounts, random.Random(seed))
    cast = [make(company) for make in FIRST_ACCOUNTS]
    cast += [random_account(company) for _ in range(accounts - len(cast))]
    return "".join(_file(cast, seed))


# The file


def _file(cast: list[GeneratedAccount], seed: int) -> Iterator[str]:
    management, security = cast[0].spec["id"], cast[1].spec["id"]
    yield (
        "# A generated organization, shaped as companies' organizations are.\n"
        f"# Made by: breakglass sandbox generate --accounts {len(cast)} --seed {seed}\n"
        "# The first accounts have a bad day each; the others follow at random, the same for the same seed.\n"
        "# Dates are relative to the moment the sandbox starts.\n\n"
    )
    yield _yaml(
        {
            "organization": ORGANIZATION_ID,
            "management_account": management,
            "created": f"{6 * YEAR} days ago",
            "trusted_access": ["iam.amazonaws.com"],
            "features": ["RootCredentialsManagement", "RootSessions"],
            "delegated_administrators": {"iam.amazonaws.com": security},
        }
    )
    yield "\naccounts:\n"
    for account in cast:
        if account.story:
            yield f"\n  # {account.story}\n"
        yield _indented(_yaml([account.spec]))
    yield "\n# What is denied in the whole organization.\n"
    yield _yaml({"service_control_policies": _service_control_policies()})
    yield "\n# Identities for `sandbox env --as NAME`, beside the NAME-administrator of each account.\n"
    yield _yaml(
        {
            "identities": {
                "operator": {"account": management, "role": "BreakGlassOperator", "source_identity": "operator"},
                "auditor": {"account": management, "role": "RootAuditor", "source_identity": "auditor"},
                "nobody": {"account": management, "role": "NoPermissions"},
                "delegate": {
                    "account": security,
                    "role": "OrganizationAccountAccessRole",
                    "source_identity": "delegate",
                },
            }
        }
    )


def _yaml(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, default_flow_style=None, width=110, allow_unicode=True)


def _indented(text: str) -> str:
    return "".join(f"  {line}" for line in text.splitlines(keepends=True))


def _service_control_policies() -> Spec:
    return {
        "deny-root-user": {
            "description": "Deny all work as root; it forgets the sessions of AssumeRoot",
            "targets": ["Vault"],
            "document": policy_of(
                {
                    "Sid": "DenyRootUser",
                    "Effect": "Deny",
                    "Action": "*",
                    "Resource": "*",
                    "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}},
                }
            ),
        },
        "stay-in-the-organization": {
            "description": "No account leaves by itself",
            "targets": ["Root"],
            "document": policy_of(
                {"Sid": "Stay", "Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"}
            ),
        },
    }
