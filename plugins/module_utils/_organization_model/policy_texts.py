# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pseudonyms in the texts of policies, so that each policy decides as before. No AWS, no Ansible.

IDs are replaced wherever they stand. A name in an ARN is replaced only if no pattern of any policy matches it: a
pattern such as Acme* cannot be replaced without changing what it matches. ``kept`` lists what is left as it is.
"""

from __future__ import annotations

import fnmatch
import json
import re
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._organization_model import pseudonym_mapping as kinds
from ansible_collections.breakglass.aws.plugins.module_utils._organization_model.pseudonym_mapping import Mapping

_ID = re.compile(
    r"(?P<account>(?<!\d)\d{12}(?!\d))"
    r"|(?<![\w-])(?:"
    r"(?P<organization>o-[a-z0-9]{10,32})(?![\w-])"
    r"|r-(?P<root>[0-9a-z]{4,32})(?![\w-])"
    r"|ou-(?P<unit_root>[0-9a-z]{4,32})-(?:(?P<unit>[0-9a-z]{8,32})(?![\w-])|(?=[*?]))"
    r"|(?P<policy>p-[0-9a-z]{8,32})(?![\w-])"
    r"|(?P<resource>(?:vpc|vpce|vpce-svc|subnet|sg|i|vol|ami|igw|eni|nat|tgw|rtb|acl|lt|snap|pl)-[0-9a-f]{8,17})(?!\w)"
    r"|(?P<principal>(?:AROA|AIDA|AKIA|ASIA|AGPA|ANPA|AIPA)[A-Z0-9]{12,})"
    r"|(?P<uuid>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
    r"|(?P<mailbox>[\w.+'=-]+)@(?P<domain>[\w-]+(?:\.[\w-]+)+)"
    r")",
    re.ASCII,
)
_WILDCARD = re.compile(r"[*?$]")
# Names that AWS, Control Tower and the Landing Zone Accelerator give: they identify no one, and code knows them.
_AWS_NAME = re.compile(
    r"(?:root|aws|aws-reserved|aws-service-role|service-role|AdministratorAccess|OrganizationAccountAccessRole"
    r"|AWSControlTower\w*|aws-controltower-\w*|AWSServiceRole\w*|AWSReservedSSO_\w*|AWSCloudFormationStackSet\w*"
    r"|stacksets-exec-\w*|AWSAccelerator\w*|AWSAFT\w*|[a-z0-9.-]+\.amazonaws\.com(?:\.cn)?)\Z"
)
# Whose ARNs have no word for the kind of resource in front.
_WITHOUT_KIND = ("s3", "sqs", "sns")
_HARMLESS = re.compile(
    r"(?:true|false|\d{1,11}|[a-z]{2}(?:-[a-z]+)+-\d|(?:[\w.-]+\.)?amazonaws\.com(?:\.cn)?|\d{4}-\d\d-\d\dT[\d:.]+Z?|aws"
    r"|[a-z0-9-]+:[A-Za-z*]+|\*)\Z",
    re.ASCII,
)
_TAGS = ("aws:principaltag/", "aws:resourcetag/", "aws:requesttag/")
_CONTROL_TOWER_SID = re.compile(r"GR[A-Z]+\Z")


class PolicyTexts:
    """Replaces names and IDs in policies, of which ``documents`` are all that matter together."""

    def __init__(self, mapping: Mapping, documents: t.Iterable[t.Any]) -> None:
        self._mapping = mapping
        self.kept: set[str] = set()
        self._patterns: set[str] = set()
        for document in documents:
            for text in _texts(document):
                segments = re.split(r"[:/]", text)
                self._patterns |= {one for one in segments if _WILDCARD.search(one) and one.strip("*")}

    def ids(self, text: str) -> str:
        """The text with pseudonyms for the IDs and e-mail addresses in it."""
        return _ID.sub(self._replaced, text)

    def name(self, name: str) -> str:
        """The pseudonym of the name of a role, user, bucket or the like."""
        if not name or _AWS_NAME.match(name):
            return name
        if self._matches_pattern(name):
            self.kept.add(name)
            return self.ids(name)
        return self._mapping.get(kinds.NAME, name, self._matches_pattern)

    def document(self, document: t.Any) -> t.Any:
        """A policy with pseudonyms; what it allows and denies is the same for what has pseudonyms."""
        statements = document.get("Statement", [])
        several = statements if isinstance(statements, list) else [statements]
        made = [self._statement(one) for one in several]
        return {
            **document,
            **({"Id": self.name(document["Id"])} if "Id" in document else {}),
            "Statement": made if isinstance(statements, list) else made[0],
        }

    def document_text(self, text: str) -> str:
        """The same of the text of a policy."""
        return json.dumps(self.document(json.loads(text)))

    def _statement(self, statement: dict[str, t.Any]) -> dict[str, t.Any]:
        made = dict(statement)
        if statement.get("Sid") and not _CONTROL_TOWER_SID.match(statement["Sid"]):
            made["Sid"] = self._mapping.get(kinds.SID, statement["Sid"])
        for key in ("Resource", "NotResource", "Principal", "NotPrincipal"):
            if key in statement:
                made[key] = self._each(statement[key], self._text)
        if "Condition" in statement:
            made["Condition"] = {
                operator: {key: self._each(value, self._value_of(key)) for key, value in pairs.items()}
                for operator, pairs in statement["Condition"].items()
            }
        return made

    def _value_of(self, key: str) -> t.Callable[[str], str]:
        return self._tag_value if key.lower().startswith(_TAGS) else self._text

    def _each(self, value: t.Any, change: t.Callable[[str], str]) -> t.Any:
        if isinstance(value, dict):
            return {key: self._each(one, change) for key, one in value.items()}
        if isinstance(value, list):
            return [self._each(one, change) for one in value]
        return change(value) if isinstance(value, str) else value

    def _tag_value(self, text: str) -> str:
        if _WILDCARD.search(text) or _HARMLESS.match(text):
            return self._text(text)
        return self.tag_value(text)

    def tag_value(self, text: str) -> str:
        """The pseudonym of the value of a tag, unless a pattern matches it."""
        if not text or _HARMLESS.match(text) or self._matches_pattern(text):
            return self._text(text)
        return self._mapping.get(kinds.TEXT, text, self._matches_pattern)

    def _text(self, text: str) -> str:
        parts = text.split(":", 5)
        if len(parts) == 6 and parts[0] == "arn":
            return self._arn(parts)
        known = self._mapping.known_name(text)
        if known:
            return known
        changed = self.ids(text)
        if changed == text and text and not _HARMLESS.match(text):
            self.kept.add(text)
        return changed

    def _arn(self, parts: list[str]) -> str:
        if parts[4] == "aws":  # a policy that AWS manages
            return ":".join(parts)
        head = ":".join([*parts[:4], self.ids(parts[4])])
        segments = re.split(r"([:/])", parts[5])
        with_kind = parts[2] not in _WITHOUT_KIND and len(segments) > 1
        changed = [
            one if one in (":", "/") or (with_kind and place == 0) else self._segment(one)
            for place, one in enumerate(segments)
        ]
        return f"{head}:{''.join(changed)}"

    def _segment(self, segment: str) -> str:
        if _WILDCARD.search(segment):
            if segment.strip("*") and not segment.startswith("${"):
                self.kept.add(segment)
            return self.ids(segment)
        return self.ids(segment) if _ID.fullmatch(segment) else self.name(segment)

    def _matches_pattern(self, name: str) -> bool:
        return any(fnmatch.fnmatchcase(name.lower(), pattern.lower()) for pattern in self._patterns)

    def _replaced(self, found: re.Match[str]) -> str:
        get = self._mapping.get
        if found["root"]:
            return f"r-{get(kinds.ROOT, found['root'])}"
        if found["unit_root"]:
            unit = get(kinds.UNIT, found["unit"]) if found["unit"] else ""
            return f"ou-{get(kinds.ROOT, found['unit_root'])}-{unit}"
        if found["domain"]:
            return f"{get(kinds.MAILBOX, found['mailbox'].lower())}@{get(kinds.DOMAIN, found['domain'].lower())}"
        for group, kind in _KIND_OF.items():
            if found[group]:
                return get(kind, found[group])
        return found[0]


_KIND_OF = {
    "account": kinds.ACCOUNT,
    "organization": kinds.ORGANIZATION,
    "policy": kinds.POLICY,
    "resource": kinds.RESOURCE,
    "principal": kinds.PRINCIPAL,
    "uuid": kinds.UUID,
}


def _texts(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
