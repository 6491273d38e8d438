# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a drill: `drill.json` as a page, in Markdown and as JUnit XML, and its signature.

    write(result, Path("drill-reports/2026-01-31T03-00-00Z"))

writes all files and returns the path of the page. They are readable for their owner only.
"""

from breakglass_aws.drills.report.writing import JUNIT, SIGNATURE, write

__all__ = ["JUNIT", "SIGNATURE", "write"]
