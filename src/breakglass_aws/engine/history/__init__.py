# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history of an organization: results of `breakglass ready` and `breakglass audit`, in one SQLite file.

    added = add(Path("history.db"), record_of(result))
    changes = changes_since(Path("history.db"), moment("30d"))

The file is readable for its owner only: it shows where to attack. It is never overwritten. A file that is damaged is
kept aside, and one of another organization, of a newer version or of another program is refused.
"""

from breakglass_aws.engine.history.changes import Change, changes_since
from breakglass_aws.engine.history.deleting import delete_account, delete_run, old_runs, prune
from breakglass_aws.engine.history.file import check
from breakglass_aws.engine.history.moments import moment
from breakglass_aws.engine.history.reading import Run, result_of, runs
from breakglass_aws.engine.history.records import Record, record_of, record_of_audit
from breakglass_aws.engine.history.trends import Point, trend
from breakglass_aws.engine.history.writing import Added, add

__all__ = [
    "Added",
    "Change",
    "Point",
    "Record",
    "Run",
    "add",
    "changes_since",
    "check",
    "delete_account",
    "delete_run",
    "moment",
    "old_runs",
    "prune",
    "record_of",
    "record_of_audit",
    "result_of",
    "runs",
    "trend",
]
