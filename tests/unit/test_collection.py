"""What must agree between the collection's files, so that an installed collection is whole."""

import tomllib
from pathlib import Path

import pytest
import yaml
from ansible_collections.breakglass.aws.plugins.module_utils import _constants

from breakglass_aws.version import __version__

CHECKOUT = Path(__file__).parents[2]
MODULES = sorted(path.stem for path in (CHECKOUT / "plugins/modules").glob("[a-z]*.py"))
# Modules that do not call AWS themselves take no connection options, so they are in no AWS action group.
WITHOUT_AWS = {"check_variables", "runbook"}


def read_yaml(name: str) -> dict:
    return yaml.safe_load((CHECKOUT / name).read_text(encoding="utf-8"))


def test_action_group_names_every_module_that_calls_aws():
    group = read_yaml("meta/runtime.yml")["action_groups"]["aws"]
    assert sorted(entry for entry in group if isinstance(entry, str)) == sorted(set(MODULES) - WITHOUT_AWS)
    assert {"metadata": {"extend_group": ["amazon.aws.aws"]}} in group


def test_versions_agree():
    """release/version writes them all."""
    assert read_yaml("galaxy.yml")["version"] == __version__
    assert __version__ == _constants.VERSION


def test_the_collection_names_the_python_packages_of_the_wheel():
    """But ansible-core, which every user of a collection has."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (CHECKOUT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    named = [line for line in lines if not line.startswith("#")]
    assert named == [name for name in project["dependencies"] if not name.startswith("ansible-core")]


def test_every_source_file_names_its_licence():
    sources = [*(CHECKOUT / "plugins").rglob("*.py"), *(CHECKOUT / "src").rglob("*.py")]
    without = [
        str(file.relative_to(CHECKOUT))
        for file in sources
        if (text := file.read_text(encoding="utf-8")).strip()
        and "# SPDX-License-Identifier: GPL-3.0-or-later\n" not in text[:400]
    ]
    assert not without


@pytest.mark.parametrize("module", MODULES)
def test_module_documents_itself(module):
    text = (CHECKOUT / f"plugins/modules/{module}.py").read_text(encoding="utf-8")
    for part in (
        "DOCUMENTATION = r",
        "EXAMPLES = r",
        "RETURN = r",
        "version_added:",
        "SPDX-License-Identifier: GPL-3.0-or-later",
    ):
        assert part in text, f"{module} lacks {part}"


def test_plugins_know_nothing_of_sandbox_runbooks_or_drills():
    """Dependencies point one way (the installed collection may hold nothing but meta, plugins, roles and playbooks)."""
    for path in (CHECKOUT / "plugins").rglob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not line.strip().startswith(("import breakglass_", "from breakglass_")), path


def test_sandbox_knows_nothing_of_plugins():
    for path in (CHECKOUT / "src/breakglass_aws/sandbox").rglob("*.py"):
        assert "ansible_collections" not in path.read_text(encoding="utf-8"), path
