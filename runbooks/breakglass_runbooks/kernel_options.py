"""What the launcher gives the kernel besides the parameters: answers for gates, and whether a run is resumed.

It goes through one environment variable that the kernel takes out at once: answers may be secret, and neither the
notebook nor what the tasks start may have them.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field

VARIABLE = "BREAKGLASS_RUN"


@dataclass
class KernelOptions:
    """Options of one kernel."""

    answers: dict[str, str] = field(default_factory=dict)  # by gate
    resume: bool = False  # go on with the run in the evidence folder
    spent: list[str] = field(default_factory=list)  # gates whose secret answers no step needs any more
    launcher: bool = False  # the launcher runs this, so a run can go on later

    def environment(self) -> dict[str, str]:
        """The variable, for the kernel's environment."""
        return {VARIABLE: json.dumps(asdict(self))}

    @classmethod
    def from_env(cls) -> KernelOptions:
        """The options of this process; removes them from its environment.

        The defaults when JupyterLab or papermill alone started the kernel.
        """
        return cls(**json.loads(os.environ.pop(VARIABLE, "{}")))
