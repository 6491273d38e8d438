"""What a runbook takes, and whether what it was given will do.

A notebook declares its parameters in the cell tagged `parameters`, one annotated assignment a line. `None` as the
default says that a value must be given; the comment behind it is the help text:

    account_id: str = None  # the member account that owns the bucket
    check_mode: bool = True  # True plans only

The same check runs in the launcher, on the notebook's source, and in the kernel, on what papermill or a person put
there: papermill makes numbers of everything that looks like one, and the word "false" stays text, which is true.
"""

from __future__ import annotations

import ast
import json
import re
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import StringIO
from typing import Any

from breakglass_runbooks.collection import module_util
from breakglass_runbooks.errors import RunbookError

WORDS = {"true": True, "yes": True, "false": False, "no": False}

# What credentials look like. Access key IDs are no secret: they name a key.
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
        """Whether its value is an account ID or a list of them; the name says so."""
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
            comments.get(statement.end_lineno, ""),
        )
        for statement in statements
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value
    ]


def check(parameters: Iterable[Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of every parameter, each of its declared type.

    Raises RunbookError with everything that is wrong with `given` and the list of what the runbook takes.
    """
    known = {parameter.name: parameter for parameter in parameters}
    problems = [f"{name} is not a parameter of this runbook." for name in given if name not in known]
    secrets = {name: problem for name, value in given.items() if (problem := _secret(name, value))}
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
        raise RunbookError("\n".join([*problems, "", "This runbook takes:", *describe(known.values())]))
    return values


def target(parameters: Iterable[Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that name what a run acts on: accounts, and all that is required, such as the bucket."""
    return {
        parameter.name: values[parameter.name]
        for parameter in parameters
        if parameter.required or parameter.name in ("account_id", "account_ids")
    }


def describe(parameters: Iterable[Parameter]) -> list[str]:
    """Say what a runbook takes, a line for each parameter."""
    return [
        f"  {parameter.name} ({parameter.type}, "
        + ("required" if parameter.required else f"default {json.dumps(parameter.default)}")
        + (f"): {parameter.help}" if parameter.help else ")")
        for parameter in parameters
    ]


def _secret(name: str, value: Any) -> str | None:
    """Say why something must not be given as a parameter: papermill stores every value in the notebook, twice."""
    where = f"{name} must not be given: parameters are stored in the executed notebook, and "
    if SECRET_NAME.search(name):
        return where + "its name says that it is a secret."
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    kinds = [kind for kind, pattern in SECRET_VALUES.items() if pattern.search(text)]
    return where + f"its value looks like {kinds[0]}." if kinds else None


def _fit(parameter: Parameter, value: Any) -> Any:
    """Return `value` as the parameter's type; raise ValueError, naming the right spelling, when it is not certain."""
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
    raise ValueError(f"{parameter.name} is declared as {parameter.type}, which runbooks do not know.")


def _fit_text(parameter: Parameter, value: Any) -> str:
    if parameter.holds_accounts and value != "":
        return _fit_account(parameter, value)
    if not isinstance(value, str):
        raise ValueError(f"{parameter.name} must be text, but is {value!r}.")
    return value


def _fit_account(parameter: Parameter, value: Any) -> str:
    """Return an account ID; the collection knows which spellings are certain and what to say about the others."""
    try:
        return module_util("_account_id").parse_account_id(value, parameter.name)
    except module_util("_errors").InvalidInput as error:
        raise ValueError(str(error)) from None


def _fit_truth(parameter: Parameter, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in WORDS:
        return WORDS[value.lower()]
    raise ValueError(f"{parameter.name} must be true or false, but is {value!r}.")


def _fit_number(parameter: Parameter, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value):
        return int(value)
    raise ValueError(f"{parameter.name} must be a whole number, but is {value!r}.")


def _fit_list(value: Any) -> list[Any]:
    """A list as it is; text as JSON or as values between commas; anything else as a list of that one."""
    if isinstance(value, list):
        return value
    if not isinstance(value, str):
        return [value]
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            pass  # an IPv6 address, say: no list, after all
    return [item.strip() for item in value.split(",") if item.strip()]


def _fit_mapping(parameter: Parameter, value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError(f"{parameter.name} is not valid JSON: {error}.") from None
    if not isinstance(value, dict):
        raise ValueError(f"{parameter.name} must be a JSON object, but is {value!r}.")
    return value
