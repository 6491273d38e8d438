"""What the stub answers: status, content type and body of each operation."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import unquote

from benchmarks.stub import keys
from benchmarks.stub.config import REGIONS, Config
from benchmarks.stub.keys import MANAGEMENT, Keys
from benchmarks.stub.request import Request

XML, JSON = "text/xml", "application/x-amz-json-1.1"
ORGANIZATION, ROOT, UNIT = "o-benchmark1", "r-bnch", "ou-bnch-00000001"
PAGE = 20  # ListAccounts returns at most 20 accounts
_NAMESPACES = {
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
}
_TIME, _LATER, _SECONDS = "2024-03-01T10:00:00Z", "2036-01-01T00:00:00Z", 1709287200
_THROTTLED = {"organizations": "TooManyRequestsException", "account": "TooManyRequestsException", "s3": "SlowDown"}
_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


class Answer(NamedTuple):
    status: int
    content_type: str
    body: str


def has_key(account: str) -> bool:
    """Every fourth account's root user has an access key: a sweep takes 6.25 calls an account."""
    return int(account) % 4 == 0


def error(request: Request, status: int, code: str, message: str) -> Answer:
    """An error in the service's protocol."""
    if request.service in ("organizations", "account", "sqs"):
        return Answer(status, JSON, json.dumps({"__type": code, "message": message}))
    if request.service == "s3":
        return Answer(status, XML, f"<Error><Code>{code}</Code><Message>{message}</Message></Error>")
    return Answer(
        status,
        XML,
        f'<ErrorResponse xmlns="{_NAMESPACES.get(request.service, "")}"><Error><Type>Sender</Type><Code>{code}</Code>'
        f"<Message>{message}</Message></Error><RequestId>stub</RequestId></ErrorResponse>",
    )


def throttled(request: Request) -> Answer:
    """How the service throttles."""
    code = _THROTTLED.get(request.service, "Throttling")
    return error(request, 503 if request.service == "s3" else 400, code, "Rate exceeded")


