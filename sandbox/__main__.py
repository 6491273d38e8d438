"""Command line of the sandbox: serve an organization, become one of its people."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from sandbox.client import environment


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="serve an organization on this machine until interrupted")
    serve.add_argument("--port", type=_port, default=5599, help="port of 127.0.0.1; 0 picks a free one (default: 5599)")
    serve.add_argument(
        "--organization", metavar="FILE", help="YAML file of the organization (default: the built-in one)"
    )
    serve.add_argument("--host", default="127.0.0.1", help="loopback address to bind (default: 127.0.0.1)")
    for name, help_text in (
        ("env", "print the variables that make AWS clients one of the organization's people"),
        ("events", "print the requests so far, one JSON object a line"),
        ("reset", "bring back the organization as it was loaded"),
        ("snapshot", "print the state worth comparing, as JSON"),
    ):
        command = commands.add_parser(name, help=help_text)
        command.add_argument("--port", type=_port, default=5599, help="port of the running sandbox (default: 5599)")
        if name == "env":
            command.add_argument(
                "--as", dest="name", metavar="NAME", default="operator", help="who (default: operator)"
            )
    options = parser.parse_args(arguments)
    try:
        return _COMMANDS[options.command](options)
    except _NotRunning as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; accepted: 0 to 65535")
    return int(text)


def _serve(options: argparse.Namespace) -> int:
    # Only serving needs moto; the other commands answer at once.
    from sandbox.organization import OrganizationError
    from sandbox.server import SandboxServer, ServerError

    try:
        server = SandboxServer(options.organization, options.port, options.host)
    except (OrganizationError, ServerError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    server.start()
    organization = server.state.organization
    print(
        f"sandbox ready on {server.url} (organization {organization.id}, {len(organization.accounts)} accounts)",
        flush=True,
    )
    ended.wait()
    server.stop()
    return 0


class _NotRunning(RuntimeError):
    """Nothing, or no sandbox, answers on the port."""


def _ask(options: argparse.Namespace, path: str, method: str = "GET") -> Any:
    request = urllib.request.Request(f"http://127.0.0.1:{options.port}/_sandbox/{path}", method=method)
    # No proxy of the environment may get between this machine and itself.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        try:
            problem = json.load(error)["error"]
        except (ValueError, KeyError):
            problem = f"what answers on port {options.port} is not a sandbox"
        raise _NotRunning(problem) from error
    except (OSError, ValueError) as error:
        raise _NotRunning(
            f"no sandbox answers on port {options.port}; start one: python -m sandbox serve --port {options.port}"
        ) from error


def _env(options: argparse.Namespace) -> int:
    credentials = _ask(options, f"identities/{urllib.parse.quote(options.name, safe='')}")
    for name, value in environment(f"http://127.0.0.1:{options.port}", credentials).items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _events(options: argparse.Namespace) -> int:
    for event in _ask(options, "events"):
        print(json.dumps(event))
    return 0


def _reset(options: argparse.Namespace) -> int:
    _ask(options, "reset", "POST")
    return 0


def _snapshot(options: argparse.Namespace) -> int:
    print(json.dumps(_ask(options, "snapshot"), indent=2))
    return 0


_COMMANDS = {"serve": _serve, "env": _env, "events": _events, "reset": _reset, "snapshot": _snapshot}

if __name__ == "__main__":
    sys.exit(main())
