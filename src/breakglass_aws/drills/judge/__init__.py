# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge looks at an organization from outside, and shares no code with what it judges.

judge = Judge(url, expectations)
before = judge.observe()
...  # the runbook runs; faults are cleared
after = judge.observe()
checks = judge.judge(before, after, [evidence_folder], artifacts_folder, Reported(outcome, exit_status))
"""

from breakglass_aws.drills.judge.connection import Unanswered
from breakglass_aws.drills.judge.expectations import (
    ALLOWED,
    ANY,
    DENIED,
    PEOPLE,
    Change,
    Expectations,
    Probe,
    Reported,
    StateQuestion,
)
from breakglass_aws.drills.judge.observation import Observation
from breakglass_aws.drills.judge.verdict import Judge

__all__ = [
    "ALLOWED",
    "ANY",
    "DENIED",
    "PEOPLE",
    "Change",
    "Expectations",
    "Judge",
    "Observation",
    "Probe",
    "Reported",
    "StateQuestion",
    "Unanswered",
]
