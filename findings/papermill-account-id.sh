#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  papermill 2.7.0
# Expected: `papermill -p account_id 012345678901` gives the notebook the account ID that was typed.
# Happens:  -p makes a number of all digits, and the leading zero is lost: the notebook gets 12345678901. In a YAML string
#           (-y) and a parameter file (-f) the same ID stays whole only when it has a digit 8 or 9: one of the digits 0
#           to 7 is read as octal and becomes another number. -r gives the text that was typed.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q papermill==2.7.0 PyYAML==6.0.3
cd "$work"
cat > example.ipynb <<'JSON'
{"cells": [{"cell_type": "code", "execution_count": null, "id": "one", "metadata": {"tags": ["parameters"]},
            "outputs": [], "source": "account_id = ''"}],
 "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
              "language_info": {"name": "python"}},
 "nbformat": 4, "nbformat_minor": 5}
JSON
cat > check.py <<'PYTHON'
import json
import subprocess
import sys
from importlib.metadata import version

GIVEN = {
    "-p account_id 012345678901": ["-p", "account_id", "012345678901"],
    "-y 'account_id: 012345678901'": ["-y", "account_id: 012345678901"],
    "-y 'account_id: 012345670123'": ["-y", "account_id: 012345670123"],
    "-r account_id 012345678901": ["-r", "account_id", "012345678901"],
}
print("papermill", version("papermill"))
seen = []
for text, arguments in GIVEN.items():
    command = [sys.argv[1], "--prepare-only", "--no-progress-bar", *arguments, "example.ipynb", "out.ipynb"]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    with open("out.ipynb") as file:
        value = json.load(file)["metadata"]["papermill"]["parameters"]["account_id"]
    seen.append(value)
    print(f"{text:<30} -> {value!r}")
if seen != [12345678901, "012345678901", 0o12345670123, "012345678901"]:
    sys.exit("The behaviour changed.")
print("As described: only -r keeps each account ID.")
PYTHON
"$work/venv/bin/python" check.py "$work/venv/bin/papermill"