class Services:
    """All operations. ``account_of`` names the account that a request itself names, to compare with its key's."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._members = [keys.member(index) for index in range(config.accounts)]
        self._sessions = 0

    def answer(self, request: Request) -> Answer:
        """The answer to a request, with credentials already found to be known."""
        operation = _OPERATIONS.get(request.name)
        if operation is None:
            return error(request, 400, "InvalidAction", f"The stub does not know {request.name}.")
        return operation(self, request)

    # STS

    def caller_identity(self, request: Request) -> Answer:
        key = Keys(request.access_key)
        return _query(request, f"<Arn>{key.arn}</Arn><UserId>{key.account}</UserId><Account>{key.account}</Account>")

    def assume_root(self, request: Request) -> Answer:
        account = request.parameter("TargetPrincipal")
        self._sessions += 1
        if self._config.swap and self._sessions % self._config.swap == 0:
            account = str(int(account) + 1)
        return _query(request, _credentials(keys.new_session(account, root=True)))

    def assume_role(self, request: Request) -> Answer:
        account = request.parameter("RoleArn").split(":")[4]
        session = keys.new_session(account, root=False)
        user = f"<AssumedRoleId>AROA:breakglass.aws</AssumedRoleId><Arn>{session.arn}</Arn>"
        return _query(request, f"{_credentials(session)}<AssumedRoleUser>{user}</AssumedRoleUser>")

    # IAM

    def user(self, request: Request) -> Answer:
        key = Keys(request.access_key)
        return _query(
            request,
            f"<User><Arn>{key.arn}</Arn><UserId>{key.account}</UserId><CreateDate>{_TIME}</CreateDate>"
            f"<PasswordLastUsed>{_TIME}</PasswordLastUsed></User>",
        )

    def login_profile(self, request: Request) -> Answer:
        return _query(request, f"<LoginProfile><CreateDate>{_TIME}</CreateDate></LoginProfile>")

    def access_keys(self, request: Request) -> Answer:
        account = Keys(request.access_key).account
        entry = f"<member><AccessKeyId>{root_key(account)}</AccessKeyId><Status>Active</Status>"
        entry += f"<CreateDate>{_TIME}</CreateDate></member>"
        found = f"<AccessKeyMetadata>{entry if has_key(account) else ''}</AccessKeyMetadata>"
        return _query(request, found + "<IsTruncated>false</IsTruncated>")

    def access_key_last_used(self, request: Request) -> Answer:
        return _query(
            request,
            f"<AccessKeyLastUsed><LastUsedDate>{_TIME}</LastUsedDate><ServiceName>s3</ServiceName>"
            "<Region>us-east-1</Region></AccessKeyLastUsed>",
        )

    def signing_certificates(self, request: Request) -> Answer:
        return _query(request, "<Certificates></Certificates><IsTruncated>false</IsTruncated>")

    def mfa_devices(self, request: Request) -> Answer:
        serial = f"arn:aws:iam::{Keys(request.access_key).account}:mfa/root-account-mfa-device"
        entry = f"<member><SerialNumber>{serial}</SerialNumber><EnableDate>{_TIME}</EnableDate></member>"
        return _query(request, f"<MFADevices>{entry}</MFADevices><IsTruncated>false</IsTruncated>")

    def account_aliases(self, request: Request) -> Answer:
        return _query(request, "<AccountAliases></AccountAliases><IsTruncated>false</IsTruncated>")

    def features(self, request: Request) -> Answer:
        found = "<member>RootCredentialsManagement</member><member>RootSessions</member>"
        return _query(
            request,
            f"<OrganizationId>{ORGANIZATION}</OrganizationId><EnabledFeatures>{found}</EnabledFeatures>",
        )

    def role(self, request: Request) -> Answer:
        name = request.parameter("RoleName")
        arn = f"arn:aws:iam::{Keys(request.access_key).account}:role/{name}"
        trust = "".join(f"%{ord(letter):02X}" if letter in '"{}[]:,' else letter for letter in _TRUST)
        return _query(
            request,
            f"<Role><Path>/</Path><RoleName>{name}</RoleName><RoleId>AROASTUB</RoleId><Arn>{arn}</Arn>"
            f"<CreateDate>{_TIME}</CreateDate><AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument></Role>",
        )

    def attached_policies(self, request: Request) -> Answer:
        entry = "<member><PolicyName>AdministratorAccess</PolicyName>"
        entry += "<PolicyArn>arn:aws:iam::aws:policy/AdministratorAccess</PolicyArn></member>"
        return _query(request, f"<AttachedPolicies>{entry}</AttachedPolicies><IsTruncated>false</IsTruncated>")

    def role_policies(self, request: Request) -> Answer:
        return _query(request, "<PolicyNames></PolicyNames><IsTruncated>false</IsTruncated>")

    # Organizations

    def organization(self, request: Request) -> Answer:
        return _json(
            Organization={
                "Id": ORGANIZATION,
                "Arn": f"arn:aws:organizations::{MANAGEMENT}:organization/{ORGANIZATION}",
                "FeatureSet": "ALL",
                "MasterAccountArn": f"arn:aws:organizations::{MANAGEMENT}:account/{ORGANIZATION}/{MANAGEMENT}",
                "MasterAccountId": MANAGEMENT,
                "MasterAccountEmail": "management@example.com",
            }
        )

    def accounts(self, request: Request) -> Answer:
        start = int(_parameters(request).get("NextToken") or 0)
        everyone = [MANAGEMENT, *self._members]
        following = {"NextToken": str(start + PAGE)} if start + PAGE < len(everyone) else {}
        return _json(Accounts=[_account(one) for one in everyone[start : start + PAGE]], **following)

    def account(self, request: Request) -> Answer:
        return _json(Account=_account(_parameters(request)["AccountId"]))

    def root(self, request: Request) -> Answer:
        types = [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]
        return _json(Roots=[{"Id": ROOT, "Arn": _arn("root", ROOT), "Name": "Root", "PolicyTypes": types}])

    def parents(self, request: Request) -> Answer:
        return _json(Parents=[{"Id": ROOT, "Type": "ROOT"}])

    def trusted_services(self, request: Request) -> Answer:
        services = ("iam.amazonaws.com", "account.amazonaws.com")
        return _json(EnabledServicePrincipals=[{"ServicePrincipal": one, "DateEnabled": _SECONDS} for one in services])

    # The account's own: regions, buckets, queues

    def regions(self, request: Request) -> Answer:
        found = [{"RegionName": region, "RegionOptStatus": "ENABLED_BY_DEFAULT"} for region in REGIONS]
        return Answer(200, "application/json", json.dumps({"Regions": found}))

    def buckets(self, request: Request) -> Answer:
        account = Keys(request.access_key).account
        names = (f"stub-{account}-data", f"stub-{account}-logs")
        entries = "".join(
            f"<Bucket><Name>{name}</Name><CreationDate>{_TIME}</CreationDate><BucketRegion>us-east-1</BucketRegion></Bucket>"
            for name in names
        )
        return Answer(
            200,
            "application/xml",
            '<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Owner><ID>stub</ID></Owner><Buckets>{entries}</Buckets></ListAllMyBucketsResult>",
        )

    def bucket_policy(self, request: Request) -> Answer:
        name = unquote(request.path).strip("/")
        if not name.endswith("-data"):
            return error(request, 404, "NoSuchBucketPolicy", "The bucket policy does not exist")
        return Answer(200, "application/json", _locking_policy("s3:*", f"arn:aws:s3:::{name}"))

    def queues(self, request: Request) -> Answer:
        account = Keys(request.access_key).account
        if request.region != "us-east-1":
            return _json()
        return _json(QueueUrls=[f"https://sqs.{request.region}.amazonaws.com/{account}/jobs"])

    def queue_url(self, request: Request) -> Answer:
        account = Keys(request.access_key).account
        return _json(QueueUrl=f"https://sqs.{request.region}.amazonaws.com/{account}/jobs")

    def queue_attributes(self, request: Request) -> Answer:
        arn = f"arn:aws:sqs:{request.region}:{Keys(request.access_key).account}:jobs"
        return _json(Attributes={"QueueArn": arn, "Policy": _locking_policy("sqs:*", arn)})


def account_named_by(request: Request) -> str | None:
    """The account whose resource a request names; None when it names none, or only its caller's."""
    if request.operation == "GetAccessKeyLastUsed":
        return request.parameter("AccessKeyId")[4:16]
    found = None
    if request.service == "s3":
        found = re.search(r"\A/stub-(\d{12})-", request.path)
    elif request.service == "sqs":
        found = re.search(rb"/(\d{12})/", request.body)
        return found[1].decode() if found else None
    return found[1] if found else None


