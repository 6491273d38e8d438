# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which IAM action on which resource a request needs, after the Service Authorization Reference."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from breakglass_aws.sandbox.state import State
from breakglass_aws.sandbox.wire.messages import Request

# S3's actions where they are not named like the operation.
_S3 = {
    "AbortMultipartUpload": "AbortMultipartUpload",
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteObjects": "DeleteObject",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketMetricsConfiguration": "PutMetricsConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "SelectObjectContent": "GetObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
}
_S3_VERSIONED = {"DeleteObject", "GetObject", "GetObjectAcl", "GetObjectTagging", "PutObjectAcl", "PutObjectTagging"}
_S3_KEYS = {"Prefix": "s3:prefix", "Delimiter": "s3:delimiter", "MaxKeys": "s3:max-keys", "VersionId": "s3:VersionId"}
_SQS = {
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "DeleteMessageBatch": "DeleteMessage",
    "SendMessageBatch": "SendMessage",
}
ACCOUNT_SERVICE = "account.amazonaws.com"
# The prefix of a service's actions where it is not the model's name.
_PREFIXES = {"resourcegroupstaggingapi": "tag", "s3control": "s3", "sso-admin": "sso"}
_S3_CONTROL = {
    "DeletePublicAccessBlock": "PutAccountPublicAccessBlock",
    "GetPublicAccessBlock": "GetAccountPublicAccessBlock",
    "PutPublicAccessBlock": "PutAccountPublicAccessBlock",
}
# Parameter that names the resource of a call, by service; the first one given counts.
_RESOURCE_PARAMETERS = {
    "cloudformation": ("StackSetName",),
    "cloudtrail": (),
    "ec2": (),
    "events": ("Rule", "Name"),
    "identitystore": ("IdentityStoreId",),
    "resourcegroupstaggingapi": (),
    "s3control": (),
    "sso-admin": ("PermissionSetArn", "InstanceArn"),
}
# Calls that need no permission (GetCallerIdentity, GetSessionToken), or whose service decides with words of its own.
_UNASKED = {"AssumeRole", "AssumeRoot", "GetAccessKeyInfo", "GetCallerIdentity", "GetSessionToken"}

# IAM calls that act on a user, and without UserName on the caller (B: UserName is not required in these).
OWN_CREDENTIAL_CALLS = frozenset(
    {
        "ChangePassword",
        "CreateAccessKey",
        "CreateLoginProfile",
        "DeactivateMFADevice",
        "DeleteAccessKey",
        "DeleteLoginProfile",
        "DeleteSigningCertificate",
        "EnableMFADevice",
        "GetLoginProfile",
        "GetUser",
        "ListAccessKeys",
        "ListMFADevices",
        "ListSSHPublicKeys",
        "ListServiceSpecificCredentials",
        "ListSigningCertificates",
        "UpdateAccessKey",
        "UpdateSigningCertificate",
        "UploadSigningCertificate",
    }
)


@dataclass(frozen=True)
class Need:
    """A permission a request needs."""

    action: str
    resource: str
    account: str | None = None
    policy: str | bytes | None = None
    context: dict[str, Any] = field(default_factory=dict)


def needs(state: State, request: Request) -> list[Need]:
    """The permissions a call needs, all of them."""
    if request.service == "s3":
        return _s3(state, request)
    if request.service == "sqs":
        return [_sqs(state, request)]
    if request.service == "iam":
        return [
            Need(
                f"iam:{request.operation}",
                _iam_resource(state, request),
                request.caller.account,
                context=_iam_context(request),
            )
        ]
    if request.service == "account":
        return [_account(state, request)]
    if request.service == "sts":
        return [] if request.operation in _UNASKED else [Need(f"sts:{request.operation}", "*")]
    if request.service in _RESOURCE_PARAMETERS:
        return [Need(primary_action(request), _named_resource(state, request), request.caller.account)]
    return [_organizations(state, request)]


