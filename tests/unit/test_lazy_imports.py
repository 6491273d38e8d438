"""What a module seldom needs is not imported when it starts: Ansible sends source, which is compiled each time."""

from __future__ import annotations

import subprocess
import sys

MODULES = "ansible_collections.breakglass.aws.plugins.modules"


def test_a_module_that_judges_no_policy_does_not_import_what_does() -> None:
    code = f"import sys, {MODULES}.root_access_info; print(*(name for name in sys.modules if '._policies' in name))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == []
