"""Each runbook as a page of the docs: `python -m breakglass_aws.engine.notebooks.docs_pages`.

The notebook is the source of a procedure. The page is for reading it on a forge.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from breakglass_aws.engine.notebooks import catalog

PAGES = Path(__file__).parents[4] / "docs" / "procedures"
RENEW = "python -m breakglass_aws.engine.notebooks.docs_pages"


def page(runbook: catalog.Runbook) -> str:
    """The page of a runbook: Markdown cells as they are, code cells as code blocks, with one newline at the end."""
    note = f"<!-- Generated from runbooks/{runbook.path.name} by `{RENEW}`. Edit the notebook. -->"
    return "\n\n".join([note, *(_part(cell) for cell in runbook.notebook.cells if cell.source.strip())]) + "\n"


def _part(cell: Any) -> str:
    source = cell.source.strip()
    if cell.cell_type == "markdown":
        return str(source).replace("](../docs/", "](../")
    return f"```{_language(source)}\n{source}\n```"


def _language(source: str) -> str:
    """The language of a cell: tasks are YAML, gates Markdown, parameters Python."""
    if source.startswith("%%gate"):
        return "markdown"
    if source.startswith("%%"):
        return "yaml"
    return "text" if source.startswith("%") else "python"


def pages() -> Iterator[tuple[Path, str]]:
    """Each page: its path and its content."""
    for runbook in catalog.runbooks():
        yield PAGES / f"{runbook.name}.md", page(runbook)


def main() -> int:
    """Write all pages; delete those of runbooks that no longer exist."""
    wanted = dict(pages())
    PAGES.mkdir(parents=True, exist_ok=True)
    for file, text in wanted.items():
        file.write_text(text, encoding="utf-8")
    for file in set(PAGES.glob("*.md")) - wanted.keys():
        file.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
