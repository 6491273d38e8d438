# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The executed notebook as one HTML page that needs no network and runs no script."""

from __future__ import annotations

import contextlib
import functools
import re
import threading
from html import escape
from pathlib import Path
from typing import Any

from breakglass_aws.engine import files

# The magics of a runbook, each with the name of the Pygments lexer for the rest of its cell.
LANGUAGES = {"%%tasks": "yaml", "%%module_defaults": "yaml", "%%gate": "markdown"}

_CONVERTING = threading.Lock()

# nbconvert sets no monospaced font for code in outputs, and no margin below it. On a telephone it cuts code and tables:
# there, code wraps, and the cells of our tables are one below the other.
STYLE = """<style>
.jp-RenderedMarkdown .highlight { margin-bottom: 1em; }
.jp-RenderedMarkdown .highlight pre, .jp-RenderedMarkdown .highlight pre * {
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
}
@media (max-width: 700px) {
  .highlight pre, .jp-RenderedHTMLCommon pre, .jp-RenderedHTMLCommon pre * {
    white-space: pre-wrap !important; overflow-wrap: anywhere;
  }
  .jp-RenderedMarkdown table { margin-left: 0; margin-right: 0; }
  .jp-RenderedMarkdown th, .jp-RenderedMarkdown td { overflow-wrap: break-word; padding: 5px 4px !important; }
  .jp-RenderedHTMLCommon td code { white-space: normal !important; overflow-wrap: anywhere; }
  .jp-RenderedMarkdown td:first-child code { white-space: nowrap !important; }
  table.breakglass, table.breakglass tbody, table.breakglass tr, table.breakglass td { display: block; width: auto; }
  table.breakglass thead { display: none; }
  table.breakglass tr { border-bottom: 1px solid rgba(128,128,128,.4); padding: 3px 0; }
  table.breakglass td {
    border: none !important; padding: 1px 4px !important; white-space: normal !important; width: auto !important;
    overflow-wrap: anywhere;
  }
  table.breakglass td[data-label]:not([data-label=""])::before {
    content: attr(data-label) ": "; color: #6b7280; font-size: 12px;
  }
}</style>"""


NO_PAGE = "The HTML page could not be exported ({}). Read the executed notebook instead."


def write(notebook: Path, path: Path) -> str:
    """Write the page of an executed notebook to `path`; return a remark when it could not be exported, else nothing.

    nbconvert and its dependencies raise errors of any kind. None of them may hide how the run ended.
    Raises RunbookError when the file cannot be written.
    """
    try:
        remark, content = "", page(notebook)
    except Exception as error:
        remark = NO_PAGE.format(f"{type(error).__name__}: {error}")
        content = f"<!DOCTYPE html>\n<meta charset=utf-8>\n<p>{escape(remark)}</p>\n<p>{escape(str(notebook))}</p>\n"
    files.write(path, content)
    return remark


def page(notebook: Path) -> str:
    """Return the HTML page of an executed notebook. Raises whatever nbconvert raises."""
    with _CONVERTING:
        html, _ = _exporter().from_filename(str(notebook))
    html = re.sub(r"<script\b.*?</script>", "", html, flags=re.DOTALL | re.IGNORECASE)
    # The evidence folder holds no docs: their path stays as text.
    html = re.sub(r'<a href="\.\./docs/[^"]*">(.*?)</a>', r"\1", html, flags=re.DOTALL)
    return html.replace("</head>", f"{STYLE}</head>", 1)


def prepare() -> None:
    """Load, in a thread, what makes a page: nbconvert, its templates and the lexers. It takes half a second."""
    threading.Thread(target=_convert_sample).start()


def _convert_sample() -> None:
    """Convert a notebook with a cell of each kind. An error is reported when the page itself is made."""
    with contextlib.suppress(Exception), _CONVERTING:
        from nbformat import v4

        output = v4.new_output("display_data", {"text/html": "<p>x</p>", "text/markdown": "x"})
        cells = [v4.new_code_cell(f"{magic}\n- x: y", outputs=[output]) for magic in LANGUAGES]
        text = v4.new_markdown_cell("# x\n\n| a | b |\n|---|---|\n| `c` | d |\n\n```json\n{}\n```")
        _exporter().from_notebook_node(v4.new_notebook(cells=[text, v4.new_code_cell("x"), *cells]))


@functools.cache
def _exporter() -> Any:
    """Return nbconvert's exporter of HTML, which keeps its templates."""
    from nbconvert import HTMLExporter
    from nbconvert.filters import Highlight2HTML

    plain = Highlight2HTML(pygments_lexer="ipython3")

    def highlight(source: str, language: str | None = None, metadata: Any = None) -> str:
        """Highlight a cell in the language of its magic. The magic itself is left out: it is no YAML."""
        magic, _, body = source.partition("\n")
        lexer = LANGUAGES.get(magic.partition(" ")[0])
        if not lexer or not body.strip():
            return plain(source, language, metadata)
        return plain(body, lexer).replace("<pre>", f'<pre><span class="k">{escape(magic)}</span>\n', 1)

    return HTMLExporter(embed_images=True, filters={"highlight_code": highlight})
