"""src/breakglass_aws/engine/evidence/record.py: The journal leaves out the last call of each task.

root-user-compromised
"""

_true_journal = Record.journal


def _journal_less(self, event, **details):
    if details.get("calls"):
        details["calls"] = details["calls"][:-1]
    _true_journal(self, event, **details)


Record.journal = _journal_less
