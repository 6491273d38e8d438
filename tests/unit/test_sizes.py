"""A file has one job: no file of code over 400 lines, no function over 60. Documentation and argument specs aside."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
PACKAGES = ("plugins", "src")
MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 60
# What an Ansible plugin documents in strings of its own.
DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}
# Files and functions ("path" or "path::name") that are longer, each with the reason.
EXCEPTIONS: dict[str, str] = {}


def lines_of(node: ast.AST) -> int:
    return (node.end_lineno or 0) - node.lineno + 1


def docstring_lines(node: ast.AST) -> int:
    body = getattr(node, "body", None)
    first = body[0] if isinstance(body, list) and body else None
    is_docstring = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return lines_of(first) if is_docstring else 0


def documentation_lines(tree: ast.Module) -> int:
    return sum(
        lines_of(node)
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in DOCUMENTATION
    )


def sizes(path: Path) -> Iterator[tuple[str, int, int]]:
    """(name, lines, most lines) of a file and of each function in it."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    name = path.relative_to(CHECKOUT).as_posix()
    docstrings = sum(docstring_lines(node) for node in ast.walk(tree))
    yield name, len(text.splitlines()) - docstrings - documentation_lines(tree), MOST_LINES_OF_A_FILE
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            is_argument_spec = node.name == "main" and name.startswith("plugins/modules/")
            if not is_argument_spec:
                yield f"{name}::{node.name}", lines_of(node) - docstring_lines(node), MOST_LINES_OF_A_FUNCTION


@cache
def too_long() -> dict[str, int]:
    files = [path for package in PACKAGES for path in sorted((CHECKOUT / package).rglob("*.py"))]
    return {name: lines for path in files for name, lines, most in sizes(path) if lines > most}


def test_no_file_and_no_function_is_too_long():
    assert not {name: lines for name, lines in too_long().items() if name not in EXCEPTIONS}


def test_each_exception_is_needed_and_has_a_reason():
    assert set(EXCEPTIONS) <= set(too_long())
    assert all(EXCEPTIONS.values())
