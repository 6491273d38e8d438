"""One reader of results: every key that it or a view reads is documented by the module that returns it."""

from __future__ import annotations

import ast
import functools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from breakglass_aws.engine import results
from breakglass_aws.engine.display.views.registry import VIEWS

ENGINE = Path(results.__file__).parent
MODULES = ENGINE.parents[2] / "plugins/modules"
# Keys that ansible-core adds to the result of any module, or that belong to the events of our callback plugin.
ANSIBLE = {"changed", "failed", "skipped", "msg", "stdout", "results"}
ANSIBLE |= {"diff", "before", "after", "before_header", "after_header", "module_stdout"}
EVENT = {"action", "event", "result", "task", "check_mode", "register", "warnings", "ignored", "calls", "path"}
CALL = {"service", "operation", "error", "request_id"}  # of a call to AWS, beside an event
# Modules that act and have no view, each with the reason.
NO_VIEW = {
    "sts_assume_root": "its action plugin hides the result, which holds credentials",
    "runbook": "it runs a notebook, which has a page of its own",
    "check_variables": "it calls nothing, and only compares names",
}


@functools.cache
def documentation(module: str, name: str) -> dict[str, Any]:
    """Return a YAML text of a module, without importing it."""
    for node in ast.parse((MODULES / f"{module}.py").read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return yaml.safe_load(ast.literal_eval(node.value))
    raise AssertionError(f"{module} has no {name}")


def returned(module: str) -> set[str]:
    """Return every key that RETURN documents: entries at any depth, keys of samples, and keys that a text names.

    "In the shape that M(...) returns" brings the keys of that module too.
    """
    text = json.dumps(documentation(module, "RETURN"))
    others = set(re.findall(r"shape (?:that )?M\(breakglass\.aws\.(\w+)\)", text)) - {module}
    named = set(re.findall(r"C\((\w+)\)", text))
    return set(_keys(documentation(module, "RETURN"))).union(ANSIBLE, named, *map(returned, others))


def _keys(described: Any) -> Iterator[str]:
    for key, value in (described or {}).items():
        yield key
        if isinstance(value, dict):
            yield from _keys(value.get("contains"))
            yield from _sample_keys(value.get("sample"))


def _sample_keys(sample: Any) -> Iterator[str]:
    """A sample shows the keys of mappings whose keys are data, such as the tags of an account."""
    if isinstance(sample, dict):
        for key, value in sample.items():
            yield str(key)
            yield from _sample_keys(value)
    elif isinstance(sample, list):
        for value in sample:
            yield from _sample_keys(value)


class Functions:
    """The functions of some files: which keys each reads, and which other functions it uses."""

    def __init__(self, *files: Path) -> None:
        self.reads: dict[tuple[str, str], set[str]] = {}
        self.uses: dict[tuple[str, str], set[str]] = {}
        for file in files:
            for node in ast.parse(file.read_text()).body:
                if isinstance(node, ast.FunctionDef):
                    self.reads[file.stem, node.name] = set(_reads(node))
                    self.uses[file.stem, node.name] = {
                        getattr(part, "id", "") or getattr(part, "attr", "")
                        for part in ast.walk(node)
                        if isinstance(part, ast.Name | ast.Attribute)
                    }

    def all_reads(self, file: str, name: str, seen: set[tuple[str, str]] | None = None) -> set[str]:
        """Return the keys that a function reads, itself or through others of its file and the shared ones."""
        seen = seen if seen is not None else set()
        seen.add((file, name))
        reads = set(self.reads[file, name])
        for used in sorted(self.uses[file, name]):
            other = next((found for found in ((file, used), ("common", used)) if found in self.reads), None)
            if other and other not in seen:
                reads |= self.all_reads(*other, seen)
        return reads


def _reads(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        key: ast.expr | None = None
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            key = node.slice
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "get" and node.args:
            key = node.args[0]
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            key = node.left
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value


READER = Functions(ENGINE / "results.py")
VIEW_FUNCTIONS = Functions(*sorted((ENGINE / "display/views").glob("*.py")))


def own_name(module: str) -> str:
    return module.removeprefix("breakglass.aws.")


def place(view: Callable[..., Any]) -> tuple[str, str]:
    return view.__module__.rpartition(".")[2], view.__name__


@pytest.mark.parametrize("view", sorted({place(view) for view in VIEWS.values()}), ids="-".join)
def test_every_key_that_a_view_reads_is_documented_by_its_modules(view: tuple[str, str]) -> None:
    modules = [own_name(module) for module, function in VIEWS.items() if place(function) == view]
    documented = set().union(*(returned(module) for module in modules))
    assert VIEW_FUNCTIONS.all_reads(*view) - documented == set()


def test_every_key_that_the_result_reader_reads_is_documented_by_some_module() -> None:
    documented = set().union(*(returned(path.stem) for path in MODULES.glob("*.py")))
    read = set().union(*READER.reads.values())
    assert len(read) > 20
    assert read - documented - EVENT - CALL == set()


def test_every_module_that_acts_has_a_view() -> None:
    acting = {path.stem for path in MODULES.glob("*.py") if not path.stem.endswith("_info")}
    assert acting - {own_name(module) for module in VIEWS} == NO_VIEW.keys()


def test_the_items_of_a_plan_are_what_would_change() -> None:
    key = {"kind": "access_keys", "id": "AKIA1", "outcome": "removed"}
    kept = {"kind": "password", "id": "password", "outcome": "skipped"}
    changed = {"account_id": "444455556666", "changed": True, "credentials": [key, kept]}
    unchanged = {"account_id": "012345678901", "changed": False, "credentials": [kept]}
    role = {"account_id": "333344445555", "changed": True}
    account = {"account_id": "333344445555", "kind": "account", "id": "333344445555"}
    removed = {"account_id": "444455556666", "kind": "access_keys", "id": "AKIA1"}
    assert results.plan_items({"accounts": [changed, unchanged, role]}) == [account, removed]
    assert results.plan_items(role) == [account]
    bucket = {"account_id": "333344445555", "kind": "bucket_policy", "id": "data-lake-raw"}
    assert results.plan_items({**role, "bucket": "data-lake-raw"}) == [bucket]
    assert results.plan_items({"changed": False, **unchanged}) == []
    assert results.plan_items({"skipped": True}) == []
    own = [{**removed, "created": "2026-01-01T00:00:00Z"}]
    assert results.plan_items({"accounts": [changed], "plan_items": own}) == own
