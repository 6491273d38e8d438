"""What the cells of a runbook use.

    %load_ext breakglass_runbooks
    %runbook unlock_s3_bucket

checks the notebook's parameters and starts a run. From then on a cell that begins with %%tasks is a list of Ansible
tasks, and `%evidence` ends the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from breakglass_runbooks.errors import RunbookError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["RunbookError", "load_ipython_extension"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Give `shell` the magics; IPython calls this for %load_ext."""
    from breakglass_runbooks.magics import RunbookMagics

    shell.register_magics(RunbookMagics(shell))
