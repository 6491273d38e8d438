"""Fixtures all tests share: `box` and `sandbox`, the default organization; `no_waiting`, a clock without pauses."""

from __future__ import annotations

pytest_plugins = ["breakglass_aws.sandbox.pytest_plugin", "support.waiting"]
