# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all modules of the collection share: the connection options, our connection and our way to fail."""

from __future__ import annotations

import contextlib
import functools
import signal
import threading
import typing as t

from ansible.module_utils.ansible_release import __version__ as core_version
from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib
from ansible.module_utils.compat.version import LooseVersion
from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils import _redaction as redaction
from ansible_collections.breakglass.aws.plugins.module_utils import _started_by
from ansible_collections.breakglass.aws.plugins.module_utils._aws.call_log import Call
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection_options import (
    KEYS,
    OPTIONS,
    Option,
    connect,
)
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, Interrupted
from ansible_collections.breakglass.aws.plugins.module_utils._packed import printed_packed

try:
    import boto3
    import botocore
except ImportError:
    boto3 = botocore = None  # BreakglassModule fails then

# The first botocore that knows AssumeRoot and an account's State.
BOTOCORE = "1.40.30"
_SHOWN = ("msg", "cause", "fix", "exception")  # what people read of a failed task's result


def connection_arguments() -> dict:
    """The argument spec of the connection options."""
    return {name: _argument(option) for name, option in OPTIONS.items()}


def _argument(option: Option) -> dict:
    argument: dict[str, t.Any] = {"type": option.type, "aliases": list(option.aliases)}
    if option.default is not None:
        argument["default"] = option.default
    if option.environment:
        argument["fallback"] = (env_fallback, list(option.environment))
    if option.no_log is not None:
        argument["no_log"] = option.no_log
    return argument


def sdk_problem() -> str:
    """What is wrong with boto3 and botocore, and how to install them; empty when nothing is."""
    if botocore is None or boto3 is None:
        return missing_required_lib(f"boto3>={BOTOCORE}")
    if LooseVersion(botocore.__version__) < LooseVersion(BOTOCORE):
        reason = f"for sts:AssumeRoot and the state of accounts; found {botocore.__version__}"
        return missing_required_lib(f"botocore>={BOTOCORE}", reason=reason)
    return ""


