"""`python -m breakglass_aws` with an interpreter that cannot run it: one line with the cure, and status 2."""

from __future__ import annotations

import subprocess
import sys

import pytest

from breakglass_aws.engine import collection, outcomes

OLD = (
    "import runpy, sys; sys.version_info = (3, 10, 13, 'final', 0); sys.version = '3.10.13 (main)'; "
    "sys.argv = ['x', 'list']; runpy.run_module({!r}, run_name='__main__')"
)
MODULES = ("breakglass_aws", "breakglass_aws.engine", "breakglass_runbooks")


def refused(*arguments: str) -> str:
    """What Python says with these arguments, where it has this package and no other."""
    ended = subprocess.run(
        [sys.executable, "-S", *arguments],  # -S: without the installed packages
        env={"PYTHONPATH": str(collection.SOURCES)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == outcomes.NOT_STARTED, ended.stderr
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    return ended.stderr


@pytest.mark.parametrize("module", MODULES)
def test_an_old_python_is_named_with_the_version_that_is_needed(module: str) -> None:
    said = refused("-c", OLD.format(module))
    assert said.startswith(f"breakglass needs Python 3.11 or newer, and {sys.executable} is 3.10.13.")


@pytest.mark.parametrize("module", ["breakglass_aws.sandbox", "breakglass_aws.drills"])
def test_the_packages_that_are_run_by_themselves_name_it_too(module: str) -> None:
    run = OLD.format(module).replace("'x'", "'-m'")  # as Python has it while it imports the package of -m
    said = refused("-c", run)
    assert said.startswith(f"breakglass needs Python 3.11 or newer, and {sys.executable} is 3.10.13.")
    assert said.endswith(f"python3.12 -m {module}\n")


@pytest.mark.parametrize("module", MODULES)
def test_packages_that_are_missing_are_named(module: str) -> None:
    said = refused("-m", module, "run", "unlock_s3_bucket")
    assert "does not have: click, ipykernel, nbconvert, nbformat, papermill, rich." in said
    assert said.endswith(f"Install them there: {collection.requirements_command()}\n")


def test_what_needs_fewer_packages_asks_for_fewer() -> None:
    assert "does not have: click. " in refused("-m", "breakglass_aws", "lint-policy", "policy.json")
