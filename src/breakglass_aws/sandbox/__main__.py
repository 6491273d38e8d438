# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the sandbox: serve an organization, act as its identities, add faults, move its clock."""

from __future__ import annotations

import argparse
import gc
import json
import os
import re
import shlex
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from breakglass_aws.argument_parser import ArgumentParser
from breakglass_aws.sandbox.client import ControlError, ask, environment
from breakglass_aws.sandbox.wire import network_origin

_NUMBERS = ("share", "skip", "times", "seed", "rate", "burst", "status", "calls")
_TEXTS = ("service", "operation", "account", "region", "seconds", "code", "text")


class _UsageError(Exception):
    """An option cannot be used; the text says what is accepted."""


def main(arguments: list[str] | None = None, prog: str = "python -m breakglass_aws.sandbox") -> int:
    options = parser(prog).parse_args(arguments)
    try:
        status = options.do(options)
        sys.stdout.flush()
        return status
    except ControlError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2 if error.wrong_input else 1
    except _UsageError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # a reader such as `head` has seen enough; nothing is left to be flushed at the exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def parser(prog: str) -> argparse.ArgumentParser:
    """The command line of a program with this name."""
    top = ArgumentParser(prog=prog, description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="serve an organization on this machine until interrupted")
    serve.add_argument("--port", type=_port, default=5599, help="port of 127.0.0.1; 0 picks a free one (default: 5599)")
    serve.add_argument(
        "--organization", metavar="FILE", help="YAML file of the organization (default: the built-in one)"
    )
    serve.add_argument("--host", default="127.0.0.1", help="loopback address to bind (default: 127.0.0.1)")
    serve.add_argument("--faults", metavar="FILE", help="YAML file of faults to begin with; a reset returns to them")
    serve.add_argument("--seed", type=int, default=0, help="seed of faults that have none of their own (default: 0)")
    serve.add_argument(
        "--tls-front",
        type=_port,
        nargs="?",
        const=0,
        metavar="PORT",
        help="answer under AWS's own host names too, through an HTTPS proxy; for clients that ignore AWS_ENDPOINT_URL",
    )
    serve.add_argument(
        "--stop-with-stdin", action="store_true", help=argparse.SUPPRESS
    )  # for a program that ends first
    serve.set_defaults(do=_serve)
    command = _command(commands, "env", _env, "print the variables that make AWS clients act as an identity")
    command.add_argument("--as", dest="name", metavar="NAME", default="operator", help="identity (default: operator)")
    command.add_argument(
        "--from",
        dest="place",
        type=_place,
        metavar="PLACE",
        default="",
        help=f"the network of the client: {network_origin.ACCEPTED} (default: this machine)",
    )
    command.add_argument(
        "--tls-front",
        action="store_true",
        help="reach the sandbox by its TLS front: HTTPS_PROXY and AWS_CA_BUNDLE instead of AWS_ENDPOINT_URL",
    )
    _command(commands, "events", _events, "print the requests so far, one JSON object a line")
    _command(commands, "snapshot", _snapshot, "print the state worth comparing, as JSON")
    _command(commands, "reset", _reset, "return to the organization as it was loaded, real time and the first faults")
    _add_clock(commands)
    _add_faults(commands)
    _add_person(commands)
    _add_generate(commands)
    return top


def _command(commands: Any, name: str, do: Callable[[argparse.Namespace], int], text: str, **more: Any) -> Any:
    """A command for a running sandbox."""
    command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", **more)
    command.add_argument("--port", type=_port, default=5599, help="port of the running sandbox (default: 5599)")
    command.set_defaults(do=do)
    return command


def _add_clock(commands: Any) -> None:
    clock = commands.add_parser("clock", help="print the sandbox's time, or move it forward")
    steps = clock.add_subparsers(required=True, metavar="show|advance")
    _command(steps, "show", _clock, "print the sandbox's time")
    advance = _command(
        steps, "advance", _clock, "move the clock forward: waiting periods pass, sessions expire, what is due happens"
    )
    advance.add_argument("advance", metavar="SPAN", help="'4 days', '90 seconds', or a number of seconds")


