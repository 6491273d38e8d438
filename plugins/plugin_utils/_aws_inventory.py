# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an inventory plugin that reads AWS needs: the connection its options describe, and the inventory cache."""

from __future__ import annotations

import contextlib
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.display import Display
from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.assume_role import assume_arn
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection_options import connect
from ansible_collections.breakglass.aws.plugins.module_utils._module import sdk_problem

# Connection options of the plugin, which are those of doc_fragments/connection_options. Each may be a template.
_CONNECTION = ("access_key", "secret_key", "session_token", "profile", "endpoint_url", "region")
_ROLE = "assume_role_arn"


class AWSInventory(BaseInventoryPlugin, Constructable, Cacheable):
    """The base class. ``INVENTORY_FILE_SUFFIXES`` are the endings of the files that the plugin accepts."""

    INVENTORY_FILE_SUFFIXES: tuple[str, ...] = ()
    _cache: t.Any

    def verify_file(self, path: str) -> bool:
        """Whether the file is one for this plugin, by its name."""
        return super().verify_file(path) and path.endswith(self.INVENTORY_FILE_SUFFIXES)

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Read the plugin's options from the file. Raises AnsibleError when boto3 is missing or too old."""
        super().parse(inventory, loader, path, cache)
        if problem := sdk_problem():
            raise AnsibleError(problem)
        self._read_config_data(path)

    def get_option(self, option: str, hostvars: dict | None = None) -> t.Any:
        """The value of an option, the connection options as templates of Ansible."""
        value = super().get_option(option, hostvars)
        if option in (*_CONNECTION, _ROLE) and value and self.templar.is_template(value):
            return self.templar.template(value)
        return value

    def connection(self) -> Connection:
        """The connection that the options describe, as the role of assume_role_arn if there is one.

        Raises BreakglassError when there is none.
        """
        options = {name: self.get_option(name) for name in _CONNECTION}
        connection = connect(options, f"{v.COLLECTION}/{v.VERSION}")
        role = self.get_option(_ROLE)
        return assume_arn(connection, role) if role else connection

    def warn(self, message: str) -> None:
        Display().warning(message)

    def cached(self, path: str, cache: bool, read: t.Callable[[], t.Any]) -> t.Any:
        """The cached result for the file; what ``read`` returns when there is none, which is cached then.

        ``cache`` is false where the user wants the cache renewed (--flush-cache).
        """
        if not self.get_option("cache"):
            return read()
        key = self.get_cache_key(path)
        if cache:
            with contextlib.suppress(KeyError):  # not read yet, or expired
                return self._cache[key]
        result = self._cache[key] = read()
        return result
