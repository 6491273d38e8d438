"""plugins/module_utils/_root_user/removal.py: An unused password is reported as removed: recovery stays open.

mfa-and-mailbox-lost
"""

_true_remove, _true_read_back = Removal._remove, Removal.read_back


def _is_open_recovery(self):
    password = self._before[v.PASSWORD]
    return password["present"] and (password["last_used"] or "") < password["created"]


def _remove_but_recovery(self, item):
    return item if item.kind == v.PASSWORD and _is_open_recovery(self) else _true_remove(self, item)


def _read_back_but_recovery(self, kinds=v.KINDS):
    if not _is_open_recovery(self):
        return _true_read_back(self, kinds)
    return {kind: without(self._before, self.items)[kind] for kind in kinds}


Removal._remove, Removal.read_back = _remove_but_recovery, _read_back_but_recovery
