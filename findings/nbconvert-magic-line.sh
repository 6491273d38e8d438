#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  nbconvert 7.17.2 (Pygments 2.19.2)
# Expected: HighlightMagicsPreprocessor with languages {"%%tasks": "yaml"} makes the HTML exporter colour the body of a
#           "%%tasks" cell as YAML: its keys get the token class "nt", as they do without the magic line.
# Happens:  the magic line is given to the YAML lexer with the rest. "%" begins a YAML directive, which is an error
#           token, and the first keys after it are lexed as plain scalars: of "name", "debug" and "msg" only "msg" is
#           lexed as a key.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q nbconvert==7.17.2 pygments==2.19.2
cat > "$work/check.py" <<'PYTHON'
import re
import sys

import nbconvert
import nbformat
import pygments
from traitlets.config import Config

BODY = "- name: x\n  debug:\n    msg: hi"


def lexed(source, languages):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    config = Config()
    config.HighlightMagicsPreprocessor.enabled = True
    config.HighlightMagicsPreprocessor.languages = languages
    html, _ = nbconvert.HTMLExporter(config=config, template_name="basic").from_notebook_node(notebook)
    [code] = re.findall(r'<div class="[^"]*highlight[^"]*"><pre>(.*?)</pre>', html, re.DOTALL)
    return code, re.findall(r'<span class="nt">(\w+)</span>', code), re.findall(r'<span class="err">', code)


def yaml_alone():
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import YamlLexer

    return re.findall(r'<span class="nt">(\w+)</span>', pygments.highlight(BODY, YamlLexer(), HtmlFormatter()))


print("nbconvert", nbconvert.__version__, "Pygments", pygments.__version__)
code, keys, errors = lexed("%%tasks\n" + BODY, {"%%tasks": "yaml"})
print(code)
print("keys of the body alone:", yaml_alone())
print("keys of the cell:", keys, "error tokens:", len(errors))
if yaml_alone() != ["name", "debug", "msg"] or keys == ["name", "debug", "msg"]:
    sys.exit("The behaviour changed.")
print("As described: the magic line is lexed as YAML, and keys are lost.")
PYTHON
"$work/venv/bin/python" "$work/check.py"
