"""plugins/module_utils/_aws/stack_sets.py: The StackSet that restored the role is reported as removed, and stays.

access-role-lost
"""


def _remove_in_words(self):
    return None


StackSet.remove = _remove_in_words
