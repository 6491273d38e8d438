"""What running a runbook imports, in the launcher and in the kernel, for the server that they are forked from."""

from __future__ import annotations

import importlib
import os
import pkgutil

import black  # papermill writes parameters with it, where it is installed
import ipykernel.debugger  # the kernel imports it late
import ipykernel.kernelapp
import papermill.cli

import breakglass_aws.cli
from breakglass_aws import engine
from breakglass_aws.engine.collection import NOTEBOOKS
from breakglass_aws.engine.display.page import page
from breakglass_aws.engine.executor import client

__all__ = ["black", "ipykernel", "papermill"]

for _package in (engine, breakglass_aws.cli):
    for _module in pkgutil.walk_packages(_package.__path__, f"{_package.__name__}."):
        if not _module.name.endswith(".__main__"):
            importlib.import_module(_module.name)

page(NOTEBOOKS / "unlock_s3_bucket.ipynb")  # what it imports late, and the patterns that it compiles
client.PYTHON = os.environ["BREAKGLASS_TEST_EXECUTOR"]
