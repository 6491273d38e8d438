"""papermill's engine `breakglass`: papermill's own, made to tell the truth.

Papermill marks every cell of a notebook as completed when the kernel died or a cell took too long, also those it never
came to. Here the cell that broke is failed, says why, and all behind it are skipped.

Papermill loads this file while it is being imported itself; so what is built on papermill is in `execution` and is
imported when a notebook is run.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from breakglass_runbooks import files

NAME = "breakglass"


class RunbookEngine:
    """What papermill asks of an engine."""

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, **options: Any) -> Any:
        """Run `nb` and return it; see `execution.execute` for the options."""
        from breakglass_runbooks.launcher.notebook_client import execute

        return execute(nb, kernel_name, **options)

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """The kernel to run `nb` with."""
        return name or nb.metadata.kernelspec.name

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """The language of `nb`."""
        return language or nb.metadata.kernelspec.language


def register() -> None:
    """Make papermill know the engine where its entry point is not installed, and keep every notebook whole."""
    from papermill.engines import papermill_engines
    from papermill.iorw import LocalHandler, papermill_io

    class WholeFiles(LocalHandler):
        """Writes notebooks like all other evidence: on a full disk the one before stays, which papermill would tear."""

        def write(self, buf: str, path: str) -> None:
            files.write(Path(path), buf)

    papermill_engines.register(NAME, RunbookEngine)
    papermill_io.register(os.sep, WholeFiles())
