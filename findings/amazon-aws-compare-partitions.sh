#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  amazon.aws 11.4.0 (in ansible 14.5.0), compare_policies of its module_utils.
# Expected: a principal written as an account ID and the ARN of that account's root user, which is how AWS stores it,
#           are the same in each partition.
# Happens:  they are the same in the partition aws only. In aws-us-gov, aws-cn and aws-eusc a policy with account IDs as
#           principals differs from the stored one at each run: a module never reports "unchanged".
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


def shared_with(principal):
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": "sqs:SendMessage",
        "Resource": "*",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


print("amazon.aws", version)
seen = {}
for partition in ("aws", "aws-us-gov", "aws-cn", "aws-eusc"):
    stored = f"arn:{partition}:iam::111122223333:root"
    seen[partition] = policy.compare_policies(shared_with(stored), shared_with("111122223333"))
    print(f"111122223333 and {stored}: {'different' if seen[partition] else 'the same'}")
if seen != {"aws": False, "aws-us-gov": True, "aws-cn": True, "aws-eusc": True}:
    sys.exit("The behaviour changed.")
print("As described: the same in the partition aws only.")
PYTHON
"$work/venv/bin/python" "$work/check.py" "$work"
