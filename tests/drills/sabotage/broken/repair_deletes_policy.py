"""plugins/module_utils/_policies/repair.py: A repair deletes the whole policy, with the guards in it.

bucket-in-opt-in-region queue-on-a-bad-network
"""

_true_repair = repair


def repair(policy, *arguments, **options):
    return None if _true_repair(policy, *arguments, **options) != parse(policy) else parse(policy)
