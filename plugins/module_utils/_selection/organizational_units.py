# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OUs as a user names them, by ID or by path, and the accounts in their subtrees."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Account, Organization, Unit
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._names import nearest

OPTION = "organizational_units"
# The patterns of AWS Organizations for IDs (API reference, OrganizationalUnit and Root).
_ID = re.compile(r"ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}\Z|r-[0-9a-z]{4,32}\Z", re.ASCII)
_ACCEPTED = "the ID or the path of an OU, for example ou-examplerootid111-exampleouid111 or Workloads/Production"


class Subtree(t.NamedTuple):
    """An OU as it was given, its ID, and the IDs of all accounts in it and in the OUs below."""

    given: str
    unit_id: str
    account_ids: frozenset[str]


def find_subtrees(organization: Organization, given: t.Sequence[str], accounts: t.Sequence[Account]) -> list[Subtree]:
    """The OUs that ``given`` names, each once, with their accounts. ``accounts`` are all of the organization.

    The paths that ListAccounts returns answer without a call which accounts are in an OU; a path of names takes one
    call for each of its levels. Where AWS or botocore does not return paths, the accounts of each OU of the subtree
    are listed. Raises InvalidInput for an OU that does not exist, with the nearest one.
    """
    units = dict.fromkeys(given)
    ids = {one: _resolve(organization, one, accounts) for one in units}
    found: dict[str, Subtree] = {}
    for one, unit_id in ids.items():
        if unit_id not in found:
            found[unit_id] = Subtree(one, unit_id, frozenset(_account_ids(organization, unit_id, accounts)))
    return list(found.values())


def _resolve(organization: Organization, given: str, accounts: t.Sequence[Account]) -> str:
    """The ID of the OU that ``given`` names."""
    if _ID.match(given):
        return _check_id(organization, given, accounts)
    path = given.strip("/")
    root = organization.root()
    if not path:
        raise InvalidInput(OPTION, given, _ACCEPTED)
    found = dict.fromkeys([*_walk(organization, root, path), *_from_root(organization, root, path)])
    if len(found) > 1:
        ids = ", ".join(sorted(found))
        raise InvalidInput(OPTION, given, f"the ID of the OU, because several have this path: {ids}")
    if not found:
        raise InvalidInput(OPTION, given, _ACCEPTED, hint=_nearest_path(organization, root, path))
    return next(iter(found))


def _from_root(organization: Organization, root: Unit, path: str) -> list[str]:
    """The same for a path that begins with the name of the root, as results show it ("Root/Workloads")."""
    if path == root.name:
        return [root.id]
    return _walk(organization, root, path.removeprefix(f"{root.name}/")) if path.startswith(f"{root.name}/") else []


def _walk(organization: Organization, parent: Unit, path: str) -> list[str]:
    """The OUs at a path of names below ``parent``. A name may itself have slashes in it."""
    found = []
    for unit in organization.units_below(parent.id):
        if path == unit.name:
            found.append(unit.id)
        elif path.startswith(f"{unit.name}/"):
            found += _walk(organization, unit, path[len(unit.name) + 1 :])
    return found


def _nearest_path(organization: Organization, root: Unit, path: str) -> str:
    """A hint: the nearest OU on the level where the path leaves the tree."""
    above, rest, parent = "", path.removeprefix(f"{root.name}/"), root
    while True:
        units = organization.units_below(parent.id)
        step = next((unit for unit in units if rest.startswith(f"{unit.name}/")), None)
        if step is None:
            break
        above, rest, parent = f"{above}{step.name}/", rest[len(step.name) + 1 :], step
    names = [unit.name for unit in units]
    near = nearest(rest.partition("/")[0], names)
    place = f"in {above.rstrip('/')}" if above else "below the root"
    if near:
        return f"there is no such OU {place}. Did you mean {above}{near}?"
    return f"there is no such OU {place}" + (f", which has {', '.join(sorted(names))}" if names else "")


def _check_id(organization: Organization, unit_id: str, accounts: t.Sequence[Account]) -> str:
    """The ID itself; asks AWS only for an OU that no account's path has."""
    known = {part for account in accounts for part in account.path.split("/") if _ID.match(part)}
    if unit_id in known:
        return unit_id
    try:
        organization.unit_and_above(unit_id)
    except BreakglassError as error:
        if error.code not in ("OrganizationalUnitNotFoundException", "InvalidInputException"):
            raise
        near = nearest(unit_id, known)
        hint = f"the organization has no OU of this ID{'. Did you mean ' + near + '?' if near else ''}"
        raise InvalidInput(OPTION, unit_id, _ACCEPTED, hint=hint) from error
    return unit_id


def _account_ids(organization: Organization, unit_id: str, accounts: t.Sequence[Account]) -> t.Iterator[str]:
    if all(account.path for account in accounts):
        yield from (account.id for account in accounts if f"/{unit_id}/" in account.path)
        return
    yield from (account.id for account in organization.accounts_in(unit_id))
    for unit in organization.units_below(unit_id):
        yield from _account_ids(organization, unit.id, accounts)
