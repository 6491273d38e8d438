#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  prowler 5.46.0
# Expected: the compliance file of NIST CSF 2.0 has that version's categories, such as PR.AA (identity management,
#           authentication and access control) and PR.PS (platform security).
# Happens:  beside the new function Govern it keeps categories that CSF 2.0 has dropped: ac (PR.AC), ip (PR.IP), pt
#           (PR.PT), ma (PR.MA) and be (ID.BE) are those of CSF 1.1, and no requirement is of PR.AA, PR.PS or PR.IR. A
#           report "by NIST CSF 2.0" cannot be joined with a list of controls of 2.0.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" download -q --no-deps -d "$work" prowler==5.46.0
cat > "$work/check.py" <<'PYTHON'
import collections
import json
import sys
import zipfile

DROPPED, NEW = {"ac", "ip", "pt", "ma", "be"}, {"aa", "ps", "ir"}
with zipfile.ZipFile(sys.argv[1]) as wheel:
    found = json.loads(wheel.read("prowler/compliance/aws/nist_csf_2.0_aws.json"))
sections = collections.defaultdict(list)
for requirement in found["Requirements"]:
    sections[requirement["Id"].rpartition("_")[0]].append(requirement["Id"])
print("prowler 5.46.0:", found["Framework"], found["Version"])
print("categories of CSF 1.1 alone:", {name: sections[name] for name in sorted(DROPPED & set(sections))})
print("categories new in CSF 2.0:", sorted(NEW & set(sections)) or "none")
if found["Version"] != "2.0" or not set(sections) >= DROPPED or NEW & set(sections):
    sys.exit("The behaviour changed.")
print("As described: the file of version 2.0 has categories of version 1.1.")
PYTHON
"$work/venv/bin/python" "$work/check.py" "$work/prowler-5.46.0-py3-none-any.whl"
