"""Markdown of a run on a terminal that a person sits at."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from breakglass_aws.engine.display import rich_text, safe_text

HOSTILE = "a\x1b[2Jb\u202ec\u2028d\re\x07"
TABLE = "| account | outcome |\n|---|---|\n| payments<br>333344445555 | `would change` |"
DIFF = "```diff\n" + "\n".join([*(f" {number}" for number in range(20)), "-old", "+new", " end"]) + "\n```"


def printed(markdown: str, width: int = 80, *, colours: bool = True, whole: bool = False) -> str:
    file = io.StringIO()
    console = Console(
        file=file, width=width, force_terminal=True, no_color=not colours, color_system="standard", highlight=False
    )
    rich_text.show(console, markdown, whole=whole)
    return file.getvalue()


def plain(markdown: str, width: int = 80, **options: bool) -> str:
    """The same without colours and without spaces at the ends of lines."""
    lines = re.sub(r"\x1b\[[0-9;]*m", "", printed(markdown, width, **options)).split("\n")
    return "\n".join(line.rstrip() for line in lines)


def test_a_table_is_a_table_where_it_fits() -> None:
    assert plain(TABLE) == (
        "account        outcome\n───────────────────────────\npayments       would change\n333344445555\n"
    )


def test_a_table_is_names_and_values_where_it_does_not() -> None:
    assert plain(TABLE, 20) == "  account:\n    payments\n    333344445555\n  outcome:\n    would change\n"


def test_a_label_has_its_colour_of_the_page() -> None:
    assert "\x1b[1;36mwould change\x1b[0m" in printed(TABLE)
    assert "\x1b[1;31mdenied\x1b[0m" in printed("`denied`")
    assert "\x1b[3" not in printed(TABLE + "\n\n" + DIFF, colours=False).replace("\x1b[39m", "")


def test_unchanged_lines_of_a_difference_are_left_out_around_a_change() -> None:
    assert plain(DIFF) == "  ... 17 unchanged lines\n   17\n   18\n   19\n  -old\n  +new\n   end\n"
    assert "\x1b[31m  -old" in printed(DIFF)
    assert "\x1b[32m  +new" in printed(DIFF)
    assert "unchanged" not in plain(DIFF, whole=True)
    assert "   0\n" in plain(DIFF, whole=True)


def test_paragraphs_are_wrapped_between_words_and_items_are_indented() -> None:
    assert plain("one two\nthree **four** five", 20) == "one two three four\nfive\n"
    assert plain("1. one two three\n   four five six", 20) == "1. one two three\n   four five six\n"


def test_what_people_copy_is_not_wrapped() -> None:
    command = f"breakglass resume {'/x' * 60}"
    assert plain(f"```sh\n{command}\n```") == f"{command}\n"
    assert plain(f"Run:\n\n    {command}") == f"Run:\n\n    {command}\n"
    path = f"/evidence{'/x' * 60}"
    assert path in plain(f"- backup: `{path}`")


@pytest.mark.parametrize("shape", ["{}", "`{}`", "| a |\n|---|\n| {} |", "```diff\n+{}\n```", "- {}", "> {}", "**{}**"])
def test_no_control_character_of_a_name_reaches_the_terminal(shape: str) -> None:
    shown = plain(shape.format(safe_text.markdown(HOSTILE)))
    assert not [sign for sign in shown if sign != "\n" and not sign.isprintable()]
    raw = plain(shape.format(HOSTILE))
    assert not [sign for sign in raw if sign != "\n" and not sign.isprintable()]


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=30))
def test_text_that_was_made_safe_is_shown_as_it_is(text: str) -> None:
    shown = plain(f"x {safe_text.markdown(text)} x", 200)
    assert shown == f"x {safe_text.visible(text)} x\n"
