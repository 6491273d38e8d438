"""Signatures made and checked with OpenSSH's ssh-keygen: keys in files, agents and hardware tokens all work."""

from __future__ import annotations

import fnmatch
import subprocess
import tempfile
from pathlib import Path

from breakglass_runbooks.errors import RunbookError

NAMESPACE = "breakglass.aws"  # a signature made for git, say, does not count here


def sign(text: str, key: Path) -> str:
    """The signature over `text` with a private key, or with a public one whose other half an agent has."""
    done = _ssh_keygen("sign", "-n", NAMESPACE, "-f", str(key.expanduser()), given=text)
    if done.returncode != 0:
        raise RunbookError(f"{key} cannot sign: {_last_line(done.stderr)}")
    return done.stdout


def refusal(text: str, signature: str, name: str, allowed_signers: Path) -> str:
    """Empty when `name`, an allowed signer, signed `text`; else why not, and who may sign."""
    with tempfile.NamedTemporaryFile("w", suffix=".sig") as file:
        file.write(signature)
        file.flush()
        listed = ("-f", str(allowed_signers), "-s", file.name)
        done = _ssh_keygen("verify", "-n", NAMESPACE, "-I", name, *listed, given=text)
        if done.returncode == 0:
            return ""
        owners = _ssh_keygen("find-principals", *listed, given="").stdout.split()
    return _why(name, owners, allowed_signers)


def _why(name: str, owners: list[str], allowed_signers: Path) -> str:
    """Why a signature as `name` does not count, which ssh-keygen hides; by the list, the key is that of `owners`."""
    names = _names(allowed_signers)
    if not any(fnmatch.fnmatchcase(name, pattern) for pattern in names):
        return f"{name} does not stand in {allowed_signers}. In it stand: {', '.join(names)}."
    if not owners:
        return f"The key that signed does not stand in {allowed_signers}, or not any more."
    if not any(fnmatch.fnmatchcase(name, owner) for one in owners for owner in one.split(",")):
        return f"The key that signed is that of {', '.join(owners)} in {allowed_signers}."
    return f"What was signed has been changed since, or {allowed_signers} does not let that key sign for {NAMESPACE}."


def _names(allowed_signers: Path) -> list[str]:
    """Who stands in the list; names may be patterns."""
    lines = allowed_signers.read_text(encoding="utf-8").splitlines()
    entries = [line.split()[0].strip('"') for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return list(dict.fromkeys(name for entry in entries for name in entry.split(",")))


def require_signers(allowed_signers: str) -> Path:
    """The list of allowed signers; RunbookError when it is none, before anybody is asked to sign."""
    path = Path(allowed_signers).expanduser().absolute()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise RunbookError(f"The list of allowed signers {path} cannot be read: {why}.") from None
    if not any(line.strip() and not line.lstrip().startswith("#") for line in lines):
        raise RunbookError(
            f"The list of allowed signers {path} is empty. Write a line for each person who may sign:\n"
            f'approver@example.com namespaces="{NAMESPACE}" ssh-ed25519 AAAA...'
        )
    return path


def _ssh_keygen(what: str, *arguments: str, given: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["ssh-keygen", "-Y", what, *arguments], input=given, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise RunbookError(
            "ssh-keygen is not installed, and signatures are made and checked with it.\n"
            "Install the OpenSSH client, version 8.2 or later, then try again."
        ) from None


def _last_line(words: str) -> str:
    return (words.strip().splitlines() or ["it does not say why"])[-1]
