# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates whose values are text: escaped, with their control characters visible, unless they are HTML already."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from breakglass_aws.drills.pages import words
from breakglass_aws.engine import outcomes, web_page


def _text(value: Any) -> Any:
    """What an expression of a template becomes."""
    return value if isinstance(value, Markup) else Markup(web_page.text(value))


@cache
def environment(package: str) -> Environment:
    """The templates in the folder of a package."""
    made = Environment(
        loader=PackageLoader(package, "."),
        autoescape=True,
        finalize=_text,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        undefined=StrictUndefined,
    )
    made.filters |= {
        "duration": words.duration,
        "clock": words.clock,
        "date": words.date,
        "date_and_time": words.date_and_time,
        "verdict_class": words.verdict_class,
    }
    made.globals |= {"count": words.count, "finished": outcomes.FINISHED}
    return made


def render(package: str, template: str, **values: Any) -> str:
    """The text of a template in the folder of a package."""
    return environment(package).get_template(template).render(values)
