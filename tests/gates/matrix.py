"""Run a part of the tests and ansible-test's sanity tests with each supported Python, ansible-core and boto3.

Usage: [QUICK=1] python tests/gates/matrix.py [NAME ...]

Each combination has an environment of its own under .cache/matrix, made by uv with an interpreter of this machine. The
result is a table. The exit status is 1 when a required combination fails or has no interpreter. With QUICK=1 the tests
are samples that take some minutes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import interpreters
from rich.console import Console
from rich.table import Table

CHECKOUT = Path(__file__).parents[2]
CACHE = CHECKOUT / ".cache" / "matrix"
# Samples of what meets Ansible, AWS's client and the interpreter, some minutes long; QUICK=1 runs these alone.
SAMPLES = (
    "tests/unit/test_collection.py",
    "tests/unit/test_collection_build.py",
    "tests/unit/plugins/module_utils/_aws/test_answers.py",
    "tests/unit/plugins/module_utils/_sweep",  # threads, processes, journals
    "tests/cli/test_lint_policy.py",
    "tests/sandbox/test_account_access.py",
    "tests/sandbox/test_aws_cli.py",
    "tests/modules/test_root_access_info.py",
    "tests/modules/test_root_playbook.py",  # one module_defaults group for amazon.aws too, where that is installed
    "tests/modules/test_unlock_playbooks.py",
    "tests/runbooks/test_runbook_action.py",
)
TESTS = (
    "tests/unit",
    *SAMPLES[4:],
    "tests/modules/test_root_credentials_info.py",
    "tests/modules/test_s3_bucket_policy_unlock.py",
    "tests/runbooks/test_unlock_runbook.py",
)
# Their tools are of the development environment alone.
LEFT_OUT = (
    "--ignore=tests/unit/test_architecture.py",
    "--deselect=tests/cli/test_lint_policy.py::test_the_hook_of_pre_commit",
)


@dataclass(frozen=True)
class Combination:
    """One environment: an interpreter and what is installed beside the project."""

    name: str
    python: str
    packages: tuple[str, ...]
    required: bool = True
    sanity: bool = True
    overrides: tuple[str, ...] = ()  # in place of what pyproject.toml allows


COMBINATIONS = (
    Combination("python3.11-core2.19", "3.11", ("ansible-core==2.19.*",)),
    Combination("python3.12-core2.19", "3.12", ("ansible-core==2.19.*",)),
    Combination("python3.12-core2.20", "3.12", ("ansible-core==2.20.*",)),
    Combination("python3.12-core2.21", "3.12", ("ansible-core==2.21.*",)),
    Combination("python3.13-core2.20", "3.13", ("ansible-core==2.20.*",)),
    Combination("python3.13-core2.21", "3.13", ("ansible-core==2.21.*",)),
    Combination("python3.13-core2.22", "3.13", ("ansible-core",), False, overrides=("ansible-core>=2.22.0b1,<2.23",)),
    Combination("oldest-boto3", "3.11", ("boto3==1.40.30", "botocore==1.40.30", "ansible-core==2.19.*"), sanity=False),
    Combination("newest-boto3", "3.13", ("boto3", "ansible-core==2.21.*"), sanity=False),
    Combination("oldest-amazon.aws", "3.11", ("ansible==12.0.0",), sanity=False),
    Combination("newest-amazon.aws", "3.13", ("ansible",), sanity=False),
)


@dataclass
class Outcome:
    """What came of one combination; ``steps`` has a word for each of environment, tests and sanity."""

    combination: Combination
    steps: dict[str, str] = field(default_factory=dict)
    seconds: float = 0

    @property
    def passed(self) -> bool:
        return all(word.startswith(("passed", "left out")) or " passed" in word for word in self.steps.values())


def main(names: list[str]) -> int:
    """Run the combinations with these names, all when there is none; return the exit status."""
    known = {one.name: one for one in COMBINATIONS}
    if unknown := [name for name in names if name not in known]:
        print(f"Unknown combination: {', '.join(unknown)}. Known: {', '.join(known)}.", file=sys.stderr)
        return 2
    outcomes = [_run(known[name]) for name in names or known]
    Console(width=140).print(_table(outcomes))
    return 1 if any(one.combination.required and not one.passed for one in outcomes) else 0


def _run(combination: Combination) -> Outcome:
    outcome, folder, start = Outcome(combination), CACHE / combination.name, time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    print(f"{combination.name}: log in {folder}", flush=True)
    outcome.steps["environment"] = _environment(combination, folder)
    if outcome.steps["environment"] == "passed":
        outcome.steps["tests"] = _tests(folder)
        outcome.steps["sanity"] = _sanity(folder) if combination.sanity else "left out"
    outcome.seconds = time.monotonic() - start
    print(f"{combination.name}: {outcome.steps}", flush=True)
    return outcome


def _environment(combination: Combination, folder: Path) -> str:
    interpreter = interpreters.find(combination.python)
    if interpreter is None:
        return f"no Python {combination.python}"
    venv = folder / "venv"
    python = str(venv / "bin" / "python")
    install = ["uv", "pip", "install", "--system-certs", "--python", python, "--prerelease", "if-necessary-or-explicit"]
    overrides = folder / "overrides.txt"
    overrides.write_text("".join(f"{line}\n" for line in combination.overrides), encoding="utf-8")
    install += ["--override", str(overrides)] if combination.overrides else []
    for command in (
        ["uv", "venv", "--quiet", "--clear", "--seed", "--python", interpreter, str(venv)],
        [*install, "--editable", f"{CHECKOUT}[test]", *combination.packages],
    ):
        if _logged(command, folder / "environment.log", dict(os.environ)):
            return "failed"
    site = subprocess.run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], capture_output=True)
    collections = Path(site.stdout.decode().strip()) / "ansible_collections" / "breakglass"
    collections.mkdir(parents=True, exist_ok=True)
    (collections / "aws").unlink(missing_ok=True)
    (collections / "aws").symlink_to(CHECKOUT)
    return "passed"


def _in(folder: Path) -> dict[str, str]:
    home = str(folder / "ansible")
    return {**os.environ, "PATH": f"{folder / 'venv' / 'bin'}:{os.environ['PATH']}", "ANSIBLE_HOME": home}


def _tests(folder: Path) -> str:
    log = folder / "tests.log"
    tests = SAMPLES if os.environ.get("QUICK") else TESTS
    command = [str(folder / "venv/bin/python"), "-m", "pytest", "-n", "2", "-rfE", *tests, *LEFT_OUT]
    status = _logged(command, log, _in(folder))
    last = log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
    return last.strip("= ") if not status else f"failed: {last.strip('= ')}"


def _sanity(folder: Path) -> str:
    environment = {**_in(folder), "SANITY_HOME": str(folder / "home")}
    return "passed" if not _logged(["tests/sanity/run"], folder / "sanity.log", environment) else "failed"


def _logged(command: list[str], log: Path, environment: dict[str, str]) -> int:
    with log.open("w", encoding="utf-8") as output:
        return subprocess.run(
            command, cwd=CHECKOUT, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False
        ).returncode


def _table(outcomes: list[Outcome]) -> Table:
    table = Table("combination", "environment", "tests", "sanity", "minutes")
    for one in outcomes:
        name = one.combination.name + ("" if one.combination.required else " (not required)")
        words = [one.steps.get(step, "not run") for step in ("environment", "tests", "sanity")]
        table.add_row(name, *words, f"{one.seconds / 60:.1f}", style="" if one.passed else "red")
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
