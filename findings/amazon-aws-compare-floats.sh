#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  amazon.aws 11.4.0 (in ansible 14.5.0), compare_policies of its module_utils, which decides in the modules
#           of S3, SQS, IAM and others whether a policy has to be written.
# Expected: two policies whose numeric condition differs, 0.5 and 0.9, are different; 0.5 and "0.5", which AWS stores
#           alike, are the same.
# Happens:  numbers with a decimal point are dropped. 0.5 and 0.9 are the same, so a module reports no change and leaves
#           the old policy; 0.5 and "0.5" are different, so a module writes at each run. Whole numbers are compared well.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q ansible-core==2.19.14
"$work/venv/bin/pip" download -q --no-deps --python-version 3.12 --only-binary=:all: -d "$work" ansible==14.5.0
cat > "$work/check.py" <<'PYTHON'
import importlib.util
import json
import sys
import zipfile

work = sys.argv[1]
SOURCE = "ansible_collections/amazon/aws/plugins/module_utils/policy.py"
with zipfile.ZipFile(f"{work}/ansible-14.5.0-py3-none-any.whl") as wheel:
    wheel.extract(SOURCE, work)
    version = json.loads(wheel.read("ansible_collections/amazon/aws/MANIFEST.json"))["collection_info"]["version"]
spec = importlib.util.spec_from_file_location("policy", f"{work}/{SOURCE}")
policy = importlib.util.module_from_spec(spec)
spec.loader.exec_module(policy)


def limited(value):
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::example-bucket/*",
                "Condition": {"NumericGreaterThan": {"aws:MultiFactorAuthAge": value}},
            }
        ],
    }


print("amazon.aws", version)
seen = {}
for one, other in ((1, 2), (1, "1"), (0.5, 0.9), (0.5, "0.5")):
    differ = policy.compare_policies(limited(one), limited(other))
    seen[repr(one), repr(other)] = differ
    print(f"{one!r:>4} and {other!r:<5}: {'different' if differ else 'the same'}")
if list(seen.values()) != [True, False, False, True]:
    sys.exit("The behaviour changed.")
print("As described: numbers with a decimal point are not compared.")
PYTHON
"$work/venv/bin/python" "$work/check.py" "$work"
