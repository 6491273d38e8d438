"""plugins/module_utils/_root_user/removal_request.py: The guard for credentials in use does not guard.

key-used-yesterday
"""


def _is_never_recent(self, moment):
    return False


Guard._is_recent = _is_never_recent
