# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures made and checked with OpenSSH's ssh-keygen: keys in files, agents and hardware tokens all work."""

from __future__ import annotations

import base64
import binascii
import fnmatch
import hashlib
import re
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from breakglass_aws.engine.errors import RunbookError

NAMESPACE = "breakglass.aws"  # a signature made for git, for example, is not valid here
LARGEST_LIST = 1024 * 1024  # bytes of a list of allowed signers

_KEY = re.compile(r"(?:^|\s)((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-\S+)\s+([A-Za-z0-9+/]+=*)")
_CERTIFICATE = "-cert-v01@openssh.com"


@dataclass(frozen=True)
class Signer:
    """A line of a list of allowed signers, whatever its namespaces and its time limits are."""

    principals: tuple[str, ...]  # patterns, as ssh-keygen(1) has them
    fingerprint: str  # "SHA256:..."
    authority: bool  # the key signs certificates, not statements

    def is_for(self, name: str) -> bool:
        """Return whether the line is for `name`, whatever its case. A negated pattern excludes it."""
        matching = [pattern for pattern in self.principals if _matches(name, pattern.removeprefix("!"))]
        return bool(matching) and not any(pattern.startswith("!") for pattern in matching)


def same_person(name: str, other: str) -> bool:
    """Return whether two names may be of one person: equal, or a user name and an e-mail address that begins with it.

    The name at the end of an ARN is often the user name alone, while lists of signers have e-mail addresses.
    """
    first, second = name.casefold(), other.casefold()
    if "@" in first and "@" in second:
        return first == second
    return first.partition("@")[0] == second.partition("@")[0]


def _matches(name: str, pattern: str) -> bool:
    if fnmatch.fnmatchcase(name.casefold(), pattern.casefold()):
        return True
    return not set(pattern) & set("*?") and same_person(name, pattern)


def sign(text: str, key: Path) -> str:
    """Return the signature over `text`, made with a private key, or through the agent with a public key.

    Raises RunbookError when the key cannot sign.
    """
    done = _ssh_keygen("-Y", "sign", "-n", NAMESPACE, "-f", str(key.expanduser()), given=text)
    if done.returncode != 0:
        raise RunbookError(f"{key} cannot sign: {_last_line(done.stderr)}")
    return done.stdout


def refusal(text: str, signature: str, name: str, allowed_signers: Path) -> str:
    """Return "" when `name`, an allowed signer, signed `text`; otherwise the reason, and who may sign."""
    with tempfile.NamedTemporaryFile("w", suffix=".sig") as file:
        file.write(signature)
        file.flush()
        listed = ("-f", str(allowed_signers), "-s", file.name)
        done = _ssh_keygen("-Y", "verify", "-n", NAMESPACE, "-I", name, *listed, given=text)
        if done.returncode == 0:
            return ""
        owners = _ssh_keygen("-Y", "find-principals", *listed, given="").stdout.split()
    return _reason(name, owners, allowed_signers)


def signing_key(text: str, signature: str) -> str:
    """Return the fingerprint of the key that signed `text`, listed or not; "" when the signature is not valid.

    Without a list of allowed signers, this shows only that one key signed exactly this text.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".sig") as file:
        file.write(signature)
        file.flush()
        done = _ssh_keygen("-Y", "check-novalidate", "-n", NAMESPACE, "-s", file.name, given=text)
    return fingerprint_of(signature) if done.returncode == 0 else ""


def fingerprint_of(signature: str) -> str:
    """Return the fingerprint of the key that a signature names, "" when it is no signature. It is not verified here.

    For a certificate it is the fingerprint of the key that the certificate is for. The format is OpenSSH's
    PROTOCOL.sshsig.
    """
    try:
        armor = "".join(line for line in signature.splitlines() if line and not line.startswith("-----"))
        blob = base64.b64decode(armor, validate=True)
    except (ValueError, binascii.Error):
        return ""
    key = _string(blob, 10)  # after the magic "SSHSIG" and a version of 4 bytes
    return _fingerprint(key) if blob.startswith(b"SSHSIG") and key else ""


def _string(blob: bytes, at: int) -> bytes:
    """Return the string of SSH's wire format at an offset: 4 bytes with its length, then its content."""
    length = int.from_bytes(blob[at : at + 4], "big")
    return blob[at + 4 : at + 4 + length] if len(blob) >= at + 4 + length else b""


