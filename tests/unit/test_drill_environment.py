"""`make drill` in a new checkout: it installs what a drill needs, says so, and nothing else."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def names(requirements: str) -> set[str]:
    text = (CHECKOUT / "requirements" / requirements).read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9][\w.-]*)==", text, flags=re.MULTILINE | re.IGNORECASE))


def test_a_drill_installs_an_environment_of_its_own(tmp_path: Path) -> None:
    new = ["make", "--dry-run", f"VENV={tmp_path / 'none'}", "--assume-new=requirements/drills.txt", "drill"]
    commands = subprocess.run(new, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    assert ".venv-drill requirements/drills.txt" in commands
    assert "none" not in commands


def test_it_has_no_tools_for_tests_style_or_notebooks_by_hand() -> None:
    for tool in ("pytest", "ruff", "mypy", "ansible-lint", "molecule", "jupyterlab", "sphinx"):
        assert tool not in names("drills.txt")
    assert names("drills.txt") < names("dev.txt")


def test_what_is_being_installed_is_shown() -> None:
    script = (CHECKOUT / "tests/environment").read_text(encoding="utf-8")
    assert "Installing $(grep -c '^[A-Za-z0-9]' \"$requirements\") packages into $venv" in script
    [large] = [line for line in script.splitlines() if "pip install" in line and '"$requirements" >&2 ||' in line]
    assert "--quiet" not in large
