#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  ansible-core 2.19.14, distlib 0.4.0
# Expected: FILES.json of a built collection lists each file and each folder once, as it does when galaxy.yml uses
#           build_ignore.
# Happens:  when galaxy.yml uses "manifest: directives:", the folder "." is listed twice. A reader of FILES.json that
#           wants each name once, such as a check of the built collection, must allow for it.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q ansible-core==2.19.14 distlib==0.4.0
cat > "$work/check.py" <<'PYTHON'
import json
import os
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

GALAXY = """namespace: example
name: tiny
version: 1.0.0
readme: README.md
authors: [example]
"""
FILES = ["README.md", "plugins/modules/one.py"]
work = Path(sys.argv[1])
print("ansible-core", version("ansible-core"), "distlib", version("distlib"))


def listed(name, more):
    folder = work / name
    for file in FILES:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("text\n")
    (folder / "galaxy.yml").write_text(GALAXY + more)
    subprocess.run(
        [str(Path(sys.executable).with_name("ansible-galaxy")), "collection", "build", str(folder)]
        + ["--output-path", str(work / f"{name}-built")],
        env={**os.environ, "ANSIBLE_HOME": str(work / "ansible")},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    [archive] = (work / f"{name}-built").glob("*.tar.gz")
    with tarfile.open(archive) as content:
        found = [entry["name"] for entry in json.load(content.extractfile("FILES.json"))["files"]]
    print(f"{name}: FILES.json lists {found}")
    return sorted(found)


ONCE = [".", "README.md", "plugins", "plugins/modules", "plugins/modules/one.py"]
ignore = listed("ignore", "build_ignore: ['*.bak']\n")
manifest = listed("manifest", "manifest:\n  directives:\n    - include README.md\n")
if ignore != ONCE or manifest != [".", *ONCE]:
    sys.exit("The behaviour changed.")
print("As described: with directives the folder '.' is listed twice.")
PYTHON
"$work/venv/bin/python" "$work/check.py" "$work"
