# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module in a fork of Ansible's worker, instead of a new Python process that imports everything again.

A module arrives as one file, AnsiballZ, which holds the code it needs in a zip archive. What of this code is already
loaded, and the same byte for byte, is used as it is. The rest is imported from the archive.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import importlib.abc
import importlib.util
import itertools
import logging
import multiprocessing
import os
import pkgutil
import re
import selectors
import signal
import sys
import threading
import traceback
import zipfile
import zlib
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from breakglass_aws.engine.collection import ROOT, module_util
from breakglass_aws.engine.executor import preload

# What modules import of ansible-core and of collections. It is kept apart from Ansible's own copy of the same code,
# which knows that it runs on the controller.
LOADED: dict[str, ModuleType] = {}
FILES: list[str] = []  # other files that were read
_CHECKSUMS: dict[str, int] = {}  # of the source of the modules in LOADED
_OF_MODULES = ("ansible", "ansible_collections")
_MAIN_PROCESS = multiprocessing.current_process()
_PATH: list[str] = []
_META_PATH: list[Any] = []
_PATH_HOOKS: list[Any] = []
# ansible-core 2.21 has no `sleep`.
_COMMAND = re.compile(r"/bin/sh -c '(?P<python>[\w./+-]+) (?P<path>[\w./+-]+/AnsiballZ_\w+\.py)(?: && sleep 0)?'")


def load() -> None:
    """Import what the modules of this collection import, before Ansible is imported."""
    FILES.extend(f"{name}{suffix}" for name in preload.load_service_models() for suffix in (".json", ".json.gz"))
    _PATH[:], _META_PATH[:], _PATH_HOOKS[:] = sys.path, sys.meta_path, sys.path_hooks
    module_util("_names")  # makes packages of the collection, where it is not installed
    modules = "ansible_collections.breakglass.aws.plugins.modules"
    for found in pkgutil.iter_modules([str(ROOT / "plugins/modules")]):
        importlib.import_module(f"{modules}.{found.name}")
    for name, module in [*sys.modules.items()]:
        if name.partition(".")[0] in _OF_MODULES:
            del sys.modules[name]
            path = getattr(module, "__file__", None)
            # A module itself is executed, not imported.
            if path and path.endswith(".py") and not name.startswith(modules):
                LOADED[name] = module
                _CHECKSUMS[name] = zlib.crc32(Path(path).read_bytes())


