# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result as JUnit XML, which CI systems read: one test suite a drill, one test case a scenario.

It is valid by both schemas in use: that of Ant's JUnit task (JUnit.xsd), which is the strict one, and that of Jenkins'
xUnit plugin (junit-10.xsd). What JUnit has no word for (findings, root sessions) is in `system-out`.
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
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(suites, "testsuite", _numbers(drill))
    properties = ElementTree.SubElement(suite, "properties")
    facts = {"kind": drill.kind, "mode": drill.mode, "by": drill.by, "organization": drill.organization}
    for name, value in {**facts, **drill.versions}.items():
        ElementTree.SubElement(properties, "property", {"name": _text(name) or "-", "value": _text(value)})
    for one in drill.scenarios:
        _case(suite, one)
    lines = [line for one in drill.scenarios for line in _said(one)]
    ElementTree.SubElement(suite, "system-out").text = _text("\n".join(lines))
    ElementTree.SubElement(suite, "system-err")
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _numbers(drill: DrillResult) -> dict[str, str]:
    """The attributes of the suite; both schemas need all of them, but `skipped`."""
    verdicts = [one.verdict for one in drill.scenarios]
    return {
        "name": "breakglass drill",
        "package": "breakglass.drill",
        "id": "0",
        "hostname": "localhost",  # where the simulated organization is
        "timestamp": f"{words.moment(drill.started) or words.EPOCH:%Y-%m-%dT%H:%M:%S}",
        "tests": str(len(verdicts)),
        "failures": str(verdicts.count(FAILED)),
        "errors": str(verdicts.count(INTERRUPTED)),
        "skipped": str(verdicts.count(NOT_RUN)),
        "time": _seconds(sum(one.seconds for one in drill.scenarios)),
    }


def _case(suite: ElementTree.Element, one: ScenarioResult) -> None:
    names = {"name": _text(one.name), "classname": _text(f"drill.{one.runbook}"), "time": _seconds(one.seconds)}
    case = ElementTree.SubElement(suite, "testcase", names)
    why = [_text(reason) for reason in one.why]
    if one.verdict == NOT_RUN:
        ElementTree.SubElement(case, "skipped", {"message": "; ".join(why) or "It was not run."})
    elif not one.passed:
        kind = "error" if one.verdict == INTERRUPTED else "failure"
        message = why[0] if why else _text(one.verdict)
        problem = ElementTree.SubElement(case, kind, {"message": message, "type": _text(one.verdict)})
        problem.text = "\n".join([*why, *map(_text, _said(one))])


def _said(one: ScenarioResult) -> Iterator[str]:
    yield f"{one.name}: {one.title}"
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
