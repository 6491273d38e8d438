"""The launcher starts without what only the kernel, or a notebook in S3, needs."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from breakglass_aws.engine.launcher import launch
print(*(name for name in ("boto3", "IPython", "nbconvert", "ansible") if name in sys.modules))
import papermill.s3
"""


def test_the_launcher_does_not_import_what_it_does_not_use() -> None:
    """papermill's part for S3 can still be imported afterwards."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
