"""A process that runs one module of the collection, or a client it is compared with, and measures the work alone.

    python module_worker.py REPORT TREE NAME OPTIONS [profile]

REPORT is the file for the measurement, TREE the folder the code must come from, OPTIONS a JSON object. The module's
result goes to standard output. Time and processor time are counted from the call of the module's ``main`` to its end:
reading options, making clients and listing the organization count, starting Python and importing do not. With
``profile`` the report has where the processor time goes; that takes time itself.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import sys
import time
from typing import Any


def main() -> None:
    report, tree, name, options, *profile = sys.argv[1:]
    from ansible.module_utils import _internal
    from ansible.module_utils.testing import patch_module_args

    module = importlib.import_module(f"ansible_collections.breakglass.aws.plugins.modules.{name}")
    if not os.path.realpath(module.__file__).startswith(os.path.realpath(tree) + os.sep):
        raise SystemExit(f"{name} was imported from {module.__file__}, not from {tree}")
    _internal.is_controller = False
    profiler = _profiler() if profile else None
    before, begun = processor(), time.monotonic()
    with patch_module_args(json.loads(options)), contextlib.suppress(SystemExit):
        module.main()
    seconds = time.monotonic() - begun
    with open(report, "w", encoding="utf-8") as file:
        taken = {"seconds": seconds, "processor": processor() - before}
        json.dump({**taken, "profile": profiler.stop() if profiler else ""}, file)


def _profiler() -> Any:
    sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    from benchmarks.profiler import Profiler

    return Profiler()


def processor() -> float:
    """Processor seconds of this process, and of its children that have ended."""
    usages = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    main()
