# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of a notebook: its parameters, and registered results and answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.notebooks import parameters


class Variables:
    """The variables that belong to the run; others that a person sets in the notebook do not."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._registered: set[str] = set()
        self.declared: list[parameters.Parameter] = []  # at the start of the run
        self.secret: set[str] = set()  # names of those that hold secret answers
        self.left: dict[str, Any] = {}  # set by the running step so far

    def forget(self) -> None:
        """Forget all results, for a new run."""
        self._registered.clear()

    def found(self) -> list[parameters.Parameter]:
        """Return the declarations in the cells run so far; of a cell that was run again, the latest version.

        Raises RunbookError when the last parameters cell is no Python: the values would be those of the earlier run.
        """
        found: dict[str, parameters.Parameter] = {}
        problem: Exception | None = None
        for source in self._shell.user_ns.get("In", []):
            try:
                declared = parameters.declared(source)
            except (SyntaxError, ValueError) as error:
                problem = error if "check_mode" in source else problem
                continue  # no plain Python, so no parameters
            found.update((parameter.name, parameter) for parameter in declared)
            problem = None if declared else problem
        if problem:
            raise RunbookError(
                f"The parameters cannot be read: {getattr(problem, 'msg', problem)}.\n"
                "Put texts, and account IDs, in quotes. Correct the cell, then run from there."
            )
        return list(found.values())

    def given(self) -> dict[str, Any]:
        """Return the current values of the parameters, which a person may have changed."""
        namespace = self._shell.user_ns
        given = {item.name: namespace[item.name] for item in self.declared if item.name in namespace}
        return parameters.check(self.declared, given)

    def results(self) -> dict[str, Any]:
        """Return the results that earlier tasks registered, unless they were deleted since."""
        results = {name: self._shell.user_ns[name] for name in self._registered if name in self._shell.user_ns}
        for name, value in results.items():
            try:
                json.dumps(value)
            except (TypeError, ValueError):
                raise RunbookError(
                    f"{name} was registered by a task, but has been replaced by something that is not plain data.\n"
                    "Run the cell that registers it again, and give your own variable another name."
                ) from None
        return results

    def keep(self, variables: Mapping[str, Any]) -> None:
        """Make results variables of the notebook, except names that start with an underscore."""
        public = {name: value for name, value in variables.items() if not name.startswith("_")}
        self._registered |= public.keys()
        self.left = self.left | public
        self._shell.push(public)
