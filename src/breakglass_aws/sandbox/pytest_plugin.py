# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for tests against a simulated organization: `pytest_plugins = ["breakglass_aws.sandbox.pytest_plugin"]`.

`box` serves one organization for the whole run (one for each worker of pytest-xdist); `sandbox` is the same, reset
first. Which organization: override the fixture `sandbox_organization`, or set the ini option of that name to a YAML
file, relative to the ini file. Without either it is the default one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from breakglass_aws.sandbox import Box, in_process

_OPTION = "sandbox_organization"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(_OPTION, "YAML file of the organization the sandbox serves", default="")


@pytest.fixture(scope="session")
def sandbox_organization(pytestconfig: pytest.Config) -> str | Path | dict[str, Any] | None:
    """The organization to serve: a YAML file, the same as plain data, or None for the default one."""
    given = pytestconfig.getini(_OPTION)
    folder = pytestconfig.inipath.parent if pytestconfig.inipath else pytestconfig.rootpath
    return folder / given if given else None


@pytest.fixture(scope="session")
def box(sandbox_organization: str | Path | dict[str, Any] | None) -> Iterator[Box]:
    """A sandbox, served for the whole session; tests that change it take `sandbox`."""
    with in_process(sandbox_organization) as running:
        yield running


@pytest.fixture
def sandbox(box: Box) -> Box:
    """The organization as it was loaded, in real time and without faults."""
    box.reset()
    return box
