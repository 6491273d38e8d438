"""The version of the package, the collection and what they write: `release/version` changes it everywhere."""

from __future__ import annotations

__version__ = "0.2.0"
