# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What every module says about check mode, diff mode, running twice and module_defaults."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Says what would change and changes nothing.
  diff_mode:
    description: Shows what changes, or in check mode would change, as before and after.
  idempotent:
    description: Run twice with the same options, the second run changes nothing.
  action_group:
    description: >-
      Use C(group/breakglass.aws.aws) in C(module_defaults) to set the connection options once for the modules of this
      collection, and of C(amazon.aws) where that is installed.
    support: full
    membership:
      - breakglass.aws.aws
"""

    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - Nothing is ever changed.
  diff_mode:
    support: N/A
    details:
      - Nothing is ever changed.
  idempotent:
    support: full
    details:
      - Nothing is ever changed.
"""

    CHANGING_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""
