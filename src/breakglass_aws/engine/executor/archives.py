# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the archives that Ansible makes of our modules' code, from one cell to the next.

Before Ansible runs a module, it packs the module and all code that it imports into a zip archive. That takes longer
than most modules run. ansible-playbook keeps the archives while it runs, in a folder of its temporary files; here the
later cells of a run get them too. The server is started anew when a file of their code has changed.
"""

from __future__ import annotations

import contextlib
import marshal
import tempfile
from collections.abc import Iterator
from pathlib import Path

from breakglass_aws.engine.collection import ROOT
from breakglass_aws.engine.executor import preload

_FOLDER = "ansiballz_cache"  # Ansible's name for it
_OURS = "ansible_collections.breakglass.aws."
_NONE = marshal.dumps({})


def sources() -> Iterator[str]:
    """Yield the files of the collection whose code is in these archives."""
    for folder in ("modules", "module_utils"):
        yield from map(str, (ROOT / "plugins" / folder).rglob("*.py"))


class Archives:
    """The archives that were made so far, in a file without a name, which the forks of this process share."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # open until this process ends

    @contextlib.contextmanager
    def used_in(self, temporary: str) -> Iterator[None]:
        """Give them to an ansible-playbook with this folder for `temporary` files; keep those that it makes."""
        from ansible.plugins.loader import module_utils_loader

        if any(preload.has_plugins_of_a_user(module_utils_loader)):  # changes to its code would go unnoticed
            yield
            return
        cache = Path(temporary, _FOLDER)
        cache.mkdir(exist_ok=True)
        kept = self._read()
        for name, content in kept.items():
            (cache / name).write_bytes(content)
        try:
            yield
        finally:
            made = {file.name: file for file in cache.glob(f"{_OURS}*") if file.suffix != ".lock"}
            if new := made.keys() - kept.keys():
                self._write(kept | {name: made[name].read_bytes() for name in new})

    def _read(self) -> dict[str, bytes]:
        self._file.seek(0)
        content: dict[str, bytes] = marshal.loads(self._file.read() or _NONE)
        return content

    def _write(self, content: dict[str, bytes]) -> None:
        self._file.seek(0)
        self._file.write(marshal.dumps(content))
        self._file.flush()
