#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  ansible-core 2.19.14, distlib 0.4.0
# Expected: in "manifest: directives:" of galaxy.yml, "global-exclude .*" leaves out the files whose names begin with a
#           dot.
# Happens:  the pattern may begin anywhere in the path, so the dot before a suffix is enough: nearly every file with a
#           suffix is left out of the collection, and the build succeeds. "global-exclude /.*" does what one expects.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q ansible-core==2.19.14 distlib==0.4.0
cat > "$work/check.py" <<'PYTHON'
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
manifest:
  omit_default_directives: true
  directives:
    - include README.md LICENSE
    - recursive-include plugins *
    - {exclude}
"""
FILES = ["README.md", "LICENSE", "plugins/modules/one.py", "plugins/modules/.hidden"]
work = Path(sys.argv[1])
print("ansible-core", version("ansible-core"), "distlib", version("distlib"))


def packed(name, exclude):
    folder = work / name
    for file in FILES:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("text\n")
    (folder / "galaxy.yml").write_text(GALAXY.format(exclude=exclude))
    subprocess.run(
        [str(Path(sys.executable).with_name("ansible-galaxy")), "collection", "build", str(folder)]
        + ["--output-path", str(work / f"{name}-built")],
        env={**os.environ, "ANSIBLE_HOME": str(work / "ansible")},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    [archive] = (work / f"{name}-built").glob("*.tar.gz")
    with tarfile.open(archive) as content:
        found = sorted({member.name for member in content if member.isfile()} - {"MANIFEST.json", "FILES.json"})
    print(f"{exclude}: packed {found}")
    return found


dot = packed("dot", "global-exclude .*")
slash = packed("slash", "global-exclude /.*")
if dot != ["LICENSE"] or slash != ["LICENSE", "README.md", "plugins/modules/one.py"]:
    sys.exit("The behaviour changed.")
print("As described: 'global-exclude .*' leaves out every file with a suffix.")
PYTHON
"$work/venv/bin/python" "$work/check.py" "$work"
