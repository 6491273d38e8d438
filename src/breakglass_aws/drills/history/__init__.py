# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of drills as a history: what was rehearsed when and by whom, and what is due.

    history = read(Path("drill-reports"), schedule_file, catalog.scenarios())
    write(history)

writes page and badge into the folder. What is damaged or foreign there is skipped and named.
"""

from breakglass_aws.drills.history.writing import History, read, write

__all__ = ["History", "read", "write"]
