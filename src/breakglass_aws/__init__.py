# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""breakglass.aws: the engine that runs the runbooks, the simulated organization and the drills.

In a notebook,

    %reload_ext breakglass_aws
    %runbook unlock_s3_bucket

checks the notebook's parameters and starts a run. After that, a cell that begins with %%tasks is a list of Ansible
tasks, one that begins with %%gate asks a person to do or decide something, and `%evidence` ends the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from breakglass_aws.version import __version__

__all__ = ["__version__", "load_ipython_extension"]

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics with `shell`, once: their run stays when the notebook's first cells are run again.

    IPython calls this for %load_ext and %reload_ext. Runbooks use the latter, which prints nothing the second time.
    """
    from breakglass_aws.engine.kernel.magics import RunbookMagics
    from breakglass_aws.engine.kernel_options import KernelOptions

    if RunbookMagics.__name__ not in shell.magics_manager.registry:
        shell.register_magics(RunbookMagics(shell, KernelOptions.from_env()))
