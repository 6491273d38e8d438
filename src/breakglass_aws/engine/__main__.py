"""`python -m breakglass_aws.engine`: the command `breakglass`."""

from __future__ import annotations

import sys

from breakglass_aws.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
