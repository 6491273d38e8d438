# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that say how to connect to AWS, and the connection they describe. No Ansible.

They are those of the modules of amazon.aws: the same names, aliases, environment variables and defaults. A test
compares them where amazon.aws is installed.
"""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass

from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Connection
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError, InvalidInput

with contextlib.suppress(ImportError):  # BreakglassModule reports it
    from botocore.config import Config

KEYS = ("access_key", "secret_key", "session_token")


@dataclass(frozen=True)
class Option:
    """One option: its type in Ansible, other names, and the environment variables that are its default."""

    type: str = "str"
    aliases: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    default: t.Any = None
    no_log: bool | None = None


OPTIONS: dict[str, Option] = {
    "access_key": Option(
        aliases=("aws_access_key_id", "aws_access_key"),
        environment=("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"),
        no_log=False,  # an ID, which CloudTrail shows too
    ),
    "secret_key": Option(
        aliases=("aws_secret_access_key", "aws_secret_key"),
        environment=("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"),
        no_log=True,
    ),
    "session_token": Option(aliases=("aws_session_token",), environment=("AWS_SESSION_TOKEN",), no_log=True),
    "profile": Option(aliases=("aws_profile",), environment=("AWS_PROFILE", "AWS_DEFAULT_PROFILE")),
    "endpoint_url": Option(aliases=("aws_endpoint_url",), environment=("AWS_URL",)),
    "validate_certs": Option(type="bool", default=True),
    "aws_ca_bundle": Option(type="path", environment=("AWS_CA_BUNDLE",)),
    "aws_config": Option(type="dict"),
    "debug_botocore_endpoint_logs": Option(type="bool", default=False, environment=("ANSIBLE_DEBUG_BOTOCORE_LOGS",)),
    "region": Option(aliases=("aws_region",), environment=("AWS_REGION", "AWS_DEFAULT_REGION")),
}


def connect(params: t.Mapping[str, t.Any], user_agent: str) -> Connection:
    """Return the connection that the options describe; an empty text counts as not set.

    Without region it is that of the profile, of the environment or of the configuration files.
    Raises BreakglassError when both a profile and keys are set, or botocore cannot use the options.
    """
    profile = params.get("profile")
    keys = [name for name in KEYS if params.get(name)]
    if keys and profile:
        raise BreakglassError(
            f"Both profile ({profile}) and {keys[0]} are set: unclear whose credentials to use.",
            "Set one of them. Both may come from variables: unset AWS_PROFILE and AWS_DEFAULT_PROFILE to use the "
            "keys, or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN to use the profile.",
        )
    validate = params.get("validate_certs")
    return Connection(
        region=params.get("region"),
        endpoint_url=params.get("endpoint_url"),
        profile=profile,
        credentials={
            "aws_access_key_id": params.get("access_key") or None,
            "aws_secret_access_key": params.get("secret_key") or None,
            "aws_session_token": params.get("session_token") or None,
        },
        verify=(validate and params.get("aws_ca_bundle")) or validate,
        config=_config(params.get("aws_config")),
        user_agent=user_agent,
    )


def _config(given: dict | None) -> Config | None:
    if given is None:
        return None
    try:
        return Config(**given)
    except TypeError as error:
        raise InvalidInput("aws_config", given, "what botocore.config.Config takes", hint=str(error)) from error