def _add_faults(commands: Any) -> None:
    faults = commands.add_parser("faults", help="add faults: throttling, failures, broken connections, ...")
    steps = faults.add_subparsers(required=True, metavar="kinds|list|add|clear")
    _command(steps, "kinds", _fault_kinds, "print the kinds of faults, what they do and which options they take")
    _command(steps, "list", _list_faults, "print the active rules and how often each hit, one JSON object a line")
    add = _command(steps, "add", _add_fault, "add a rule, or all those of a file, and print their names")
    add.add_argument("kind", nargs="?", metavar="KIND", help="see `faults kinds`")
    add.add_argument("--file", metavar="FILE", help="YAML file: a list of rules with the options below as keys")
    for key, text in {
        "service": "only calls of this service, for example iam",
        "operation": "only this operation; * stands for any part of the name",
        "account": "only calls from this account; or the account it happens to",
        "share": "share of the calls that match, 0 to 1 (default: 1)",
        "skip": "number of matching requests that pass first",
        "times": "stop after this number of hits",
        "seed": "the same seed hits the same requests",
        "rate": "throttling: requests per second of an account",
        "burst": "throttling: burst of an account",
        "status": "server_error: 500 or 503; refusal: any from 400",
        "code": "refusal: the error's code, for example MalformedPolicy",
        "seconds": "slow, sts_lag: the delay",
        "calls": "expiry: requests until a session expires",
        "region": "region_deactivated: the Region",
        "text": "appended: the text that follows the answer",
    }.items():
        add.add_argument(f"--{key}", metavar=key.upper(), help=text)
    clear = _command(steps, "clear", _clear_faults, "remove a rule, or all; changes they made to accounts are undone")
    clear.add_argument("name", nargs="?", metavar="NAME", help="name of a rule, as `faults list` shows it")


def _add_person(commands: Any) -> None:
    person = _command(
        commands,
        "person",
        _person,
        "do what people do in a browser; without arguments: list the people and the steps",
        epilog="examples: person reset-password 444455556666; person look legacy-web mailbox; "
        "person sign-in legacy-web mfa=SERIAL",
    )
    person.add_argument("step", nargs="?", metavar="STEP", help="the step, or `look`")
    person.add_argument("who", nargs="?", metavar="WHO", help="ID or name of the account whose owner does it")
    person.add_argument(
        "given", nargs="*", metavar="NAME=VALUE", help="arguments of the step; for `look`: mailbox or phone"
    )


def _add_generate(commands: Any) -> None:
    text = "write an organization file of any size, with the incidents of real ones"
    generate = commands.add_parser("generate", help=text, description=f"{text[0].upper()}{text[1:]}.")
    generate.add_argument("--accounts", type=_accounts, required=True, metavar="N", help="10 to 10000")
    generate.add_argument("--seed", type=int, default=0, help="same seed, same file (default: 0)")
    generate.add_argument("--output", metavar="FILE", help="where to (default: standard output)")
    generate.set_defaults(do=_generate)


def _place(text: str) -> str:
    try:
        network_origin.context(text, "")
    except network_origin.PlaceError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _accounts(text: str) -> int:
    from breakglass_aws.sandbox.organization_file.generator import LEAST, MOST

    if not re.fullmatch("[0-9]{1,6}", text) or not LEAST <= int(text) <= MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is not accepted; accepted: {LEAST} to {MOST}")
    return int(text)


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; accepted: 0 to 65535")
    return int(text)


def _rules(file: str) -> Any:
    """Fault rules of a YAML file; the sandbox checks them."""
    import yaml

    try:
        return yaml.safe_load(Path(file).read_text(encoding="utf-8")) or []
    except OSError as error:
        raise _UsageError(f"{file}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}, line {mark.line + 1}" if mark else file
        raise _UsageError(f"{where}: this is no YAML") from error


def _serve(options: argparse.Namespace) -> int:
    rules = _rules(options.faults) if options.faults else []
    # What is loaded now stays: looking for garbage in it would take a fifth of the start, and hold up calls later.
    gc.disable()
    # Only serving needs moto; the other commands answer at once.
    from breakglass_aws.sandbox.faults.rules import RuleError
    from breakglass_aws.sandbox.organization_file.yaml_source import OrganizationError
    from breakglass_aws.sandbox.server.server import SandboxServer, ServerError

    try:
        server = SandboxServer(
            options.organization,
            options.port,
            options.host,
            faults=rules,
            seed=options.seed,
            tls_front=options.tls_front,
        )
    except (OrganizationError, ServerError) as error:
        raise _UsageError(str(error)) from error
    except RuleError as error:
        raise _UsageError(f"{options.faults}: {error}") from error
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    gc.freeze()
    gc.enable()
    server.start()
    organization = server.state.organization
    print(
        f"sandbox ready on {server.url} (organization {organization.id}, {len(organization.accounts)} accounts)",
        flush=True,
    )
    if server.tls_front is not None:
        print(f"TLS front on {server.tls_front.url} (CA certificate {server.tls_front.ca_file})", flush=True)
    if options.stop_with_stdin:
        threading.Thread(target=_wait_for_end_of_input, args=(ended,), daemon=True).start()
    ended.wait()
    server.stop()
    return 0


def _wait_for_end_of_input(ended: threading.Event) -> None:
    """Read standard input to its end: the program that holds the other end has ended, or closed it."""
    while os.read(0, 1024):
        pass
    ended.set()


def _generate(options: argparse.Namespace) -> int:
    from breakglass_aws.sandbox.organization_file.generator import generate

    text = generate(options.accounts, options.seed)
    if options.output is None:
        sys.stdout.write(text)
        return 0
    try:
        Path(options.output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise _UsageError(f"{options.output}: {error.strerror}") from error
    return 0


def _env(options: argparse.Namespace) -> int:
    credentials = ask(options.port, ["identities", options.name])
    variables = environment(f"http://127.0.0.1:{options.port}", credentials, options.place)
    unset = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]  # clients refuse a profile beside keys
    if options.tls_front:
        if options.place:
            raise _UsageError("--tls-front and --from exclude each other: the network is named in the endpoint")
        front = ask(options.port, ["ready"])["tls_front"]
        if front is None:
            raise _UsageError("this sandbox has no TLS front; start it with: serve --tls-front")
        unset.append("AWS_ENDPOINT_URL")
        del variables["AWS_ENDPOINT_URL"]
        proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), front["proxy"])
        variables |= proxies | {"AWS_CA_BUNDLE": front["ca_file"]}
    print(f"unset {' '.join(unset)}")
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _events(options: argparse.Namespace) -> int:
    for event in ask(options.port, ["events"]):
        print(json.dumps(event))
    return 0


