"""Broken parts of the product, each in a file of `broken/`: code that is added to the end of one of its files.

The first line of such a file names the file and says what is broken. The lines after it name the scenarios that must
fail with it: each scenario must be named by one of them at least.
"""

from __future__ import annotations

import ast
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BROKEN = Path(__file__).parent / "broken"
# What the runbook's processes need of a checkout.
_PARTS = ("src/breakglass_aws", "plugins", "runbooks", "meta", "playbooks")
_FILES = ("galaxy.yml", "requirements.txt")


@dataclass(frozen=True)
class Sabotage:
    """One broken part.

    Attributes:
        file: Of the product, from its root.
        what: What is broken, in a sentence.
        scenarios: Names of the scenarios that must fail with it.
        code: What is added to the file.
    """

    name: str
    file: str
    what: str
    scenarios: tuple[str, ...]
    code: str

    def copy_to(self, folder: Path) -> Path:
        """Make a copy of the product with this part broken; return what must be on Python's path."""
        for part in _PARTS:
            shutil.copytree(ROOT / part, folder / part, copy_function=_link, symlinks=True)
        for name in _FILES:
            _link(ROOT / name, folder / name)
        broken = folder / self.file
        text = broken.read_text(encoding="utf-8")
        broken.unlink()  # the file itself is linked, and must stay as it is
        broken.write_text(f"{text}\n\n{self.code}", encoding="utf-8")
        return folder / "src"


def _link(source: str | Path, target: str | Path) -> str:
    try:
        os.link(source, target)
    except OSError:  # on another file system
        shutil.copy2(source, target)
    return str(target)


def read(path: Path) -> Sabotage:
    """Read one file of `broken/`."""
    code = path.read_text(encoding="utf-8")
    first, *others = (ast.get_docstring(ast.parse(code)) or "").splitlines()
    file, _, what = first.partition(": ")
    scenarios = tuple(name.strip(" ,") for line in others for name in line.split() if name.strip(" ,"))
    return Sabotage(path.stem, file, what, scenarios, code)


def sabotages(names: Iterable[str] = ()) -> list[Sabotage]:
    """All of them, or those with these names, by name."""
    wanted = set(names)
    return [read(path) for path in sorted(BROKEN.glob("*.py")) if not wanted or path.stem in wanted]
