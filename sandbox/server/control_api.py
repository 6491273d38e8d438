"""The sandbox's own interface for other processes, under `/_sandbox/`: everything else on the port is AWS."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from sandbox import clock
from sandbox.clock import ClockError
from sandbox.faults import injector
from sandbox.faults.rules import RuleError
from sandbox.organization_file.schema import OrganizationError, change_behaviour
from sandbox.people import access_portal, console
from sandbox.state import State, UnknownIdentity
from sandbox.wire.protocol import Answer

PREFIX = "/_sandbox/"


def answer(state: State, method: str, path: str, body: bytes = b"") -> Answer:
    name, _, argument = path.removeprefix(PREFIX).partition("/")
    if (method, name) == ("GET", "ready"):
        return _json({"organization": state.organization.id, "accounts": len(state.organization.accounts)})
    if (method, name) == ("GET", "identities"):
        try:
            credentials = state.identity(unquote(argument))
        except UnknownIdentity as error:
            return _json({"error": str(error)}, 404)
        return _json(vars(credentials))
    if (method, name) == ("GET", "snapshot"):
        return _json(state.snapshot())
    if (method, name) == ("GET", "events"):
        return _json(list(state.events))
    if (method, name) == ("POST", "reset"):
        state.reset()
        return _json({})
    if name == "clock" and method in ("GET", "POST"):
        return _clock(state, method, body)
    if name == "weather" and method in ("GET", "POST", "DELETE"):
        return _weather(state, method, unquote(argument), body)
    if (method, name) == ("POST", "behaviour"):
        return _behaviour(state, body)
    if (method, name) == ("GET", "sso") or (method, name) == ("POST", "control-tower"):
        return _way_in(state, name, [unquote(part) for part in argument.split("/")])
    if name == "person" and method in ("GET", "POST"):
        return _person(state, method, [unquote(part) for part in argument.split("/") if part], body)
    return _json({"error": f"the sandbox knows no {method} {path}"}, 404)


def failure(problem: str, status: int) -> Answer:
    return _json({"error": problem}, status)


def _clock(state: State, method: str, body: bytes) -> Answer:
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


def _weather(state: State, method: str, rule: str, body: bytes) -> Answer:
    """`GET weather` shows rules and kinds, `POST weather` adds rules (JSON), `DELETE weather[/NAME]` ends them."""
    if method == "GET":
        return _json({"rules": state.weather.shown(), "kinds": injector.kinds()})
    if method == "DELETE":
        if state.weather.clear(rule or None):
            return _json({})
        return _json({"error": f"no rule {rule!r}; there are: {', '.join(state.weather.rules) or 'none'}"}, 404)
    try:
        return _json({"names": state.weather.add(json.loads(body))})
    except RuleError as error:
        return _json({"error": str(error)}, 400)
    except ValueError:
        return _json({"error": "the body is not JSON"}, 400)


def _behaviour(state: State, body: bytes) -> Answer:
    """Change how fast AWS is: keys and values as under `behaviour` in an organization file."""
    try:
        state.behaviour = change_behaviour(json.loads(body), state.behaviour)
    except (OrganizationError, ValueError) as error:
        return _json({"error": str(error)}, 400)
    return _json({})


def _way_in(state: State, name: str, path: list[str]) -> Answer:
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


def _person(state: State, method: str, path: list[str], body: bytes) -> Answer:
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


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(value).encode())
