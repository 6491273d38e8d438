# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts and recoveries as a picture: a tile for each account, with a square for each of the nine recoveries.

A tile is an element with a class for each of its rows of three squares. A row has at most 64 patterns, so the style is
small however the verdicts differ. Five thousand accounts take 150 kB, wrap at any width, print, and need no script.
"""

from __future__ import annotations

from collections.abc import Sequence

from breakglass_aws.engine.posture.model import NO_OU, Account, Posture
from breakglass_aws.engine.web_page import text

VERDICTS = {"works": "w", "fails": "f", "unknown": "u", "not_applicable": "n"}
WORDS = {"works": "works", "fails": "would fail", "unknown": "not known", "not_applicable": "does not apply"}
_COLUMNS = 3
_SIZES = ((60, 34), (400, 24), (1500, 16), (10**9, 10))  # up to so many accounts, so many pixels


def ordered(posture: Posture) -> list[tuple[Account, str]]:
    """Return the accounts with their patterns in the order of the picture: by OU, the most failures first."""
    found = [(account, pattern_of(account, posture.recoveries)) for account in posture.accounts]
    return sorted(found, key=lambda one: _place(*one))


def _place(account: Account, pattern: str) -> tuple[list[str], list[int], str, str]:
    failures = [-pattern.count(letter) for letter in "fun"]
    return (account.ou or NO_OU).split("/"), failures, account.name, account.account_id


def pattern_of(account: Account, recoveries: Sequence[str]) -> str:
    """Return a letter for the verdict on each recovery: w, f, u, n."""
    verdicts = (account.recoveries.get(name, {}).get("verdict") for name in recoveries)
    return "".join(VERDICTS.get(str(verdict), "n") for verdict in verdicts)


def section(posture: Posture) -> str:
    """The picture, its legend, and a bar for each recovery. Empty when no recovery was judged."""
    recoveries = posture.recoveries
    if not recoveries:
        return ""
    accounts = [(account, pattern) for account, pattern in ordered(posture) if account.recoveries]
    return (
        '<section id="matrix"><h2>Accounts and recoveries</h2>'
        f"{_bars([account for account, _pattern in accounts], recoveries)}"
        f"{_legend(recoveries)}{_map(accounts)}</section>"
    )


def style(posture: Posture) -> str:
    """The style of the tiles: one class for each pattern of a row."""
    patterns = [pattern for account, pattern in ordered(posture) if account.recoveries]
    if not patterns:
        return ""
    size = next(pixels for most, pixels in _SIZES if len(patterns) <= most)
    rows = {one for pattern in set(patterns) for one in enumerate(_rows(pattern))}
    squares = [f".{_class(*one)} {{ --{_letter(one[0])}: {_squares(one[1])}; }}" for one in sorted(rows)]
    return "\n".join([f"#map {{ --tile: {size}px; }}", _background(len(_rows(patterns[0]))), *squares, ""])


def _rows(pattern: str) -> list[str]:
    """The letters of each row of the tile."""
    return [pattern[start : start + _COLUMNS] for start in range(0, len(pattern), _COLUMNS)]


def _letter(row: int) -> str:
    return f"r{row}"


def _class(row: int, letters: str) -> str:
    """The class of a row: its place, and its letters."""
    return f"{_letter(row)}{letters}"


def _squares(letters: str) -> str:
    """The squares of a row, as a gradient."""
    stops = [
        f"{f'var(--{letter})' if letter.strip() else 'transparent'} {start}% {start + 30}%"
        for letter, start in zip(letters.ljust(_COLUMNS), (0, 35, 70), strict=True)
    ]
    return f"linear-gradient(90deg,{stops[0]},transparent 30% 35%,{stops[1]},transparent 65% 70%,{stops[2]})"


def _background(rows: int) -> str:
    """Where the rows are in a tile."""
    height = 100 / (rows + (rows - 1) * 0.16)
    shown = ",".join(
        f"var(--{_letter(row)}) 0 {100 * row / max(1, rows - 1):.0f}%/100% {height:.1f}% no-repeat"
        for row in range(rows)
    )
    return f".tiles i {{ background: {shown}; }}"


def _map(accounts: Sequence[tuple[Account, str]]) -> str:
    units: dict[str, list[str]] = {}
    for account, pattern in accounts:
        tile = f'<i class="{" ".join(_class(*one) for one in enumerate(_rows(pattern)))}"></i>'
        units.setdefault(account.ou or NO_OU, []).append(tile)
    blocks = [
        f'<div class="plot"><h3>{text(path.partition("/")[2] or path)} <small>{len(tiles):,}</small></h3>'
        f'<div class="tiles">{"".join(tiles)}</div></div>'
        for path, tiles in units.items()
    ]
    ready = sum(account.readiness == "ready" for account, _pattern in accounts)
    label = f"{len(accounts)} accounts: in {ready} of them each recovery works that applies. The table below has them."
    return f'<div id="map" role="img" aria-label="{text(label)}">{"".join(blocks)}</div><div id="tip" hidden></div>'


def _legend(recoveries: Sequence[str]) -> str:
    """What a tile means: the place of each recovery, and the colours."""
    names = "".join(f"<span>{text(name)}</span>" for name in recoveries)
    colours = "".join(f'<span><i class="v-{letter}"></i>{WORDS[word]}</span>' for word, letter in VERDICTS.items())
    return (
        '<div class="reading"><p class="quiet">A tile is an account. Each of its squares is a recovery:</p>'
        f'<div class="places">{names}</div><p class="legend">{colours}</p></div>'
    )


def _bars(accounts: Sequence[Account], recoveries: Sequence[str]) -> str:
    """For each recovery, the share of accounts with each verdict."""
    rows = []
    for name in recoveries:
        verdicts = [str(account.recoveries.get(name, {}).get("verdict")) for account in accounts]
        counts = {word: verdicts.count(word) for word in VERDICTS}
        parts = "".join(
            f'<i class="v-{VERDICTS[word]}" style="flex-grow:{count}"></i>' for word, count in counts.items() if count
        )
        words = ", ".join(f"{count:,} {WORDS[word]}" for word, count in counts.items() if count)
        rows.append(
            f'<li><button type="button" data-recovery="{text(name)}">{text(name)}</button>'
            f'<div class="bar" aria-hidden="true">{parts}</div><span class="quiet">{words}</span></li>'
        )
    return f'<ul class="recoveries">{"".join(rows)}</ul>'
