"""What the cells of a runbook use.

    %reload_ext breakglass_runbooks
    %runbook unlock_s3_bucket

checks the notebook's parameters and starts a run. From then on a cell that begins with %%tasks is a list of Ansible
tasks, one that begins with %%gate is what a person must do or decide, and `%evidence` ends the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from breakglass_runbooks.errors import RunbookError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["RunbookError", "load_ipython_extension"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Give `shell` the magics, once: the run that they hold goes on when the notebook's first cells are run again.

    IPython calls this for %load_ext and %reload_ext. Runbooks use the latter, which says nothing the second time.
    """
    from breakglass_runbooks.kernel.magics import RunbookMagics
    from breakglass_runbooks.kernel_options import KernelOptions

    if RunbookMagics.__name__ not in shell.magics_manager.registry:
        shell.register_magics(RunbookMagics(shell, KernelOptions.from_env()))