def _fingerprint(key: bytes) -> str:
    kind = _string(key, 0).decode("ascii", "replace")
    if kind.endswith(_CERTIFICATE):
        given = f"{kind} {base64.b64encode(key).decode()}\n"
        listed = _ssh_keygen("-l", "-f", "/dev/stdin", given=given).stdout.split()
        return listed[1] if len(listed) > 1 else ""
    return f"SHA256:{base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip('=')}"


def signers(allowed_signers: Path) -> list[Signer]:
    """Return the lines of a list of allowed signers; raise RunbookError for a line that is none.

    A key that could not be read could not be recognized as the requester's.
    """
    found = []
    for line in _lines(allowed_signers):
        principals, _, rest = line[1:].partition('"') if line.startswith('"') else line.partition(" ")
        rest = re.sub(r'"[^"]*"', '""', rest)  # a namespace may look like a key
        key = _KEY.search(rest)
        try:
            blob = base64.b64decode(key[2], validate=True) if key else b""
        except (ValueError, binascii.Error):
            blob = b""
        if not key or not blob:
            raise RunbookError(
                f"The list of allowed signers {allowed_signers} has a line without a public key: {line[:60]!r}.\n"
                f'Expected a line such as: approver@example.com namespaces="{NAMESPACE}" ssh-ed25519 AAAA...'
            )
        options = rest[: key.start()].lower()
        found.append(Signer(tuple(principals.strip().split(",")), _fingerprint(blob), "cert-authority" in options))
    return found


def keys_of(names: Iterable[str], listed: Iterable[Signer]) -> set[str]:
    """Return the fingerprints of all keys listed for one of `names`: expired ones, and those for other namespaces, too.

    A person who has a key under any of their names must not sign under another name.
    """
    names = list(names)
    return {signer.fingerprint for signer in listed if not signer.authority and any(map(signer.is_for, names))}


def _reason(name: str, owners: list[str], allowed_signers: Path) -> str:
    """Return why a signature as `name` is not valid, which ssh-keygen hides; the list has the key for `owners`."""
    names = _names(allowed_signers)
    if not any(fnmatch.fnmatchcase(name, pattern) for pattern in names):
        return f"{name} is not in {allowed_signers}. It lists: {', '.join(names)}."
    if not owners:
        return f"The key that signed is not, or no longer, in {allowed_signers}."
    if not any(fnmatch.fnmatchcase(name, pattern) for owner in owners for pattern in owner.split(",")):
        return f"The key that signed belongs to {', '.join(owners)} in {allowed_signers}."
    return f"The signed text was changed, or {allowed_signers} does not allow that key to sign for {NAMESPACE}."


def _names(allowed_signers: Path) -> list[str]:
    """Return the names in the list, which may be patterns."""
    entries = [line.split()[0].strip('"') for line in _lines(allowed_signers)]
    return list(dict.fromkeys(name for entry in entries for name in entry.split(",")))


def _lines(allowed_signers: Path) -> list[str]:
    lines = (line.replace("\t", " ").strip() for line in allowed_signers.read_text(encoding="utf-8").split("\n"))
    return [line for line in lines if line and not line.startswith("#")]


def require_signers(allowed_signers: str) -> Path:
    """Return the list of allowed signers; raise RunbookError when it cannot be used, before a person is asked."""
    path = Path(allowed_signers).expanduser().absolute()
    try:
        if path.exists() and not path.is_file():
            raise RunbookError(f"The list of allowed signers {path} is not a file.")
        if path.stat().st_size > LARGEST_LIST:
            raise RunbookError(f"The list of allowed signers {path} is larger than {LARGEST_LIST // 1024} KiB.")
        lines = _lines(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise RunbookError(f"The list of allowed signers {path} cannot be read: {reason}.") from None
    if not lines:
        raise RunbookError(
            f"The list of allowed signers {path} is empty. Write a line for each person who may sign:\n"
            f'approver@example.com namespaces="{NAMESPACE}" ssh-ed25519 AAAA...'
        )
    signers(path)
    return path


def _ssh_keygen(*arguments: str, given: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["ssh-keygen", *arguments], input=given, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise RunbookError(
            "ssh-keygen is not installed. Signatures are made and checked with it.\n"
            "Install the OpenSSH client, version 8.2 or later, then try again."
        ) from None


def _last_line(words: str) -> str:
    return (words.strip().splitlines() or ["it gives no reason"])[-1]
