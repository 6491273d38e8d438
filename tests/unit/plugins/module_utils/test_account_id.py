from __future__ import annotations

import pytest
import yaml
from ansible_collections.breakglass.aws.plugins.module_utils._account_id import parse_account_id, parse_account_ids
from ansible_collections.breakglass.aws.plugins.module_utils._errors import InvalidInput
from hypothesis import given
from hypothesis import strategies as st

account_ids = st.text("0123456789", min_size=12, max_size=12)


def meant_by(value) -> str:
    """The account ID that is read from a value, or the words in which it is refused."""
    try:
        return parse_account_id(value, "account_id")
    except InvalidInput as refused:
        return str(refused)


@given(account_ids)
def test_twelve_digits_are_taken_as_they_are(account_id):
    assert parse_account_id(account_id, "account_id") == account_id


@given(account_ids)
def test_the_spelling_of_the_aws_console_is_understood(account_id):
    grouped = f"{account_id[:4]}-{account_id[4:8]}-{account_id[8:]}"
    assert parse_account_id(grouped, "account_id") == account_id


@given(account_ids)
def test_unquoted_yaml_never_becomes_another_account(account_id):
    """Whatever YAML makes of an ID without quotes, it is read right or refused, and the right one is shown."""
    read = yaml.safe_load(f"account_id: {account_id}")["account_id"]
    assert meant_by(read) == account_id or f'"{account_id}"' in meant_by(read) or account_id.startswith("000")


@given(account_ids.filter(lambda account_id: not account_id.startswith("0000")))
def test_a_command_line_that_makes_numbers_never_becomes_another_account(account_id):
    """papermill -p account_id 012345678901 gives the number 12345678901."""
    read = int(account_id)
    assert meant_by(read) == account_id or f'"{account_id}"' in meant_by(read)


@given(st.text() | st.integers() | st.floats() | st.booleans() | st.none() | st.lists(st.integers()))
def test_anything_else_is_refused_in_words(value):
    answer = meant_by(value)
    refused = answer.startswith("Invalid value for account_id: ") and "Expected a string of 12 digits" in answer
    assert refused or (answer.isascii() and answer.isdigit() and len(answer) == 12)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (1402433619, '"012345670123"'),
        ("1402433619", "octal"),
        (12345678901, 'it has 11 digits; did a leading zero get lost? Then it is "012345678901", in quotes'),
        ("11122223333", "Expected a string of 12 digits"),
        ("11122223333", "it has 11 digits"),
        ("11122223333", '"011122223333"'),
    ],
)
def test_what_happened_to_the_id_is_told(value, hint):
    with pytest.raises(InvalidInput) as refused:
        parse_account_id(value, "account_ids")
    assert hint in str(refused.value)


def test_each_account_is_named_once_and_in_order():
    given_ids = ["333344445555", "012345678901", "3333-4444-5555"]
    assert parse_account_ids(given_ids, "account_ids") == ["333344445555", "012345678901"]
