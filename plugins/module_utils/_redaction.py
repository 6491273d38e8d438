# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one exit for text: live secrets are removed by value, control characters become visible. No AWS, no Ansible.

Secrets are those of this process: code that receives one calls :func:`learn`. Text that a person reads, or that is
kept, passes :func:`clean` (messages) or :func:`redact` (data).
"""

from __future__ import annotations

import html
import os
import re
import threading
import typing as t
import unicodedata
import urllib.parse

REMOVED = "[secret removed]"

# As many characters of a secret are enough to recognize it, so that one that was cut off is found too.
_ENOUGH = 16
_SHORTEST = 6  # one-time codes; what is shorter would be found in everything
_WORD = re.compile(r"[A-Za-z0-9+/=_%.~-]{16,}")
_USERINFO = re.compile(rf"(?i)\b([a-z][a-z0-9+.-]*://)(?:[^\s/?#\"'<>]|{re.escape(REMOVED)})*@")
# Variables that hold addresses, which may have a password in them.
_ADDRESSES = re.compile(r"(?i)AWS_ENDPOINT_URL.*|(?:https?|all)_proxy")
# Members of AWS's answers that are secret, as XML elements and as JSON members. The end may have been cut off.
_MEMBERS = (
    "SecretAccessKey|SessionToken|CertificateBody|PrivateKey|accessToken|refreshToken|secretAccessKey|sessionToken"
)
_IN_XML = re.compile(rf"<(?:{_MEMBERS})>([^<]*)")
_IN_JSON = re.compile(rf'"(?:{_MEMBERS})"\s*:\s*"((?:[^"\\]|\\.)*)')
_HIDDEN_CATEGORIES = ("Cc", "Cf", "Cs", "Zl", "Zp")  # controls, invisible and bidirectional marks, line separators


class Secrets:
    """The secrets of a process. May be used from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._beginnings: set[str] = set()
        self._short: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, *secrets: str | None) -> None:
        """Remember secrets: keys, tokens, passwords, one-time codes, certificates (each line of them)."""
        for secret in secrets:
            for line in (secret or "").splitlines():
                if not line.startswith("-----"):
                    self._remember(line.strip())

    def learn_from_answer(self, body: str) -> None:
        """Remember the secret members of an answer of AWS, also of one that breaks off."""
        for pattern, unescape in ((_IN_XML, html.unescape), (_IN_JSON, _unescape_json)):
            for found in pattern.findall(body):
                self.learn(unescape(found))

    def learn_from_addresses(self, *addresses: str | None) -> None:
        """Remember passwords that no pattern finds, with spaces or slashes, in these addresses and the environment."""
        environment = (value for name, value in os.environ.items() if _ADDRESSES.fullmatch(name))
        for address in (*addresses, *environment):
            beginning, found, _host = (address or "").rpartition("@")
            if found and not _USERINFO.fullmatch(f"{beginning}@"):
                self.learn(beginning.partition("://")[2].partition(":")[2])

    def redact(self, text: str) -> str:
        """The text without secrets, and without user and password in addresses."""
        if self._short:
            text = self._short_pattern().sub(REMOVED, text)
        if self._beginnings and len(text) >= _ENOUGH:
            text = _WORD.sub(self._redact_word, text)
        if "@" in text:
            text = _USERINFO.sub(r"\1***@", text)
        return text

    def _remember(self, secret: str) -> None:
        with self._lock:
            for spelling in (secret, urllib.parse.quote(secret, safe=""), html.escape(secret)):
                if _WORD.match(spelling):
                    self._beginnings.add(spelling[:_ENOUGH])
                if len(spelling) >= _SHORTEST and not _WORD.fullmatch(spelling):
                    self._short.add(spelling)
                    self._pattern = None

    def _redact_word(self, match: re.Match[str]) -> str:
        word = match[0]
        for start in range(len(word) - _ENOUGH + 1):
            if word[start : start + _ENOUGH] in self._beginnings:
                return word[:start] + REMOVED  # all that follows may be part of it
        return word

    def _short_pattern(self) -> re.Pattern[str]:
        with self._lock:
            if self._pattern is None:
                longest_first = sorted(self._short, key=len, reverse=True)
                self._pattern = re.compile(
                    rf"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, longest_first))})(?![A-Za-z0-9])"
                )
            return self._pattern


_process = Secrets()
learn = _process.learn
learn_from_answer = _process.learn_from_answer
learn_from_addresses = _process.learn_from_addresses
redact = _process.redact


def visible(text: str) -> str:
    """The text with each control, invisible or bidirectional character as its escape; line ends and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        _escape(character)
        if character not in "\n\t" and unicodedata.category(character) in _HIDDEN_CATEGORIES
        else character
        for character in text
    )


def clean(text: str) -> str:
    """A message as a person may see it: without secrets, with nothing invisible in it."""
    return visible(redact(text))


def redact_all(value: t.Any) -> t.Any:
    """A result with all its texts redacted, keys of dicts included."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact_all(key): redact_all(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [redact_all(one) for one in value]
    return value


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _unescape_json(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "r": "\r", "t": "\t"}.get(match[1], match[1]), text)
