"""What the sandbox shows a judge: texts as they are kept, and every secret that it has issued."""

from __future__ import annotations

import itertools
import json
import urllib.request
from typing import Any

from breakglass_aws.sandbox import Box

LEDGER, PAYMENTS = "payments-ledger-333344445555", "333344445555"
TASK = {"arn": "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"}


def shown(box: Box, path: str) -> Any:
    with urllib.request.urlopen(f"{box.url}/_sandbox/{path}") as answer:
        return json.load(answer)


def test_a_policy_is_shown_byte_for_byte(sandbox: Box) -> None:
    text = '{"Version":"2012-10-17",  "Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:PutObject",'
    text += '"Resource":"arn:aws:s3:::payments-exports-333344445555/*"}]}'
    s3 = sandbox.client("s3", "payments-administrator")
    s3.put_bucket_policy(Bucket="payments-exports-333344445555", Policy=text)
    assert shown(sandbox, "held")["buckets"]["payments-exports-333344445555"]["policy"] == text


def test_what_is_read_changes_nothing(sandbox: Box) -> None:
    before = shown(sandbox, "held")
    sandbox.client("s3", "nightly-job").list_objects_v2(Bucket="reports-555566667777")
    sandbox.client("iam", "engineer").list_roles()
    assert shown(sandbox, "held") == before


def test_each_kind_of_change_is_seen(sandbox: Box) -> None:
    seen = [shown(sandbox, "held")]
    iam = sandbox.client("iam", "payments-administrator")
    iam.create_user(UserName="left-behind")
    seen.append(shown(sandbox, "held"))
    iam.create_access_key(UserName="left-behind")
    seen.append(shown(sandbox, "held"))
    role = {"RoleName": "OrganizationAccountAccessRole"}
    trust = json.loads(seen[0]["iam"][PAYMENTS]["roles"][role["RoleName"]]["trust_policy"])
    iam.update_assume_role_policy(**role, PolicyDocument=json.dumps(trust, indent=1))
    seen.append(shown(sandbox, "held"))
    more = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    iam.put_role_policy(**role, PolicyName="more", PolicyDocument=json.dumps(more))
    seen.append(shown(sandbox, "held"))
    sandbox.act("legacy-web", "reset_password")
    sandbox.act("legacy-web", "lose_mfa")
    seen.append(shown(sandbox, "held"))
    sandbox.client("s3", "payments-administrator").delete_bucket_policy(Bucket="payments-exports-333344445555")
    seen.append(shown(sandbox, "held"))
    assert all(one != other for one, other in itertools.pairwise(seen))


def test_all_secrets_and_only_these(sandbox: Box) -> None:
    session = sandbox.client("sts", "operator").assume_root(TargetPrincipal=PAYMENTS, TaskPolicyArn=TASK)["Credentials"]
    password = sandbox.act("legacy-web", "reset_password")["password"]
    iam = sandbox.client("iam", "payments-administrator")
    iam.create_user(UserName="left-behind")
    key = iam.create_access_key(UserName="left-behind")["AccessKey"]
    known = shown(sandbox, "secrets")
    operator = sandbox.credentials("operator")
    for secret in (session["SecretAccessKey"], session["SessionToken"], password, key["SecretAccessKey"]):
        assert secret in known
    assert {operator["secret_key"], operator["session_token"]} <= set(known)
    assert not {session["AccessKeyId"], key["AccessKeyId"], operator["access_key"]} & set(known)
    assert not any(secret in json.dumps(shown(sandbox, "held")) for secret in known if not secret.isdigit())
