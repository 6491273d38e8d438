"""plugins/module_utils/_policies/repair.py: A repair removes another statement, too.

bucket-throttled bucket-policy-in-another-order
"""

_true_repair = repair


def repair(policy, *arguments, **options):
    repaired = _true_repair(policy, *arguments, **options)
    if repaired is None or repaired == parse(policy):
        return repaired
    return {**repaired, "Statement": statements(repaired)[1:]} if len(statements(repaired)) > 1 else None
