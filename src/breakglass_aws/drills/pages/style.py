# Copyright (c) 2026 breakglass.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The style of the pages, beyond that of all self-contained pages: readable at 390 pixels and on A4."""

from __future__ import annotations

STYLE = """
:root { --step: #4a7fb5; --step2: #7ba5cf; --gate: #8250df; --wait: #bf8700; --fault: #cf222e; --judge: #1a7f37;
  --good: #dafbe1; --bad: #ffebe9; --warn: #fff1cc; }
@media (prefers-color-scheme: dark) { :root { --step: #5e96cf; --step2: #3f6f9f; --gate: #a371f7; --wait: #d29922;
  --fault: #ff7b72; --judge: #56d364; --good: #12351c; --bad: #471b1b; --warn: #3b2e0c; } }
a { color: #0969da; color: light-dark(#0969da, #58a6ff); } .kicker { margin: 0 0 4px; color: var(--quiet); }
header.verdict { background: var(--paper); border: 1px solid var(--line); border-top: 6px solid var(--quiet);
  border-radius: 8px; padding: 16px 20px; }
header.clean { border-top-color: var(--clean); } header.critical { border-top-color: var(--critical); }
header.high { border-top-color: var(--high); }
header.clean h1 { color: var(--clean); } header.critical h1 { color: var(--critical); }
header.high h1 { color: var(--high); }
.card.clean { border-top-color: var(--clean); } .card.critical { border-top-color: var(--critical); }
.card.high { border-top-color: var(--high); } .card.medium { border-top-color: var(--medium); }
.card b { white-space: nowrap; font-size: 21px; }
.cards { grid-template-columns: repeat(auto-fit, minmax(136px, 1fr)); }
.badge.clean { color: var(--clean); background: var(--good); } .badge.high { color: var(--high); }
.badge.critical { color: var(--critical); background: var(--bad); } .badge.medium { color: var(--medium); }
.badge.unknown { color: var(--unknown); }
article.clean { border-left-color: var(--clean); } article.critical { border-left-color: var(--critical); }
article.high { border-left-color: var(--high); }
article h3 { margin: 20px 0 4px; } article > h2 { margin: 0 0 4px; }
.why { background: var(--bad); border-radius: 6px; padding: 8px 12px; margin: 10px 0; }
.why li { overflow-wrap: anywhere; } .why li + li { border-top: 1px solid var(--line); }
.overview .row { grid-template-columns: 96px minmax(0, 5fr) minmax(0, 3fr) minmax(0, 2fr); align-items: center; }
.overview .row small { overflow-wrap: anywhere; }
.overview { background: var(--paper); border: 1px solid var(--line); border-radius: 6px; padding: 0 14px 4px; }
.overview .row:first-child { border-top: none; }
.scroll { overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: 6px 0; }
th, td { text-align: left; vertical-align: top; padding: 4px 10px 4px 0; border-bottom: 1px solid var(--line); }
td { overflow-wrap: anywhere; } th { font-weight: 600; color: var(--quiet); font-size: 13px; }
.whole { white-space: nowrap; } td.num { white-space: nowrap; font-variant-numeric: tabular-nums; }
.check { display: grid; grid-template-columns: 24px minmax(0, 3fr) minmax(0, 4fr); gap: 2px 8px; padding: 5px 0;
  border-top: 1px solid var(--line); }
.check > b { text-align: center; } .check.yes > b { color: var(--clean); } .check.no > b { color: var(--critical); }
.check.no { background: var(--bad); } .check span { overflow-wrap: anywhere; } .check small { color: var(--quiet);
  display: block; }
.facts { display: grid; grid-template-columns: minmax(100px, max-content) minmax(0, 1fr); gap: 3px 16px;
  margin: 6px 0; }
.facts dt { color: var(--quiet); } .facts dd { margin: 0; overflow-wrap: anywhere; }
.spent { display: flex; position: relative; height: 12px; border-radius: 4px; background: var(--line); margin: 4px 0;
  overflow: hidden; }
.spent i { height: 100%; } .spent .work { background: var(--step); } .spent .people { background: var(--wait); }
.spent .other { background: var(--skipped); } .spent .over { background: var(--critical); }
.spent .mark { position: absolute; width: 2px; background: var(--ink); }
svg.timeline { display: block; width: 100%; overflow: visible; margin: 8px 0 0; font: 12px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .axis { fill: var(--quiet); font-size: 11px; } svg .grid { stroke: var(--line); }
svg .band { fill: var(--page); } svg .lane { font-weight: 600; }
svg.timeline .n { fill: #fff; font-size: 11px; font-weight: 600; }
svg.timeline .beside { fill: var(--ink); font-size: 11px; }
svg .step, i.step { fill: var(--step); background: var(--step); }
svg .gate, i.gate { fill: var(--gate); background: var(--gate); }
svg .wait, i.wait { fill: var(--wait); background: var(--wait); }
svg .approval, i.approval { fill: var(--judge); background: var(--judge); }
svg .fault, i.fault, svg .kill, i.kill { fill: var(--fault); background: var(--fault); }
svg .check, i.check { fill: var(--judge); background: var(--judge); } svg .check.failed { fill: var(--fault); }
svg .resume, i.resume { fill: #0969da; background: #0969da; }
svg .hint, i.hint { fill: var(--medium); background: var(--medium); }
svg rect.bar { stroke: var(--paper); stroke-width: 1; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; color: var(--quiet); font-size: 13px; max-width: none; }
.legend i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 5px; }
.legend i.passed { background: var(--clean); } .legend i.failed { background: var(--critical); }
.legend i.stopped { background: var(--high); }
header.medium { border-top-color: var(--medium); } header.medium h1 { color: var(--medium); }
article.medium { border-left-color: var(--medium); } .badge.medium { background: var(--warn); }
.over-time { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 4fr) minmax(0, 4fr); gap: 2px 16px;
  padding: 6px 0; border-top: 1px solid var(--line); align-items: center; break-inside: avoid; }
.over-time span { overflow-wrap: anywhere; } .over-time small { color: var(--quiet); }
.over-time b { font-weight: 600; }
.over-time > span > b + small { display: block; }
article h2 { font-size: 17px; } article h2 .quiet { font-size: 14px; font-weight: 400; }
article h2 code { font-size: 16px; }
svg.chart { display: block; width: 100%; overflow: visible; } svg.chart .path { stroke: var(--skipped); }
svg.chart .base { stroke: var(--line); } svg.chart .objective { stroke: var(--high); stroke-dasharray: 4 4; }
svg.chart circle.clean { fill: var(--clean); }
svg.chart circle.critical { fill: var(--critical); } svg.chart circle.high { fill: var(--high); }
footer { color: var(--quiet); margin-top: 24px; }
.events .who { overflow-wrap: break-word; }
@media screen and (max-width: 760px) {
  header.verdict { padding: 12px 14px; } article { padding: 10px 12px; } .overview .row { padding: 8px 0; }
  .overview .row { grid-template-columns: 84px minmax(0, 1fr); }
  .overview .row > .name { grid-column: 1 / -1; grid-row: 1; } .overview .row > :nth-child(4) { display: none; }
  .check { grid-template-columns: 20px minmax(0, 1fr); } .check > :nth-child(3) { grid-column: 2; }
  .over-time { grid-template-columns: minmax(0, 1fr); }
  .facts { grid-template-columns: minmax(0, 1fr); } .facts dd { margin-bottom: 6px; }
  thead { display: none; } table, tbody, td { display: block; }
  tr { display: block; border-bottom: 1px solid var(--line); padding: 6px 0; } td { border: none; padding: 1px 0; }
  td[data-name]::before { content: attr(data-name) ": "; color: var(--quiet); }
  td:empty { display: none; }
  td.num { display: inline-block; margin-right: 12px; } .roomy { display: none; } .whole { white-space: normal; }
  .events td.num::before, .events .who::before { content: none; } .events .who { display: inline; margin-right: 8px; }
  .events .who::after { content: ":"; color: var(--quiet); } .events td:last-child { display: inline; }
  .events td:last-child::before { content: none; } .events .after { display: none; }
}
@page { size: A4; margin: 14mm; }
@media print {
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } body { font-size: 11px; }
  article { break-inside: auto; border: none; border-left: 5px solid; padding: 0 0 0 12px; }
  article.scenario + article.scenario { break-before: page; } h2, h3 { break-after: avoid; }
  tr, .check, .row, svg, .facts, header.verdict, .cards { break-inside: avoid; } thead { display: table-header-group; }
  h1 { font-size: 20px; } h2 { font-size: 16px; } h3 { font-size: 13px; } code { font-size: 10px; }
  .card b { font-size: 16px; }
  a { color: inherit; text-decoration: none; } .screen { display: none; }
}
"""
