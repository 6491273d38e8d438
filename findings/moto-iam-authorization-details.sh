#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  moto 5.2.5 (boto3 1.44.8)
# Expected: IAM GetAccountAuthorizationDetails gives each entry of "Policies" its PolicyName and PolicyId, and IDs of
#           groups begin with AGPA, as in the service.
# Happens:  the entries of "Policies" have neither PolicyName nor PolicyId, and the IDs of groups lack AGPA.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q 'moto[iam]==5.2.5' boto3==1.44.8
cat > "$work/check.py" <<'PYTHON'
import json
import sys
from importlib.metadata import version

import boto3
from moto import mock_aws

POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}
print("moto", version("moto"), "boto3", version("boto3"))
with mock_aws():
    iam = boto3.client(
        "iam", region_name="us-east-1", aws_access_key_id="example", aws_secret_access_key="example"
    )
    made = iam.create_policy(PolicyName="example", PolicyDocument=json.dumps(POLICY))["Policy"]
    iam.create_group(GroupName="example")
    policies = iam.get_account_authorization_details(Filter=["LocalManagedPolicy"])["Policies"]
    groups = iam.get_account_authorization_details(Filter=["Group"])["GroupDetailList"]
print("create_policy answered PolicyName", made.get("PolicyName"), "PolicyId", made.get("PolicyId"))
print("members of the entry in Policies:", [sorted(policy) for policy in policies])
print("ID of the group:", [group["GroupId"] for group in groups])
lacking = [{"PolicyName", "PolicyId"} - set(policy) for policy in policies]
if lacking != [{"PolicyName", "PolicyId"}] or groups[0]["GroupId"].startswith("AGPA"):
    sys.exit("The behaviour changed.")
print("As described: no PolicyName, no PolicyId, no AGPA.")
PYTHON
"$work/venv/bin/python" "$work/check.py"
