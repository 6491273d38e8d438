#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  moto 5.2.5 (boto3 1.44.8)
# Expected: EnableAWSServiceAccess takes iam.amazonaws.com, the service principal that centralized root access needs (IAM
#           User Guide, "Centralize root access for member accounts"), as it takes others.
# Happens:  InvalidInputException, "unrecognized service principal". So no code for centralized root access can be tried.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q 'moto[organizations]==5.2.5' boto3==1.44.8
cat > "$work/check.py" <<'PYTHON'
import sys
from importlib.metadata import version

import boto3
from moto import mock_aws

print("moto", version("moto"), "boto3", version("boto3"))
seen = {}
with mock_aws():
    organizations = boto3.client(
        "organizations", region_name="us-east-1", aws_access_key_id="example", aws_secret_access_key="example"
    )
    organizations.create_organization(FeatureSet="ALL")
    for service in ("cloudtrail.amazonaws.com", "iam.amazonaws.com"):
        try:
            organizations.enable_aws_service_access(ServicePrincipal=service)
            seen[service] = "enabled"
        except organizations.exceptions.ClientError as error:
            seen[service] = error.response["Error"]["Code"]
        print(f"{service}: {seen[service]}")
if seen != {"cloudtrail.amazonaws.com": "enabled", "iam.amazonaws.com": "InvalidInputException"}:
    sys.exit("The behaviour changed.")
print("As described: iam.amazonaws.com is refused.")
PYTHON
"$work/venv/bin/python" "$work/check.py"