class BreakglassModule(AnsibleModule):
    """An AnsibleModule with the connection options, which reports BreakglassErrors as failed tasks.

    ``argument_spec`` and the other arguments are AnsibleModule's; check mode is always supported. ``reveals`` names the
    keys of the result that hold secrets on purpose.
    """

    def __init__(self, argument_spec: dict | None = None, reveals: t.Collection[str] = (), **arguments: t.Any) -> None:
        self._reveals = reveals
        spec = {**connection_arguments(), **(argument_spec or {})}
        super().__init__(argument_spec=spec, supports_check_mode=True, **arguments)
        redaction.learn_from_addresses(self.params.get("endpoint_url"))
        _started_by.find_ansible()  # once ansible-playbook has ended, no call that changes something is sent
        if problem := sdk_problem():
            self.fail_json(msg=problem)

    @functools.cached_property
    def connection(self) -> Connection:
        """Clients, made from the module's connection options. Our name in the user agent is what CloudTrail shows."""
        connection = connect(self.params, f"Ansible/{core_version} {v.COLLECTION}/{v.VERSION}")
        if connection.profile.warning and not any(self.params.get(name) for name in KEYS):
            self.warn(connection.profile.warning)
        return connection

    @functools.cached_property
    def context(self) -> Context:
        """What the domain works with."""
        return Context(
            connect=lambda: self.connection,
            check_mode=self.check_mode,
            warn=self.warn,
            hide=self.hide,
        )

    def warn(self, warning: str) -> None:
        super().warn(redaction.clean(warning))

    def hide(self, secret: str) -> None:
        """Let nothing that this process writes show a secret, its log and result included."""
        self.no_log_values.add(secret)
        redaction.learn(secret)

    def fail(self, error: BreakglassError, **result: t.Any) -> t.NoReturn:
        """End as a failed task: cause and fix in one message, and apart for programs."""
        cause = f"{error.cause} {self._doubts}".rstrip()
        self.fail_json(msg=f"{cause} {error.fix}", cause=cause, fix=error.fix, error_code=error.code, **result)

    def _explained(self, error: BreakglassError) -> BreakglassError:
        """The error, with the service control policies that caused it where a root session met it."""
        if error.denied_call is None:
            return error
        try:
            # Compiling what judges policies takes a tenth of the start of a module, which seldom needs it.
            from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import ServiceControlPolicies
            from ansible_collections.breakglass.aws.plugins.module_utils._root_access.denials import (
                explain_denial_in_root_session,
            )

            found = explain_denial_in_root_session(error, ServiceControlPolicies(self.context.organization))
        except Exception:  # finding out more must not lose what is known
            return error
        return found.with_result(**error.result)

    def run(self, work: t.Callable[[dict, Context], dict]) -> t.NoReturn:
        """Exit with what ``work`` returns for the task's parameters, or fail with the cause and fix of what it raises.

        A BreakglassError may carry a ``result``: what is known, and what was done, before it stopped.
        """
        with _interruptible() as end:
            result, failure = self._end_of(work, end)
            # Outside of the except clauses: Ansible adds the traceback of an exception that is being handled.
            if failure:
                self.fail(failure, **failure.result)
            self.exit_json(**result)

    def _end_of(
        self, work: t.Callable[[dict, Context], dict], end: t.Callable[[], None]
    ) -> tuple[dict, BreakglassError | None]:
        """What ``work`` returns, or why it did not. What nothing expected has the ledger in its result.

        From ``end`` on no signal interrupts: what is known must not get lost any more.
        """
        failure: BreakglassError = Interrupted()
        result: dict | None = None
        try:
            result = work(self.params, self.context)
            end()
        except BreakglassError as error:
            end()
            return {}, self._explained(error)
        except KeyboardInterrupt:
            end()  # the failure above, unless the work had ended
        except Exception as error:
            end()
            failure = explain(error, "running the task")
        if result is not None:
            return result, None
        return {}, failure.with_result(aws_calls=self.connection.calls.made) if self._has_connection else failure

    def exit_json(self, *args: t.Any, **result: t.Any) -> t.NoReturn:  # type: ignore[misc]  # the untyped super exits
        with printed_packed(self._with_calls(result), self.no_log_values) as shown:
            super().exit_json(*args, **shown)

    def fail_json(self, *args: t.Any, **result: t.Any) -> t.NoReturn:  # type: ignore[misc]  # the untyped super exits
        """Fail. ``changed`` is true when the ledger has a call that changed something, or may have."""
        if self._has_connection:
            result["changed"] = bool(result.get("changed")) or self.connection.calls.changed
        message = {name: redaction.clean(text) for name, text in result.items() if name in _SHOWN and text is not None}
        super().fail_json(*map(redaction.clean, args), **{**self._with_calls(result), **message})

    @property
    def _doubts(self) -> str:
        """A sentence about the calls of which it is not known whether AWS carried them out; empty without any."""
        doubtful = self.connection.calls.doubtful if self._has_connection else []
        if not doubtful:
            return ""
        names = dict.fromkeys(_named(call) for call in doubtful)
        return f"It is not known whether AWS carried out {', '.join(names)}."

    @property
    def _has_connection(self) -> bool:
        return "connection" in self.__dict__

    def _with_calls(self, result: dict) -> dict:
        """A result as it may be shown; where debug_botocore_endpoint_logs asks for it, with the ledger for evidence."""
        if self.params.get("debug_botocore_endpoint_logs"):
            calls = self.connection.calls if self._has_connection else None
            result["resource_actions"] = sorted(calls.operations) if calls else []  # for the callback of amazon.aws
            if calls:
                result["aws_calls"] = calls.made
        result.setdefault("invocation", {"module_args": self.params})
        secret = {name: result[name] for name in self._reveals if name in result}
        return {**redaction.redact_all(result), **secret}


def _named(call: Call) -> str:
    """A call in words, with its target where its parameters name one."""
    return f"{call.service}:{call.operation}" + (f" ({call.target})" if call.target else "")


@contextlib.contextmanager
def _interruptible() -> t.Iterator[t.Callable[[], None]]:
    """In the block, the first SIGTERM raises KeyboardInterrupt, as Ctrl-C does; further ones are ignored.

    What it yields is to be called when the work has ended: from then on both signals are ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def interrupt(number: int, frame: t.Any) -> None:
        signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    def ignore() -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)

    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield ignore
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
