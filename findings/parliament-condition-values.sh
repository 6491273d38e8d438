#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  parliament 1.6.4
# Expected: values of conditions that the IAM User Guide lists as valid are accepted: IPv6 ranges for aws:SourceIp, and
#           dates without a time (a form of ISO 8601 that W3C's note has) for aws:CurrentTime.
# Happens:  both are MISMATCHED_TYPE. A guardrail with an IPv6 range beside its IPv4 ranges never passes the linter.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q parliament==1.6.4 'setuptools<81'
cat > "$work/check.py" <<'PYTHON'
import json
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
from parliament import analyze_policy_string

CONDITIONS = {
    "IPv4 range": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    "IPv6 range": {"IpAddress": {"aws:SourceIp": "2001:db8::/32"}},
    "date and time": {"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}},
    "date": {"DateGreaterThan": {"aws:CurrentTime": "2026-01-01"}},
}
print("parliament", version("parliament"))
seen = {}
for name, condition in CONDITIONS.items():
    statement = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::example/*", "Condition": condition}
    found = analyze_policy_string(json.dumps({"Version": "2012-10-17", "Statement": [statement]})).findings
    seen[name] = [finding.issue for finding in found]
    print(f"{name}: {', '.join(seen[name]) or 'accepted'}")
if seen != {name: ["MISMATCHED_TYPE"] if name in ("IPv6 range", "date") else [] for name in CONDITIONS}:
    sys.exit("The behaviour changed.")
print("As described: an IPv6 range and a date without a time are refused.")
PYTHON
"$work/venv/bin/python" "$work/check.py"
