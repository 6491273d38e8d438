# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bucket and queue policies of a generated organization, healthy ones and those that lock."""

from __future__ import annotations

from collections.abc import Callable

from breakglass_aws.sandbox.organization_file.generated_company import ORGANIZATION_ID, Company, Spec

PolicyMaker = Callable[[str], Spec]


def bucket_with(company: Company, spec: Spec, use: str, policy: PolicyMaker | None) -> Spec:
    name = f"{spec['name'].removesuffix('-production')}-{use}-{spec['id']}"
    made = {"name": name, "region": company.one_of(REGIONS)}
    return made | ({"policy": policy(name)} if policy else {})


def queue_with(company: Company, spec: Spec, name: str, policy: PolicyMaker | None) -> Spec:
    made = {"name": name, "region": company.one_of(REGIONS)}
    return made | ({"policy": policy(f"arn:aws:sqs:{made['region']}:{spec['id']}:{name}")} if policy else {})


def policy_of(*statements: Spec) -> Spec:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _on_bucket(sid: str, bucket: str, condition: Spec | None = None) -> Spec:
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    statement = {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resources}
    return statement | ({"Condition": condition} if condition else {})


def _require_tls(bucket: str) -> Spec:
    return _on_bucket("RequireTLS", bucket, {"Bool": {"aws:SecureTransport": "false"}})


def tls_only(bucket: str) -> Spec:
    return policy_of(_require_tls(bucket))


def guarded(bucket: str) -> Spec:
    ours = {"StringNotEquals": {"aws:PrincipalOrgID": ORGANIZATION_ID}}
    return policy_of(_require_tls(bucket), _on_bucket("OnlyOurOrganization", bucket, ours))


def deny_all(bucket: str) -> Spec:
    return policy_of(_require_tls(bucket), _on_bucket("LockedByMistake", bucket))


def dead_endpoint(bucket: str) -> Spec:
    condition = {"StringNotEquals": {"aws:SourceVpce": "vpce-0a1b2c3d4e5f67890"}}
    return policy_of(_on_bucket("OnlyThroughOurEndpoint", bucket, condition))


def dead_network(bucket: str) -> Spec:
    return policy_of(_on_bucket("OnlyFromTheOffice", bucket, {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}))


def producers(queue: str) -> Spec:
    condition = {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION_ID}}
    statement = {"Sid": "Producers", "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage"}
    return policy_of(statement | {"Resource": queue, "Condition": condition})


def stopped(queue: str) -> Spec:
    return policy_of(
        {"Sid": "StopEverything", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": queue}
    )


REGIONS = {"us-east-1": 40, "eu-west-1": 25, "eu-central-1": 20, "us-west-2": 10, "ap-southeast-2": 5}
