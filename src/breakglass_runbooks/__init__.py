"""The former name of the engine: deprecated, removed in 1.0.0. Use `breakglass_aws`.

Notebooks in old evidence folders load it by this name.
"""

from __future__ import annotations

from breakglass_aws import load_ipython_extension

__all__ = ["load_ipython_extension"]
