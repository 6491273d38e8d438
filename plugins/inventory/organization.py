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
  - Creates a host for each member account of the organization, with what is known about the account as variables. The
    host is named by the account ID.
  - Hosts are in a group for their OU (C(ou_workloads_production), which is in C(ou_workloads); C(ou_root) is all), for
    their state (C(state_active), C(state_suspended)) and for each of their tags (C(tag_team_payments)).
  - Each host is also in a group of its own with the account's name (C(account_log_archive) for C(Log Archive)), so that
    C(--limit account_log_archive) selects this account.
  - Names in AWS are free text. In names of groups all but letters, digits and underscores become underscores. Where two
    OUs, tags or accounts would share a group, each has its own, with the ID (of a tag, a digest) at the end, and a
    warning.
  - An inventory that cannot be read completely fails. The play does not start then, whatever
    C(INVENTORY_ANY_UNPARSED_IS_FAILED) says.
  - Options that the plugin does not know are refused.
  - Tasks for such a host run on the controller, because an account is not a machine to log in to.
  - Accepts a configuration file whose name ends in C(breakglass_aws.yml), C(breakglass_aws.yaml), C(organization.yml)
    or C(organization.yaml).
options:
  plugin:
    description: Marks the file as one for this plugin.
    type: str
    required: true
    choices: [breakglass.aws.organization]
  hostname:
    description:
      - Whether a host is named by the account ID or by the account's name.
      - V(name) is deprecated and will be removed in 1.0.0, because names are free text and need not be unique. Use the
        groups C(account_...), or the variable C(account_name). Until then, an account has its ID as host name where its
        name has characters that Ansible's patterns use (spaces among them), is the name of another account or of a
        group, or has a meaning of its own in Ansible. A warning says so.
      - The default was V(name) before 0.2.0.
    type: str
    choices: [name, id]
    default: id
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
    description: Whether to read the accounts' tags, which takes one call for each account.
    type: bool
    default: true
extends_documentation_fragment:
  - inventory_cache
  - constructed
  - breakglass.aws.connection_options.plugins
notes:
  - The management account and delegated administrators can read the organization.
  - The variables are C(account_id), C(account_name), C(account_email), C(account_tags), C(state), C(joined_method),
    C(joined), C(ou_id), C(ou_name), C(ou_path) (names from the root, separated by slashes) and C(ou_path_ids) (as
    C(aws:PrincipalOrgPaths) has them).
"""

EXAMPLES = r"""
# organization.yml
plugin: breakglass.aws.organization

# production.breakglass_aws.yml: active accounts, grouped by a tag, and by how they joined
---
plugin: breakglass.aws.organization
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
import itertools
import sys
from concurrent.futures import ThreadPoolExecutor

from ansible import constants
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._accounts import inventory_names
from ansible_collections.breakglass.aws.plugins.module_utils._accounts.facts import place
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account, Organization
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._names import unknown_environment, unknown_names
from ansible_collections.breakglass.aws.plugins.module_utils._sweep.runner import WORKERS
from ansible_collections.breakglass.aws.plugins.module_utils._targets import management_account_id
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time
from ansible_collections.breakglass.aws.plugins.plugin_utils._aws_inventory import AWSInventory

_LISTED = 5  # names in a warning


