"""Answers for gates, given with the command."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from breakglass_runbooks.errors import RunbookError
from breakglass_runbooks.gates import definition as gates


def json_object(name: str) -> dict[str, Any]:
    """Read a file that holds a JSON object; "-" is standard input."""
    try:
        content = json.loads(sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise RunbookError(f"{name} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise RunbookError(f"{name} is not JSON: {error}.") from None
    if not isinstance(content, dict):
        raise RunbookError(f"{name} must hold one JSON object of names and values.")
    return content


def given(items: Iterable[str], file: str | None, known: Iterable[gates.Gate]) -> dict[str, str]:
    """The answers of a command line (`NAME=VALUE`; `NAME` alone asks without showing) and of a file, checked."""
    by_name = {gate.name: gate for gate in known}
    answers = json_object(file) if file else {}
    for item in items:
        name, equals, value = item.partition("=")
        if equals and name in by_name and by_name[name].secret:
            raise RunbookError(
                f"{name} is secret, and a command line can be read by others: give --answer {name} alone."
            )
        answers[name] = value if equals or name not in by_name else getpass.getpass(f"{name}: ")
    return check(answers, by_name)


def check(answers: Mapping[str, Any], known: Mapping[str, gates.Gate]) -> dict[str, str]:
    """The answers as they count; RunbookError with all that is wrong, before anything runs."""
    problems, checked = [], {}
    for name, answer in answers.items():
        try:
            checked[name] = gates.check(known[name], answer)
        except KeyError:
            problems.append(f"{name} is not a gate of this runbook. Its gates are: {', '.join(known) or 'none'}.")
        except ValueError as refusal:
            problems.append(str(refusal))
    if problems:
        raise RunbookError("\n".join(problems))
    return checked
