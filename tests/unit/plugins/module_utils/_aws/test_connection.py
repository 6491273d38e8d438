from __future__ import annotations

import pytest
from ansible_collections.breakglass.aws.plugins.module_utils._aws.connection import Caller, Connection
from ansible_collections.breakglass.aws.plugins.module_utils._errors import BreakglassError
from botocore.exceptions import ClientError
from support.answers import refusal, signer_of

ROOT = {"AccessKeyId": "ASIAROOT", "SecretAccessKey": "root-secret", "SessionToken": "root-token"}
OPERATOR = {"aws_access_key_id": "AKIAOPERATOR", "aws_secret_access_key": "secret", "aws_session_token": None}


@pytest.mark.parametrize("endpoints", ["legacy", "regional"])
@pytest.mark.parametrize(
    ("region", "host"),
    [
        (None, "sts.us-east-1.amazonaws.com"),
        ("us-east-1", "sts.us-east-1.amazonaws.com"),
        ("aws-global", "sts.us-east-1.amazonaws.com"),
        ("eu-west-1", "sts.eu-west-1.amazonaws.com"),
        ("us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_sts_is_always_regional(monkeypatch, endpoints, region, host):
    monkeypatch.setenv("AWS_STS_REGIONAL_ENDPOINTS", endpoints)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    client = Connection(region=region, credentials=OPERATOR).client("sts")
    assert client.meta.endpoint_url == f"https://{host}"


def signer(client) -> tuple[str, str]:
    """The access key ID and the token of the request that a call of this client would send."""
    sent = []

    def send(request):
        sent.append(request)
        return refusal(request, "AccessDenied", 403)

    client._endpoint.http_session.send = send
    client.direct_reads._send = send
    with pytest.raises(ClientError):
        client.get_user()
    return signer_of(sent[0])


def test_a_root_client_has_the_credentials_of_its_session_alone(monkeypatch, tmp_path):
    (tmp_path / "config").write_text("[profile ops]\nregion = eu-west-1\nrole_arn = arn:aws:iam::1:role/x\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAAMBIENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ambient")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "ambient")
    for connection in (Connection(credentials=OPERATOR), Connection(profile="ops"), Connection()):
        assert signer(connection.root_client("iam", ROOT)) == ("ASIAROOT", "root-token")


@pytest.mark.parametrize("missing", sorted(ROOT))
def test_an_incomplete_session_makes_no_client(missing):
    incomplete = {name: value for name, value in ROOT.items() if name != missing}
    with pytest.raises(KeyError):
        Connection(credentials=OPERATOR).root_client("iam", incomplete)


def test_a_root_client_goes_where_the_connection_goes():
    connection = Connection(endpoint_url="http://127.0.0.1:9", verify=False, credentials=OPERATOR, user_agent="ours/1")
    client = connection.root_client("s3", ROOT, region="eu-west-1")
    assert client.meta.endpoint_url == "http://127.0.0.1:9"
    assert client.meta.region_name == "eu-west-1"
    assert client._endpoint.http_session._verify is False
    assert client.meta.config.user_agent.endswith("ours/1")


def test_an_unknown_profile_is_told_with_a_fix():
    with pytest.raises(BreakglassError, match="nope") as raised:
        Connection(profile="nope")
    assert "AWS_PROFILE" in raised.value.fix


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn"])
def test_the_partition_comes_from_the_caller(partition):
    caller = Caller("111122223333", f"arn:{partition}:sts::111122223333:assumed-role/operator/alice")
    assert caller.root_arn("012345678901") == f"arn:{partition}:iam::012345678901:root"
