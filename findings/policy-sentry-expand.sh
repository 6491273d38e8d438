#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  policy-sentry 0.14.1, determine_actions_to_expand, which turns patterns of actions into names.
# Expected: patterns mean what they mean to IAM, where names ignore case and `?` is any one character: `SQS:*Attributes`
#           and `s3:Get?ucketPolicy` are expanded like `sqs:*Attributes` and `s3:Get*etPolicy`.
# Happens:  a pattern with a service prefix in capitals, and one with `?` only, are returned as they are, as if they were
#           the name of one action. A program that looks for s3:GetBucketPolicy in the result does not find it.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q policy-sentry==0.14.1
cat > "$work/check.py" <<'PYTHON'
import sys
from importlib.metadata import version

from policy_sentry.analysis.expand import determine_actions_to_expand

print("policy-sentry", version("policy-sentry"))
seen = {}
for pattern in ("sqs:*QueueAttributes", "SQS:*QueueAttributes", "s3:Get*ucketPolicy", "s3:Get?ucketPolicy"):
    seen[pattern] = determine_actions_to_expand([pattern])
    print(f"{pattern:<21} -> {', '.join(seen[pattern])}")
unchanged = [pattern for pattern, found in seen.items() if found == [pattern]]
if unchanged != ["SQS:*QueueAttributes", "s3:Get?ucketPolicy"]:
    sys.exit("The behaviour changed.")
print("As described: two of the four are not expanded.")
PYTHON
"$work/venv/bin/python" "$work/check.py"
