# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parameters of a runbook, and whether given values are valid.

A notebook declares its parameters in the cell tagged `parameters`, one annotated assignment a line. `None` as the
default means that a value is required; the comment after it is the help text:

    account_id: str = None  # the member account that owns the bucket
    check_mode: bool = True  # True plans only

The same check runs in the launcher, on the notebook's source, and in the kernel, on what papermill or a person put
there: papermill makes numbers of values that look like numbers, and keeps the word "false" as text, which is true.
"""

from __future__ import annotations

import ast
import difflib
import json
import re
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import StringIO
from typing import Any

from breakglass_aws.engine.collection import module_util
from breakglass_aws.engine.errors import RunbookError

PURPOSE = "purpose"  # the required parameter that names what is done, not to what
WORDS = {"true": True, "yes": True, "false": False, "no": False}

# What credentials look like. Access key IDs are not secret: they identify a key.
SECRET_NAME = re.compile(r"secret|passw|token|private_?key|credential$|otp|mfa_?code", re.IGNORECASE)
SECRET_VALUES = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "an AWS secret access key": re.compile(
        r"(?<![\w/+=])(?=[\w/+]*[a-z])(?=[\w/+]*[A-Z])(?=[\w/+]*\d)[A-Za-z0-9/+]{40}(?![\w/+=])"
    ),
    "a session token": re.compile(r"[A-Za-z0-9/+=]{120,}"),
}


@dataclass(frozen=True)
class Parameter:
    """A parameter as the notebook declares it."""

    name: str
    type: str  # as annotated: "str", "bool", "int", "list[str]", "dict"
    default: Any = None
    help: str = ""

    @property
    def required(self) -> bool:
        """Whether a value must be given."""
        return self.default is None

    @property
    def holds_accounts(self) -> bool:
        """Whether its value is an account ID or a list of them, by its name."""
        return self.name.endswith(("account_id", "account_ids", "accounts"))


def declared(source: str) -> list[Parameter]:
    """Read the parameters from the source of a `parameters` cell."""
    statements = ast.parse(source).body
    comments = {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokenize.generate_tokens(StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    return [
        Parameter(
            statement.target.id,
            ast.unparse(statement.annotation),
            ast.literal_eval(statement.value),
            comments.get(statement.end_lineno or 0, ""),
        )
        for statement in statements
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value
    ]


def check(parameters: Iterable[Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of every parameter, in its declared type.

    Raises RunbookError with all problems of `given` and the list of the runbook's parameters.
    """
    known = {parameter.name: parameter for parameter in parameters}
    problems = [_unknown(name, known) for name in given if name not in known]
    secrets = {name: problem for name, value in given.items() if (problem := secret_in(name, value))}
    problems += secrets.values()
    values = {}
    for parameter in known.values():
        if parameter.name in secrets:
            continue  # no message may repeat it
        try:
            values[parameter.name] = _fit(parameter, given.get(parameter.name, parameter.default))
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise RunbookError("\n".join([*problems, "", "The parameters of this runbook:", *describe(known.values())]))
    return values


def target(parameters: Iterable[Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that name what a run acts on: accounts, and all that is required, such as the bucket."""
    return {
        parameter.name: values[parameter.name]
        for parameter in parameters
        if (parameter.required and parameter.name != PURPOSE) or parameter.name in ("account_id", "account_ids")
    }


def describe(parameters: Iterable[Parameter]) -> list[str]:
    """Return a line for each parameter."""
    return [
        f"  {parameter.name} ({parameter.type}, "
        + ("required" if parameter.required else f"default {json.dumps(parameter.default)}")
        + (f"): {parameter.help}" if parameter.help else ")")
        for parameter in parameters
    ]


def _unknown(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"Unknown parameter: {name}." + (f" Did you mean {near[0]}?" if near else "")


def secret_in(name: str, value: Any) -> str | None:
    """Return why a value must not be a parameter: papermill stores every value in the notebook, twice."""
    where = f"{name} must not be given: parameters are stored in the executed notebook, and "
    if SECRET_NAME.search(name):
        return where + "by its name it is a secret."
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    kinds = [kind for kind, pattern in SECRET_VALUES.items() if pattern.search(text)]
    return where + f"its value looks like {kinds[0]}." if kinds else None


def _fit(parameter: Parameter, value: Any) -> Any:
    """Return `value` as the parameter's type; raise ValueError, with what is expected, when it is not certain."""
    if value is None or (value == "" and parameter.required):
        raise ValueError(f"{parameter.name} is missing.")
    if parameter.type == "str":
        return _fit_text(parameter, value)
    if parameter.type == "bool":
        return _fit_truth(parameter, value)
    if parameter.type == "int":
        return _fit_number(parameter, value)
    if parameter.type.startswith("list"):
        return [_fit_text(parameter, item) for item in _fit_list(value)]
    if parameter.type == "dict":
        return _fit_mapping(parameter, value)
    raise ValueError(f"{parameter.name} has the type {parameter.type}. Expected str, bool, int, list[str] or dict.")


def _fit_text(parameter: Parameter, value: Any) -> str:
    if parameter.holds_accounts and value != "":
        return _fit_account(parameter, value)
    if not isinstance(value, str):
        raise ValueError(f"Invalid value for {parameter.name}: {value!r}. Expected text.")
    return value


def _fit_account(parameter: Parameter, value: Any) -> str:
    """Return an account ID; raise ValueError for a value that may have lost digits."""
    try:
        return module_util("_account_id").parse_account_id(value, parameter.name)
    except module_util("_errors").InvalidInput as error:
        raise ValueError(str(error)) from None


def _fit_truth(parameter: Parameter, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in WORDS:
        return WORDS[value.lower()]
    raise ValueError(f"Invalid value for {parameter.name}: {value!r}. Expected true or false.")


def _fit_number(parameter: Parameter, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value):
        return int(value)
    raise ValueError(f"Invalid value for {parameter.name}: {value!r}. Expected a whole number.")


def _fit_list(value: Any) -> list[Any]:
    """A list as it is; text as JSON or as values between commas; anything else as a list of that one."""
    if isinstance(value, list):
        return value
    if not isinstance(value, str):
        return [value]
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            pass  # an IPv6 address, for example: not a list
    return [item.strip() for item in value.split(",") if item.strip()]


def _fit_mapping(parameter: Parameter, value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{parameter.name} is not valid JSON: {error}.") from None
    if not isinstance(value, dict):
        raise ValueError(f"Invalid value for {parameter.name}: {value!r}. Expected a JSON object.")
    return value
