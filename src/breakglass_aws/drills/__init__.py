# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Break-glass drills: break something in a simulated organization, run its runbook, and prove that it helped."""

from __future__ import annotations

from breakglass_aws import python_version

python_version.require_for_import("breakglass_aws.drills")
