"""The sandbox's own interface for other processes, under `/_sandbox/`: everything else on the port is AWS."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from sandbox.state import State, UnknownIdentity
from sandbox.wire import Answer

PREFIX = "/_sandbox/"


def answer(state: State, method: str, path: str) -> Answer:
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
    return _json({"error": f"the sandbox knows no {method} {path}"}, 404)


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(value).encode())
