"""src/breakglass_aws/engine/gates/approval_gate.py: The plan counts as approved, by nobody.

queue-approver-absent credential-added-after-plan
"""


def _never_mind(self, *answer):
    self._record.approve({"plan": self.request.plan, "not_configured": UNAPPROVED})
    return "approved"


ApprovalGate.find_approval = _never_mind
ApprovalGate.check = _never_mind
