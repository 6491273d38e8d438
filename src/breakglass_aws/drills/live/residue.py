# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a live drill may have left in AWS: written down before it is made, and forgotten when it is gone for certain."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from breakglass_aws.engine import files
from breakglass_aws.engine.errors import RunbookError

FORMAT = "breakglass.aws/live-drill/1"
BUCKET, RECOVERY = "bucket", "password_recovery"


@dataclass
class Residue:
    """What may be left in one account; `left` has a mapping for each: kind, and of a bucket its name and region."""

    path: Path
    account: str
    left: list[dict[str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, reports: Path, account: str) -> Residue:
        """What earlier drills may have left. Raises RunbookError for a file that was changed by hand."""
        found = cls(reports / f"live-{account}.json", account)
        if not found.path.is_file():
            return found
        try:
            content: dict[str, Any] = json.loads(found.path.read_text(encoding="utf-8"))
            if content["format"] != FORMAT or content["account"] != account:
                raise ValueError
            found.left = [dict(one) for one in content["left"]]
        except (OSError, ValueError, KeyError, TypeError):
            raise RunbookError(
                f"{found.path} is damaged: what an earlier drill left in {account} is not known. Look for buckets "
                f"breakglass-drill-{account}-* and for a login profile of the root user, then delete the file."
            ) from None
        return found

    def note(self, kind: str, **details: str) -> None:
        """Write down what is about to be made."""
        self.left.append({"kind": kind, **details})
        self._write()

    def forget(self, kind: str, **details: str) -> None:
        """Strike out what is gone: all of a kind, or what has these details."""
        gone = {"kind": kind, **details}.items()
        self.left = [one for one in self.left if not gone <= one.items()]
        self._write()

    def words(self) -> str:
        """What may be left, for a person."""
        return ", ".join(
            f"the bucket {one['name']}" if one["kind"] == BUCKET else "an open password recovery of the root user"
            for one in self.left
        )

    def _write(self) -> None:
        if not self.left:
            self.path.unlink(missing_ok=True)
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        content = {"format": FORMAT, "account": self.account, "left": self.left}
        files.write(self.path, json.dumps(content, indent=2) + "\n")
