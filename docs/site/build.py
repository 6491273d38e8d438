# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the documentation site from the project's pages, the modules' documentation and pictures of real runs.

Usage: python docs/site/build.py [--without-pictures]

Sphinx and antsibull-docs come from .venv-gates, what runs the runbooks from this interpreter. Nothing of the site is
loaded from the network. Pages link to files of the repository that are not pages: there such a link becomes code.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
TOOLS = CHECKOUT / ".venv-gates" / "bin"
BUILD = CHECKOUT / "build" / "docs"
SOURCE = BUILD / "source"
SITE = BUILD / "site"
FOLDERS = ("guide", "procedures", "reference", "design")
BESIDE = ("CHANGELOG.rst", "CONTRIBUTING.md", "SECURITY.md")
CONTENTS = re.compile(r"^\.\. contents::\n(?:   .*\n)+", re.MULTILINE)
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^()\s]+)\)")


def main(arguments: list[str] | None = None) -> int:
    """Build the site; return Sphinx's exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--without-pictures", action="store_true", help="do not run the runbooks for their pictures")
    options = parser.parse_args(arguments)
    shutil.rmtree(BUILD, ignore_errors=True)
    _copy_pages()
    _document_modules()
    if not options.without_pictures:
        import pictures

        for name, picture in pictures.take(SOURCE / "procedures").items():
            _show(SOURCE / "procedures" / f"{name}.md", picture)
    command = [str(TOOLS / "sphinx-build"), "-W", "--keep-going", "-q", "-j", "2", "-b", "html", str(SOURCE), str(SITE)]
    status = subprocess.run(command, check=False).returncode
    if not status:
        print(f"Open {SITE / 'index.html'}")
    return status


def _copy_pages() -> None:
    for folder in FOLDERS:
        shutil.copytree(CHECKOUT / "docs" / folder, SOURCE / folder)
    for name in BESIDE:
        shutil.copy(CHECKOUT / name, SOURCE / name)
    for name in ("conf.py", "index.md"):
        shutil.copy(CHECKOUT / "docs" / "site" / name, SOURCE / name)
    for page in sorted(SOURCE.rglob("*.md")):
        in_docs = page.relative_to(SOURCE).parts[0] in FOLDERS
        original = (CHECKOUT / "docs" if in_docs else CHECKOUT) / page.relative_to(SOURCE)
        page.write_text(_with_links(page, original), encoding="utf-8")


def _with_links(page: Path, original: Path) -> str:
    """Return the page's text with links that lead to pages of the site, or to none."""

    def rewritten(match: re.Match[str]) -> str:
        words, target = match.groups()
        file, _hash, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target) or not file:
            return match[0]
        there = Path(os.path.normpath(original.parent / file))
        known = _in_site(there)
        if known is None:
            name = os.path.relpath(there, CHECKOUT)
            return words if words.strip("`") == name else f"{words} (`{name}`)"
        return f"[{words}]({os.path.relpath(known, page.parent)}{'#' + anchor if anchor else ''})"

    return LINK.sub(rewritten, page.read_text(encoding="utf-8"))


def _in_site(original: Path) -> Path | None:
    """Return where a file of the checkout is in the site's source, None when it is not a part of it."""
    if original == CHECKOUT / "README.md":
        return SOURCE / "index.md"
    for base in (CHECKOUT / "docs", CHECKOUT):
        if original.is_relative_to(base):
            there = SOURCE / original.relative_to(base)
            return there if there.is_file() else None
    return None


def _document_modules() -> None:
    folder = SOURCE / "collection"
    folder.mkdir()
    command = [str(TOOLS / "antsibull-docs"), "collection", "--use-current", "--squash-hierarchy", "--fail-on-error"]
    environment = {
        **os.environ,
        "PATH": f"{TOOLS}:{os.environ['PATH']}",
        "ANSIBLE_HOME": str(CHECKOUT / ".cache/gates"),
    }
    subprocess.run([*command, "--dest-dir", str(folder), "breakglass.aws"], check=True, env=environment)
    for page in folder.glob("*.rst"):  # the theme has a table of contents beside each page, and refuses another one
        page.write_text(CONTENTS.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")


def _show(page: Path, picture: str) -> None:
    """Put the picture of a run after the page's introduction."""
    before, heading, after = page.read_text(encoding="utf-8").partition("\n## ")
    shown = f"\n## What a run looks like\n\n![The page of a plan in the simulated organization]({picture})\n"
    page.write_text(f"{before}{shown}{heading}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
