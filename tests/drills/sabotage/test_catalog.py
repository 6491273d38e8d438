"""The sabotage of the judge is complete: each scenario fails with one, and each is one of the product as it is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from drills.sabotage import catalog

from breakglass_aws.drills.scenario_file import catalog as scenario_catalog

ALL = catalog.sabotages()


def test_each_scenario_has_a_sabotage_and_each_sabotage_a_scenario() -> None:
    named = {scenario for one in ALL for scenario in one.scenarios}
    assert named == set(scenario_catalog.names())
    assert [one.name for one in ALL if not one.scenarios] == []


@pytest.mark.parametrize("sabotage", ALL, ids=lambda one: one.name)
def test_what_it_replaces_exists(sabotage: catalog.Sabotage) -> None:
    """What the product does not have any more would be replaced without breaking anything."""
    product = (catalog.ROOT / sabotage.file).read_text(encoding="utf-8")
    nodes = ast.parse(sabotage.code).body
    functions = [node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.name[:2] != "__"]
    replaced = {f"def {name}(" for name in functions if name in product}
    for node in (node for node in nodes if isinstance(node, ast.Assign)):
        members = [one for one in ast.walk(node.targets[0]) if isinstance(one, ast.Attribute | ast.Subscript)]
        replaced |= {ast.unparse(one).partition(".")[0].partition("[")[0] for one in members}
    assert replaced
    assert {name for name in replaced if name not in product} == set()


def test_the_copy_is_broken_and_the_product_is_not(tmp_path: Path) -> None:
    [sabotage] = catalog.sabotages(["repair_finds_nothing"])
    path = sabotage.copy_to(tmp_path / "product")
    assert (path / "breakglass_aws").is_dir()
    broken = (tmp_path / "product" / sabotage.file).read_text(encoding="utf-8")
    whole = (catalog.ROOT / sabotage.file).read_text(encoding="utf-8")
    assert broken == f"{whole}\n\n{sabotage.code}"
