# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings in the Open Cybersecurity Schema Framework, for Amazon Security Lake and SIEMs.

A finding, and a recovery that would fail or is not known to work, is a Compliance Finding (class 2003). A change since
an earlier run is a Detection Finding (class 2004): it happened between two times. https://schema.ocsf.io/1.5.0/
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from breakglass_aws.engine import times
from breakglass_aws.engine.posture import kinds
from breakglass_aws.engine.posture.codes import identity_of
from breakglass_aws.engine.posture.frameworks import Controls, controls_of, controls_of_reason
from breakglass_aws.engine.posture.model import Account, Posture
from breakglass_aws.engine.posture.page_history import ShownChange
from breakglass_aws.engine.web_page import visible_data
from breakglass_aws.version import __version__

VERSION = "1.5.0"
_SEVERITIES = {
    kinds.CRITICAL: (5, "Critical"),
    kinds.HIGH: (4, "High"),
    kinds.MEDIUM: (3, "Medium"),
    kinds.LOW: (2, "Low"),
    kinds.UNKNOWN: (0, "Unknown"),
}
_COMPLIANCE, _DETECTION = (2003, "Compliance Finding"), (2004, "Detection Finding")
_AWS_ACCOUNT = (10, "AWS Account")
_PLAYBOOK_TIME = "%Y-%m-%d %H:%M UTC"  # of the playbooks, which write it for people

Event = dict[str, Any]


def as_ocsf(posture: Posture, changes: Sequence[ShownChange] = ()) -> str:
    """The findings as a JSON array of OCSF events; with the changes, if there are any, as detections."""
    time = _milliseconds(posture.made)
    found = [event for account in posture.accounts for event in _of_account(posture, account, time)]
    found += [_detection(posture, change, time) for change in changes]
    return json.dumps(visible_data(found), indent=1, ensure_ascii=False) + "\n"


def _of_account(posture: Posture, account: Account, time: int) -> Iterator[Event]:
    for finding in account.findings:
        kind = finding.kind
        failed = kind.severity != kinds.UNKNOWN
        yield {
            **_event(posture, _COMPLIANCE, time, kind.severity),
            **_place(posture, account),
            "message": f"{kind.title}: {finding.detail}" if finding.detail else kind.title,
            "finding_info": _info(
                posture, account, time, kind.name, kind.title, finding.detail, identity_of(kind.name, finding.detail)
            ),
            "compliance": _compliance(kind.name, controls_of(kind.name), failed),
            **_remediation(finding.fix or kind.advice),
        }
    for recovery, judged in account.recoveries.items():
        if judged["verdict"] in ("fails", "unknown"):
            yield _of_recovery(posture, account, time, recovery, judged)


def _of_recovery(posture: Posture, account: Account, time: int, recovery: str, judged: Mapping[str, Any]) -> Event:
    reasons = judged["reasons"]
    failed = judged["verdict"] == "fails"
    title = f"Recovery {recovery} {'would fail' if failed else 'is not known to work'}"
    text = " ".join(str(reason.get("text") or "") for reason in reasons)
    controls: dict[str, tuple[str, ...]] = {}
    for reason in reasons if failed else ():
        controls.update(controls_of_reason(str(reason["code"]), [recovery]))
    return {
        **_event(posture, _COMPLIANCE, time, kinds.HIGH if failed else kinds.UNKNOWN),
        **_place(posture, account),
        "message": f"{title}: {text}" if text else title,
        "finding_info": _info(posture, account, time, f"recovery_{recovery}", title, text),
        "compliance": _compliance(f"recovery_{recovery}", controls, failed),
        **_remediation(" ".join(dict.fromkeys(str(reason.get("fix") or "") for reason in reasons)).strip()),
    }


def _detection(posture: Posture, change: ShownChange, time: int) -> Event:
    account = Account(change.account_id, change.name, change.organizational_unit)
    info = _info(posture, account, time, f"{change.kind}/{change.subject}", change.title, change.words, [change.words])
    return {
        **_event(posture, _DETECTION, time, kinds.HIGH if change.worse else kinds.LOW),
        **_place(posture, account),
        "message": f"{change.title}: {change.words}",
        "is_alert": change.worse,
        "finding_info": info,
        **_remediation(change.fix),
    }


def _event(posture: Posture, of_class: tuple[int, str], time: int, severity: str) -> Event:
    uid, name = of_class
    severity_id, caption = _SEVERITIES[severity]
    metadata = {
        "version": VERSION,
        "profiles": ["cloud"],
        "product": {"name": "breakglass.aws", "vendor_name": "breakglass.aws contributors", "version": __version__},
        **({"tenant_uid": posture.organization} if posture.organization else {}),
    }
    return {
        "activity_id": 1,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": uid,
        "class_name": name,
        "type_uid": uid * 100 + 1,
        "type_name": f"{name}: Create",
        "time": time,
        "severity_id": severity_id,
        "severity": caption,
        "status_id": 1,
        "status": "New",
        "metadata": metadata,
    }


def _place(posture: Posture, account: Account) -> Event:
    type_id, caption = _AWS_ACCOUNT
    name = {"name": account.name} if account.name else {}
    cloud: Event = {
        "provider": "AWS",
        "account": {"uid": account.account_id, "type_id": type_id, "type": caption, **name},
    }
    if posture.organization:
        cloud["org"] = {"uid": posture.organization, **({"ou_name": account.ou} if account.ou else {})}
    return {"cloud": cloud, "resources": [{"uid": account.account_id, "type": "AWS::::Account", **name}]}


def _info(
    posture: Posture, account: Account, time: int, code: str, title: str, detail: str, identity: Sequence[str] = ()
) -> Event:
    """What a finding is. Its ID is the same in each run, as long as it is the same finding."""
    parts = (posture.organization, account.account_id, code, *identity)
    uid = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
    return {"uid": uid, "title": title, "desc": detail or title, "types": [code], "created_time": time}


def _compliance(control: str, controls: Controls, failed: bool) -> Event:
    """The control is ours. The standards and their requirements are those that the finding belongs to."""
    return {
        "control": control,
        "standards": list(controls) or ["breakglass.aws"],
        "requirements": [f"{framework} {one}" for framework, found in controls.items() for one in found],
        "status_id": 3 if failed else 0,
        "status": "Fail" if failed else "Unknown",
    }


def _remediation(fix: str) -> Event:
    return {"remediation": {"desc": fix}} if fix else {}


def _milliseconds(made: str) -> int:
    """The time of the report since the epoch; the present one when it is not known."""
    for parse in (datetime.fromisoformat, lambda text: datetime.strptime(text, _PLAYBOOK_TIME)):
        try:
            found = parse(made)
        except ValueError:
            continue
        return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
    return int(times.now().timestamp() * 1000)