def _reset(options: argparse.Namespace) -> int:
    ask(options.port, ["reset"], "POST")
    return 0


def _snapshot(options: argparse.Namespace) -> int:
    print(json.dumps(ask(options.port, ["snapshot"]), indent=2))
    return 0


def _clock(options: argparse.Namespace) -> int:
    if "advance" in options:
        reply = ask(options.port, ["clock"], "POST", {"advance": options.advance})
    else:
        reply = ask(options.port, ["clock"])
    print(reply["now"])
    return 0


def _fault_kinds(options: argparse.Namespace) -> int:
    for name, kind in ask(options.port, ["faults"])["kinds"].items():
        keys = [f"--{key}" if key in kind["required"] else f"[--{key}]" for key in kind["keys"]]
        print(f"{name}: {kind['does']}\n    {' '.join(keys)}")
    return 0


def _list_faults(options: argparse.Namespace) -> int:
    for rule in ask(options.port, ["faults"])["rules"]:
        print(json.dumps(rule))
    return 0


def _add_fault(options: argparse.Namespace) -> int:
    given = {key: getattr(options, key) for key in (*_TEXTS, *_NUMBERS) if getattr(options, key) is not None}
    if options.file and (options.kind or given):
        raise _UsageError("faults add takes KIND with its options, or --file alone")
    if not options.file and not options.kind:
        raise _UsageError("faults add needs KIND, or --file FILE; `faults kinds` says which kinds there are")
    rules = (
        _rules(options.file)
        if options.file
        else {"kind": options.kind}
        | {key: _number(value) if key in _NUMBERS else value for key, value in given.items()}
    )
    for name in ask(options.port, ["faults"], "POST", rules)["names"]:
        print(name)
    return 0


def _number(text: str) -> Any:
    """A number where it is one; the sandbox says what else is wrong."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _clear_faults(options: argparse.Namespace) -> int:
    ask(options.port, ["faults", *([options.name] if options.name else [])], "DELETE")
    return 0


def _person(options: argparse.Namespace) -> int:
    if options.step is None:
        return _list_people(ask(options.port, ["person"]))
    if options.who is None:
        raise _UsageError(f"person {options.step} needs WHO: the ID or name of an account")
    if options.step == "look":
        print(json.dumps(ask(options.port, ["person", options.who, *options.given[:1]]), indent=2))
        return 0
    if unnamed := [one for one in options.given if "=" not in one]:
        raise _UsageError(f"{unnamed[0]!r} is not accepted; accepted: NAME=VALUE")
    given = dict(one.partition("=")[::2] for one in options.given)
    answer = ask(options.port, ["person", options.who, options.step.replace("-", "_")], "POST", given)
    print(json.dumps(answer, indent=2))
    return 0


def _list_people(reply: dict[str, Any]) -> int:
    for account, name in reply["people"].items():
        print(f"{account} {name}")
    print("\nlook WHO [mailbox|phone]")
    for step, takes in reply["steps"].items():
        print(" ".join([step.replace("_", "-"), "WHO", *(f"[{name}={value}]" for name, value in takes.items())]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
