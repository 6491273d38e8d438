# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The former name of the engine: deprecated, removed in 1.0.0. Use `breakglass_aws`.

Notebooks in old evidence folders load it by this name.
"""

from __future__ import annotations

from breakglass_aws import load_ipython_extension

__all__ = ["load_ipython_extension"]
