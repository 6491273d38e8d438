"""User-facing text is plain technical English: these words and turns have a common word that says it better."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
# What to avoid, and what to write instead.
AVOID = {
    r"whoever": "the person who, or the role: the operator, the approver",
    # The sandbox's identity without permissions has that name, as the user without permissions has on Unix.
    r"(?<![`\"])nobody(?![`\":])(?!(?<=^nobody)$)": "no one, for a person; else the passive, or the thing itself",
    r"somebody": "another person, the operator, the approver",
    r"cannot be meant": "Invalid value for OPTION: 'VALUE'. Expected …",
    r"(?:is|are|was|were) through": "finished",
    r"ways? back": "recovery, how to undo",
    r"beneath": "below, in, under",
    r"(?:take|takes|taken|taking|took) away": "remove",
    r"(?:tell|tells|told|telling) (?:of|apart)\b": "report, distinguish",
    r"looked into": "read, inspected",
    r"mended?": "fix, recover",
    r"the other way round": "the reverse",
    r"be it": "whether",
}
PATTERN = re.compile("|".join(rf"(?P<w{n}>\b(?:{words})\b)" for n, words in enumerate(AVOID)), re.IGNORECASE)
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/**/*.md",
    "playbooks/*.yml",
    "src/breakglass_aws/sandbox/**/*.yml",
)
CODE = (
    "plugins/**/*.py",
    "runbooks/**/*.py",
    "src/breakglass_aws/sandbox/**/*.py",
    "src/breakglass_aws/drills/**/*.py",
)
# Facts of AWS with the wording of their sources, and generated pages whose source is tested.
EXCEPT = ("docs/reference/aws-facts.md",)


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file that people read, with their numbers (0 in a notebook)."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        for cell in json.loads(text)["cells"]:
            yield from ((0, line) for line in "".join(cell["source"]).splitlines())
    elif path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from enumerate(node.value.splitlines(), node.lineno)
    else:
        yield from enumerate(text.splitlines(), 1)


def files(patterns: tuple[str, ...]) -> list[Path]:
    found = sorted(path for pattern in patterns for path in CHECKOUT.glob(pattern))
    return [path for path in found if path.relative_to(CHECKOUT).as_posix() not in EXCEPT]


def words_to_avoid(path: Path) -> list[str]:
    return [
        f"{path.relative_to(CHECKOUT)}:{number}: {found[0]!r} ({list(AVOID.values())[int(found.lastgroup[1:])]})"
        for number, line in texts(path)
        for found in PATTERN.finditer(line)
        if found.lastgroup
    ]


@pytest.mark.parametrize("patterns", [PAGES, CODE, ("runbooks/*.ipynb",)], ids=["pages", "code", "notebooks"])
def test_the_text_avoids_these_words(patterns):
    found = [line for path in files(patterns) for line in words_to_avoid(path)]
    assert not found, "\n".join(found)


def test_the_list_finds_what_it_names(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("Whoever goes on types the account ID.\nThe runbook is through.\n")
    assert [found[0] for _, line in texts(page) for found in PATTERN.finditer(line)] == ["Whoever", "is through"]
