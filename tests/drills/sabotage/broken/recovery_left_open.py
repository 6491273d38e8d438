"""plugins/module_utils/_root_user/password_recovery.py: Password recovery is reported as closed, and stays open.

mfa-and-mailbox-lost
"""


def _delete_in_words(self, iam, account, credentials, entry):
    item = _item(entry["before"]["created"], v.REMOVED)
    entry.update(outcome=v.REMOVED, reason="", after=_profile(NONE), changed=True, items=[item])


Recovery._delete = _delete_in_words
