"""The judge's search for secrets: however a file spells, wraps or packs one, it is found; hidden ones are not."""

from __future__ import annotations

import base64
import bz2
import gzip
import html
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breakglass_aws.drills.judge.artifacts import Secrets, leaks

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKENS = [f"IQoJb3JpZ2luX2Vj{letter * 40}/{letter * 30}" for letter in "ab"]
SHORT = "Correct-Horse-1a2b"
CODE = "271828"
ALL = [SECRET, *TOKENS, SHORT, CODE]


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner/page.html", content)
    return file.getvalue()


def tarred(content: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("inner.txt")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


SPELLED: list[Callable[[str], str]] = [
    str,
    lambda secret: json.dumps({"outputs": [secret]}),
    lambda secret: f"<td>{html.escape(secret)}</td>",
    lambda secret: f"https://example.com/?key={quote(secret, safe='')}",
    lambda secret: base64.b64encode(secret.encode()).decode(),
    lambda secret: secret.encode().hex(),
    lambda secret: f"{secret[:25]}\n    {secret[25:]}",
]
PACKED: list[Callable[[bytes], bytes]] = [
    bytes,
    gzip.compress,
    bz2.compress,
    lzma.compress,
    zipped,
    tarred,
    lambda content: gzip.compress(tarred(content)),
    lambda content: content.decode().encode("utf-16"),
]


@pytest.mark.parametrize("pack", PACKED)
@pytest.mark.parametrize("spell", SPELLED)
def test_a_secret_is_found_in_any_form(
    tmp_path: Path, spell: Callable[[str], str], pack: Callable[[bytes], bytes]
) -> None:
    (tmp_path / "notebook.ipynb").write_bytes(pack(f"before {spell(SECRET)} after".encode()))
    lines = leaks([tmp_path], ALL)
    assert lines  # twice where a packed file has it as it is, too
    assert all(line.startswith("notebook.ipynb") and SECRET[:20] not in line for line in lines)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(SECRET) - 39), st.text(max_size=20), st.text(max_size=20))
def test_a_part_of_a_secret_is_found(start: int, before: str, after: str) -> None:
    assert Secrets(ALL).found_in(f"{before} {SECRET[start : start + 39]} {after}")


@pytest.mark.parametrize(
    "text",
    [
        f"password {SHORT}.",
        f"code: {CODE}",
        '"SecretAccessKey": "abcdefghijklmnopqrstuv"',
        "aws_session_token = abcdefghijklmnopqrstuv",
        "<SecretAccessKey>abcdefghijklmnopqrstuv</SecretAccessKey>",
        '{\\"secret_access_key\\": \\"abcdefghijklmnopqrstuv\\"}',
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----",
    ],
)
def test_what_looks_like_a_secret_is_found(text: str) -> None:
    assert Secrets(ALL).found_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "AKIAWO645SY5CDWE46AD",
        '"secret_access_key": "[hidden]"',
        '"session_token": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"',
        "the session token expires in an hour; secret access key: ask the owner",
        "IQoJb3JpZ2luX2Vj",  # every session token begins so
        "2026-11-28T14:35:18.271828Z",
        "account 271828182845",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI public key",
    ],
)
def test_what_is_no_secret_is_not(text: str) -> None:
    assert Secrets(ALL).found_in(text) == ""


def test_names_of_files_are_searched_and_damaged_archives_are_no_error(tmp_path: Path) -> None:
    (tmp_path / f"run-{SHORT}.txt").write_text("empty")
    for number, magic in enumerate((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"PK\x03\x04", bytes(257) + b"ustar")):
        (tmp_path / f"damaged{number}").write_bytes(magic + b"no archive")
    assert leaks([tmp_path], ALL) == [f"The name of a file in {tmp_path.name} has an issued secret."]
