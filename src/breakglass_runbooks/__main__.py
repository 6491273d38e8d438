"""`python -m breakglass_runbooks`: the former name of the command `breakglass`."""

from __future__ import annotations

import sys

from breakglass_aws.cli.main import former_name

if __name__ == "__main__":
    sys.exit(former_name())