def install() -> None:
    """Let the connection `local` of this process run modules in a fork of the worker that executes the task.

    Commands of any other form are run as before: with other interpreters, with variables before them, as other users.
    """
    from ansible.plugins.connection import local

    plain = local.Connection.exec_command

    def exec_command(self: Any, cmd: Any, in_data: Any = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        match = _COMMAND.fullmatch(cmd) if isinstance(cmd, str) else None
        if not match or match["python"] != sys.executable or in_data or self.become:
            result: tuple[int, bytes, bytes] = plain(self, cmd, in_data=in_data, sudoable=sudoable)
            return result
        local.display.vvv(f"EXEC {cmd}", host=self._play_context.remote_addr)
        return _run(match["path"], self.cwd)

    local.Connection.exec_command = exec_command


def _run(path: str, cwd: Any) -> tuple[int, bytes, bytes]:
    """Run the module in the file `path` in a fork; return its exit status, as a shell does, and what it wrote."""
    pipes = [os.pipe(), os.pipe()]
    pid = os.fork()
    if pid == 0:
        end_with(lambda: _become_module(path, cwd, [writer for _reader, writer in pipes]))
    written: dict[int, bytearray] = {}
    with selectors.DefaultSelector() as selector:
        for reader, writer in pipes:
            os.close(writer)
            written[reader] = bytearray()
            selector.register(reader, selectors.EVENT_READ)
        while selector.get_map():
            for key, _events in selector.select():
                part = os.read(key.fd, 1 << 16)
                written[key.fd] += part
                if not part:
                    selector.unregister(key.fd)
                    os.close(key.fd)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    output, errors = map(bytes, written.values())
    return (code if code >= 0 else 128 - code), output, errors


def _become_module(path: str, cwd: Any, output: Sequence[int]) -> None:
    """Make this fork what a new Python process would be, and run the module."""
    null = os.open(os.devnull, os.O_RDONLY)
    for number, file in enumerate((null, *output)):
        os.dup2(file, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", errors="backslashreplace", buffering=1, closefd=False)
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if cwd:
        os.chdir(cwd)
    _forget_ansible()
    name_process(os.path.basename(path))
    sys.argv = [path]
    main = sys.modules["__main__"] = ModuleType("__main__")
    main.__file__ = path
    exec(compile(Path(path).read_bytes(), path, "exec", dont_inherit=True), main.__dict__)


def _forget_ansible() -> None:
    """Remove what Ansible has imported and changed in this interpreter."""
    for name in [*sys.modules]:
        if name.partition(".")[0] in _OF_MODULES:
            del sys.modules[name]
    sys.path[:], sys.meta_path[:], sys.path_hooks[:] = _PATH, [_Loaded(), *_META_PATH], _PATH_HOOKS
    sys.path_importer_cache.clear()
    from multiprocessing import process, util

    # The worker is a process of multiprocessing. A module is none, and may start some of its own.
    process._current_process = _MAIN_PROCESS  # type: ignore[attr-defined]
    process._parent_process = None  # type: ignore[attr-defined]
    process._children = set()  # type: ignore[attr-defined]
    process._process_counter = itertools.count(1)  # type: ignore[attr-defined]
    _MAIN_PROCESS.authkey = os.urandom(32)
    util._finalizer_registry.clear()  # type: ignore[attr-defined]
    atexit._clear()  # which would remove Ansible's files
    atexit.register(logging.shutdown)
    atexit.register(util._exit_function)  # type: ignore[attr-defined]


class _Loaded(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds modules in LOADED, if the archive of the running module has the same ones."""

    def __init__(self) -> None:
        self._archive: dict[str, int] | None = None
        self._path = ""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        module = LOADED.get(name)
        if module is None:
            return None
        package = hasattr(module, "__path__")
        files = self._files()
        place = name.replace(".", "/")
        checksum = files.get(f"{place}/__init__.py" if package else f"{place}.py")
        # A file that is not in the archive is found in the installed ansible-core, as it is without us.
        elsewhere = checksum is None and files and name.startswith("ansible.")
        if not elsewhere and checksum != _CHECKSUMS[name]:
            return None
        return importlib.util.spec_from_loader(name, self, is_package=package)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return LOADED[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        if hasattr(module, "__path__"):
            module.__path__ = [f"{self._path}/{module.__name__.replace('.', '/')}", *module.__path__]

    def _files(self) -> dict[str, int]:
        """Return the files of the archive with their checksums; none if a module that is loaded differs from it.

        Packages may differ: AnsiballZ makes some of its own.
        """
        if self._archive is None:
            self._archive = {}
            self._path = sys.path[0]  # put there by AnsiballZ, right before it imports the first of these
            with contextlib.suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(self._path) as archive:
                files = {info.filename: info.CRC for info in archive.infolist()}
                loaded = {f"{name.replace('.', '/')}.py": checksum for name, checksum in _CHECKSUMS.items()}
                if all(loaded.get(name, checksum) == checksum for name, checksum in files.items()):
                    self._archive = files
        return self._archive


def name_process(name: str) -> None:
    """Give this process a name for `ps` and `top`, of which the kernel keeps 15 characters."""
    with contextlib.suppress(OSError), open("/proc/self/comm", "w") as file:
        file.write(name)


def end_with(work: Callable[[], object]) -> None:
    """Do the work of a forked process and end it, as the interpreter ends: never return into the parent's code."""
    code = 1
    try:
        code = _exit_status(work)
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _exit_status(work: Callable[[], object]) -> int:
    """Do the work; return the exit status with which the interpreter would end after it."""
    try:
        work()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return (end.code or 0) & 0xFF
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        os.write(2, traceback.format_exc().encode(errors="backslashreplace"))
        return 1
    return 0
