# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""papermill without its part for notebooks in S3, which imports boto3 and takes a fifth of the launcher's start.

Our notebooks are files. Where papermill itself runs a notebook with our engine, it is imported before this file.
"""

from __future__ import annotations

import sys

_IN_S3 = "papermill.s3"

if _IN_S3 not in sys.modules:
    sys.modules[_IN_S3] = None  # type: ignore[assignment]  # papermill does without what cannot be imported
    import papermill

    del sys.modules[_IN_S3]
else:
    import papermill

__all__ = ["papermill"]
