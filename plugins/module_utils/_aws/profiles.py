# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials that a profile of the AWS configuration files leads to, and why they cannot be loaded."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils._aws.error_messages import explain
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError

with contextlib.suppress(ImportError):  # BreakglassModule reports it
    from botocore.exceptions import BotoCoreError


class ProfileCredentials:
    """The profile in use of a botocore session. Nothing prompts for an MFA code: a task has no terminal."""

    def __init__(self, core: t.Any) -> None:
        self._core = core
        with contextlib.suppress(Exception):  # a part of botocore that may change: then it fails at the prompt
            core.get_component("credential_provider").get_provider("assume-role")._prompter = _cannot_prompt

    @property
    def name(self) -> str:
        return self._core.get_config_variable("profile") or "default"

    @property
    def _settings(self) -> dict:
        with contextlib.suppress(BotoCoreError):
            return self._core.full_config.get("profiles", {}).get(self.name, {})
        return {}

    @property
    def warning(self) -> str:
        """What is wrong with a profile that works; empty when nothing is."""
        settings = self._settings
        if "login_session" in settings and "aws_access_key_id" in settings:
            return (
                f"Profile {self.name} has both login_session and aws_access_key_id. The static keys are used, not the "
                "session of aws login: delete them, or use another profile."
            )
        return ""

    @contextlib.contextmanager
    def explained(self) -> t.Iterator[None]:
        """Raise what goes wrong when the credentials are loaded in the block as a BreakglassError."""
        try:
            yield
        except BotoCoreError as error:
            raise explain(error, "loading the AWS credentials") from error
        except (EOFError, OSError, ValueError) as error:
            raise self._explain(error) from None

    def _explain(self, error: Exception) -> BreakglassError:
        settings, problem = self._settings, f"The credentials of profile {self.name} cannot be loaded"
        if isinstance(error, EOFError):
            return BreakglassError(
                f"{problem}: it wants an MFA code (mfa_serial), which a task cannot ask for.",
                "Open a session first, and run this with its AWS_* variables and without a profile: "
                f"aws configure export-credentials --profile {self.name} --format env",
            )
        command = settings.get("credential_process")
        if command and isinstance(error, OSError):
            return BreakglassError(
                f"{problem}: its credential_process cannot be started ({error.strerror or type(error).__name__}).",
                "Correct credential_process in the AWS configuration files, or install the program it names.",
            )
        if command:
            return BreakglassError(
                f"{problem}: its credential_process printed something other than JSON.",
                "Run the command of credential_process in a terminal: it must print JSON with Version, AccessKeyId and "
                "SecretAccessKey, and nothing else.",
            )
        if isinstance(error, OSError) and error.filename:
            return BreakglassError(
                f"{problem}: file {error.filename} cannot be read ({error.strerror or type(error).__name__}).",
                "Make it readable, or correct what names it, such as web_identity_token_file or "
                "AWS_WEB_IDENTITY_TOKEN_FILE.",
            )
        return BreakglassError(
            f"{problem} ({type(error).__name__}).", "Check the profile in the AWS configuration files."
        )


def _cannot_prompt(prompt: str) -> str:
    raise EOFError(prompt)
