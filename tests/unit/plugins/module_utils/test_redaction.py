"""Text that leaves a module has no live secret in it, and nothing invisible."""

from __future__ import annotations

import json
import unicodedata
import urllib.parse

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._redaction import (
    REMOVED,
    Secrets,
    clean,
    learn,
    redact,
    redact_all,
    visible,
)
from hypothesis import given
from hypothesis import strategies as st
from support.learned_secrets import forgotten_after

KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYzSECRETKEY"
TOKEN = "IQoJb3JpZ2luX2VjEPT//////////wEaCXVzLWVhc3QtMSJHMEUCIQ=="
CERTIFICATE = (
    "-----BEGIN CERTIFICATE-----\nMIIBszCCAVqgAwIBAgIUAAAA\nq83vEjRWeJCrze8SNFZ4kKvN\n-----END CERTIFICATE-----\n"
)


@pytest.fixture
def secrets() -> Secrets:
    known = Secrets()
    known.learn(KEY, TOKEN, CERTIFICATE, "482913", "Hunter 2!")
    return known


@pytest.mark.parametrize(
    "text",
    [
        f"invalid XML: <SecretAccessKey>{KEY}</SecretAccessKey>",
        f"<SecretAccessKey>{KEY[:24]}",  # broken off
        f"prefix{KEY}suffix",
        f"?token={urllib.parse.quote(TOKEN, safe='')}&x=1",
        json.dumps({"SessionToken": TOKEN}),
        f"x-amz-security-token:{TOKEN}\nhost:sts.us-east-1.amazonaws.com",
        f"body: {CERTIFICATE!r}",
        f"line 2: {CERTIFICATE.splitlines()[2]}",
        "the code 482913 was refused",
        "password=Hunter 2!, says the log",
    ],
)
def test_no_part_of_a_secret_is_left(secrets: Secrets, text: str) -> None:
    shown = secrets.redact(text)
    assert REMOVED in shown
    for secret in (KEY, TOKEN, *CERTIFICATE.splitlines()[1:3]):
        assert secret[:16] not in shown
    assert "482913" not in shown
    assert "Hunter 2!" not in shown


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE was deleted in 444455556666",
        "arn:aws:iam::444455556666:mfa/root-account-mfa-device",
        "account 482913000000 is no code",
        "-----BEGIN CERTIFICATE-----",
        "https://sts.us-east-1.amazonaws.com/?Action=AssumeRoot",
        "write to root@example.com",
    ],
)
def test_what_is_no_secret_stays(secrets: Secrets, text: str) -> None:
    assert secrets.redact(text) == text


@given(st.text(alphabet="abcXYZ019/+=", min_size=16, max_size=80), st.text(max_size=30), st.text(max_size=30))
def test_a_secret_is_found_wherever_it_stands(secret: str, before: str, after: str) -> None:
    secrets = Secrets()
    secrets.learn(secret)
    assert secret not in secrets.redact(f"{before}{secret}{after}")


@pytest.mark.parametrize(
    "body",
    [
        f"<SecretAccessKey>{KEY}</SecretAccessKey>",
        f"<x><SecretAccessKey>{KEY}",
        json.dumps({"credentials": {"SecretAccessKey": KEY}}).replace("/", "\\/"),
        f'{{"SessionToken": "{KEY}',
    ],
)
def test_secrets_are_learned_from_broken_answers(body: str) -> None:
    secrets = Secrets()
    secrets.learn_from_answer(body)
    assert secrets.redact(f"key {KEY}") == f"key {REMOVED}"


@pytest.mark.parametrize(
    "address",
    [
        "https://user:pa55word@proxy.example.com:8080/path",
        "http://user:p@ss@localhost:5000",
        "HTTPS://token@host",
    ],
)
def test_credentials_in_addresses_are_masked(address: str) -> None:
    shown = Secrets().redact(f'Could not connect to the endpoint URL: "{address}"')
    assert "***@" in shown
    assert not any(part in shown for part in ("user", "pa55word", "p@ss", "token"))


@given(st.text())
def test_nothing_invisible_reaches_a_person(text: str) -> None:
    shown = visible(text)
    assert all(c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in shown)
    assert shown.encode().decode() == shown  # no lone surrogate either


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mred", "a\\x1b[31mred"),
        ("one\u2028two", "one\\u2028two"),
        ("safe\u202egpj.exe", "safe\\u202egpj.exe"),
        ("\x85\r\n", "\\x85\\x0d\n"),
        ("Grüße, 東京\t!", "Grüße, 東京\t!"),
    ],
)
def test_control_characters_become_escapes(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_an_error_is_clean_from_its_first_moment() -> None:
    error = BreakglassError("name \x1b[2J", "Use http://me:secret@host.")
    assert str(error) == "name \\x1b[2J Use http://***@host."


def test_a_whole_result_is_redacted_and_keeps_its_shape(secrets: Secrets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.breakglass.aws.plugins.module_utils._redaction.redact", secrets.redact)
    result = {"changed": True, "n": 1, KEY: None, "list": [{"text": f"a {KEY}"}, 2.5, ("x",)]}
    assert redact_all(result) == {
        "changed": True,
        "n": 1,
        REMOVED: None,
        "list": [{"text": f"a {REMOVED}"}, 2.5, ["x"]],
    }
    assert clean("plain") == "plain"


def test_what_a_test_learns_is_forgotten_after_it() -> None:
    learn("learned-before-0123456789")
    with forgotten_after():
        learn("secret", "learned-in-it-0123456789")
        assert redact("secret learned-in-it-0123456789") == f"{REMOVED} {REMOVED}"
    assert redact("secret learned-in-it-0123456789") == "secret learned-in-it-0123456789"
    assert redact("learned-before-0123456789") == REMOVED
