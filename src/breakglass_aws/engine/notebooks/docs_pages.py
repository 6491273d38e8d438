# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The docs' page of each runbook, and the permissions of all: `python -m breakglass_aws.engine.notebooks.docs_pages`.

The notebook is the source of a procedure. The page is for reading it on a forge.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from breakglass_aws.engine.notebooks import catalog

DOCS = Path(__file__).parents[4] / "docs"
PAGES = DOCS / "procedures"
PERMISSIONS = DOCS / "reference" / "permissions.md"
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


def permissions_page(runbooks: list[catalog.Runbook]) -> str:
    """The page with the least policy of the operator for each runbook, as the first cells of the notebooks state it."""
    parts = [
        f"<!-- Generated from the notebooks by `{RENEW}`. Edit the notebooks. -->",
        "# Permissions",
        "What the operator needs for each runbook, in the management account or in the delegated administrator account "
        "for IAM. Each policy is tested: a role with exactly this policy carries out the runbook in the simulated "
        "organization.",
        "A runbook that opens root sessions needs `sts:AssumeRoot` for its task policies only. Nothing here gives the "
        "operator permissions in member accounts.",
    ]
    for runbook in runbooks:
        policies = re.findall(r"```json\n(.*?)```", runbook.notebook.cells[0].source, flags=re.DOTALL)
        parts.append(f"## {runbook.name}\n\n{runbook.title}: [the runbook](../procedures/{runbook.name}.md).")
        parts.extend(f"```json\n{policy.strip()}\n```" for policy in policies)
    return "\n\n".join(parts) + "\n"


def pages() -> Iterator[tuple[Path, str]]:
    """Each page: its path and its content."""
    runbooks = list(catalog.runbooks())
    for runbook in runbooks:
        yield PAGES / f"{runbook.name}.md", page(runbook)
    yield PERMISSIONS, permissions_page(runbooks)


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
