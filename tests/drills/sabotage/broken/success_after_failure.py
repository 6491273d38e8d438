"""src/breakglass_aws/engine/outcomes.py: A run that was blocked, failed or stopped says that it succeeded.

audit-incomplete bucket-under-rcp delegate-removed transfer-refused transfer-under-scp
"""


def of(error, cell, changed, check_mode=False):
    return CHANGED
