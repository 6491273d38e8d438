"""plugins/module_utils/_root_user/removal_request.py: What is new since the approval is removed, too.

credential-added-after-plan
"""


def _do_not_restrict(self, item, account_id):
    return item


def _touch_all(self, account_id):
    return True


RemovalRequest.restrict = _do_not_restrict
RemovalRequest.touches = _touch_all
