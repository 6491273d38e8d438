# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all modules of the collection share: amazon.aws' module class with our connection and our way to fail."""

from __future__ import annotations

import functools
import traceback
import typing as t

from ansible.module_utils.ansible_release import __version__ as core_version
from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.breakglass.aws.plugins.module_utils import _constants as v
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._aws.organizations import Organization
from ansible_collections.breakglass.aws.plugins.module_utils._context import Context
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput
from ansible_collections.breakglass.aws.plugins.module_utils._policies.scps import ServiceControlPolicies
from ansible_collections.breakglass.aws.plugins.module_utils._root_access.denials import explain_denial_in_root_session

# The first botocore that knows AssumeRoot and an account's State.
BOTOCORE = "1.40.30"


class BreakglassModule(AnsibleAWSModule):
    """An AnsibleAWSModule (same connection options) that reports BreakglassErrors as failed tasks.

    ``argument_spec`` and the other arguments are AnsibleModule's; check mode is always supported.
    """

    def __init__(self, **arguments: t.Any) -> None:
        super().__init__(supports_check_mode=True, **arguments)
        self.require_botocore_at_least(BOTOCORE, reason="for sts:AssumeRoot and the state of accounts")

    @functools.cached_property
    def connection(self) -> Connection:
        """Clients, made from the module's connection options. Our name in the user agent is what CloudTrail shows."""
        try:
            region, endpoint_url, options = get_aws_connection_info(self)
        except TypeError as error:
            given = self.params["aws_config"]
            raise InvalidInput("aws_config", given, "what botocore.config.Config takes", hint=str(error)) from error
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        return Connection(
            region=region,
            endpoint_url=endpoint_url,
            profile=options.get("profile_name"),
            credentials={name: options[name] for name in names},
            verify=options["verify"],
            config=options.get("aws_config"),
            user_agent=f"Ansible/{core_version} {v.COLLECTION}/{v.VERSION}",
        )

    @functools.cached_property
    def context(self) -> Context:
        """What the domain works with."""
        return Context(
            connect=lambda: self.connection,
            check_mode=self.check_mode,
            warn=self.warn,
            hide=self.no_log_values.add,
        )

    @property
    def organization(self) -> Organization:
        """The organization of the context, for work that takes the module itself. Goes with ``run_module``."""
        return self.context.organization

    def warn(self, warning: str) -> None:
        """Warn through ansible-core alone: amazon.aws 10 repeats warnings in the result, which core deprecates."""
        self._module.warn(warning)

    def fail(self, error: BreakglassError, **result: t.Any) -> t.NoReturn:
        """End as a failed task: cause and fix in one message, and apart for programs."""
        self.fail_json(msg=str(error), cause=error.cause, fix=error.fix, error_code=error.code, **result)

    def explained(self, error: BreakglassError) -> BreakglassError:
        """The error, with the service control policies that caused it where a root session met it."""
        if error.denied_call is None:
            return error
        return explain_denial_in_root_session(error, ServiceControlPolicies(self.organization))

    def run(self, work: t.Callable[[dict, Context], dict]) -> t.NoReturn:
        """Exit with what ``work`` returns for the task's parameters, or fail with the cause and fix of what it raises.

        A BreakglassError may carry a ``result``: what is known, and what was done, before it stopped.
        """
        self.run_module(lambda module: work(self.params, self.context))

    def run_module(self, work: t.Callable[[BreakglassModule], dict]) -> t.NoReturn:
        """The old form of ``run``, for work that takes the module itself. Goes when no module uses it."""
        try:
            result = work(self)
        except BreakglassError as error:
            self.fail(self.explained(error), **error.result)
        except Exception as error:  # a defect of ours: still a failed task with a message, its traceback for -vvv
            self.fail(explain(error, "the task"), exception=traceback.format_exc())
        self.exit_json(**result)

    def exit_json(self, *args: t.Any, **result: t.Any) -> t.NoReturn:
        super().exit_json(*args, **result, **self._calls())

    def fail_json(self, *args: t.Any, **result: t.Any) -> t.NoReturn:
        super().fail_json(*args, **result, **self._calls())

    def _calls(self) -> dict:
        """For whoever keeps evidence, and asks with debug_botocore_endpoint_logs."""
        asked = self.params.get("debug_botocore_endpoint_logs") and "connection" in self.__dict__
        return {"aws_calls": self.connection.calls.made} if asked else {}
