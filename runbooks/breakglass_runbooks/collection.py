"""Where the collection is that this package came with, and its plain Python."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

# plugins/ lies beside runbooks/, in an installed collection as in a checkout.
ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "runbooks"


def module_util(name: str) -> ModuleType:
    """Import a file of plugins/module_utils, whether or not Python's path leads to the collection.

    Those files import each other as ansible_collections.breakglass.aws...; Ansible makes that name work only in its own
    processes. Where no such package is found, one is made that leads to our own folder.
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
