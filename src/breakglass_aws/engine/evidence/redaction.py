# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way out for text: known secrets are hidden, and control characters are visible.

Everything that the engine writes or shows passes `ENGINE`, the redactor of this process: journal, state, evidence,
report, outputs of the notebook, terminal. Secrets are known by their value. The modules have a redactor of their own
for the credentials of their root sessions.
"""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from breakglass_aws.engine.collection import module_util

HIDDEN = "[hidden]"
# The secrets among the variables that AWS clients read. Access key IDs are not secret.
VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN")
# Variables that hold addresses, which may have a password in them.
ADDRESSES = re.compile(r"AWS_ENDPOINT_URL.*|(HTTPS?|ALL)_PROXY", re.IGNORECASE)
# Names of values that are secret in the result of any module, without case, underscores and hyphens.
SECRET_NAMES = frozenset({"secretaccesskey", "sessiontoken", "securitytoken", "awssecretaccesskey", "awssessiontoken"})
SHORTEST_LEARNED = 16  # a shorter value under such a name is no credential of AWS
SHORTEST_PASSWORD = 4  # a shorter one would be found, and hidden, in the middle of other words
# Credentials in text that quotes an answer of AWS, as XML and as JSON.
_QUOTED = re.compile(
    r"<(SecretAccessKey|SessionToken)>(?P<xml>[^<]+)|"
    r"[\"'](?:SecretAccessKey|SessionToken|secret_access_key|session_token)[\"']\s*:\s*[\"'](?P<json>[^\"']+)"
)


def visible(text: str) -> str:
    """Return `text` with an escape for each control, invisible or bidirectional character; line feeds and tabs stay.

    Names and policies come from elsewhere. A terminal or page must not obey them, nor show their parts in another
    order or on another line.
    """
    return str(module_util("_redaction").visible(text))


def safe(text: str) -> str:
    """Return `text` as it may be printed: without the secrets of this process, with visible control characters."""
    return visible(ENGINE.text(text))


def visible_data(value: Any) -> Any:
    """Return the same data with `visible` text in all values and names."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {visible_data(key): visible_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [visible_data(item) for item in value]
    return value


class Redactor:
    """Replaces secrets, as they are and as JSON, HTML and URLs spell them."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._spellings: list[str] = []
        self._codes = re.compile("(?!)")  # that match nothing yet
        for secret in secrets:
            self.add(secret)
        self.read_environment()

    def read_environment(self) -> None:
        """Hide the secrets that the environment holds now."""
        for secret in (*(os.environ.get(name, "") for name in VARIABLES), *_passwords()):
            self.add(secret)

    def add(self, secret: str) -> None:
        """Hide this secret from now on, too."""
        if secret:
            quoted = quote(secret, safe="", errors="surrogatepass")
            spellings = {secret, json.dumps(secret)[1:-1], html.escape(secret), quoted}
            # The longest first: a secret may be part of another.
            self._spellings = sorted({*self._spellings, *spellings}, key=len, reverse=True)
            # A code that is part of a longer number, such as an account ID, is another number.
            digits = filter(_is_code, self._spellings)
            self._codes = re.compile("|".join(rf"(?<![0-9]){code}(?![0-9])" for code in digits) or "(?!)")

    def learn(self, value: Any) -> None:
        """Hide from now on what is a credential by its name in `value`, the result of any module."""
        if isinstance(value, Mapping):
            for name, item in value.items():
                if isinstance(item, str) and _is_secret_name(name) and _is_credential(item):
                    self.add(item)
                self.learn(item)
        elif isinstance(value, list | tuple):
            for item in value:
                self.learn(item)
        elif isinstance(value, str) and ("Access" in value or "oken" in value or "secret" in value):
            for found in _QUOTED.finditer(value):
                self.add(found["xml"] or found["json"])

    def text(self, words: str) -> str:
        """Return `words` without secrets."""
        for spelling in self._spellings:
            if not _is_code(spelling):
                words = words.replace(spelling, HIDDEN)
        return self._codes.sub(HIDDEN, words)

    def data(self, value: Any) -> Any:
        """Return the same data, without secrets in any text or name of it."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.data(key): self.data(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.data(item) for item in value]
        if isinstance(value, int) and not isinstance(value, bool) and str(value) in self._spellings:
            return HIDDEN
        return value

    def notebook(self, notebook: Any) -> None:
        """Clean the outputs of all cells, in place: the kernel's client continues to write into them."""
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                for key, value in output.items():
                    if key != "output_type":
                        clean = self.data(value)
                        if clean != value:
                            output[key] = clean


def _is_code(secret: str) -> bool:
    return secret.isascii() and secret.isdigit()


def _is_credential(value: str) -> bool:
    """Return whether a value may be a credential, and not what stands for one that is hidden already."""
    return len(value) >= SHORTEST_LEARNED and not value.startswith(("[", "*", "VALUE_SPECIFIED_IN_NO_LOG"))


def _is_secret_name(name: Any) -> bool:
    return isinstance(name, str) and re.sub("[_-]", "", name).lower() in SECRET_NAMES


def _passwords() -> list[str]:
    """Return the passwords in addresses of the environment, as they are spelled and as they are."""
    found = []
    for name, value in os.environ.items():
        if ADDRESSES.fullmatch(name) and "@" in value:
            try:
                password = urlsplit(value).password or ""
            except ValueError:
                continue
            found += [word for word in (password, unquote(password)) if len(word) >= SHORTEST_PASSWORD]
    return found


# What this process knows of secrets. Files of evidence are written through it.
ENGINE = Redactor()
