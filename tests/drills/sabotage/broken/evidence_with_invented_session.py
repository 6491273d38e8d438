"""src/breakglass_aws/engine/evidence/record.py: The evidence has a root session that was never opened.

access-role-by-person account-transferred
"""

_true_write = Record.write


def _write_with_another(self):
    kept = dict(self.sessions)
    session = {"account_id": "333344445555", "task": "invented", "access_key_id": "ASIAINVENTED00000001"}
    self.sessions["ASIAINVENTED00000001"] = {**session, "expiration": "2099-01-01T00:00:00Z"}
    _true_write(self)
    self.sessions = kept


Record.write = _write_with_another
