# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts and recoveries as a picture: a tile for each account, with a square for each of the nine recoveries.

Tiles are elements with one class: the class of their pattern of verdicts. Few patterns exist, because policies bind
whole OUs. So five thousand accounts take 100 kB, wrap at any width, print, and need no script.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

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
    """The style of the tiles: one class for each pattern of verdicts."""
    accounts = [(account, pattern) for account, pattern in ordered(posture) if account.recoveries]
    size = next(pixels for most, pixels in _SIZES if len(accounts) <= most)
    patterns = _patterns(pattern for _account, pattern in accounts)
    tiles = [f".g{number} {{ {_background(pattern)} }}" for pattern, number in patterns.items()]
    return "\n".join([f"#map {{ --tile: {size}px; }}", *tiles, ""])


def _patterns(found: Iterable[str]) -> dict[str, int]:
    """The patterns that occur, with a number for each."""
    return {pattern: number for number, pattern in enumerate(dict.fromkeys(found))}


def _background(pattern: str) -> str:
    """The squares of a pattern, as gradients: one for each row of three."""
    rows = max(1, math.ceil(len(pattern) / _COLUMNS))
    height = 100 / (rows + (rows - 1) * 0.16)
    images, places = [], []
    for row in range(rows):
        letters = pattern[row * _COLUMNS : (row + 1) * _COLUMNS].ljust(_COLUMNS)
        stops = [
            f"{f'var(--{letter})' if letter.strip() else 'transparent'} {start}% {start + 30}%"
            for letter, start in zip(letters, (0, 35, 70), strict=True)
        ]
        gaps = ("transparent 30% 35%", "transparent 65% 70%")
        images.append(f"linear-gradient(90deg,{stops[0]},{gaps[0]},{stops[1]},{gaps[1]},{stops[2]})")
        places.append(f"0 {100 * row / max(1, rows - 1):.0f}%/100% {height:.1f}%")
    shown = ",".join(f"{image} {place} no-repeat" for image, place in zip(images, places, strict=True))
    return f"background: {shown};"


def _map(accounts: Sequence[tuple[Account, str]]) -> str:
    patterns = _patterns(pattern for _account, pattern in accounts)
    units: dict[str, list[str]] = {}
    for account, pattern in accounts:
        tile = f"<i class=g{patterns[pattern]}></i>"
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
