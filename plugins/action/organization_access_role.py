# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.breakglass.aws.plugins.plugin_utils.progress import SweepAction


class ActionModule(SweepAction):
    """Runs the module of this name, and shows how far it is."""
