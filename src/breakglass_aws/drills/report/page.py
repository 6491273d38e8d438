# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a drill: the verdict first, then each scenario. One file; it needs neither network nor script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from breakglass_aws.drills.history.reading import PastDrill
from breakglass_aws.drills.pages import templates, words
from breakglass_aws.drills.pages.style import STYLE
from breakglass_aws.drills.report import timeline
from breakglass_aws.drills.report.seen import without_repetition
from breakglass_aws.drills.result import FAILED, INTERRUPTED, LIVE, NOT_RUN, PASSED, Check, DrillResult, ScenarioResult
from breakglass_aws.engine import web_page

VERDICTS = (PASSED, FAILED, INTERRUPTED, NOT_RUN)
WORST_FIRST = (FAILED, INTERRUPTED, NOT_RUN, PASSED)
PLACES = {LIVE: "live, in one account set aside in AWS"}
EXPLANATION = (
    "For each scenario, the damage was shown from outside, the runbook was run, and a judge that shares no code with "
    "it compared the state, CloudTrail and the evidence with what must be true."
)
LIVE_EXPLANATION = (
    "For each scenario, what it needs was made in the account, the runbook was run, and calls of the drill's own asked "
    "what must be true. In AWS, no judge compares the whole state or CloudTrail: sessions and changes are those of the "
    "evidence and of the drill."
)


@dataclass(frozen=True)
class View:
    """A scenario as the page shows it; `files` are labels and relative links of what is beside the page."""

    result: ScenarioResult
    anchor: str
    timeline: timeline.Timeline | None
    files: Sequence[tuple[str, str]]
    live: bool = False

    @property
    def checks(self) -> list[Check]:
        """What the judge found, without repetition."""
        return list(without_repetition(self.result.checks))

    @property
    def rank(self) -> int:
        """Its place in the overview: what did not pass comes first."""
        return WORST_FIRST.index(self.result.verdict) if self.result.verdict in WORST_FIRST else 0


@dataclass(frozen=True)
class Proof:
    """SHA-256 of drill.json, and the fingerprint of the key that signed it; empty without a signature."""

    digest: str
    key: str = ""


def as_html(drill: DrillResult, folder: Path, proof: Proof, earlier: Iterable[PastDrill] = ()) -> str:
    """The page of a drill. `folder` is where it will be: files of scenarios there are linked."""
    scenarios = drill.scenarios
    body = templates.render(
        __package__ or "",
        "page.html.j2",
        drill=drill,
        headline=headline(drill),
        explanation=LIVE_EXPLANATION if drill.kind == LIVE else EXPLANATION,
        place=place(drill),
        verdicts=verdicts(drill),
        seconds=elapsed(drill),
        work=sum(one.work_seconds for one in scenarios),
        people=sum(one.people_seconds for one in scenarios),
        sessions=sum(len(one.sessions) for one in scenarios),
        changes=sum(len(one.changes) for one in scenarios),
        views=[_view(index, one, folder, drill.kind == LIVE) for index, one in enumerate(scenarios, 1)],
        earlier=list(earlier),
        digest=proof.digest,
        signature=proof.key,
    )
    return web_page.document(f"Drill of {words.date_and_time(drill.started)}: {drill.verdict}", STYLE, body)


def headline(drill: DrillResult) -> str:
    """The verdict in one line, with the numbers behind it."""
    total = len(drill.scenarios)
    counts = dict(verdicts(drill))
    if total == 1:
        words_of = {PASSED: "Passed", FAILED: "FAILED", INTERRUPTED: "Interrupted"}
        return f"{words_of.get(drill.verdict, drill.verdict)}: {drill.scenarios[0].title}"
    if not total:
        return "FAILED: no scenario was run" if drill.verdict == FAILED else "Interrupted: no scenario was run"
    if drill.verdict == PASSED:
        return f"Passed: all {total} scenarios"
    others = ", ".join(f"{counts[one]} {one}" for one in (FAILED, INTERRUPTED, NOT_RUN) if counts.get(one))
    return (
        f"{'Interrupted' if drill.verdict == INTERRUPTED else 'FAILED'}: {counts[PASSED]} of {total} passed, {others}"
    )


def place(drill: DrillResult) -> str:
    """Where the drill was, and how people took part."""
    where = PLACES.get(drill.kind, "in a simulated organization")
    organization = f" ({drill.organization})" if drill.organization else ""
    return f"{where}{organization}, {drill.mode}"


def verdicts(drill: DrillResult) -> list[tuple[str, int]]:
    """How many scenarios have each verdict; those that none has are left out, except passed."""
    counts = Counter(one.verdict for one in drill.scenarios)
    return [(verdict, counts[verdict]) for verdict in VERDICTS if counts[verdict] or verdict == PASSED]


def elapsed(drill: DrillResult) -> float:
    """Seconds from the begin of the drill to its end; the sum of its scenarios when a time is missing."""
    begin, end = words.moment(drill.started), words.moment(drill.ended)
    return (end - begin).total_seconds() if begin and end else sum(one.seconds for one in drill.scenarios)


def _view(index: int, scenario: ScenarioResult, folder: Path, live: bool) -> View:
    return View(scenario, f"scenario-{index}", timeline.of(scenario), _files(scenario, folder), live)


def _files(scenario: ScenarioResult, folder: Path) -> list[tuple[str, str]]:
    """What there is to read of a scenario: the executed runbook, and the evidence."""
    beside = folder / scenario.name
    if not scenario.name or beside.parent != folder or not beside.is_dir():
        return []
    found = [path for kind in ("html", "ipynb") for path in sorted(beside.glob(f"*.{kind}"))]
    links = [(f"executed runbook ({path.name})", f"{scenario.name}/{path.name}") for path in found]
    evidence = scenario.evidence.folder
    return [*links, ("evidence", f"{evidence}/")] if evidence and (folder / evidence).is_dir() else links
