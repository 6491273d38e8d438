"""`python -m breakglass_aws`: the command `breakglass`, where only Python's path has this package."""

from __future__ import annotations

import sys

from breakglass_aws.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
