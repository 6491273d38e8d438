"""plugins/module_utils/_unlock/workflow.py: A policy that was changed since the plan is overwritten.

bucket-policy-changed-meanwhile
"""


def _accept_any_plan(self, plan):
    return None


_Unlock._refuse_other_plan = _accept_any_plan
planning.Plan.is_still_for = lambda self, text: True
