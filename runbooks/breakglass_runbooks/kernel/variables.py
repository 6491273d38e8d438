"""What cells give to each other: the notebook's parameters, and the results and answers that became variables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from breakglass_runbooks.errors import RunbookError
from breakglass_runbooks.notebooks import parameters


class Variables:
    """The variables of a notebook that are ours; those a person makes beside them are none."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._registered: set[str] = set()
        self.declared: list[parameters.Parameter] = []  # as the run began with them
        self.secret: set[str] = set()  # names of those that hold secret answers
        self.left: dict[str, Any] = {}  # what the step that runs has left so far

    def forget(self) -> None:
        """Know of no results: a run begins."""
        self._registered.clear()

    def found(self) -> list[parameters.Parameter]:
        """Read the declarations from the cells run so far; a cell that was run again counts as it is now.

        Raises RunbookError when the last parameters cell is no Python: the values would be those of the run before.
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
                "Texts, account IDs among them, stand in quotes. Put the cell right, then run from there."
            )
        return list(found.values())

    def given(self) -> dict[str, Any]:
        """The parameters as they are now: a person may have changed one and gone on."""
        namespace = self._shell.user_ns
        given = {item.name: namespace[item.name] for item in self.declared if item.name in namespace}
        return parameters.check(self.declared, given)

    def results(self) -> dict[str, Any]:
        """What earlier tasks registered, as far as it is still there."""
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
        """Make results variables of the notebook; names of one's own start with an underscore."""
        public = {name: value for name, value in variables.items() if not name.startswith("_")}
        self._registered |= public.keys()
        self.left = self.left | public
        self._shell.push(public)
