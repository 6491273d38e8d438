# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Search everything that a run left for secrets: those that were issued, by value, and others by their form."""

from __future__ import annotations

import base64
import bz2
import gzip
import html
import io
import json
import lzma
import re
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

_PIECE = 20  # a secret is found when this many characters of it, counted from its beginning, are in a row
_SHORTEST = 8  # a shorter secret would be found in the middle of other words
_DEEPEST = 4  # archives within archives
# Values under a secret's name, in JSON, YAML, Python, shell and XML. What hides a value begins otherwise.
_BY_NAME = re.compile(
    r"(?:secret_?access_?key|session_?token|security_?token)"
    r"(?:\\?[\"']|&quot;|&#34;|&#x27;)?\s*(?:[:=>]|=>)\s*(?:\\?[\"']|&quot;|&#34;|&#x27;)?"
    r"(?P<value>[A-Za-z0-9/+=%_-]{16,})",
    re.IGNORECASE,
)
_LONG_WORD = re.compile(rf"[^\s\"'<>]{{{_SHORTEST},}}")  # secrets have no spaces and quotes
_LINE_END = re.compile(r"[ \t]*\r?\n[ \t]*")
_PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")
_PLACEHOLDERS = ("VALUE_SPECIFIED_IN_NO_LOG",)


class Secrets:
    """Secrets to look for, as they are and as JSON, HTML, URLs and base64 spell them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        secrets = sorted({one for one in secrets if len(one) >= _SHORTEST or one.isdigit()})
        codes = [re.escape(one) for one in secrets if one.isdigit()]
        self._codes = re.compile(rf"(?<![0-9.])(?:{'|'.join(codes)})(?![0-9])" if codes else "(?!)")
        pieces: Counter[str] = Counter()
        for secret in secrets:
            if not secret.isdigit():
                pieces.update({piece for spelled in _spellings(secret) for piece in _pieces(spelled)})
        # What several secrets have in common, as the beginning of every session token, is none.
        self._pieces = [piece for piece, count in pieces.items() if count == 1]

    def found_in(self, text: str) -> str:
        """Return what of a secret is in a text, in words; "" when there is none. The secret itself is not returned."""
        unwrapped = _LINE_END.sub("", text)  # a long value may be wrapped
        words = "\n".join({*_LONG_WORD.findall(text), *_LONG_WORD.findall(unwrapped)})
        if any(piece in words for piece in self._pieces):
            return "an issued secret"
        if self._codes.search(text):
            return "an issued code"
        for match in _BY_NAME.finditer(text):
            if not match["value"].startswith(_PLACEHOLDERS):
                return "a value under the name of a secret"
        return "a private key" if _PRIVATE_KEY.search(text) else ""


def _spellings(secret: str) -> set[str]:
    encoded = {base64.b64encode(secret.encode()).decode().rstrip("="), secret.encode().hex()}
    return {secret, json.dumps(secret)[1:-1], html.escape(secret), quote(secret, safe=""), *encoded}


def _pieces(secret: str) -> Iterator[str]:
    if len(secret) < 2 * _PIECE:
        yield secret
        return
    for start in range(0, len(secret) - _PIECE + 1, _PIECE):
        yield secret[start : start + _PIECE]


def leaks(folders: Iterable[Path], secrets: Iterable[str]) -> list[str]:
    """Return a line for each file below the folders that has a secret, in its name or its content."""
    known = Secrets(secrets)
    found = []
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            if what := known.found_in(name):
                found.append(f"The name of a file in {folder.name} has {what}.")
            if path.is_file() and not path.is_symlink():
                found += [f"{where} has {what}." for where, what in _in_file(name, path.read_bytes(), known, 0)]
    return list(dict.fromkeys(found))


def _in_file(name: str, content: bytes, known: Secrets, depth: int) -> Iterator[tuple[str, str]]:
    """Yield each place in a file that has a secret: the file itself, or a part of an archive."""
    spellings = [content.decode("utf-8", "replace")]
    if b"\0" in content:
        spellings.append(content.decode("utf-16-le", "replace"))
    if what := next(filter(None, map(known.found_in, spellings)), ""):
        yield name, what
    if depth < _DEEPEST:
        for inner, part in _unpacked(content):
            yield from _in_file(f"{name} ({inner})", part, known, depth + 1)


def _unpacked(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what is packed in a file, with its name; nothing when it is no archive."""
    packers: dict[bytes, Callable[[bytes], bytes]] = {
        b"\x1f\x8b": gzip.decompress,
        b"BZh": bz2.decompress,
        b"\xfd7zXZ": lzma.decompress,
    }
    for magic, unpack in packers.items():
        if content.startswith(magic):
            try:
                yield "unpacked", unpack(content)
            except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
                return
    if content.startswith(b"PK"):
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                yield from ((name, archive.read(name)) for name in archive.namelist())
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error):
            return
    if content[257:262] == b"ustar":
        try:
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                for member in archive.getmembers():
                    if member.isfile() and (file := archive.extractfile(member)):
                        yield member.name, file.read()
        except tarfile.TarError:
            return
