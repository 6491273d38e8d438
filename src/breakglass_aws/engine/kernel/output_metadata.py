# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel writes into the metadata of an output, and the launcher reads. It imports nothing of IPython."""

from __future__ import annotations

TASK_LIST = "breakglass_task_list"  # that the output is the list of a cell's tasks
PROGRESS = "breakglass_progress"  # how far the running task is