class InventoryModule(AWSInventory):
    NAME = "breakglass.aws.organization"
    INVENTORY_FILE_SUFFIXES = ("breakglass_aws.yml", "breakglass_aws.yaml", "organization.yml", "organization.yaml")

    inventory: InventoryData
    _own_groups: frozenset = frozenset()

    def parse(self, inventory, loader, path, cache=True):
        config = loader.load_from_file(path, cache="none")
        try:
            super().parse(inventory, loader, path, cache)
            self._refuse_unknown_options(config, path)
            self._populate(self._read(path, cache))
        except Exception:
            if config and config.get("plugin") == self.NAME:
                # Ansible only warns of an inventory that it cannot read, and plays for the hosts it has, or for none.
                constants.set_constant("INVENTORY_ANY_UNPARSED_IS_FAILED", True)
            raise

    def _refuse_unknown_options(self, config, path):
        """AnsibleParserError for a misspelled option: Ansible would ignore it, and use the default."""
        known = set()
        for name, definition in constants.config.get_configuration_definitions("inventory", self._load_name).items():
            known |= {name, *definition.get("aliases", [])}
        problems = unknown_names("option", (str(name) for name in config), known) + unknown_environment()
        if problems:
            raise AnsibleParserError(f"{path}: {' '.join(problems)}")

    def _sanitize_group_name(self, name):
        """A group of keyed_groups or groups: a tag's value must not add an account to a group of ours."""
        safe = super()._sanitize_group_name(name)
        if safe in self._own_groups:
            self.warn(f"keyed_groups or groups would add to the group {safe}: keyed_{safe} is used instead.")
            return f"keyed_{safe}"
        return safe

    def _read(self, path, cache) -> list:
        """All accounts as plain data, from the cache or from AWS."""

        def read() -> list:
            return read_accounts(Organization(self.connection()), with_tags=self.get_option("tags"))

        try:
            return self.cached(path, cache, read)
        except BreakglassError as error:
            raise AnsibleError(str(error)) from None

    def _is_wanted(self, account: dict) -> bool:
        states = self.get_option("states")
        if account["management_account"] and not self.get_option("management_account"):
            return False
        return not states or account["variables"]["state"] in states

    def _populate(self, accounts: list) -> None:
        """Add groups and hosts. Names depend on all accounts, so that the options leave each name as it is."""
        names = _GroupNames(accounts)
        self._own_groups = frozenset(names.all)
        for kind, shared in names.shared.items():
            listed = ", ".join(shared[:_LISTED]) + (f" and {len(shared) - _LISTED} more" * (len(shared) > _LISTED))
            self.warn(f"Several {kind} would share a group ({listed}). Each has its own, with its ID at the end.")
        wanted = [account for account in accounts if self._is_wanted(account)]
        hosts = {account["variables"]["account_id"]: account["variables"]["account_id"] for account in wanted}
        if self.get_option("hostname") == "name":
            hosts = self._hosts_by_name(wanted, names, hosts)
        self._add_all(wanted, names, hosts)

    def _hosts_by_name(self, wanted: list, names: _GroupNames, hosts: dict) -> dict:
        self.display.deprecated(
            "hostname=name: account names are free text and need not be unique. Use the account ID, the groups "
            "account_... or the variable account_name.",
            version="1.0.0",
            collection_name=v.COLLECTION,
        )
        real, self.inventory = self.inventory, InventoryData()
        try:  # which groups there will be, those of keyed_groups and groups too
            self._add_all(wanted, names, hosts)
            groups = set(self.inventory.groups)
        finally:
            self.inventory = real
        found, refused = inventory_names.hosts_by_name(
            {account["variables"]["account_id"]: account["variables"]["account_name"] for account in wanted}, groups
        )
        for account_id, why in refused.items():
            self.warn(f"Account {account_id} has its ID as host name. Its name cannot be used: {why}.")
        return found

    def _add_all(self, wanted: list, names: _GroupNames, hosts: dict) -> None:
        for account in wanted:
            units = [self.inventory.add_group(group) for group in names.units_of(account)]
            for above, group in itertools.pairwise(units):
                self.inventory.add_child(above, group)
            host = hosts[account["variables"]["account_id"]]
            self._add_host(host, account, [units[-1], *names.others_of(account)])

    def _add_host(self, host: str, account: dict, groups: list) -> None:
        variables = account["variables"]
        self.inventory.add_host(host)
        for group in groups:  # not add_child, which would take a group of the host's name instead
            self.inventory.add_host(host, self.inventory.add_group(group))
        for name, value in variables.items():
            self.inventory.set_variable(host, name, value)
        # An account is not a machine to log in to: tasks for it run on the controller.
        self.inventory.set_variable(host, "ansible_connection", "local")
        self.inventory.set_variable(host, "ansible_python_interpreter", sys.executable)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, host, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host, strict=strict)


class _GroupNames:
    """The groups of an organization's OUs, tags and accounts."""

    def __init__(self, accounts: list) -> None:
        paths = {}
        for account in accounts:
            for depth, unit_id in enumerate(_unit_ids(account), start=1):
                paths[unit_id] = account["units"][:depth]
        every = [account["variables"] for account in accounts]
        self._units = inventory_names.unit_groups(paths)
        self._tags = inventory_names.tag_groups(tag for account in every for tag in account["account_tags"].items())
        self._accounts = inventory_names.account_groups(
            {account["account_id"]: account["account_name"] for account in every}
        )
        self._states = {account["state"]: f"state_{account['state'].lower()}" for account in every}
        kinds: dict[str, inventory_names.UniqueNames] = {
            "OUs": self._units,
            "tags": self._tags,
            "accounts": self._accounts,
        }
        self.shared = {kind: names.shared for kind, names in kinds.items() if names.shared}
        self.all = {inventory_names.ROOT_GROUP, *self._states.values()}.union(
            *(names.of.values() for names in kinds.values())
        )

    def units_of(self, account: dict) -> list:
        """The groups of the root and the OUs that an account is in, each in the one before."""
        return [inventory_names.ROOT_GROUP, *(self._units.of[unit_id] for unit_id in _unit_ids(account))]

    def others_of(self, account: dict) -> list:
        """The groups of an account's state, tags and name."""
        variables = account["variables"]
        tags = [self._tags.of[tag] for tag in variables["account_tags"].items()]
        return [self._states[variables["state"]], *tags, self._accounts.of[variables["account_id"]]]


def _unit_ids(account: dict) -> list:
    """The IDs of the OUs an account is in, without the root, from the top."""
    return account["variables"]["ou_path_ids"].strip("/").split("/")[2:]


def read_accounts(organization: Organization, with_tags: bool) -> list:
    """All accounts as plain data, which is what the cache keeps."""
    management = management_account_id(organization)
    described = functools.partial(_describe, organization, with_tags=with_tags, management=management)
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        return list(pool.map(described, organization.accounts()))


def _describe(organization: Organization, account: Account, with_tags: bool, management: str) -> dict:
    units = organization.units_above(account)
    where = place(units, organization.identity()["id"])
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
