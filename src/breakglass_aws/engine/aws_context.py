# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection's domain needs to work with AWS in this process, with the credentials of the shell."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from breakglass_aws.engine import collection
from breakglass_aws.version import __version__


def context(given: Mapping[str, Any] | None = None, warn: Callable[[str], object] = lambda text: None) -> Any:
    """A Context of the collection. Connection options that are not given come from the environment, as of modules.

    Errors are those of the collection (`_errors.BreakglassError`), raised when something is read.
    """
    options = collection.module_util("_aws.connection_options")
    params: dict[str, Any] = {"validate_certs": True, **(given or {})}
    for name, option in options.OPTIONS.items():
        found = (os.environ[variable] for variable in option.environment if os.environ.get(variable))
        params.setdefault(name, next(found, option.default))
    agent = f"breakglass.aws/{__version__}"
    return collection.module_util("_context").Context(connect=lambda: options.connect(params, agent), warn=warn)
