"""plugins/module_utils/_aws/call_file.py: The file of calls leaves out those that change something.

mfa-lost
"""

_true_append = CallFile.append


def _append_sessions_only(self, line):
    if str(line.get("operation", "")).startswith("Assume"):
        _true_append(self, line)


CallFile.append = _append_sessions_only
