"""The one format of times, and facts that cannot be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._attempt import Attempts, Unread, attempt
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from ansible_collections.breakglass.aws.plugins.module_utils._time import format_time, now, parse_time
from hypothesis import given
from hypothesis import strategies as st

zones = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(
    lambda offset: timezone(timedelta(minutes=offset // timedelta(minutes=1)))
)


@given(st.datetimes(datetime(1980, 1, 1), datetime(2200, 1, 1), timezones=zones))
def test_a_time_is_written_in_utc_and_read_back_to_the_second(moment: datetime) -> None:
    assert parse_time(format_time(moment)) == moment.replace(microsecond=0)
    assert len(format_time(moment)) == 20


def test_no_time_stays_none_and_now_has_a_zone() -> None:
    assert format_time(None) is None
    assert now().tzinfo is UTC


@pytest.mark.parametrize("text", ["", "2026-01-31", "2026-01-31T03:00:00", "2026-01-31T03:00:00+00:00"])
def test_another_format_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not match"):
        parse_time(text)


def fails() -> None:
    raise BreakglassError("Cause.", "Fix.")


def test_what_can_be_read_is_returned_and_what_cannot_says_why() -> None:
    assert attempt(lambda: 3) == 3
    assert attempt(fails) == Unread("Cause.", "Fix.")
    with pytest.raises(ZeroDivisionError):
        attempt(lambda: 1 // 0)


def test_attempts_remember_what_could_not_be_read() -> None:
    attempts = Attempts()
    assert attempts.read(lambda: None, "nothing") is None
    assert attempts.unchecked == ""
    assert attempts.read(fails, "the roots") is None
    assert attempts.unread == {"the roots": Unread("Cause.", "Fix.")}
    assert "the roots" in attempts.unchecked
