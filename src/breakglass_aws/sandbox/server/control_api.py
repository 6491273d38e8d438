# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox's own interface for other processes, under `/_sandbox/`: everything else on the port is AWS."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from breakglass_aws.sandbox import clock, inspection
from breakglass_aws.sandbox.clock import ClockError
from breakglass_aws.sandbox.faults import injector
from breakglass_aws.sandbox.faults.injector import FaultInjector
from breakglass_aws.sandbox.faults.rules import RuleError
from breakglass_aws.sandbox.organization_file.schema import change_behaviour
from breakglass_aws.sandbox.organization_file.yaml_source import OrganizationError
from breakglass_aws.sandbox.people import access_portal, console
from breakglass_aws.sandbox.state import State, UnknownIdentity
from breakglass_aws.sandbox.wire.messages import Response

PREFIX = "/_sandbox/"


def response(state: State, faults: FaultInjector, method: str, path: str, body: bytes = b"") -> Response:
    """Answer a request to the control API; `path` begins with PREFIX."""
    name, _, argument = path.removeprefix(PREFIX).partition("/")
    if method == "HEAD":
        method = "GET"  # the server leaves out the body
    if method == "GET" and name in _READS and (not argument or name == "identities"):
        return _READS[name](state, unquote(argument))
    if (method, name) == ("POST", "reset"):
        state.reset()
        return _json({})
    if name == "clock" and method in ("GET", "POST"):
        return _clock(state, method, body)
    if name in ("faults", "weather") and method in ("GET", "POST", "DELETE"):  # weather: the old name
        return _faults(faults, method, unquote(argument), body)
    if (method, name) == ("POST", "behaviour"):
        return _behaviour(state, body)
    if (method, name) == ("GET", "sso") or (method, name) == ("POST", "control-tower"):
        return _account_access(state, name, [unquote(part) for part in argument.split("/")])
    if name == "person" and method in ("GET", "POST"):
        return _person(state, method, [unquote(part) for part in argument.split("/") if part], body)
    return _json({"error": f"The sandbox has no {method} {path}."}, 404)


def _ready(state: State, _: str) -> Response:
    return _json(
        {
            "organization": state.organization.id,
            "accounts": len(state.organization.accounts),
            "tls_front": state.tls_front,
        }
    )


def _identity(state: State, name: str) -> Response:
    try:
        return _json(vars(state.identity(name)))
    except UnknownIdentity as error:
        return _json({"error": str(error)}, 404)


_READS: dict[str, Callable[[State, str], Response]] = {
    "ready": _ready,
    "identities": _identity,
    "snapshot": lambda state, _: _json(state.snapshot()),
    "held": lambda state, _: _json(inspection.held(state)),
    "secrets": lambda state, _: _json(inspection.secrets(state)),
    "events": lambda state, _: _json(list(state.events)),
}


def failure(problem: str, status: int) -> Response:
    return _json({"error": problem}, status)


def _clock(state: State, method: str, body: bytes) -> Response:
    """`POST clock` with `{"advance": "4 days"}` moves the clock; both methods tell the time."""
    if method == "POST":
        try:
            given = json.loads(body)
            if not isinstance(given, dict) or given.keys() != {"advance"}:
                raise ClockError(f'accepted: {{"advance": SPAN}}, with {clock.SPAN}')
            state.advance(clock.span(given["advance"]))
        except ClockError as error:
            return _json({"error": str(error)}, 400)
        except ValueError:
            return _json({"error": "the body is not JSON"}, 400)
    return _json({"now": clock.now().isoformat(), "ahead_seconds": clock.ahead().total_seconds()})


def _faults(faults: FaultInjector, method: str, rule: str, body: bytes) -> Response:
    """`GET faults` lists rules and kinds, `POST faults` adds rules (JSON), `DELETE faults[/NAME]` removes them."""
    if method == "GET":
        return _json({"rules": faults.shown(), "kinds": injector.kinds()})
    if method == "DELETE":
        if faults.clear(rule or None):
            return _json({})
        return _json({"error": f"no rule {rule!r}; there are: {', '.join(faults.rules) or 'none'}"}, 404)
    try:
        return _json({"names": faults.add(json.loads(body))})
    except RuleError as error:
        return _json({"error": str(error)}, 400)
    except ValueError:
        return _json({"error": "the body is not JSON"}, 400)


def _behaviour(state: State, body: bytes) -> Response:
    """Change how fast AWS is: keys and values as under `behaviour` in an organization file."""
    try:
        state.behaviour = change_behaviour(json.loads(body), state.behaviour)
    except (OrganizationError, ValueError) as error:
        return _json({"error": str(error)}, 400)
    return _json({})


def _account_access(state: State, name: str, path: list[str]) -> Response:
    """`GET sso/USER/ACCOUNT/PERMISSION SET` gives keys as identities do; `POST control-tower/ACCOUNT/unenroll`."""
    try:
        with state.lock:
            if name == "sso" and len(path) == 3:
                return _json(vars(access_portal.portal(state, *path)))
            if name == "control-tower" and path[1:] == ["unenroll"]:
                access_portal.unenroll(state, path[0])
                return _json({})
    except access_portal.Refused as error:
        return _json({"error": str(error)}, 403)
    accepted = "GET sso/USER/ACCOUNT/PERMISSION SET, POST control-tower/ACCOUNT/unenroll"
    return _json({"error": f"accepted: {accepted}"}, 404)


def _person(state: State, method: str, path: list[str], body: bytes) -> Response:
    """`GET person` lists people and steps, `GET person/WHO[/mailbox|/phone]` looks, `POST person/WHO/STEP` acts."""
    try:
        with state.lock:
            if method == "GET" and not path:
                everybody = {account.id: account.name for account in state.accounts()}
                return _json({"people": everybody, "steps": console.steps()})
            if method == "GET" and len(path) <= 2:
                return _json(console.look(state, path[0], path[1] if len(path) > 1 else ""))
            if method == "POST" and len(path) == 2:
                given = json.loads(body or b"{}")
                if not isinstance(given, dict):
                    raise ValueError
                return _json(console.act(state, path[0], path[1], given))
    except console.Refused as error:
        return _json({"error": str(error), **error.details}, 403)
    except console.Unknown as error:
        return _json({"error": str(error)}, 404)
    except ValueError:
        return _json({"error": "the body is not a JSON object"}, 400)
    return _json({"error": "accepted: GET person, GET person/WHO[/mailbox|/phone], POST person/WHO/STEP"}, 404)


def _json(value: Any, status: int = 200) -> Response:
    return Response(status, {"Content-Type": "application/json"}, json.dumps(value).encode())
