"""Text from elsewhere stays text on a terminal, in Markdown and in HTML."""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nbconvert.filters import markdown2html

from breakglass_aws.engine.display import html as render
from breakglass_aws.engine.display import safe_text, terminal

ESC, RIGHT_TO_LEFT, LINE_SEPARATOR = "\x1b", "\u202e", "\u2028"
NASTY = [
    "**bold** and *emphasis* and _more_",
    "[click](https://evil.example) ![x](https://evil.example/x.png)",
    "https://evil.example/path www.evil.example <https://evil.example>",
    "<b>bold</b> <script>alert(1)</script> &lt;b&gt;",
    "`code` ``more`` ~~gone~~ a|b",
    "# heading\n> quotation\n- item\n1. item\n2) item\n===\n---\n+ x",
    "    <b>indented</b>",
    "\\*not escaped\\* \\",
    "```\nfence\n```",
    "$x$ $$y$$ \\(z\\)",
]
ANYTHING = st.text() | st.sampled_from(NASTY) | st.text(alphabet="`*_[]()<>#-+=|~!\\\n :/.htpsw1&;a")


class _Content(HTMLParser):
    """The elements and the text of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.elements.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def _hidden(text: str) -> list[str]:
    kinds = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return [sign for sign in text if sign not in "\n\t" and unicodedata.category(sign) in kinds]


def _words(text: str) -> str:
    return " ".join(text.split())


@settings(deadline=None)
@given(ANYTHING)
@example(f"a{ESC}[31mb{RIGHT_TO_LEFT}c{LINE_SEPARATOR}d")
def test_nothing_invisible_reaches_any_output(text: str) -> None:
    shown = render.stack(
        [
            render.text(text),
            render.message(text),
            render.heading(text, text),
            render.notice(text, "failed"),
            render.code(text),
            render.facts({text: text, "mono": render.mono(text), "small": render.small(text)}),
            render.table([text], [[text], [[text]], [render.badge(text)]]),
            render.diff(text, f"{text}\nx", text),
            render.side_by_side(text, f"{text}\nx"),
            render.folded(text, render.text(text)),
            render.bar({f"x{text}": 1, "b": 2}),
        ]
    )
    assert _hidden(shown.html) == []
    assert _hidden(shown.markdown) == []
    assert _hidden(terminal.text(shown.markdown)) == []
    assert _hidden(str(shown)) == []


def test_what_is_invisible_is_shown_as_an_escape() -> None:
    assert safe_text.visible(f"a{ESC}[2Jb{RIGHT_TO_LEFT}c{LINE_SEPARATOR}d\ne\U000e0041") == (
        "a\\x1b[2Jb\\u202ec\\u2028d\ne\\U000e0041"
    )


@pytest.mark.parametrize("text", NASTY)
def test_markdown_shows_text_as_it_is(text: str) -> None:
    """As the page does, which nbconvert renders with mistune."""
    content = _Content(str(markdown2html(safe_text.markdown(text))))
    assert content.elements <= {"p", "br"}
    assert _words(content.text) == _words(text)


@settings(deadline=None)
@given(ANYTHING)
def test_markdown_makes_no_element_of_text(text: str) -> None:
    assert _Content(str(markdown2html(f"x {safe_text.markdown(text)}"))).elements <= {"p", "br"}


@settings(deadline=None)
@given(ANYTHING)
def test_a_code_span_holds_all_of_its_text(text: str) -> None:
    html = str(markdown2html(f"x {safe_text.markdown_code(text)} y"))
    assert _Content(html).elements <= {"p", "code"}
    if safe_text.one_line(text):
        [inside] = re.findall("<code>(.*?)</code>", html, flags=re.DOTALL)
        assert _words(unescape(inside)) == safe_text.one_line(text)


@settings(deadline=None)
@given(ANYTHING)
def test_a_code_block_holds_all_of_its_text(text: str) -> None:
    html = str(markdown2html(f"{safe_text.markdown_block(text)}\n\nafter"))
    assert html.count("<pre") == 1
    assert "<p>after</p>" in html


@settings(deadline=None)
@given(ANYTHING)
def test_the_terminal_shows_the_same_words(text: str) -> None:
    shown = terminal.text(safe_text.markdown(text))
    assert _words(shown) == _words(safe_text.visible(text))


@settings(deadline=None)
@given(ANYTHING)
def test_html_makes_no_element_of_text(text: str) -> None:
    assert _Content(safe_text.html(text)).elements == set()
