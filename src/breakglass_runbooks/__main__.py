"""`python -m breakglass_runbooks`: the former name of the launcher's command."""

from __future__ import annotations

import sys

from breakglass_aws.engine.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
