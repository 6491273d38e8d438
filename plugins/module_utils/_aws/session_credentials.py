# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The temporary credentials of a session, which sign the calls of one account."""

from __future__ import annotations

import typing as t

from ansible_collections.breakglass.aws.plugins.module_utils import _redaction as redaction


class SessionCredentials:
    """The temporary credentials of a root session or of a role. Its text shows the access key ID alone."""

    __slots__ = ("access_key", "secret_key", "token")

    def __init__(self, access_key: str, secret_key: str, token: str) -> None:
        """All three are needed; ValueError when one is empty."""
        if not (access_key and secret_key and token):
            raise ValueError("The credentials of a session have three parts.")
        self.access_key = access_key
        self.secret_key = secret_key
        self.token = token
        redaction.learn(secret_key, token)

    @classmethod
    def of(cls, answer: t.Mapping[str, t.Any]) -> SessionCredentials:
        """Those in the ``Credentials`` of STS's answer. KeyError when a part is missing."""
        return cls(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])

    def __repr__(self) -> str:
        return f"<credentials {self.access_key}>"
