"""The collection that this package belongs to, and its modules without Ansible."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

# plugins/, runbooks/ and src/ are side by side, in an installed collection and in a checkout.
ROOT = Path(__file__).resolve().parents[3]
SOURCES = ROOT / "src"
NOTEBOOKS = ROOT / "runbooks"


def module_util(name: str) -> ModuleType:
    """Import a file of plugins/module_utils, also where the collection is not on Python's path.

    Those files import each other as ansible_collections.breakglass.aws..., which Ansible resolves only in its own
    processes. Where there is no such package, one is made for the collection's folder.
    """
    parts = ["ansible_collections", "breakglass", "aws"]
    for depth in range(1, len(parts) + 1):
        package = ".".join(parts[:depth])
        try:
            importlib.import_module(package)
        except ModuleNotFoundError:
            made = sys.modules[package] = ModuleType(package)
            made.__path__ = [str(ROOT)] if depth == len(parts) else []
    return importlib.import_module(f"{'.'.join(parts)}.plugins.module_utils.{name}")
