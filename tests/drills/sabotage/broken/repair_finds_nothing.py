"""plugins/module_utils/_policies/lockouts.py: No lockout is found, so there is nothing to change.

bucket-guard-with-patterns
"""


def find_lockouts(*arguments, **options):
    return []
