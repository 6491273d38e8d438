#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  cyclonedx-bom 7.5.0
# Expected: "cyclonedx-py environment PYTHON --pyproject pyproject.toml" states the version of the root component when
#           the project is installed in that environment, because the metadata there has it.
# Happens:  when pyproject.toml says dynamic = ["version"], the root component has no version. The installed project is
#           not among the other components either, so its version is nowhere in the SBOM. The command succeeds, and
#           prints nothing about it.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q cyclonedx-bom==7.5.0
cat > "$work/check.py" <<'PYTHON'
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

PROJECT = """[build-system]
requires = ["flit_core==3.12.0"]
build-backend = "flit_core.buildapi"
[project]
name = "tiny"
description = "A tiny module."
{version}
"""
work = Path(sys.argv[1])
print("cyclonedx-bom", version("cyclonedx-bom"))


def root(name, line):
    folder = work / name
    folder.mkdir()
    (folder / "pyproject.toml").write_text(PROJECT.format(version=line))
    (folder / "tiny.py").write_text('"""A tiny module."""\n__version__ = "1.2.3"\n')
    python = folder / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "-q", str(folder)], check=True)
    shown = "from importlib.metadata import version; print(version('tiny'))"
    installed = subprocess.run([str(python), "-c", shown], capture_output=True, text=True, check=True).stdout.strip()
    made = subprocess.run(
        [str(Path(sys.executable).with_name("cyclonedx-py")), "environment", str(python)]
        + ["--pyproject", str(folder / "pyproject.toml")],
        capture_output=True,
        text=True,
        check=True,
    )
    bom = json.loads(made.stdout)
    component = bom["metadata"]["component"]
    others = [entry["name"] for entry in bom.get("components", [])]
    said = "version" in made.stderr.lower()
    print(f"{line}: installed {installed}, root {component.get('name')} {component.get('version')}", end=", ")
    print(f"tiny among the others: {'tiny' in others}, 1.2.3 in the SBOM: {'1.2.3' in made.stdout}")
    return installed, component.get("version"), "tiny" in others, "1.2.3" in made.stdout, said


static = root("static", 'version = "1.2.3"')
dynamic = root("dynamic", 'dynamic = ["version"]')
if static != ("1.2.3", "1.2.3", False, True, False) or dynamic != ("1.2.3", None, False, False, False):
    sys.exit("The behaviour changed.")
print("As described: the root component of a dynamic version has none.")
PYTHON
"$work/venv/bin/python" "$work/check.py" "$work"
