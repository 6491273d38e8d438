"""src/breakglass_aws/engine/evidence/record.py: The evidence leaves out the last root session.

audit-accounts
"""

_true_write = Record.write


def _write_without_last(self):
    kept = dict(self.sessions)
    if self.sessions:
        self.sessions.popitem()
    _true_write(self)
    self.sessions = kept


Record.write = _write_without_last