def primary_action(request: Request) -> str:
    """The IAM action by which an event is known."""
    if request.service == "s3":
        return f"s3:{_S3.get(request.operation, request.operation)}"
    if request.service == "s3control":
        return f"s3:{_S3_CONTROL.get(request.operation, request.operation)}"
    if request.service == "sqs":
        return f"sqs:{_SQS.get(request.operation, request.operation)}"
    return f"{_PREFIXES.get(request.service, request.service)}:{request.operation}"


def _s3(state: State, request: Request) -> list[Need]:
    parameters = request.parameters
    bucket = parameters.get("Bucket")
    action = _S3.get(request.operation, request.operation)
    context = {key: parameters[name] for name, key in _S3_KEYS.items() if name in parameters}
    if bucket is None:
        return [Need(f"s3:{action}", f"arn:{state.partition}:s3:::*", request.caller.account, context=context)]
    if action in _S3_VERSIONED and "VersionId" in parameters:
        action = action.replace("Object", "ObjectVersion", 1)
    name = f"{bucket}/{parameters['Key']}" if "Key" in parameters else bucket
    if request.operation == "DeleteObjects":
        name = f"{bucket}/*"
    found = [_s3_need(state, action, name, context)]
    source = parameters.get("CopySource")
    if source:
        found.append(_s3_need(state, "GetObject", source.lstrip("/").partition("?")[0], {}))
    return found


def _s3_need(state: State, action: str, name: str, context: dict[str, Any]) -> Need:
    bucket = state.bucket(name.partition("/")[0])
    account, policy = (bucket.account_id, bucket.policy) if bucket else (None, None)
    return Need(f"s3:{action}", f"arn:{state.partition}:s3:::{name}", account, policy, context)


def queue_of(request: Request) -> tuple[str, str]:
    """Owner account and name of the queue a call is about; the name is `*` where it is about none."""
    url = request.parameters.get("QueueUrl")
    if url:
        parts = ["", *str(url).rstrip("/").split("/")]
        owner, name = parts[-2], parts[-1]
        return (owner if owner.isdigit() and len(owner) == 12 else request.caller.account), name
    account = request.parameters.get("QueueOwnerAWSAccountId") or request.caller.account
    return account, request.parameters.get("QueueName") or "*"


def _sqs(state: State, request: Request) -> Need:
    account, name = queue_of(request)
    queue = state.queue(account, request.region, name)
    action = _SQS.get(request.operation, request.operation)
    resource = f"arn:{state.partition}:sqs:{request.region}:{account}:{name}"
    return Need(f"sqs:{action}", resource, account, queue.policy if queue else None)


def _iam_resource(state: State, request: Request) -> str:
    """The resource ARN of an IAM call; `*` for those on the account as a whole."""
    parameters, account = request.parameters, request.caller.account
    backend = state.iam(account)
    prefix = f"arn:{state.partition}:iam::{account}"
    path = (parameters.get("Path") or "/") if request.operation.startswith("Create") else "/"
    if request.operation == "GetAccessKeyLastUsed":
        return _owner_of_key(state, account, parameters.get("AccessKeyId", ""))
    if request.operation in ("DeleteVirtualMFADevice", "CreateVirtualMFADevice", "ListVirtualMFADevices"):
        name = parameters.get("VirtualMFADeviceName", "")
        return parameters.get("SerialNumber") or f"{prefix}:mfa/{name}"
    if "UserName" in parameters:
        user = backend.users.get(parameters["UserName"])
        return user.arn if user else f"{prefix}:user{path}{parameters['UserName']}"
    if request.operation in OWN_CREDENTIAL_CALLS:
        return request.caller.principal.arn if request.caller.principal.kind != "role_session" else "*"
    if "RoleName" in parameters:
        role = next((role for role in backend.roles.values() if role.name == parameters["RoleName"]), None)
        return role.arn if role else f"{prefix}:role{path}{parameters['RoleName']}"
    if "PolicyArn" in parameters:
        return parameters["PolicyArn"]
    if "SAMLProviderArn" in parameters:
        return parameters["SAMLProviderArn"]
    if request.operation == "CreateSAMLProvider":
        return f"{prefix}:saml-provider/{parameters.get('Name', '')}"
    for key, kind in (
        ("GroupName", "group"),
        ("PolicyName", "policy"),
        ("InstanceProfileName", "instance-profile"),
        ("ServerCertificateName", "server-certificate"),
    ):
        if key in parameters:
            return f"{prefix}:{kind}{path}{parameters[key]}"
    return "*"


