# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """Runs the module of this name and hides its result.

    A module cannot mark its own result as secret, only an action plugin can: callbacks, logs and events then show
    nothing of it, while ``register`` keeps it. A failure has no secret in it and must be read.
    """

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        if constants.DEFAULT_DEBUG:
            raise AnsibleActionFail(
                "Ansible's debug mode prints what modules return, the secrets of a root session too. "
                "Unset ANSIBLE_DEBUG (and debug in ansible.cfg); -vvvvv shows no secrets."
            )
        result = super().run(tmp, task_vars)
        result.update(self._execute_module(task_vars=task_vars))
        if not result.get("failed"):
            result["_ansible_no_log"] = True
        return result
