# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers for gates that are given with the command."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from breakglass_aws.engine import questions
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import reading
from breakglass_aws.engine.gates import definition as gates


def json_object(name: str) -> dict[str, Any]:
    """Return the JSON object in a file; "-" is standard input. Raises RunbookError when there is none."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        content = json.loads(text, object_pairs_hook=reading.object_of)
    except OSError as error:
        raise RunbookError(f"{name} cannot be read: {error.strerror}.") from None
    except RecursionError:
        raise RunbookError(f"{name} is not read: its JSON is nested too deeply.") from None
    except ValueError as error:
        raise RunbookError(f"{name} is not JSON: {error}.") from None
    if not isinstance(content, dict):
        raise RunbookError(f"Invalid content of {name}. Expected one JSON object of names and values.")
    return content


def given(items: Iterable[str], file: str | None, known: Iterable[gates.Gate]) -> dict[str, str]:
    """Return the checked answers of a command line and a file. `NAME=VALUE`; `NAME` alone asks without an echo."""
    by_name = {gate.name: gate for gate in known}
    answers = json_object(file) if file else {}
    for item in items:
        name, equals, value = item.partition("=")
        if equals and name in by_name and by_name[name].secret:
            raise RunbookError(
                f"{name} is secret, and other users can read a command line. Give --answer {name} alone."
            )
        answers[name] = value if equals or name not in by_name else questions.prompt(f"{name}: ", secret=True)
    return check(answers, by_name)


def check(answers: Mapping[str, Any], known: Mapping[str, gates.Gate]) -> dict[str, str]:
    """Return the normalized answers; raise RunbookError with all problems, before anything runs."""
    problems, checked = [], {}
    for name, answer in answers.items():
        try:
            checked[name] = gates.check(known[name], answer)
        except KeyError:
            problems.append(f"Unknown gate: {name}. The gates of this runbook are: {', '.join(known) or 'none'}.")
        except ValueError as refusal:
            problems.append(str(refusal))
    if problems:
        raise RunbookError("\n".join(problems))
    return checked
