"""What an executor loads, for the fork server that executors start from; see `support.warm.executor_start`."""

from __future__ import annotations

import marshal
import os
import sys
from pathlib import Path

from breakglass_aws.engine.executor import archives, module_process, preload

_KEPT = Path(os.environ.pop("BREAKGLASS_TEST_FOLDER"), f"archives-{os.getpid()}")


class _SharedArchives(archives.Archives):
    """The archives of all executors of this server: in a file by its name, because several may run at a time."""

    def _read(self) -> dict[str, bytes]:
        content: dict[str, bytes] = marshal.loads(_KEPT.read_bytes()) if _KEPT.exists() else {}
        return content

    def _write(self, content: dict[str, bytes]) -> None:
        new = _KEPT.with_name(f"{_KEPT.name}-{os.getpid()}")
        new.write_bytes(marshal.dumps(content))
        new.replace(_KEPT)


_tests = sys.path.pop(0)  # an executor does not have it, nor its modules
module_process.load()
preload.load_ansible()
sys.path.insert(0, _tests)

module_process.load = os.setsid  # what remains to be done at a start
preload.load_ansible = lambda: None
archives.Archives = _SharedArchives  # type: ignore[misc]
