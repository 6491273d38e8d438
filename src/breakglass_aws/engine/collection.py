# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection that this package belongs to, and its modules without Ansible."""

from __future__ import annotations

import importlib
import os
import shlex
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import ModuleType

from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.version import __version__

PACKAGE = "breakglass-aws"
NAME = "breakglass.aws"
SOURCES = Path(__file__).resolve().parents[2]  # what must be on Python's path


def _root() -> Path:
    """The collection's folder: the one with src/, in a checkout or an installed collection; else the wheel's."""
    beside = SOURCES.parent
    return beside if (beside / "plugins").is_dir() else SOURCES / "ansible_collections" / "breakglass" / "aws"


ROOT = _root()
NOTEBOOKS = ROOT / "runbooks"


def check_installation() -> None:
    """Raise RunbookError unless this package, its collection and the installed package are of one version.

    A run with parts of two versions would plan with the one and act with the other.
    """
    found = str(module_util("_constants").VERSION)
    if found != __version__:
        raise RunbookError(
            f"The Python package {PACKAGE} in {SOURCES} is version {__version__}, but the collection {NAME} in {ROOT} "
            f"is version {found}. Install the package again: {_pip('install --force-reinstall')}"
        )
    if (installed := _installed()) and installed != __version__:
        raise RunbookError(
            f"Two versions of {PACKAGE} are on Python's path: {__version__} in {SOURCES}, and the installed "
            f"{installed}. Install the same version ({_pip('install')}), or remove the installed one "
            f"({sys.executable} -m pip uninstall {PACKAGE})."
        )


def requirements_command() -> str:
    """The command that installs the Python packages of this installation."""
    return f"{sys.executable} -m pip install --requirement {shlex.quote(str(ROOT / 'requirements.txt'))}"


def _installed() -> str | None:
    """The version of another installed package; None when there is none, or it is this one, installed as editable."""
    try:
        found = distribution(PACKAGE)
    except PackageNotFoundError:
        return None
    folder = Path(str(found.locate_file("breakglass_aws")))
    is_this = folder.resolve() == SOURCES / "breakglass_aws"  # whatever old metadata beside it say
    return found.version if folder.is_dir() and not is_this else None


def _pip(command: str) -> str:
    return f"{sys.executable} -m pip {command} {PACKAGE}=={__version__}"


# What module_util has imported, with the package that it is in: finding that out again takes half a millisecond, and
# text is made visible ten thousands of times.
_MODULE_UTILS: dict[str, tuple[ModuleType, ModuleType]] = {}


def module_util(name: str) -> ModuleType:
    """Import a file of plugins/module_utils, also where the collection is not on Python's path.

    Those files import each other as ansible_collections.breakglass.aws..., which Ansible resolves only in its own
    processes. Where there is no such package, or it is another installation of the collection, one is made for this
    collection's folder. Ends the process, with what to do about it, when the collection is not there.
    """
    parts = ["ansible_collections", "breakglass", "aws"]
    of, known = _MODULE_UTILS.get(name, (None, None))
    if known is not None and sys.modules.get(".".join(parts)) is of:
        return known
    for depth in range(1, len(parts) + 1):
        package = ".".join(parts[:depth])
        try:
            found = importlib.import_module(package)
        except ModuleNotFoundError:
            found = sys.modules[package] = ModuleType(package)
            found.__path__ = []
    if not any(os.path.realpath(path) == str(ROOT) for path in found.__path__):
        if not (ROOT / "plugins" / "module_utils").is_dir():
            sys.exit(
                f"This installation of {PACKAGE} is incomplete: the collection {NAME} is not in {ROOT}. "
                f"Install it again: {_pip('install --force-reinstall')}"
            )
        found = sys.modules[package] = ModuleType(package)
        found.__path__ = [str(ROOT)]
    module = importlib.import_module(f"{package}.plugins.module_utils.{name}")
    _MODULE_UTILS[name] = (found, module)
    return module
