# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the style of this page has beyond that of all pages: colours of severities, the contents, the tree of OUs."""

from __future__ import annotations

STYLE = """
.card.critical { border-top-color: var(--critical); } .card.high { border-top-color: var(--high); }
.card.unknown { border-top-color: var(--unknown); } .card.medium { border-top-color: var(--medium); }
.card.low { border-top-color: var(--low); } .card.clean { border-top-color: var(--clean); }
.card.skipped { border-top-color: var(--skipped); }
.bar { display: flex; height: 8px; gap: 1px; border-radius: 4px; overflow: hidden; background: var(--line); }
.bar i { min-width: 3px; flex-basis: 0; }
.legend i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 5px; }
i.critical { background: var(--critical); } i.high { background: var(--high); }
i.unknown { background: var(--unknown); }
i.medium { background: var(--medium); } i.low { background: var(--low); } i.clean { background: var(--clean); }
i.skipped { background: var(--skipped); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; color: var(--quiet); font-size: 13px; max-width: none; }
article.critical { border-left-color: var(--critical); } article.high { border-left-color: var(--high); }
article.unknown { border-left-color: var(--unknown); } article.medium { border-left-color: var(--medium); }
.badge.critical { color: var(--critical); } .badge.high { color: var(--high); }
.badge.unknown { color: var(--unknown); }
.badge.medium { color: var(--medium); } .badge.clean { color: var(--clean); }
.what > span { display: block; }
article > details > summary, #skipped > details > summary, .unit > details > summary {
  padding: 6px 0; color: var(--quiet); }
.unit { background: var(--paper); border: 1px solid var(--line); border-radius: 6px; padding: 8px 12px;
  margin: 6px 0 6px calc(var(--depth) * 22px); }
.unit > summary { display: grid; grid-template-columns: minmax(150px, 1.3fr) 116px minmax(120px, 1.4fr) minmax(0, 3fr);
  gap: 4px 14px; align-items: center; list-style-position: inside; }
.unit > summary .name { font-weight: 600; overflow-wrap: anywhere; }
.unit > summary .total { color: var(--quiet); white-space: nowrap; }
.unit > summary .name::before { content: "\\25B8\\00A0"; color: var(--quiet); }
.unit[open] > summary .name::before { content: "\\25BE\\00A0"; }
.counts { display: flex; flex-wrap: wrap; gap: 3px 6px; }
@media (max-width: 760px) {
  .unit { margin-left: calc(var(--depth) * 10px); }
  .unit > summary { grid-template-columns: minmax(0, 1fr) auto; }
  .unit > summary .bar, .unit > summary .counts { grid-column: 1 / -1; }
}
nav ul { background: var(--paper); border: 1px solid var(--line); border-radius: 6px; margin: 14px 0 0; }
nav li + li { border-top: 1px solid var(--line); }
nav a { display: grid; grid-template-columns: 82px minmax(0, 1fr) auto; gap: 10px; align-items: center;
  padding: 7px 14px; color: inherit; text-decoration: none; }
nav a:hover { background: var(--page); } nav a > span:first-child:not(.badge) { grid-column: 1 / 3; }
nav .badge { justify-self: start; }
@media print { .unit { break-inside: avoid; } }
"""
