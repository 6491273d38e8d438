# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m breakglass_aws`: the command `breakglass`, where only Python's path has this package."""

from __future__ import annotations

import sys

from breakglass_aws import prerequisites

if __name__ == "__main__":
    prerequisites.check()
    from breakglass_aws.cli.main import main

    sys.exit(main())
