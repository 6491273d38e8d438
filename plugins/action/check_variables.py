# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

from ansible.plugins.action import validate_argument_spec
from ansible.utils.vars import load_extra_vars
from ansible_collections.breakglass.aws.plugins.module_utils import _names


class ActionModule(validate_argument_spec.ActionModule):
    """Checks the variables of a playbook as validate_argument_spec does, and refuses variables it does not know."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        known = sorted(self._task.args.get("argument_spec") or {})
        extra = {name for name in load_extra_vars(self._loader) if not name.startswith(_names.FOREIGN_VARIABLES)}
        problems = [
            *_names.unknown_names("variable", extra | set(self._task.get_play().get_vars()), known),
            *_names.unknown_environment(),
        ]
        if problems:
            taken = f" This playbook takes: {', '.join(known)}." if known else ""
            return {"failed": True, "changed": False, "msg": f"{' '.join(problems)}{taken}"}
        return super().run(tmp, task_vars)
