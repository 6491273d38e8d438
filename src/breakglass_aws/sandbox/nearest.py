# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the error of an unknown name goes on: with the name that was probably meant, and what is accepted."""

from __future__ import annotations

import difflib
from collections.abc import Collection


def accepted(name: object, known: Collection[str]) -> str:
    """The end of an error sentence: the nearest known name, if one is near, and all known names."""
    near = difflib.get_close_matches(str(name), known, n=1)
    names = ", ".join(known)
    return f". Did you mean {near[0]}? Accepted: {names}" if near else f"; accepted: {names}"
