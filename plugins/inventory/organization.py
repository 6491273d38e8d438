# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: organization
short_description: Member accounts of an AWS organization as hosts
version_added: 0.2.0
author:
  - breakglass.aws contributors (@breakglass)
description:
  - Makes a host of each member account of the organization, with what is known of it as variables.
  - Hosts are in a group for their OU (C(ou_workloads_production), which is in C(ou_workloads); C(ou_root) is all), for
    their state (C(state_active), C(state_suspended)) and for each of their tags (C(tag_team_payments)).
  - Tasks for such a host run on the controller, since an account is nothing to log in to.
  - Takes a configuration file whose name ends in C(breakglass_aws.yml), C(breakglass_aws.yaml), C(organization.yml) or
    C(organization.yaml).
options:
  plugin:
    description: Marks the file as one for this plugin.
    type: str
    required: true
    choices: [breakglass.aws.organization]
  hostname:
    description:
      - What a host is called by, the account's name or its ID.
      - Names need not be unique in AWS. Accounts that share one are called by their ID, with a warning.
    type: str
    choices: [name, id]
    default: name
  states:
    description: The states of accounts that become hosts. An empty list means all.
    type: list
    elements: str
    choices: [ACTIVE, PENDING_ACTIVATION, PENDING_CLOSURE, SUSPENDED, CLOSED]
    default: []
  management_account:
    description: Whether the management account becomes a host too. The modules of this collection refuse it as target.
    type: bool
    default: false
  tags:
    description: Whether to read the accounts' tags, which takes one call an account.
    type: bool
    default: true
extends_documentation_fragment:
  - inventory_cache
  - constructed
  - amazon.aws.boto3
  - amazon.aws.common.plugins
  - amazon.aws.region.plugins
  - amazon.aws.assume_role.plugins
notes:
  - The management account and delegated administrators can read the organization.
  - The variables are C(account_id), C(account_name), C(account_email), C(account_tags), C(state), C(joined_method),
    C(joined), C(ou_id), C(ou_name), C(ou_path) (names from the root, separated by slashes) and C(ou_path_ids) (as
    C(aws:PrincipalOrgPaths) has them).
"""

EXAMPLES = r"""
# organization.yml
plugin: breakglass.aws.organization

# production.breakglass_aws.yml: accounts by ID that can be worked in, grouped by a tag, and by age
---
plugin: breakglass.aws.organization
hostname: id
states: [ACTIVE]
keyed_groups:
  - key: account_tags.cost_center | default('none')
    prefix: cost_center
compose:
  root_user: "'arn:aws:iam::' ~ account_id ~ ':root'"
groups:
  came_with_root_credentials: joined_method == 'INVITED'

# cached.breakglass_aws.yml: an organization of thousands of accounts, read once an hour
---
plugin: breakglass.aws.organization
tags: false
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/breakglass
cache_timeout: 3600
"""

import functools
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.amazon.aws.plugins.plugin_utils.botocore import get_aws_connection_info
from ansible_collections.amazon.aws.plugins.plugin_utils.inventory import AWSInventoryBase
from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._accounts.facts import place
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account, Organization
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._module import BOTOCORE
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import WORKERS
from ansible_collections.breakglass.aws.plugins.module_utils._targets import management_account_id
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time


class InventoryModule(AWSInventoryBase):
    NAME = "breakglass.aws.organization"
    INVENTORY_FILE_SUFFIXES = ("breakglass_aws.yml", "breakglass_aws.yaml", "organization.yml", "organization.yaml")

    def parse(self, inventory, loader, path, cache=True):
        super().parse(inventory, loader, path, cache=cache, botocore_version=BOTOCORE)
        cached, accounts = self.get_cached_result(path, cache)
        if not cached:
            try:
                accounts = read_accounts(Organization(self._connection()), with_tags=self.get_option("tags"))
            except BreakglassError as error:
                self.fail_aws(str(error))
            self.update_cached_result(path, cache, accounts)
        self._add([account for account in accounts if self._is_wanted(account)])

    def _connection(self) -> Connection:
        region, endpoint_url, options = get_aws_connection_info(self)
        options.update(self._frozen_credentials)  # those of assume_role_arn
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        return Connection(
            region=region,
            endpoint_url=endpoint_url,
            profile=options.get("profile_name"),
            credentials={name: options[name] for name in names},
            verify=options["verify"],
            user_agent=f"{v.COLLECTION}/{v.VERSION}",
        )

    def _is_wanted(self, account: dict) -> bool:
        states = self.get_option("states")
        if account["management_account"] and not self.get_option("management_account"):
            return False
        return not states or account["variables"]["state"] in states

    def _add(self, accounts: list) -> None:
        self._add_units(accounts)
        names = Counter(account["variables"]["account_name"] for account in accounts)
        for account in accounts:
            variables = account["variables"]
            host = variables["account_id"]
            if self.get_option("hostname") == "name":
                if names[variables["account_name"]] == 1:
                    host = variables["account_name"]
                else:
                    self.warn(f"Several accounts are named {variables['account_name']}: {host} is called by its ID.")
            self._add_host(host, account)

    def _add_units(self, accounts: list) -> None:
        """A group for each OU on the way to an account, each in the group of the OU above it."""
        for account in accounts:
            parent = self._add_group(self._unit_group([]))
            for depth in range(1, len(account["units"]) + 1):
                group = self._add_group(self._unit_group(account["units"][:depth]))
                if group != parent:
                    self.inventory.add_child(parent, group)
                parent = group

    def _add_group(self, name: str) -> str:
        return self.inventory.add_group(self._sanitize_group_name(name))

    def _unit_group(self, names: list) -> str:
        return "_".join(["ou", *(names or ["root"])]).lower()

    def _add_host(self, host: str, account: dict) -> None:
        variables = account["variables"]
        self.inventory.add_host(host)
        groups = [self._unit_group(account["units"]), f"state_{variables['state'].lower()}"]
        groups += [f"tag_{key}_{value}" for key, value in variables["account_tags"].items()]
        for group in groups:
            self.inventory.add_child(self._add_group(group), host)
        for name, value in variables.items():
            self.inventory.set_variable(host, name, value)
        # An account is nothing to log in to: what is done for it is done here.
        self.inventory.set_variable(host, "ansible_connection", "local")
        self.inventory.set_variable(host, "ansible_python_interpreter", sys.executable)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, host, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host, strict=strict)


def read_accounts(organization: Organization, with_tags: bool) -> list:
    """All accounts as plain data, which is what the cache keeps."""
    management = management_account_id(organization)
    described = functools.partial(_describe, organization, with_tags=with_tags, management=management)
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        return list(pool.map(described, organization.accounts()))


def _describe(organization: Organization, account: Account, with_tags: bool, management: str) -> dict:
    units = organization.units_above(account)
    where = place(units, organization.describe()["id"])
    return {
        "management_account": account.id == management,
        "units": [unit.name for unit in units[1:]],
        "variables": {
            "account_id": account.id,
            "account_name": account.name,
            "account_email": account.email,
            "account_tags": organization.tags_of(account.id) if with_tags else {},
            "state": account.state,
            "joined_method": account.joined_method,
            "joined": format_time(account.joined),
            **{f"ou_{field}": value for field, value in where.items()},
        },
    }
