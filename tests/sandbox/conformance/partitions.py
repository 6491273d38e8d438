"""The other partitions: GovCloud and China (aws-facts 2.7)."""

from __future__ import annotations

from typing import Any

from conformance.facts import REGIONS, Fact, fact
from conformance.steps import Served, clients_of, control, serving
from support.refusals import refused

from breakglass_aws.sandbox import Box

FACTS: list[Fact] = []
MANAGEMENT, MEMBER = "111111111111", "222222222222"
TASK = "policy/root-task/"


def organization(partition: str) -> dict[str, Any]:
    return {
        "organization": "o-exampleorg1",
        "partition": partition,
        "management_account": MANAGEMENT,
        "trusted_access": ["iam.amazonaws.com"],
        "features": ["RootCredentialsManagement", "RootSessions"],
        "accounts": [
            {
                "id": MANAGEMENT,
                "name": "management",
                "roles": [{"name": "Operator", "policies": ["AdministratorAccess"]}],
            },
            {"id": MEMBER, "name": "member", "buckets": [{"name": "a-bucket", "region": _region(partition)}]},
        ],
        "identities": {"operator": {"account": MANAGEMENT, "role": "Operator"}},
    }


def _region(partition: str) -> str:
    return {"aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}[partition]


def operator(box: Served, service: str, region: str) -> Any:
    keys = control(box, "GET", "identities/operator")
    return box.client_with(service, keys["access_key"], keys["secret_key"], keys["session_token"], region=region)


def _partition_row(partition: str, place: str) -> None:
    @fact(FACTS, "2.7", f"In {place} the task policies are arn:{partition}:iam::aws:policy/root-task/…", verified=False)
    def task_arns(_: Box) -> None:
        region = _region(partition)
        with serving(organization(partition)) as box:
            sts = operator(box, "sts", region)
            assert sts.get_caller_identity()["Arn"].startswith(f"arn:{partition}:sts::{MANAGEMENT}:")
            for task in ("S3UnlockBucketPolicy", "SQSUnlockQueuePolicy", "IAMAuditRootUserCredentials"):
                ours = {"arn": f"arn:{partition}:iam::aws:{TASK}{task}"}
                keys = sts.assume_root(TargetPrincipal=MEMBER, TaskPolicyArn=ours)["Credentials"]
                client = clients_of(box, keys)
                if task.startswith("S3"):
                    assert [one["Name"] for one in client("s3", region).list_buckets()["Buckets"]] == ["a-bucket"]
                if task.startswith("IAM"):
                    assert client("iam", region).get_user()["User"]["Arn"] == f"arn:{partition}:iam::{MEMBER}:root"
            commercial = {"arn": f"arn:aws:iam::aws:{TASK}S3UnlockBucketPolicy"}
            got = refused(lambda: sts.assume_root(TargetPrincipal=MEMBER, TaskPolicyArn=commercial))
            assert got[2] == "Request must contain valid AWS managed task policy ARN"
            target = f"arn:aws:iam::{MEMBER}:root"
            got = refused(lambda: sts.assume_root(TargetPrincipal=target, TaskPolicyArn=ours))
            assert got[2] == "Request must contain a valid target principal"

    task_arns.__name__ = f"task_arns_{partition.replace('-', '_')}"


_partition_row("aws-us-gov", "GovCloud")
_partition_row("aws-cn", "China")


@fact(FACTS, "2.7", "IAM and Organizations are in us-east-1, whatever Region the client signs for", source=REGIONS)
def control_plane(box: Box) -> None:
    for service, operation in (("iam", "list_roles"), ("organizations", "list_roots")):
        getattr(box.client(service, "operator", "eu-west-1"), operation)()
    assert {event["region"] for event in box.events()} == {"us-east-1"}
