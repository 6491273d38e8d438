# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sections of the page that come from a history: what changed, and how the organization develops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Protocol

from breakglass_aws.engine.posture.page_parts import SHOWN
from breakglass_aws.engine.web_page import text

MOST = 200  # changes of a kind on the page: one new policy may be a change in thousands of accounts
_WIDTH, _HEIGHT = 340, 96
_LINES = {"ready": "clean", "not_ready": "critical", "unknown": "unknown"}
_WORDS = {"ready": "ready", "not_ready": "not ready", "unknown": "not known"}


class ShownChange(Protocol):
    """What is shown of a change, see history.Change."""

    @property
    def kind(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def worse(self) -> bool: ...
    @property
    def account_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def organizational_unit(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def fix(self) -> str: ...
    @property
    def when(self) -> str: ...


class ShownPoint(Protocol):
    """What is shown of a run, see history.Point."""

    @property
    def read_at(self) -> str: ...
    @property
    def accounts(self) -> int: ...
    @property
    def counts(self) -> Mapping[str, int]: ...
    @property
    def verdicts(self) -> Mapping[str, Mapping[str, int]]: ...
    @property
    def root_credentials(self) -> int | None: ...


def changes_section(changes: Sequence[ShownChange], since: str) -> str:
    """What changed, one article for each kind of change. Empty without a history."""
    if not since:
        return ""
    body = "".join(_changes(list(group)) for _kind, group in groupby(changes, key=lambda one: one.kind))
    nothing = "" if changes else "<p>Nothing changed in what was read.</p>"
    return f'<section id="changes"><h2>What changed since {text(since[:10])}</h2>{nothing}{body}</section>'


def _changes(changes: Sequence[ShownChange]) -> str:
    rows = [
        f'<li class="row"><span class="who"><b>{text(one.name or "(no name)")}</b> <code>{text(one.account_id)}</code>'
        f'<small>{text(one.organizational_unit)}</small></span><span class="what"><span>{text(one.words)}</span>'
        f"<small>{text(' '.join(filter(None, (one.when, one.fix))))}</small></span></li>"
        for one in changes[:MOST]
    ]
    first, rest = rows[:SHOWN], rows[SHOWN:]
    more = f"<details><summary>{len(rest):,} more</summary><ul>{''.join(rest)}</ul></details>" if rest else ""
    if len(changes) > MOST:
        more += f"<p>{len(changes) - MOST:,} more: see <code>breakglass history changes</code>.</p>"
    severity = "high" if changes[0].worse else "clean"
    return (
        f'<article class="{severity}"><h3>{text(changes[0].title)} <small>{len(changes):,}</small></h3>'
        f"<ul>{''.join(first)}</ul>{more}</article>"
    )


def trend_section(points: Sequence[ShownPoint]) -> str:
    """Readiness and root credentials over time, as pictures. Empty with fewer than two runs."""
    judged = [point for point in points if point.verdicts]
    credentials = [point for point in points if point.root_credentials is not None]
    figures = []
    if len(judged) > 1:
        lines = {name: [point.counts[name] for point in judged] for name in _LINES}
        figures.append(_figure("Accounts by readiness", [point.read_at for point in judged], lines, _LINES, _WORDS))
    if len(credentials) > 1:
        values = {"root": [point.root_credentials or 0 for point in credentials]}
        times = [point.read_at for point in credentials]
        names = {"root": "accounts with root credentials"}
        figures.append(_figure("Root credentials", times, values, {"root": "high"}, names))
    if len(judged) > 1:
        for recovery in judged[-1].verdicts:
            values = {"fails": [point.verdicts.get(recovery, {}).get("fails", 0) for point in judged]}
            if any(values["fails"]):
                times = [point.read_at for point in judged]
                figures.append(_figure(recovery, times, values, {"fails": "critical"}, {"fails": "would fail"}))
    if not figures:
        return ""
    return f'<section id="trend"><h2>Over time</h2><div class="figures">{"".join(figures)}</div></section>'


def _figure(
    title: str,
    times: Sequence[str],
    lines: Mapping[str, Sequence[int]],
    colours: Mapping[str, str],
    words: Mapping[str, str],
) -> str:
    """Lines over runs. Each step is a run, however long ago the one before it was."""
    most = max(1, *(value for values in lines.values() for value in values))
    step = _WIDTH / (len(times) - 1)
    drawn = []
    for name, values in lines.items():
        places = [(place * step, _HEIGHT - value * _HEIGHT / most) for place, value in enumerate(values)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        drawn.append(
            f'<polyline points="{path}" class="line {colours[name]}"/>'
            f'<circle cx="{places[-1][0]:.1f}" cy="{places[-1][1]:.1f}" r="3.5" class="line {colours[name]}"/>'
        )
    keys = "".join(
        f'<span><i class="{colours[name]}"></i>{values[-1]:,} {text(words[name])}</span>'
        for name, values in lines.items()
    )
    said = "; ".join(f"{words[name]}: {values[0]} to {values[-1]}" for name, values in lines.items())
    return (
        f'<figure><figcaption>{text(title)}</figcaption><svg viewBox="-6 -8 {_WIDTH + 12} {_HEIGHT + 30}" role="img" '
        f'aria-label="{text(f"{title}, {times[0][:10]} to {times[-1][:10]}. {said}")}">'
        f'<path d="M0 0H{_WIDTH}M0 {_HEIGHT}H{_WIDTH}" class="grid"/>{"".join(drawn)}'
        f'<text x="0" y="{_HEIGHT + 18}">{text(times[0][:10])}</text>'
        f'<text x="{_WIDTH}" y="{_HEIGHT + 18}" text-anchor="end">{text(times[-1][:10])}</text>'
        f'<text x="{_WIDTH}" y="-1" text-anchor="end" class="most">{most:,}</text></svg>'
        f'<p class="legend">{keys}</p></figure>'
    )
