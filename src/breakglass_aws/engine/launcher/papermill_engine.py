# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""papermill's engine `breakglass`, with the true state of each cell.

When the kernel dies or a cell times out, papermill's own engine marks all cells as completed, also those that never
ran. Here that cell is failed and has the reason, and all later ones are skipped.

papermill loads this file while it is imported itself. So the code that needs papermill is in `notebook_client`, and is
imported when a notebook is run.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from breakglass_aws.engine import files

NAME = "breakglass"


class RunbookEngine:
    """The interface of a papermill engine."""

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, **options: Any) -> Any:
        """Run `nb` and return it; see `notebook_client.execute` for the options."""
        from breakglass_aws.engine.launcher.notebook_client import execute

        return execute(nb, kernel_name, **options)

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """Return the name of the kernel for `nb`."""
        return name or nb.metadata.kernelspec.name

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """Return the language of `nb`."""
        return language or nb.metadata.kernelspec.language


def register() -> None:
    """Register the engine with papermill where its entry point is not installed, and write notebooks atomically."""
    from papermill.engines import papermill_engines
    from papermill.iorw import LocalHandler, papermill_io

    class WholeFiles(LocalHandler):
        """Writes notebooks like all other evidence: on a full disk the earlier version stays complete."""

        def write(self, buf: str, path: str) -> None:
            files.write(Path(path), buf)

    papermill_engines.register(NAME, RunbookEngine)
    papermill_io.register(os.sep, WholeFiles())
