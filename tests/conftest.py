"""Fixtures all tests share: `box` and `sandbox`, the default organization."""

from __future__ import annotations

pytest_plugins = ["sandbox.pytest_plugin"]