def root_key(account: str) -> str:
    """The ID of the access key of an account's root user."""
    return f"AKIA{account}ROOT"


def _query(request: Request, content: str) -> Answer:
    name = request.operation
    return Answer(
        200,
        XML,
        f'<{name}Response xmlns="{_NAMESPACES[request.service]}"><{name}Result>{content}</{name}Result>'
        f"<ResponseMetadata><RequestId>stub</RequestId></ResponseMetadata></{name}Response>",
    )


def _json(**content: object) -> Answer:
    return Answer(200, JSON, json.dumps(content))


def _parameters(request: Request) -> dict:
    return json.loads(request.body or b"{}")


def _credentials(session: Keys) -> str:
    return (
        f"<Credentials><AccessKeyId>{session.access_key}</AccessKeyId>"
        f"<SecretAccessKey>{session.secret_key}</SecretAccessKey><SessionToken>{session.token}</SessionToken>"
        f"<Expiration>{_LATER}</Expiration></Credentials>"
    )


def _arn(kind: str, id: str) -> str:
    return f"arn:aws:organizations::{MANAGEMENT}:{kind}/{ORGANIZATION}/{id}"


def _account(id: str) -> dict:
    path = f"{ORGANIZATION}/{ROOT}/{'' if id == MANAGEMENT else UNIT + '/'}{id}/"
    return {
        "Id": id,
        "Arn": _arn("account", id),
        "Email": f"{id}@example.com",
        "Name": f"account-{id}",
        "Status": "ACTIVE",
        "State": "ACTIVE",
        "JoinedMethod": "CREATED",
        "JoinedTimestamp": _SECONDS,
        "Paths": [path],
    }


def _locking_policy(action: str, resource: str) -> str:
    statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": [resource, f"{resource}/*"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


_OPERATIONS: dict[str, Callable[[Services, Request], Answer]] = {
    "sts:GetCallerIdentity": Services.caller_identity,
    "sts:AssumeRoot": Services.assume_root,
    "sts:AssumeRole": Services.assume_role,
    "iam:GetUser": Services.user,
    "iam:GetLoginProfile": Services.login_profile,
    "iam:ListAccessKeys": Services.access_keys,
    "iam:GetAccessKeyLastUsed": Services.access_key_last_used,
    "iam:ListSigningCertificates": Services.signing_certificates,
    "iam:ListMFADevices": Services.mfa_devices,
    "iam:ListAccountAliases": Services.account_aliases,
    "iam:ListOrganizationsFeatures": Services.features,
    "iam:GetRole": Services.role,
    "iam:ListAttachedRolePolicies": Services.attached_policies,
    "iam:ListRolePolicies": Services.role_policies,
    "organizations:DescribeOrganization": Services.organization,
    "organizations:ListAccounts": Services.accounts,
    "organizations:DescribeAccount": Services.account,
    "organizations:ListRoots": Services.root,
    "organizations:ListParents": Services.parents,
    "organizations:DescribeOrganizationalUnit": lambda services, request: _json(
        OrganizationalUnit={
            "Id": UNIT,
            "Arn": _arn("ou", UNIT),
            "Name": "Workloads",
            "Path": f"{ORGANIZATION}/{ROOT}/{UNIT}/",
        }
    ),
    "organizations:ListOrganizationalUnitsForParent": lambda services, request: _json(
        OrganizationalUnits=[{"Id": UNIT, "Arn": _arn("ou", UNIT), "Name": "Workloads"}]
        if _parameters(request)["ParentId"] == ROOT
        else []
    ),
    "organizations:ListPoliciesForTarget": lambda services, request: _json(Policies=[]),
    "organizations:ListTagsForResource": lambda services, request: _json(Tags=[]),
    "organizations:ListDelegatedAdministrators": lambda services, request: _json(DelegatedAdministrators=[]),
    "organizations:ListAWSServiceAccessForOrganization": Services.trusted_services,
    "account:ListRegions": Services.regions,
    "s3:ListBuckets": Services.buckets,
    "s3:GetBucketPolicy": Services.bucket_policy,
    "s3:GetPublicAccessBlock": lambda services, request: error(
        request, 404, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"
    ),
    "sqs:ListQueues": Services.queues,
    "sqs:GetQueueUrl": Services.queue_url,
    "sqs:GetQueueAttributes": Services.queue_attributes,
}
