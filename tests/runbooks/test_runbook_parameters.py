"""Parameters: what is certain is taken, what is not is refused with the right spelling, secrets never get in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.notebooks.parameters import check, declared

TAKEN = declared(
    """
account_id: str = None  # the account
account_ids: list[str] = []
check_mode: bool = True  # plan only
days: int = 90
policy: dict = {}
where: str = ""
not_a_parameter = 1
"""
)


def fit(**given: Any) -> dict[str, Any]:
    return check(TAKEN, {"account_id": "012345678901", **given})


def test_declarations_are_read_with_type_default_and_help() -> None:
    assert [(item.name, item.type, item.default, item.help) for item in TAKEN[:3]] == [
        ("account_id", "str", None, "the account"),
        ("account_ids", "list[str]", [], ""),
        ("check_mode", "bool", True, "plan only"),
    ]
    assert "not_a_parameter" not in {item.name for item in TAKEN}


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("account_id", "012345678901", "012345678901"),
        ("account_id", 333344445555, "333344445555"),  # papermill -p makes a number of it, and nothing is lost
        ("account_ids", "012345678901,333344445555", ["012345678901", "333344445555"]),
        ("account_ids", '["012345678901"]', ["012345678901"]),
        ("account_ids", "[333344445555]", ["333344445555"]),
        ("account_ids", 333344445555, ["333344445555"]),
        ("check_mode", "false", False),  # papermill -p leaves this word as it is, and as text it would be true
        ("check_mode", "True", True),
        ("days", "30", 30),
        ("policy", '{"Version": "2012-10-17"}', {"Version": "2012-10-17"}),
        ("where", "0012", "0012"),
    ],
)
def test_what_is_certain_is_taken(name: str, value: Any, meant: Any) -> None:
    result = fit(**{name: value})[name]
    assert result == meant
    assert type(result) is type(meant)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("account_id", 12345678901, '"012345678901"'),
        ("account_id", 1402433619, '"012345670123"'),
        ("account_id", "12", "12 digits"),
        ("account_id", "", "account_id is missing"),
        ("account_id", True, "Invalid value"),
        ("account_ids", [12345678901], '"012345678901"'),
        ("check_mode", "maybe", "Expected true or false"),
        ("check_mode", 0, "Expected true or false"),
        ("days", "soon", "whole number"),
        ("days", True, "whole number"),
        ("policy", "{", "not valid JSON"),
        ("policy", "[]", "JSON object"),
        ("where", 12, "Expected text"),
    ],
)
def test_what_is_not_certain_is_refused_with_what_is_taken(name: str, value: Any, message: str) -> None:
    with pytest.raises(RunbookError) as refusal:
        fit(**{name: value})
    assert message in str(refusal.value)
    assert "The parameters of this runbook:" in str(refusal.value)
    assert "account_id (str, required): the account" in str(refusal.value)


def test_unknown_and_missing_parameters_are_named_together() -> None:
    with pytest.raises(
        RunbookError, match=r"(?s)Unknown parameter: acount_id. Did you mean account_id\?.*account_id is missing"
    ):
        check(TAKEN, {"acount_id": "012345678901"})


SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize("value", [SECRET_KEY, [SECRET_KEY], f'{{"a": "{SECRET_KEY}"}}', "-----BEGIN PRIVATE KEY-----"])
def test_values_that_look_like_secrets_are_refused_and_not_repeated(value: Any) -> None:
    with pytest.raises(RunbookError, match=r"where must not be given.*looks like") as refusal:
        fit(where=value)
    assert SECRET_KEY not in str(refusal.value)


@pytest.mark.parametrize("name", ["secret_key", "session_token", "password", "otp"])
def test_names_that_mean_secrets_are_refused(name: str) -> None:
    with pytest.raises(RunbookError, match="by its name it is a secret"):
        check([*TAKEN, *declared(f'{name}: str = ""')], {"account_id": "012345678901", name: "x"})


def test_what_names_a_key_or_a_resource_is_no_secret() -> None:
    names = ["AKIAIOSFODNN7EXAMPLE", "arn:aws:iam::012345678901:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_A_0"]
    assert all(fit(where=name)["where"] == name for name in names)


@given(st.from_regex(r"\A[0-9]{12}\Z"))
def test_an_account_id_is_never_altered(account_id: str) -> None:
    assert fit(account_id=account_id)["account_id"] == account_id
    assert fit(account_ids=f"{account_id},{account_id}")["account_ids"] == [account_id, account_id]


@given(st.integers(min_value=0, max_value=10**11 - 1))
def test_a_number_that_lost_digits_is_never_taken_for_an_account(number: int) -> None:
    with pytest.raises(RunbookError):
        fit(account_id=number)
