# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a report."""

from __future__ import annotations

import hashlib
from pathlib import Path

from breakglass_aws.drills import result
from breakglass_aws.drills.history import reading
from breakglass_aws.drills.report.junit import as_xml
from breakglass_aws.drills.report.markdown import as_markdown
from breakglass_aws.drills.report.page import Proof, as_html
from breakglass_aws.drills.result import DrillResult
from breakglass_aws.engine import files
from breakglass_aws.engine.errors import RunbookError
from breakglass_aws.engine.evidence import ssh_signatures

PAGE, MARKDOWN, JUNIT = "index.html", "report.md", "junit.xml"
SIGNATURE = f"{result.FILE}.sig"
EARLIER = 10  # drills that the page lists


def write(drill: DrillResult, folder: Path, key: Path | None = None) -> Path:
    """Write the result and its reports into the folder of a drill; return the path of the page.

    Args:
        key: An SSH key that signs drill.json; None for no signature. The evidence's manifests are in drill.json by
            their SHA-256, so the signature covers the evidence too.

    Raises RunbookError when a file cannot be written, or when the key cannot sign; the report is then there, unsigned.
    """
    content = result.write(drill, folder).read_text(encoding="utf-8")
    (folder / SIGNATURE).unlink(missing_ok=True)  # of the result before
    refused: RunbookError | None = None
    fingerprint = ""
    if key:
        try:
            signature = ssh_signatures.sign(content, key)
            files.write(folder / SIGNATURE, signature)
            fingerprint = ssh_signatures.fingerprint_of(signature)
        except RunbookError as error:
            refused = error
    proof = Proof(hashlib.sha256(content.encode()).hexdigest(), fingerprint)
    earlier = [one for one in reading.read(folder.parent, EARLIER + 1).drills if one.folder != folder.name]
    files.write(folder / MARKDOWN, as_markdown(drill))
    files.write(folder / JUNIT, as_xml(drill))
    page = folder / PAGE
    files.write(page, as_html(drill, folder, proof, earlier[:EARLIER]))
    if refused:
        raise refused
    return page
