"""plugins/module_utils/_files/policy_backup.py: The backup has an empty policy in place of the one that was there.

bucket-locked queue-under-scp bucket-job-killed
"""

_true_take = take


def take(account_id, region, resource, policy):
    return _true_take(account_id, region, resource, '{"Version":"2012-10-17","Statement":[]}')
