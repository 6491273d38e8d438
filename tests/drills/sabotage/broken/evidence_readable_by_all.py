"""src/breakglass_aws/engine/files.py: The files of the evidence can be read by every user of the machine.

access-role-no-stacksets
"""

_true_write = write


def write(path, text):
    _true_write(path, text)
    path.chmod(0o644)
