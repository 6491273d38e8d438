# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which recoveries the policies of a model would let through: readiness, asked in a sandbox that serves the model."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from breakglass_aws.engine import aws_context, collection
from breakglass_aws.engine.errors import RunbookError

IDENTITY = "operator"
NOT_ASKED = "It was not asked for."
# What a model has only if it was asked for, as the domain names it.
_OPTIONS = {"tags of accounts": "--with-tags", "contacts of accounts": "--with-contacts"}


def check(file: Path, *, with_roles: bool, role_name: str | None) -> dict[str, Any]:
    """The result of recovery_readiness_info for every account of an organization file.

    ``with_roles``: the file has the access roles as they were read, so they are asked too. Raises RunbookError.
    """
    if importlib.util.find_spec("moto") is None:
        raise RunbookError(
            "The check starts a sandbox, which needs the Python package moto, and it is not installed here. "
            f"Install it: {collection.requirements_command()}"
        )
    from breakglass_aws.drills.runner.simulation import Simulation, StartError

    try:
        with Simulation(str(file)) as simulation, _without_aws():
            simulation.wait_until_ready()
            return _readiness(simulation.url, simulation.credentials(IDENTITY), with_roles, role_name)
    except StartError as error:
        raise RunbookError(str(error)) from None


def _readiness(url: str, keys: dict[str, Any], with_roles: bool, role_name: str | None) -> dict[str, Any]:
    errors = collection.module_util("_errors")
    arguments = {
        **collection.module_util("_selection.accounts").ARGUMENTS,
        **collection.module_util("_sweep.runner").ARGUMENTS,
    }
    constants = collection.module_util("_constants")
    params = {name: spec.get("default") for name, spec in arguments.items()} | {
        "all_accounts": True,
        "with_root_sessions": False,
        "with_role_sessions": with_roles,
        "role_name": role_name or constants.ACCESS_ROLE,
        "own_domains": [],
        "regions": None,
        "confirmed": [],
    }
    context = aws_context.context({"endpoint_url": url, "region": "us-east-1", **keys})
    try:
        found: dict[str, Any] = collection.module_util("_readiness.sweep").read_readiness(params, context)
    except errors.BreakglassError as error:
        raise RunbookError(f"The model could not be checked. {error}") from None
    return {**found, "accounts": list(found["accounts"])}


def explain_unknown(found: dict[str, Any], not_read: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The result of a check in which what the model lacks is called that.

    The sandbox denies everyone to read it. A missing permission is not the cause, and granting one is not the cure.
    """
    lacking = [one for one in not_read if not one["account_id"]]
    facts = vars(collection.module_util("_organization_model.facts")).values()
    tells = {one.what: one.tells for one in facts if hasattr(one, "tells")}
    for entry in found["unreadable"]:
        for one in lacking:
            if entry["permission"] in tells.get(one["what"], ()):
                asked = one["reason"] != NOT_ASKED
                fix = one["fix"] if asked else f"Make the model with {_OPTIONS.get(one['what'], one['fix'])}."
                entry |= {"reason": f"Not in the model: {one['what']}. {one['reason']}", "statement": None, "fix": fix}
                break
    return found


@contextmanager
def _without_aws() -> Iterator[None]:
    """Without the AWS settings of the shell: the check must reach the sandbox, and nothing else."""
    before = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    for name in before:
        del os.environ[name]
    os.environ.update(nowhere)
    try:
        yield
    finally:
        for name in nowhere:
            del os.environ[name]
        os.environ.update(before)
