# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report in Markdown, for a ticket or a wiki: verdicts, findings, people and root sessions."""

from __future__ import annotations

from collections.abc import Iterator

from breakglass_aws.drills.pages import words
from breakglass_aws.drills.report import page
from breakglass_aws.drills.report.seen import without_repetition
from breakglass_aws.drills.result import DrillResult, ScenarioResult
from breakglass_aws.engine.display.safe_text import markdown, markdown_code, markdown_with_lists, one_line


def as_markdown(drill: DrillResult) -> str:
    """The report of a drill. All text of results is escaped."""
    return "\n".join(_lines(drill)) + "\n"


def _lines(drill: DrillResult) -> Iterator[str]:
    yield f"# {_text(page.headline(drill))}"
    yield ""
    by = f", run by {_text(drill.by)}" if drill.by else ""
    yield f"Break-glass drill {_text(page.place(drill))}. {words.date_and_time(drill.started)}{by}."
    yield ""
    yield "| scenario | runbook | verdict | time | objective | outcome |"
    yield "|---|---|---|---|---|---|"
    for one in drill.scenarios:
        yield _row(
            _text(one.title),
            _code(one.runbook),
            _text(one.verdict),
            words.duration(one.seconds) if one.started else "-",
            words.duration(one.objective_seconds) if one.objective_seconds else "-",
            _text(one.outcome or "-"),
        )
    for one in drill.scenarios:
        yield from _scenario(one)
    yield ""
    yield "## Versions"
    yield ""
    for name, version in drill.versions.items():
        yield f"- {_text(name)} {_text(version)}"


def _scenario(one: ScenarioResult) -> Iterator[str]:
    yield ""
    yield f"## {_text(one.title)}: {_text(one.verdict)}"
    yield ""
    yield f"Scenario {_code(one.name)}, runbook {_code(one.runbook)}."
    yield ""
    yield markdown(one_line(one.story))
    for reason in one.why:
        yield f"- **{_text(reason)}**" if reason is not one.why[0] else f"\n- **{_text(reason)}**"
    if one.checks:
        yield "\n| the judge asked | | before | after | details |\n|---|---|---|---|---|"
    for check in without_repetition(one.checks):
        seen = (_text(check.before or ""), _text(check.after or ""))
        yield _row(_text(check.question), "yes" if check.passed else "**NO**", *seen, _text(check.details))
    if one.people:
        yield "\n| person | part | did |\n|---|---|---|"
    for person in one.people:
        yield _row(_text(person.name), _text(person.part), _text("; ".join(person.did) or "nothing"))
    if one.sessions:
        yield "\n| root session (UTC) | opened by | account | access key | for | calls |\n|---|---|---|---|---|---|"
    for session in one.sessions:
        task = _text(session.task) + ("" if session.in_evidence else " **(not in the evidence)**")
        who = (_code(session.opener), _code(session.account), _code(session.access_key_id))
        yield _row(words.clock(session.time), *who, task, str(session.calls))
    if one.evidence.manifest:
        state = f"{'verified' if one.evidence.verified else 'NOT VERIFIED'}, "
        state += "signed" if one.evidence.signed else "not signed"
        yield f"\nEvidence: manifest {_code(one.evidence.manifest)}, {state}."


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _text(value: object) -> str:
    """Text of a result inside of a line, also in a cell of a table. What would begin a block there begins none."""
    return markdown_with_lists(one_line(value)).replace("|", "\\|")


def _code(value: object) -> str:
    """Code, also in a cell of a table, which ends at a pipe in code too."""
    return markdown_code(value).replace("|", "\\|")
