# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result as JUnit XML, which CI systems read: one test suite a drill, one test case a scenario.

The elements and attributes are those that the schema of Jenkins' xUnit plugin allows; Jenkins, GitLab and the usual
GitHub actions read them. What JUnit has no word for (findings, sessions) is in `system-out`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from breakglass_aws.drills.pages import words
from breakglass_aws.drills.result import FAILED, INTERRUPTED, NOT_RUN, DrillResult, ScenarioResult
from breakglass_aws.engine import collection

# Characters that XML 1.0 cannot hold, not even as references: https://www.w3.org/TR/xml/#charsets
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_xml(drill: DrillResult) -> str:
    """The test suite of a drill. A scenario that was not run is skipped; an interrupted one is an error."""
    verdicts = [one.verdict for one in drill.scenarios]
    numbers = {
        "tests": str(len(verdicts)),
        "failures": str(verdicts.count(FAILED)),
        "errors": str(verdicts.count(INTERRUPTED)),
        "time": _seconds(sum(one.seconds for one in drill.scenarios)),
    }
    suites = ElementTree.Element("testsuites", {"name": "breakglass drill", **numbers})
    begun = words.moment(drill.started)
    stamp = {"timestamp": f"{begun:%Y-%m-%dT%H:%M:%S}"} if begun else {}
    suite = ElementTree.SubElement(
        suites, "testsuite", {"name": "breakglass drill", **numbers, "skipped": str(verdicts.count(NOT_RUN)), **stamp}
    )
    properties = ElementTree.SubElement(suite, "properties")
    facts = {"kind": drill.kind, "mode": drill.mode, "by": drill.by, "organization": drill.organization}
    for name, value in {**facts, **drill.versions}.items():
        ElementTree.SubElement(properties, "property", {"name": _text(name), "value": _text(value)})
    for one in drill.scenarios:
        _case(suite, one)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ElementTree.Element, one: ScenarioResult) -> None:
    names = {"name": _text(one.name), "classname": _text(f"drill.{one.runbook}"), "time": _seconds(one.seconds)}
    case = ElementTree.SubElement(suite, "testcase", names)
    why = [_text(reason) for reason in one.why]
    if one.verdict == NOT_RUN:
        ElementTree.SubElement(case, "skipped", {"message": "; ".join(why) or "It was not run."})
    elif not one.passed:
        kind = "error" if one.verdict == INTERRUPTED else "failure"
        problem = ElementTree.SubElement(case, kind, {"message": why[0] if why else one.verdict, "type": one.verdict})
        problem.text = "\n".join(why)
    ElementTree.SubElement(case, "system-out").text = _text("\n".join(_said(one)))


def _said(one: ScenarioResult) -> Iterator[str]:
    yield one.title
    yield f"outcome: {one.outcome or 'none'} (expected: {one.expected_outcome or 'any'}), exit status {one.exit_status}"
    for check in one.checks:
        yield f"{'ok' if check.passed else 'NOT OK'}: {check.question} {check.details}".rstrip()
    for session in one.sessions:
        yield f"root session in {session.account}, key {session.access_key_id}: {session.task}"


def _seconds(value: float) -> str:
    return f"{max(value, 0):.3f}"


def _text(value: object) -> str:
    """The value as XML can hold it: control characters are shown as escapes."""
    shown: str = collection.module_util("_redaction").visible(str(value))
    return _NO_XML.sub("\ufffd", shown)
