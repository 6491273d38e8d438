# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The posture of an organization: what sweeps found, by severity and by OU, as a page, a list and JSON.

    posture = assess([audit, accounts], made="2026-01-31T03:00:00Z")
    write(posture, Path("evidence"))

`read` takes results and journals from files. What was not read is never counted as clean.
"""

from breakglass_aws.engine.posture.findings import Finding
from breakglass_aws.engine.posture.lists import as_csv, as_json
from breakglass_aws.engine.posture.model import Account, Posture, assess
from breakglass_aws.engine.posture.ocsf import as_ocsf
from breakglass_aws.engine.posture.page import as_html
from breakglass_aws.engine.posture.sources import read
from breakglass_aws.engine.posture.writing import FILES, write

__all__ = [
    "FILES",
    "Account",
    "Finding",
    "Posture",
    "as_csv",
    "as_html",
    "as_json",
    "as_ocsf",
    "assess",
    "read",
    "write",
]
