# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The items of an approved plan, as an option: a task acts on these and on nothing else. No AWS, no Ansible."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.breakglass.aws.plugins.module_utils._account_id import parse_account_id
from ansible_collections.breakglass.aws.plugins.module_utils._errors import InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._targets import Target, unusable
from ansible_collections.breakglass.aws.plugins.module_utils._time import parse_time

OPTION = "approved_items"
ARGUMENTS = {
    OPTION: {
        "type": "list",
        "elements": "dict",
        "options": {
            "account_id": {"type": "str", "required": True},
            "kind": {"type": "str", "required": True},
            "id": {"type": "str", "required": True},
            "created": {"type": "str"},
        },
    }
}


@dataclass(frozen=True)
class ApprovedItem:
    """One item that may be changed. ``created`` tells it from a later one with the same ID; None when not given."""

    account_id: str
    kind: str
    id: str
    created: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        return self.account_id, self.kind, self.id


def check_approved_items(
    given: t.Sequence[t.Mapping[str, t.Any]] | None,
    accepted_ids: t.Mapping[str, tuple[t.Callable[[str], t.Any], str]],
    targets: t.Sequence[Target],
) -> tuple[ApprovedItem, ...] | None:
    """The approved items, None when the option is not given. An empty list approves nothing.

    ``accepted_ids`` has, for each kind that this task may change, what accepts an ID and what that is in words.
    Raises InvalidInput for an item that is malformed, given twice, of another kind, or of an account that the task is
    not for.
    """
    if given is None:
        return None
    items: dict[tuple[str, str, str], ApprovedItem] = {}
    for number, entry in enumerate(given):
        item = _parse(f"{OPTION}[{number}]", entry, accepted_ids)
        _check_account(f"{OPTION}[{number}].account_id", item.account_id, targets)
        if item.key in items:
            raise InvalidInput(f"{OPTION}[{number}]", dict(entry), "an item that is not in the list already")
        items[item.key] = item
    return tuple(items.values())


def show_items(items: t.Iterable[ApprovedItem]) -> list[dict[str, str]]:
    """Items in the shape of the option, sorted by account, kind and ID; without ``created`` where it is not known."""
    shown = [
        {"account_id": item.account_id, "kind": item.kind, "id": item.id}
        | ({"created": item.created} if item.created else {})
        for item in items
    ]
    return sorted(shown, key=lambda item: (item["account_id"], item["kind"], item["id"]))


def _parse(
    option: str,
    entry: t.Mapping[str, t.Any],
    accepted_ids: t.Mapping[str, tuple[t.Callable[[str], t.Any], str]],
) -> ApprovedItem:
    account_id = parse_account_id(entry["account_id"], f"{option}.account_id")
    kind, id, created = entry["kind"], entry["id"], entry.get("created")
    if kind not in accepted_ids:
        raise InvalidInput(f"{option}.kind", kind, f"one of {', '.join(accepted_ids)}, which this task is for")
    accepts, words = accepted_ids[kind]
    if not accepts(id):
        raise InvalidInput(f"{option}.id", id, words)
    if created is not None:
        try:
            parse_time(created)
        except ValueError as error:
            raise InvalidInput(f"{option}.created", created, 'a time such as "2026-01-31T03:00:00Z"') from error
    return ApprovedItem(account_id, kind, id, created)


def _check_account(option: str, account_id: str, targets: t.Sequence[Target]) -> None:
    target = next((target for target in targets if target.account.id == account_id), None)
    if target is None:
        raise InvalidInput(option, account_id, "an account that this task is for")
    if target.skipped_because and target.skipped_because != unusable(target.account):
        hint = target.skipped_because.rstrip(".")
        raise InvalidInput(option, account_id, "an account that may be changed", hint=hint)