def _iam_context(request: Request) -> dict[str, Any]:
    """The policy that a call attaches or detaches, or sets as a boundary."""
    if request.operation.startswith(("Attach", "Detach")) and "PolicyArn" in request.parameters:
        return {"iam:PolicyARN": request.parameters["PolicyArn"]}
    if "PermissionsBoundary" in request.parameters:
        return {"iam:PermissionsBoundary": request.parameters["PermissionsBoundary"]}
    return {}


def _named_resource(state: State, request: Request) -> str:
    """The resource of a call to a service where a parameter names it; `*` where none does."""
    names = _RESOURCE_PARAMETERS[request.service]
    value = next((request.parameters[name] for name in names if request.parameters.get(name)), None)
    if value is None:
        return "*"
    management = state.organization.management_account
    if request.service == "cloudformation":
        # Service-managed StackSets are the management account's, whoever operates them.
        name = value.partition(":")[0]
        return f"arn:{state.partition}:cloudformation:{request.region}:{management}:stackset/{name}:*"
    if request.service == "events":
        bus = str(request.parameters.get("EventBusName", "default")).rpartition("event-bus/")[2]
        rule = value if bus == "default" else f"{bus}/{value}"
        kind = f"event-bus/{value}" if "EventBus" in request.operation else f"rule/{rule}"
        return f"arn:{state.partition}:events:{request.region}:{request.caller.account}:{kind}"
    if request.service == "identitystore":
        return f"arn:{state.partition}:identitystore::{management}:identitystore/{value}"
    return str(value)


def _owner_of_key(state: State, account: str, key_id: str) -> str:
    prefix = f"arn:{state.partition}:iam::{account}"
    if state.root_keys.get(key_id) == account:
        return f"{prefix}:root"
    backend = state.iam(account)
    key = backend.access_keys.get(key_id)
    user = backend.users.get(key.user_name or "") if key else None
    return user.arn if user else f"{prefix}:user/*"


def _account(state: State, request: Request) -> Need:
    """Account Management's two kinds of resources: the caller's own account, and a member of the organization."""
    organization, parameters, caller = state.organization, request.parameters, request.caller.account
    prefix = f"arn:{state.partition}:account::"
    member = parameters.get("AccountId")
    context: dict[str, Any] = {}
    if "AlternateContactType" in parameters:
        context["account:AlternateContactTypes"] = [parameters["AlternateContactType"]]
    if "RegionName" in parameters:
        context["account:TargetRegion"] = parameters["RegionName"]
    if "PrimaryEmail" in parameters:
        context["account:EmailTargetDomain"] = parameters["PrimaryEmail"].rpartition("@")[2]
    if member is None:
        return Need(f"account:{request.operation}", f"{prefix}{caller}:account", caller, None, context)
    if member in organization.accounts:
        context["account:AccountResourceOrgPaths"] = [organization.path(member)]
    resource = f"{prefix}{organization.management_account}:account/{organization.id}/{member}"
    return Need(f"account:{request.operation}", resource, caller, None, context)


def _organizations(state: State, request: Request) -> Need:
    organization, parameters = state.organization, request.parameters
    context: dict[str, Any] = {}
    if "ServicePrincipal" in parameters:
        context["organizations:ServicePrincipal"] = parameters["ServicePrincipal"]
    if "Filter" in parameters:
        context["organizations:PolicyType"] = parameters["Filter"]
    resource = "*"
    if parameters.get("HandshakeId") in state.handshakes:
        resource = state.handshakes[parameters["HandshakeId"]].arn
    for key in ("PolicyId", "AccountId", "ChildId", "TargetId", "ParentId", "OrganizationalUnitId", "ResourceId"):
        thing = next(
            (
                things[parameters[key]]
                for things in (organization.policies, organization.accounts, organization.units)
                if parameters.get(key) in things
            ),
            None,
        )
        if thing is not None:
            resource = thing.arn
            break
    return Need(f"organizations:{request.operation}", resource, organization.management_account, None, context)
