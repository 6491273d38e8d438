"""plugins/module_utils/_accounts/survey.py: Nothing is found that blocks a removal or closure.

account-too-young
"""


def _find_nothing(self, *arguments, **options):
    return []


AccountReader.read_findings = _find_nothing
