# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The version of the package, the collection and what they write: `release/version` changes it everywhere."""

from __future__ import annotations

__version__ = "0.2.0"
