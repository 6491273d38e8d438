#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Package:  moto 5.2.5 (boto3 1.44.8)
# Expected: Organizations refuses what AWS's API reference says it refuses: CloseAccount of the management account,
#           MoveAccount from a parent that is not the account's (SourceParentNotFoundException), DeleteOrganizationalUnit
#           with accounts in it (OrganizationalUnitNotEmptyException), DetachPolicy of the last service control policy
#           (ConstraintViolationException, MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED).
# Happens:  all four succeed: the management account is suspended, the account in the deleted OU has no parent any more.
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
answers = {}
with mock_aws():
    organizations = boto3.client(
        "organizations", region_name="us-east-1", aws_access_key_id="example", aws_secret_access_key="example"
    )
    management = organizations.create_organization(FeatureSet="ALL")["Organization"]["MasterAccountId"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    made = organizations.create_account(AccountName="example", Email="example@example.com")
    account = made["CreateAccountStatus"]["AccountId"]
    unit = organizations.create_organizational_unit(ParentId=root, Name="example")["OrganizationalUnit"]["Id"]
    organizations.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)

    def ask(name, operation, **given):
        try:
            operation(**given)
            answers[name] = "succeeds"
        except organizations.exceptions.ClientError as error:
            answers[name] = error.response["Error"]["Code"]
        print(f"{name}: {answers[name]}")

    move = organizations.move_account
    ask("move from a parent that is not the account's", move, AccountId=account, SourceParentId=root, DestinationParentId=unit)
    ask("detach the last service control policy", organizations.detach_policy, PolicyId="p-FullAWSAccess", TargetId=account)
    ask("delete an OU with an account in it", organizations.delete_organizational_unit, OrganizationalUnitId=unit)
    ask("close the management account", organizations.close_account, AccountId=management)
    parents = [parent["Id"] for parent in organizations.list_parents(ChildId=account)["Parents"]]
    status = organizations.describe_account(AccountId=management)["Account"]["Status"]
print("parent of the account:", parents, "deleted:", unit)
print("the management account is", status)
if set(answers.values()) != {"succeeds"} or parents or status == "ACTIVE":
    sys.exit("The behaviour changed.")
print("As described: all four succeed.")
PYTHON
"$work/venv/bin/python" "$work/check.py"
