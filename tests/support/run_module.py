"""Run a module of the collection in this process, as Ansible would, and get its result."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
from collections.abc import Iterator
from unittest import mock

import pytest
from ansible.module_utils import _internal
from ansible.module_utils.common import warnings
from ansible.module_utils.testing import patch_module_args

from support import botocore_cache

__all__ = ["botocore_cache", "run"]  # it is imported for what it does


def run(name: str, *, check_mode: bool = False, diff: bool = False, environment: dict | None = None, **options) -> dict:
    """The result of module ``name`` with ``options``; always with the key ``failed``.

    ``environment`` is all that the module sees of AWS_* variables: sandbox.environment("operator"), or what a test
    of missing credentials wants. A module that ends in a traceback ends the test.
    """
    arguments = {**options, "_ansible_check_mode": check_mode, "_ansible_diff": diff}
    module = importlib.import_module(f"ansible_collections.breakglass.aws.plugins.modules.{name}")
    output = io.StringIO()
    with (
        _only(environment or {}),
        # Once anything here has imported Ansible's controller side, warnings would be printed instead of returned.
        mock.patch.object(_internal, "is_controller", False),
        patch_module_args(arguments),
        contextlib.redirect_stdout(output),
        pytest.raises(SystemExit),
    ):
        module.main()
    return {"failed": False, **json.loads(output.getvalue())}


@contextlib.contextmanager
def _only(environment: dict) -> Iterator[None]:
    """No AWS_* variables but these, no AWS configuration files, and no warnings of an earlier module."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nowhere = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    warnings._global_warnings.clear()
    with mock.patch.dict(os.environ, {**others, **nowhere, **environment}, clear=True):
        yield
