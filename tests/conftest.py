"""Fixtures all tests share: `box` and `sandbox`, the default organization; `no_waiting`, a clock without pauses."""

from __future__ import annotations

import os
import signal
import sys

import pytest
from hypothesis import HealthCheck, settings

# Containers often set this variable. Each process that a test starts would then compile all that it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A busy machine says nothing of the code: no test fails for the time that it takes.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

pytest_plugins = ["breakglass_aws.sandbox.pytest_plugin", "support.learned_secrets", "support.waiting"]

# Files that take longest begin first: otherwise one worker is still at the last of them when the others have ended.
_LONGEST_FIRST = (
    "runbooks/test_lost_root_mfa_runbook.py",
    "runbooks/test_compromised_root_user_runbook.py",
    "runbooks/test_killed_runs.py",
    "runbooks/test_between_plan_and_act.py",
    "runbooks/test_lost_access_role_runbook.py",
    "runbooks/",
    "modules/test_root_playbook.py",
    "modules/test_examples.py",
    "modules/",
)


def pytest_configure() -> None:
    """Let Ctrl-C arrive, which some tests send: a shell starts what runs in the background with it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int | None:
    """Two workers for each processor, because tests wait half of their time: for kernels, locks and timeouts.

    The variable of pytest-xdist for this, PYTEST_XDIST_AUTO_NUM_WORKERS, and --numprocesses are stronger.
    """
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return 2 * (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files; the tests of a file keep theirs."""

    def place(item: pytest.Item) -> int:
        name = item.nodeid.removeprefix("tests/")
        return next(
            (number for number, part in enumerate(_LONGEST_FIRST) if name.startswith(part)), len(_LONGEST_FIRST)
        )

    items.sort(key=place)
