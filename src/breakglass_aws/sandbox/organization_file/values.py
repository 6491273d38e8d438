# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of an organization file with their places: checked, and returned in their final form."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from breakglass_aws.sandbox import nearest
from breakglass_aws.sandbox.authorization import PolicyError, parse
from breakglass_aws.sandbox.organization_file.yaml_source import OrganizationError, Path_, Source

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800, "year": 31536000}


Value = Any


@dataclass
class ConfigNode:
    """A value of the file with its place; the methods check it and give it back in its final form."""

    value: Value
    path: Path_
    source: Source
    loaded: datetime

    def refuse(self, accepted: str) -> OrganizationError:
        shown = json.dumps(self.value, default=str)
        shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
        return self.source.error(self.path, f"{shown} is not accepted; accepted: {accepted}")

    def child(self, key: str | int, value: Value) -> ConfigNode:
        return ConfigNode(value, (*self.path, key), self.source, self.loaded)

    def fields(self, *known: str, required: tuple[str, ...] = ()) -> dict[str, ConfigNode]:
        """The keys of a mapping that are there and not null."""
        if not isinstance(self.value, dict):
            raise self.refuse(f"a mapping with the keys {', '.join(known)}")
        for key in self.value:
            if key not in known:
                raise self.source.error((*self.path, key), f"unknown key{nearest.accepted(key, known)}")
        for key in required:
            if self.value.get(key) is None:
                raise self.source.error(self.path, f"the key {key!r} is missing")
        return {key: self.child(key, value) for key, value in self.value.items() if value is not None}

    def mapping(self) -> dict[str, ConfigNode]:
        if not isinstance(self.value, dict):
            raise self.refuse("a mapping")
        return {str(key): self.child(key, value) for key, value in self.value.items()}

    def items(self) -> list[ConfigNode]:
        if not isinstance(self.value, list):
            raise self.refuse("a list")
        return [self.child(index, value) for index, value in enumerate(self.value)]

    def text(self, pattern: str = r".+", accepted: str = "text") -> str:
        if not isinstance(self.value, str) or not re.fullmatch(pattern, self.value, re.DOTALL | re.ASCII):
            raise self.refuse(accepted)
        return self.value

    def account_id(self) -> str:
        return self.text(r"\d{12}", 'an account ID: 12 digits, in quotes ("012345678901")')

    def choice(self, *accepted: str) -> str:
        if self.value not in accepted:
            raise self.refuse(", ".join(accepted))
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.refuse("true, false")
        return self.value

    def date(self) -> datetime:
        accepted = "a date: '400 days ago', '2025-03-01' or '2025-03-01T12:00:00Z'"
        text = self.text(accepted=accepted)
        relative = re.fullmatch(r"([0-9]{1,6}) (second|minute|hour|day|week|year)s? ago", text)
        try:
            if relative:
                return self.loaded - timedelta(seconds=int(relative[1]) * _UNITS[relative[2]])
            date = datetime.fromisoformat(text)
            return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            raise self.refuse(accepted) from None

    def number(self) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < 1:
            raise self.refuse("a whole number of at least 1")
        return self.value

    def duration(self) -> timedelta:
        accepted = "a time span: '10 minutes', up to 100 years"
        span = re.fullmatch(r"([0-9]{1,6}) (second|minute|hour|day|week|year)s?", self.text(accepted=accepted))
        length = timedelta(seconds=int(span[1]) * _UNITS[span[2]]) if span else None
        if length is None or length > timedelta(days=36500):
            raise self.refuse(accepted)
        return length

    def email(self) -> str:
        return self.text(r"\S+@\S+", "an e-mail address")

    def policy(self) -> dict[str, Any]:
        accepted = "a policy document: a mapping with the key Statement"
        if not isinstance(self.value, dict) or not isinstance(self.value.get("Statement"), list | dict):
            raise self.refuse(accepted)
        try:
            parse(self.value)
        except PolicyError as error:
            place: Path_ = () if error.statement is None else ("Statement", error.statement)
            problem = " ".join(str(error).split())  # it may show what was given
            raise self.source.error((*self.path, *place), f"this is no policy: {problem:.200}") from None
        return self.value

    def policy_text(self) -> str:
        """The text of a policy document: of a mapping, or as it is where the file has it as a text of JSON."""
        if not isinstance(self.value, str):
            return json.dumps(self.policy())
        try:
            document = json.loads(self.value)
        except ValueError:
            raise self.refuse("a policy document: a mapping with the key Statement, or its text as JSON") from None
        ConfigNode(document, self.path, self.source, self.loaded).policy()
        return self.value

    def unique(self, taken: set[Any], accepted: str, key: Any = None) -> None:
        """Refuse a value that is taken, by itself or by its key, and take it."""
        key = self.value if key is None else key
        if key in taken:
            raise self.refuse(accepted)
        taken.add(key)
