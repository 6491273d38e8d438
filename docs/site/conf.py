# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx settings of the documentation site; `make docs` copies this file beside the pages that it builds."""

from __future__ import annotations

project = "breakglass.aws"
author = "breakglass.aws contributors"
project_copyright = "2026, breakglass.aws contributors"
extensions = ["myst_parser", "sphinx_antsibull_ext", "sphinx_copybutton"]
exclude_patterns: list[str] = []
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
root_doc = "index"

# Headings of pages are linked to as on GitHub.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
# The notebooks' own language, %%tasks cells, is YAML with one line before it; AWS's policies have comments in examples.
# The modules' pages refer to Ansible's own documentation, which is not part of this site.
suppress_warnings = ["misc.highlighting_failure", "ref.ref", "ref.envvar"]
copybutton_prompt_text = r"\$ "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_title = "breakglass.aws"
html_static_path: list[str] = []
# Everything is part of the site: it is read where there is no network.
html_theme_options = {
    "top_of_page_buttons": [],
    "light_css_variables": {"color-brand-primary": "#9a3412", "color-brand-content": "#9a3412"},
    "dark_css_variables": {"color-brand-primary": "#fdba74", "color-brand-content": "#fdba74"},
}
