"""Rendering: what comes from elsewhere stays text, and every display can be read without HTML."""

from __future__ import annotations

from html.parser import HTMLParser

from breakglass_runbooks import render, views
from hypothesis import given
from hypothesis import strategies as st

NASTY = "<script>alert(1)</script>"


class _Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        if tag not in ("br", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@given(st.text())
def test_text_from_elsewhere_never_becomes_markup(words: str) -> None:
    words += NASTY
    for shown in (
        render.text(words),
        render.notice(words, "failed"),
        render.code(words),
        render.badge(words),
        render.facts({words: words}),
        render.table([words], [[words], [[words]], [render.mono(words)], [render.small(words)]]),
        render.diff(words, words + "\nx", words),
        render.folded(words, render.text(words)),
    ):
        tags = _Tags(shown.html)
        assert "script" not in tags.seen
        assert tags.open == []


def test_every_display_can_be_read_without_html() -> None:
    bundle = render.table(["a"], [["b_c <d>"]])._repr_mimebundle_()
    assert bundle["text/markdown"] == "| a |\n|---|\n| b\\_c &lt;d> |"
    assert bundle["text/plain"] == "| a |\n|---|\n| b_c <d> |"


def test_a_column_in_which_nothing_stands_is_left_out() -> None:
    assert "remark" not in render.table(["a", "remark"], [["b", None], ["c", ""]]).markdown


def test_a_difference_shows_what_goes_and_what_comes() -> None:
    shown = render.diff("one\ntwo", "one\nthree")
    assert "-two" in shown.html
    assert "+three" in shown.html
    assert render.diff("same", "same") is None


def test_a_difference_marks_lines_left_out_and_only_those() -> None:
    many = "\n".join(str(number) for number in range(100))
    assert "⋯" in render.diff(many, many + "\nend").html
    for before, after in [("one\ntwo", "one"), ("one", "two"), ("", "one\ntwo")]:
        assert "⋯" not in render.diff(before, after).html


def test_an_account_that_was_not_reached_shows_why_and_what_to_do() -> None:
    account = {
        "account_id": "777788889999",
        "name": "vault",
        "outcome": "unreachable",
        "reason": "denied",
        "fix": "exempt",
    }
    event = {
        "event": "failed",
        "action": "breakglass.aws.root_credentials",
        "check_mode": False,
        "warnings": [],
        "result": {"accounts": [account], "summary": {"unreachable": 1}},
    }
    shown = views.view(event)
    assert all(word in shown.markdown for word in ("vault", "777788889999", "unreachable", "denied", "exempt"))


def test_in_check_mode_nothing_is_said_to_have_happened() -> None:
    result = {"changed": True, "outcome": "changed", "bucket": "b", "account_id": "1", "lockout_statements": []}
    assert "`would change`" in views.unlocked_policy(result, check_mode=True).markdown
    assert "`changed`" in views.unlocked_policy(result, check_mode=False).markdown
