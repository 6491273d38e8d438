# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who must be able to manage a resource policy, and what is known of their requests. No network, no Ansible."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.breakglass.aws.plugins.module_utils import _time
from ansible_collections.breakglass.aws.plugins.module_utils._policies import condition_keys
from ansible_collections.breakglass.aws.plugins.module_utils._policies.actions import MANAGEMENT_ACTIONS
from ansible_collections.breakglass.aws.plugins.module_utils._policies.condition_keys import PLACES, Source, Values
from ansible_collections.breakglass.aws.plugins.module_utils._policies.conditions import Facts
from ansible_collections.breakglass.aws.plugins.module_utils._policies.document import PolicyError

_ADMINISTRATOR = re.compile(r"^arn:aws[\w-]*:iam::(\d{12}):(role|user)/[\w+=,.@/-]+\Z", re.ASCII)
_EXAMPLE_ACCOUNT = "123456789012"
_DELETED_PRINCIPAL = re.compile(r"^(AROA|AIDA)[A-Z0-9]{12,}\Z")


@dataclass(frozen=True)
class Administrator:
    """A principal that must be able to manage the policy: a named one, or an example of the account's principals."""

    arn: str
    named: bool

    @property
    def account_id(self) -> str:
        return self.arn.split(":")[4]

    @property
    def is_user(self) -> bool:
        return self.arn.split(":")[5].startswith("user/")

    @property
    def name(self) -> str:
        return self.arn.rsplit("/", 1)[1]


@dataclass(frozen=True)
class Resource:
    """A bucket or queue, and what is known of its surroundings. None is unknown.

    ``organization_path`` is "o-.../r-.../ou-.../" down to the account's OU. ``time`` is when the requests are made.
    ``networks`` are those from which administrators can work (``condition_keys.place_of``); empty: any that the policy
    does not name.
    """

    arn: str
    account_id: str
    organization_id: str | None = None
    organization_path: str | None = None
    region: str | None = None
    time: datetime | None = None
    networks: tuple[str, ...] = ()

    @property
    def partition(self) -> str:
        return self.arn.split(":")[1]

    @property
    def service(self) -> str:
        return self.arn.split(":")[2]

    @property
    def management_actions(self) -> tuple[str, ...]:
        return MANAGEMENT_ACTIONS[self.service]


def resource_of(
    arn: str,
    account_id: str,
    organization_id: str | None = None,
    *,
    organization_path: str | None = None,
    region: str | None = None,
    time: datetime | None = None,
    networks: t.Sequence[str] = (),
) -> Resource:
    """The resource with this ARN. Raises PolicyError for an ARN, account ID or network that is not valid.

    A queue's region is in its ARN; a bucket's is unknown unless ``region`` has it. ``time`` is now unless it is given.
    """
    parts = str(arn).split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or parts[2] not in MANAGEMENT_ACTIONS or not parts[5]:
        raise PolicyError(
            f"The resource {arn!r} is not the ARN of a bucket such as arn:aws:s3:::my-bucket or of "
            f"a queue such as arn:aws:sqs:eu-west-1:{_EXAMPLE_ACCOUNT}:my-queue."
        )
    if not isinstance(account_id, str) or not re.match(r"^[0-9]{12}\Z", account_id):
        raise PolicyError(f"The account ID {account_id!r} is not a text of 12 digits.")
    for network in networks:
        try:
            condition_keys.place_of(network)
        except ValueError:
            raise PolicyError(
                f"The network {network!r} is not accepted. Expected an IP address, vpce-ID or vpc-ID, or several of "
                "these with commas between."
            ) from None
    return Resource(
        arn, account_id, organization_id, organization_path, parts[3] or region, time or _time.now(), tuple(networks)
    )


def administrators_of(resource: Resource, arns: t.Sequence[str] = ()) -> list[Administrator]:
    """The named administrators. With none named, one role and one user as examples of all principals of the account."""
    if isinstance(arns, str):
        raise PolicyError(f"The administrators {arns!r} are not a list of ARNs.")
    for arn in arns:
        found = _ADMINISTRATOR.match(str(arn))
        if not found:
            raise PolicyError(
                f"The administrator {arn!r} is not the ARN of a role or user, such as "
                f"arn:{resource.partition}:iam::{resource.account_id}:role/Admin (a role includes its sessions)."
            )
        if found.group(1) != resource.account_id:
            raise PolicyError(
                f"The administrator {arn} is not of account {resource.account_id}. "
                "Only principals of the resource's own account can manage its policy."
            )
    if arns:
        return [Administrator(arn, named=True) for arn in dict.fromkeys(arns)]
    prefix = f"arn:{resource.partition}:iam::{resource.account_id}:"
    return [Administrator(f"{prefix}{kind}/any-{kind}-of-the-account", named=False) for kind in ("role", "user")]


def is_deleted_principal(value: str) -> bool:
    """AWS shows the unique ID of a principal that was deleted in place of its ARN (IAM user guide, "Principal")."""
    return _DELETED_PRINCIPAL.match(value) is not None


def is_role_or_user(arn: str) -> bool:
    """Is it the ARN of one role or user, without wildcards?"""
    return _ADMINISTRATOR.match(arn) is not None


def facts_of(administrator: Administrator, resource: Resource, place: Values) -> Facts:
    """What is known of a request to manage the policy that the administrator makes from a place."""
    return condition_keys.facts(_known(administrator, resource, place))


def facts_of_any_request(administrator: Administrator, resource: Resource, place: Values) -> Facts:
    """The same for any request of the administrator: keys that only other requests carry may have any value."""
    known = facts_of(administrator, resource, place)
    return lambda key: None if condition_keys.source_of(key) is Source.OTHER_REQUEST else known(key)


def every_place(administrator: Administrator, resource: Resource, places: t.Sequence[Values] = PLACES) -> list[Facts]:
    """What is known of a request to manage the policy, for each place it may come from."""
    return [facts_of(administrator, resource, place) for place in places]


def _known(administrator: Administrator, resource: Resource, place: Values) -> Values:
    known: Values = {
        **place,
        **condition_keys.clock_values(resource.time),
        **condition_keys.organization_values(resource.organization_id, resource.organization_path),
        "aws:principalarn": (administrator.arn,),
        "aws:principalaccount": (administrator.account_id,),
        "aws:principaltype": ("User" if administrator.is_user else "AssumedRole",),
        "aws:username": (administrator.name,) if administrator.is_user else (),
        "aws:assumedroot": (),
        "aws:resourceaccount": (resource.account_id,),
        "s3:resourceaccount": (resource.account_id,),
    }
    if not administrator.named:
        known["aws:userid"] = ("AIDANOTNAMED" if administrator.is_user else "AROANOTNAMED:session",)
    if resource.region:
        known["aws:requestedregion"] = (resource.region,)
    return known
