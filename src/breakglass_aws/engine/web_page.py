# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What self-contained pages share: frame, style, and how text and data become safe. They need no network."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Callable
from functools import cache
from typing import Any

from breakglass_aws.engine.collection import module_util


def text(value: object) -> str:
    """The value for the content or an attribute of an element: escaped, its control characters visible."""
    return html.escape(_visible_text()(str(value)))


@cache
def _visible_text() -> Callable[[str], str]:
    """The function of the modules that makes control characters visible; pages use it ten thousands of times."""
    found: Callable[[str], str] = module_util("_redaction").visible
    return found


def document(title: str, style: str, body: str, script: str = "") -> str:
    """A whole page: `title` is plain text, `style` follows STYLE, `body` is HTML. Nothing is loaded.

    No script runs but `script`: the page names its hash, so a script that got into the body is refused by the browser.
    """
    allowed, code = "", ""
    if script:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        allowed, code = f"; script-src 'sha256-{digest}'", f"<script>{script}</script>\n"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'"
        f'{allowed}">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}{style}</style>\n</head>\n<body>\n<main>\n"
        f"{body}\n</main>\n{code}</body>\n</html>\n"
    )


def data(identifier: str, value: Any) -> str:
    """An element with data for a script: JSON in which no text can end the element, its control characters visible."""
    words = json.dumps(visible_data(value), ensure_ascii=False, separators=(",", ":"))
    safe = words.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return f'<script type="application/json" id="{text(identifier)}">{safe}</script>'


def visible_data(value: Any) -> Any:
    """The same data, with visible control characters in its text."""
    if isinstance(value, str):
        return _visible_text()(value)
    if isinstance(value, dict):
        return {visible_data(key): visible_data(item) for key, item in value.items()}
    return [visible_data(item) for item in value] if isinstance(value, list | tuple) else value


# Light or dark as the reader's system is; readable at 390 pixels and in print.
STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --quiet: #59636e; --page: #f6f8fa; --paper: #fff; --line: #d1d9e0;
  --critical: #b42318; --high: #b54708; --unknown: #6941c6; --medium: #8a6d00; --low: #57606a; --clean: #1a7f37;
  --skipped: #818b98; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --quiet: #9aa4af; --page: #0d1117; --paper: #161b22;
  --line: #30363d; --critical: #ff7b72; --high: #ffa657; --unknown: #b392f0; --medium: #e3b341; --low: #9aa4af;
  --clean: #56d364; --skipped: #6e7681; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 24px; }
h1 { font-size: 26px; margin: 0; line-height: 1.25; } h2 { font-size: 20px; margin: 32px 0 8px; }
h3 { font-size: 16px; margin: 0; font-weight: 600; } h3 small { color: var(--quiet); font-weight: 400; }
p { margin: 6px 0; max-width: 85ch; } .quiet { color: var(--quiet); }
code { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(105px, 1fr)); gap: 10px; margin: 16px 0 10px; }
.card { background: var(--paper); border: 1px solid var(--line); border-top: 4px solid var(--quiet); border-radius: 6px;
  padding: 8px 12px; }
.card b { display: block; font-size: 24px; line-height: 1.2; }
article { background: var(--paper); border: 1px solid var(--line); border-left: 5px solid var(--quiet);
  border-radius: 6px; padding: 12px 16px; margin: 12px 0; scroll-margin-top: 12px; }
.badge { display: inline-block; border: 1px solid currentColor; border-radius: 10px; padding: 0 8px;
  font-size: 12px;
  font-weight: 600; line-height: 18px; white-space: nowrap; color: var(--quiet); }
ul { list-style: none; margin: 8px 0 0; padding: 0; }
.row { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); gap: 2px 16px; padding: 6px 0;
  border-top: 1px solid var(--line); }
.row span { overflow-wrap: anywhere; } .row small { display: block; color: var(--quiet); }
summary { cursor: pointer; }
@media screen and (max-width: 760px) {
  main { padding: 14px; } h1 { font-size: 22px; }
  .cards { grid-template-columns: repeat(auto-fit, minmax(92px, 1fr)); gap: 8px; } .card { padding: 6px 10px; }
  .row { grid-template-columns: minmax(0, 1fr); }
}
@media print { body { background: #fff; } article { break-inside: avoid; } main { max-width: none; padding: 0; } }
"""
