"""What the launcher tells the kernel beside the parameters: answers for gates, and whether a run goes on.

It goes through one environment variable that the kernel takes out at once: answers may be secret, and neither the
notebook nor what the tasks start may have them.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field

VARIABLE = "BREAKGLASS_RUN"


@dataclass
class Handover:
    """What the kernel of a run is told."""

    answers: dict[str, str] = field(default_factory=dict)  # by gate
    resume: bool = False  # go on with the run in the evidence folder
    spent: list[str] = field(default_factory=list)  # gates whose secret answers no step needs any more
    launcher: bool = False  # the launcher runs this, so a run can go on later

    def environment(self) -> dict[str, str]:
        """The variable, for the kernel's environment."""
        return {VARIABLE: json.dumps(asdict(self))}


def take() -> Handover:
    """What we were told, once; nothing when a person opened the notebook, or papermill runs it alone."""
    return Handover(**json.loads(os.environ.pop(VARIABLE, "{}")))
