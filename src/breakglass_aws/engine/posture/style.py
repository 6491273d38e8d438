# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The style of the page: light or dark as the reader's system is, readable at 390 pixels and in print."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --quiet: #59636e; --page: #f6f8fa; --paper: #fff; --line: #d1d9e0;
  --critical: #b42318; --high: #b54708; --unknown: #6941c6; --medium: #8a6d00; --low: #57606a; --clean: #1a7f37;
  --skipped: #818b98; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --quiet: #9aa4af; --page: #0d1117; --paper: #161b22;
  --line: #30363d; --critical: #ff7b72; --high: #ffa657; --unknown: #b392f0; --medium: #e3b341; --low: #9aa4af;
  --clean: #56d364; --skipped: #6e7681; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 24px; }
h1 { font-size: 26px; margin: 0; line-height: 1.25; } h2 { font-size: 20px; margin: 32px 0 8px; }
h3 { font-size: 16px; margin: 0; font-weight: 600; } h3 small { color: var(--quiet); font-weight: 400; }
p { margin: 6px 0; max-width: 85ch; } .quiet { color: var(--quiet); }
code { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(105px, 1fr)); gap: 10px; margin: 16px 0 10px; }
.card { background: var(--paper); border: 1px solid var(--line); border-top: 4px solid var(--quiet); border-radius: 6px;
  padding: 8px 12px; }
.card b { display: block; font-size: 24px; line-height: 1.2; }
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
article { background: var(--paper); border: 1px solid var(--line); border-left: 5px solid var(--quiet);
  border-radius: 6px; padding: 12px 16px; margin: 12px 0; }
article.critical { border-left-color: var(--critical); } article.high { border-left-color: var(--high); }
article.unknown { border-left-color: var(--unknown); } article.medium { border-left-color: var(--medium); }
.badge { display: inline-block; border: 1px solid currentColor; border-radius: 10px; padding: 0 8px;
  font-size: 12px;
  font-weight: 600; line-height: 18px; white-space: nowrap; color: var(--quiet); }
.badge.critical { color: var(--critical); } .badge.high { color: var(--high); }
.badge.unknown { color: var(--unknown); }
.badge.medium { color: var(--medium); } .badge.clean { color: var(--clean); }
ul { list-style: none; margin: 8px 0 0; padding: 0; }
.row { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); gap: 2px 16px; padding: 6px 0;
  border-top: 1px solid var(--line); }
.row span { overflow-wrap: anywhere; } .row small { display: block; color: var(--quiet); }
.what > span { display: block; }
summary { cursor: pointer; } article > details > summary, #skipped > details > summary, .unit > details > summary {
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
  main { padding: 14px; } h1 { font-size: 22px; }
  .cards { grid-template-columns: repeat(auto-fit, minmax(92px, 1fr)); gap: 8px; } .card { padding: 6px 10px; }
  .row { grid-template-columns: minmax(0, 1fr); }
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
article { scroll-margin-top: 12px; }
@media print { body { background: #fff; } article, .unit { break-inside: avoid; }
  main { max-width: none; padding: 0; } }
"""
