"""plugins/module_utils/_root_user/credentials.py: One access key is never read, and so is left.

credentials-job-killed stray-root-credentials
"""

_true_keys = _list_access_keys


def _list_access_keys(iam, account_id, known):
    return _true_keys(iam, account_id, known)[1:]


_LISTS[v.ACCESS_KEYS] = _list_access_keys
