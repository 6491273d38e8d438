"""Unknown names: each is refused with the nearest known one, and every environment variable of ours is known."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from ansible_collections.breakglass.aws.plugins.module_utils import _names

CHECKOUT = Path(__file__).parents[4]


def test_every_environment_variable_that_the_project_reads_is_known():
    command = [
        "git",
        "grep",
        "-hoE",
        r"\bBREAKGLASS_[A-Z_]+",
        "--",
        "plugins",
        "runbooks",
        "drills",
        "sandbox",
        "Makefile",
    ]
    found = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout.split()
    assert {name for name in found if not name.endswith("_")} == set(_names.ENVIRONMENT)


def test_the_nearest_known_name_is_offered_and_control_characters_are_escapes():
    assert _names.unknown_names("variable", ["account_ids"], ["account_ids"]) == []
    assert _names.unknown_names("variable", ["acount_ids", "zzz"], ["account_ids", "workers"]) == [
        "Unknown variable 'acount_ids'. Did you mean account_ids?",
        "Unknown variable 'zzz'.",
    ]
    assert _names.unknown_names("variable", ["a\x1b[2J"], []) == [r"Unknown variable 'a\x1b[2J'."]


def test_other_environment_variables_are_none_of_our_business():
    assert _names.unknown_environment({"HOME": "/", "BREAKGLASS_EVENTS": "x", "BREAKGLASS": "x"}) == []
    assert re.search("Did you mean BREAKGLASS_STOP", " ".join(_names.unknown_environment({"BREAKGLASS_STOPP": "x"})))
